//! Recovers the readable items of a list that cannot be parsed as a whole.
//!
//! Anybody who may create an object can nest it too deeply for the parser and so break the list for everybody.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

/// Returns the list without its items, and the items one by one: `None` for an item that is valid JSON but cannot be
/// read. `None` altogether when this is not a list, or not JSON.
pub(super) fn recover_list(list: &[u8]) -> Option<(Value, Vec<Option<Value>>)> {
    let mut fields: BTreeMap<String, &RawValue> = serde_json::from_slice(list).ok()?;
    let items: Vec<&RawValue> = serde_json::from_str(fields.remove("items")?.get()).ok()?;
    let envelope = fields
        .into_iter()
        .map(|(name, value)| Some((name, read(value)?)))
        .collect::<Option<_>>()?;
    Some((Value::Object(envelope), items.into_iter().map(read).collect()))
}

/// True if this is JSON. Unlike reading a [`Value`], this has no limit of depth.
pub(super) fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<&RawValue>(bytes).is_ok()
}

fn read(json: &RawValue) -> Option<Value> {
    serde_json::from_str(json.get()).ok()
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
    fn what_is_too_deep_to_read_is_still_json() {
        assert!(serde_json::from_str::<Value>(&deep()).is_err());
        assert!(is_json(deep().as_bytes()));
        for broken in [&deep()[..300], "", "{\"a\":1", "nonsense", "{} {}"] {
            assert!(!is_json(broken.as_bytes()), "{broken}");
        }
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
