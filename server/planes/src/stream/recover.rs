//! Recovers the readable items of a list that cannot be parsed as a whole.
//!
//! Anybody who may create an object can nest it too deeply for the parser and so break the list for everybody.

use serde_json::Value;

/// The list without its items, and the items; `None` for those that cannot be parsed. `None` overall if this is not a
/// list.
pub(super) fn recover_list(list: &[u8]) -> Option<(Value, Vec<Option<Value>>)> {
    let (start, end, items) = items_of(list)?;
    let mut rest = list.get(..start)?.to_vec();
    rest.extend_from_slice(b"null");
    rest.extend_from_slice(list.get(end..)?);
    let envelope: Value = serde_json::from_slice(&rest).ok()?;
    let items = items
        .into_iter()
        .map(|(from, to)| serde_json::from_slice(list.get(from..to)?).ok());
    Some((envelope, items.collect()))
}

/// Start and end of the value of `items`, and of each item.
type Items = (usize, usize, Vec<(usize, usize)>);

fn items_of(list: &[u8]) -> Option<Items> {
    let mut depth = 0_usize;
    let mut at = 0;
    let mut begun = None;
    let mut item = 0;
    let mut items = Vec::new();
    let mut last_text: &[u8] = b"";
    while let Some(byte) = list.get(at) {
        match byte {
            b'"' => {
                let end = end_of_text(list, at)?;
                last_text = list.get(at + 1..end)?;
                at = end;
            }
            b'[' if depth == 1 && begun.is_none() && last_text == b"items" => {
                begun = Some(at);
                item = at + 1;
                depth += 1;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                if let Some(start) = begun.filter(|_| depth == 1) {
                    if !list.get(item..at)?.trim_ascii().is_empty() {
                        items.push((item, at));
                    }
                    return Some((start, at + 1, items));
                }
            }
            b',' if depth == 2 && begun.is_some() => {
                items.push((item, at));
                item = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// The position of the closing quote of the string that begins at `at`.
fn end_of_text(list: &[u8], at: usize) -> Option<usize> {
    let mut end = at + 1;
    loop {
        match list.get(end)? {
            b'\\' => end += 2,
            b'"' => return Some(end),
            _ => end += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deep() -> String {
        format!("{{\"deep\":{}{}}}", "[".repeat(500), "]".repeat(500))
    }

    #[test]
    fn one_item_that_is_too_deep_does_not_affect_the_others() {
        let list = format!(
            r#"{{"kind":"List","note":"items","metadata":{{"items":[1],"resourceVersion":"7"}},"items":[ {{"a":"]}},{{\""}} ,{}, {{"b":[1,2]}}],"more":[3]}}"#,
            deep()
        );
        assert!(serde_json::from_str::<Value>(&list).is_err());
        let (envelope, items) = recover_list(list.as_bytes()).unwrap();
        assert_eq!(envelope["metadata"]["resourceVersion"], "7");
        assert_eq!(envelope["more"], json!([3]));
        assert_eq!(
            items,
            [Some(json!({ "a": "]},{\"" })), None, Some(json!({ "b": [1, 2] }))]
        );
    }

    #[test]
    fn an_empty_list_has_no_items() {
        let (_, items) = recover_list(br#"{"items":[ ],"metadata":{}}"#).unwrap();
        assert!(items.is_empty());
    }

    #[test]
    fn rejects_what_is_not_a_list_without_a_panic() {
        for text in [
            "",
            "]",
            "{",
            "\"",
            "\"\\",
            "{\"items\":[",
            "{\"items\":[{]",
            "[[[[",
            "{\"items\":7}",
            "<html>",
            "{\"items\":[1,",
        ] {
            assert!(recover_list(text.as_bytes()).is_none(), "{text}");
        }
    }
}
