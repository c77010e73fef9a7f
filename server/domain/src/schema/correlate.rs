//! Which item of an old list an item of the new list stands for: in lists that are maps, the one with the same
//! keys; in all others none does.

use std::collections::HashMap;

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

    /// The old item with the keys of `item`.
    pub(super) fn like(&self, item: &Value) -> Option<&'a Value> {
        if self.by_key.is_empty() {
            return None;
        }
        self.by_key.get(&key(self.node, item)?).copied()
    }
}

fn key(node: &Node, item: &Value) -> Option<String> {
    let map = item.as_object()?;
    let mut key = String::new();
    for name in &node.list_keys {
        if let Some(value) = map.get(&**name) {
            key.push_str(&value.to_string());
        }
        key.push('\u{1f}');
    }
    Some(key)
}
