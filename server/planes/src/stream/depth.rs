//! How deep JSON is nested: a reader goes so far and no further, and says so in words alone.

/// How deep `serde_json` reads.
const DEEPEST: usize = 127;

/// Whether JSON is nested deeper than it is read.
pub(super) fn is_too_deep(json: &[u8]) -> bool {
    let mut depth = 0_usize;
    let mut in_text = false;
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if in_text => {
                bytes.next();
            }
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                if depth > DEEPEST {
                    return true;
                }
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn what_is_read_is_not_too_deep_and_one_level_more_is() {
        for (depth, is_read) in [(DEEPEST, true), (DEEPEST + 1, false)] {
            let json = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            assert_eq!(serde_json::from_str::<Value>(&json).is_ok(), is_read, "{depth}");
            assert_eq!(is_too_deep(json.as_bytes()), !is_read, "{depth}");
        }
    }

    #[test]
    fn brackets_in_texts_and_beside_each_other_do_not_count() {
        let text = format!("{{\"a\\\"{}\":[]}}", "[".repeat(500));
        assert!(!is_too_deep(text.as_bytes()));
        assert!(!is_too_deep("[],".repeat(500).as_bytes()));
    }
}
