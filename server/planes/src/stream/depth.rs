//! Detects JSON that is nested too deeply for `serde_json`, whose error says so only in its text.

/// The nesting limit of `serde_json`.
const MAX_DEPTH: usize = 127;

/// True if the JSON is nested deeper than `serde_json` reads.
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
                if depth > MAX_DEPTH {
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
    fn the_limit_is_that_of_serde_json() {
        for (depth, is_read) in [(MAX_DEPTH, true), (MAX_DEPTH + 1, false)] {
            let json = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            assert_eq!(serde_json::from_str::<Value>(&json).is_ok(), is_read, "{depth}");
            assert_eq!(is_too_deep(json.as_bytes()), !is_read, "{depth}");
        }
    }

    #[test]
    fn brackets_in_strings_and_siblings_do_not_count() {
        let text = format!("{{\"a\\\"{}\":[]}}", "[".repeat(500));
        assert!(!is_too_deep(text.as_bytes()));
        assert!(!is_too_deep("[],".repeat(500).as_bytes()));
    }
}
