//! Correlates new values with old ones, for ratcheting and transition rules (`k8s.io/apiserver/pkg/cel/common`,
//! `CorrelatedObject` and `MapList`).
//!
//! Items of lists of type `map` are matched by their keys; items of other lists are not correlated.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde_json::Value;

use super::node::{ListType, Node};

/// The items of an old list, by key.
pub(super) struct OldItems<'a> {
    node: &'a Node,
    by_key: HashMap<String, &'a Value>,
}

impl<'a> OldItems<'a> {
    pub(super) fn new(node: &'a Node, old: Option<&'a Value>) -> Self {
        let mut by_key = HashMap::new();
        if node.list_type == ListType::Map {
            for item in old.and_then(Value::as_array).into_iter().flatten() {
                if let Some(key) = key(node, item) {
                    by_key.entry(key).or_insert(item);
                }
            }
        }
        Self { node, by_key }
    }

    /// The old item with the same keys as `item`.
    pub(super) fn matching(&self, item: &Value) -> Option<&'a Value> {
        if self.by_key.is_empty() {
            return None;
        }
        self.by_key.get(&key(self.node, item)?).copied()
    }
}

/// The key of an item. `None` if a key field is missing or not a scalar; such an item matches no other.
fn key(node: &Node, item: &Value) -> Option<String> {
    let map = item.as_object()?;
    let single = node.list_map_keys.len() == 1;
    let mut key = String::new();
    for name in &node.list_map_keys {
        match map.get(&**name)? {
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
            // With several keys, Go prints fractions with `%f`: six decimal places.
            Value::Number(number) if !single && number.as_i64().is_none() => {
                let _ = write!(key, "{:.6}", number.as_f64().unwrap_or(f64::NAN));
            }
            plain => key.push_str(&plain.to_string()),
        }
        key.push('\u{1f}');
    }
    Some(key)
}

/// True if the API server considers a value unchanged: the order of lists of type `map` does not matter, and an object
/// with an undeclared field always counts as changed.
pub(super) fn is_unchanged(node: &Node, value: &Value, old: &Value) -> bool {
    match (value, old) {
        (Value::Array(items), Value::Array(before)) => {
            if items.len() != before.len() {
                return false;
            }
            if node.list_type != ListType::Map {
                return items == before;
            }
            let Some(child) = node.items() else {
                return items.is_empty();
            };
            let before = OldItems::new(node, Some(old));
            items.iter().all(|item| {
                before
                    .matching(item)
                    .is_some_and(|old| is_unchanged(child, item, old))
            })
        }
        (Value::Object(map), Value::Object(before)) => {
            map.len() == before.len()
                && map.iter().all(|(name, value)| {
                    node.child(name)
                        .zip(before.get(name))
                        .is_some_and(|(child, old)| is_unchanged(child, value, old))
                })
        }
        (value, old) => value == old,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Schema;

    fn is_same(schema: &Value, value: &Value, old: &Value) -> bool {
        is_unchanged(Schema::parse(schema).unwrap().root(), value, old)
    }

    #[test]
    fn order_matters_except_in_lists_of_type_map() {
        let item =
            json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}});
        let list = json!({
            "type": "array", "items": item,
            "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a"],
        });
        assert!(is_same(
            &list,
            &json!([{"a": "x", "b": 1}, {"a": "y"}]),
            &json!([{"a": "y"}, {"a": "x", "b": 1}])
        ));
        assert!(!is_same(
            &list,
            &json!([{"a": "x", "b": 1}, {"a": "y"}]),
            &json!([{"a": "y"}, {"a": "x", "b": 2}])
        ));
        // An item without its key matches nothing.
        assert!(!is_same(&list, &json!([{"b": 1}]), &json!([{"b": 1}])));
        let set = json!({"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"});
        assert!(!is_same(&set, &json!(["a", "b"]), &json!(["b", "a"])));
        assert!(is_same(&set, &json!(["a", "b"]), &json!(["a", "b"])));
    }

    #[test]
    fn objects_with_undeclared_fields_always_count_as_changed() {
        let open = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        assert!(is_same(&open, &json!({}), &json!({})));
        assert!(!is_same(&open, &json!({"a": 1}), &json!({"a": 1})));
        let map = json!({"type": "object", "additionalProperties": {"type": "integer"}});
        assert!(is_same(&map, &json!({"a": 1, "b": 2}), &json!({"b": 2, "a": 1})));
    }
}
