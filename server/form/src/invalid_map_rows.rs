//! Map rows that an object cannot hold: duplicate keys, values without a key, blank rows.
//!
//! During decoding such a row is in the object under a placeholder key, so that commands count it as a row. Then it is
//! removed from the object and kept, with its error, to be shown again in its place.

use std::collections::{BTreeMap, HashSet};

use kube_schema::path::{Path, push_token};
use kube_schema::{Check, Node, Reason, Violation};
use serde_json::{Map, Value};

use super::Shape;
use super::values::is_empty;

/// The first character of a placeholder key.
pub(super) const PLACEHOLDER: char = '\0';

/// A map row that the object cannot hold.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct InvalidRow {
    /// The index of the row in its map, from 0.
    pub(super) index: usize,
    /// The key as typed.
    pub(super) key: String,
    /// The value.
    pub(super) value: Value,
}

/// The placeholder key of a row in the object.
pub(super) fn placeholder_key(index: usize, key: &str) -> String {
    format!("{PLACEHOLDER}{index}{PLACEHOLDER}{key}")
}

fn typed_key(placeholder_key: &str) -> Option<&str> {
    Some(
        placeholder_key
            .strip_prefix(PLACEHOLDER)?
            .split_once(PLACEHOLDER)?
            .1,
    )
}

/// The JSON pointer of a row, used for its errors.
pub(super) fn pointer(map: &str, index: usize) -> String {
    format!("{map}/@{index}/key")
}

/// The invalid rows of the map whose input is called `name`, in order.
pub(super) fn rows(typed: Option<&BTreeMap<String, String>>, name: &str) -> Vec<InvalidRow> {
    let start = format!("{name}/@");
    let mut rows: Vec<InvalidRow> = typed
        .into_iter()
        .flat_map(|typed| typed.range(start.clone()..))
        .take_while(|(name, _)| name.starts_with(&start))
        .filter_map(|(name, text)| {
            let index = name[start.len()..].strip_suffix("/row")?.parse().ok()?;
            let (key, value) = serde_json::from_str(text).ok()?;
            Some(InvalidRow { index, key, value })
        })
        .collect();
    rows.sort_by_key(|row| row.index);
    rows
}

/// Removes invalid rows from an object.
pub(super) struct InvalidRowExtractor<'t> {
    /// Where the rows are kept, by the name of their input.
    pub(super) typed: &'t mut BTreeMap<String, String>,
    /// The errors of the rows.
    pub(super) problems: &'t mut Vec<Violation>,
}

impl InvalidRowExtractor<'_> {
    pub(super) fn extract(&mut self, node: &Node, value: &mut Value, path: &Path<'_>, name: &str) {
        match (Shape::of(node), value) {
            (Shape::Object, Value::Object(map)) => {
                for (property, child) in node.properties() {
                    if let Some(value) = map.get_mut(property) {
                        let mut below = name.to_owned();
                        push_token(&mut below, property);
                        self.extract(child, value, &path.property(property), &below);
                    }
                }
            }
            (Shape::List, Value::Array(items)) => {
                for (index, item) in items.iter_mut().enumerate() {
                    if let Some(child) = node.items() {
                        self.extract(child, item, &path.index(index), &format!("{name}/{index}"));
                    }
                }
            }
            (Shape::Map, Value::Object(map)) => {
                if let Some(child) = node.additional_properties() {
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
            self.extract(child, &mut value, &at, &format!("{name}/@{index}/value"));
            let Some(typed) = typed else {
                kept.insert(key, value);
                continue;
            };
            // The other row with this key has been removed.
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
