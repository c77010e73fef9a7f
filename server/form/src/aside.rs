//! Rows of maps that no object can hold: a key that is there twice, a value without a key, a row still blank.
//!
//! While a form is read they stand in the object under keys that nobody types, so that buttons count them as rows;
//! then they are set aside, to be shown again where they stood, with what is wrong beside them.

use std::collections::{BTreeMap, HashSet};

use kube_schema::path::{Path, push_token};
use kube_schema::{Check, Node, Reason, Violation};
use serde_json::{Map, Value};

use super::Shape;
use super::controls::is_empty;

/// What a row's key begins with in the object while the form is read.
pub(super) const MARK: char = '\0';

/// A row of a map that the object cannot hold.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// Which row of its map it is, from 0.
    pub(super) index: usize,
    /// The key, as typed.
    pub(super) key: String,
    /// What it holds.
    pub(super) value: Value,
}

/// The key under which the row stands in the object for a while.
pub(super) fn stand_in(index: usize, key: &str) -> String {
    format!("{MARK}{index}{MARK}{key}")
}

fn typed_key(stand_in: &str) -> Option<&str> {
    Some(stand_in.strip_prefix(MARK)?.split_once(MARK)?.1)
}

/// Where in the object a row would be, were it there: the JSON pointer that its problems bear.
pub(super) fn pointer(map: &str, index: usize) -> String {
    format!("{map}/@{index}/key")
}

/// The rows of the map whose input is `name`, in order.
pub(super) fn rows(typed: Option<&BTreeMap<String, String>>, name: &str) -> Vec<Row> {
    let start = format!("{name}/@");
    let mut rows: Vec<Row> = typed
        .into_iter()
        .flat_map(|typed| typed.range(start.clone()..))
        .take_while(|(name, _)| name.starts_with(&start))
        .filter_map(|(name, text)| {
            let index = name[start.len()..].strip_suffix("/row")?.parse().ok()?;
            let (key, value) = serde_json::from_str(text).ok()?;
            Some(Row { index, key, value })
        })
        .collect();
    rows.sort_by_key(|row| row.index);
    rows
}

/// Takes such rows out of an object.
pub(super) struct Taker<'t> {
    /// Where they go, by the name of their input.
    pub(super) typed: &'t mut BTreeMap<String, String>,
    /// What is wrong with them.
    pub(super) problems: &'t mut Vec<Violation>,
}

impl Taker<'_> {
    pub(super) fn take(&mut self, node: &Node, value: &mut Value, path: &Path<'_>, name: &str) {
        match (Shape::of(node), value) {
            (Shape::Object, Value::Object(map)) => {
                for (property, child) in node.properties() {
                    if let Some(value) = map.get_mut(property) {
                        let mut below = name.to_owned();
                        push_token(&mut below, property);
                        self.take(child, value, &path.property(property), &below);
                    }
                }
            }
            (Shape::List, Value::Array(items)) => {
                for (index, item) in items.iter_mut().enumerate() {
                    if let Some(child) = node.items() {
                        self.take(child, item, &path.index(index), &format!("{name}/{index}"));
                    }
                }
            }
            (Shape::Map, Value::Object(map)) => {
                if let Some(child) = node.values() {
                    self.rows(child, map, path, name);
                }
            }
            _ => {}
        }
    }

    fn rows(&mut self, child: &Node, map: &mut Map<String, Value>, path: &Path<'_>, name: &str) {
        let mut kept = Map::new();
        let held: HashSet<String> = map.keys().cloned().collect();
        for (index, (key, mut value)) in std::mem::take(map).into_iter().enumerate() {
            let typed = typed_key(&key);
            let at = path.key(typed.unwrap_or(&key));
            self.take(child, &mut value, &at, &format!("{name}/@{index}/value"));
            let Some(typed) = typed else {
                kept.insert(key, value);
                continue;
            };
            // The other of that key has been removed.
            if !typed.is_empty() && !held.contains(typed) && !kept.contains_key(typed) {
                kept.insert(typed.to_owned(), value);
                continue;
            }
            let wrong = if !typed.is_empty() {
                Some((at, "has this key twice".to_owned()))
            } else if is_empty(&value) {
                None
            } else {
                Some((*path, format!("has a value without a key: {value}")))
            };
            self.problems.extend(wrong.map(|(at, detail)| Violation {
                pointer: pointer(&path.pointer(), index),
                ..Violation::new(&at, Check::Schema, Reason::Invalid, None, detail)
            }));
            let row = Value::from(vec![Value::from(typed), value]);
            self.typed.insert(format!("{name}/@{index}/row"), row.to_string());
        }
        *map = kept;
    }
}
