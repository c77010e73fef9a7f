//! The buttons within a form: add, remove and move items, choose a branch.

use kube_schema::Node;
use kube_schema::path::tokens;
use serde_json::{Map, Value};

use super::values::blank;
use super::{Shape, invalid_map_rows};

/// The command of a button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Add(Vec<String>),
    Remove(Vec<String>),
    Up(Vec<String>),
    Down(Vec<String>),
    /// A branch was chosen. Changes nothing; the form is shown again.
    Branch,
}

impl Command {
    /// Parses `add:/spec/users`, `remove:/spec/users/1` and so on; `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (verb, pointer) = text.split_once(':')?;
        let names = tokens(pointer);
        if names.is_empty() {
            return None;
        }
        match verb {
            "add" => Some(Self::Add(names)),
            "remove" => Some(Self::Remove(names)),
            "up" => Some(Self::Up(names)),
            "down" => Some(Self::Down(names)),
            "branch" => Some(Self::Branch),
            _ => None,
        }
    }

    /// Applies the command to an object. Does nothing if it does not fit the object.
    pub(super) fn apply(&self, root: &Node, object: &mut Value) {
        match self {
            Self::Add(names) => {
                if let Some((node, value)) = find(root, object, names, true) {
                    add(node, value);
                }
            }
            Self::Remove(names) => with_item(root, object, names, remove),
            Self::Up(names) => with_item(root, object, names, |value, name| {
                if let Some(index) = name.parse::<usize>().ok().and_then(|index| index.checked_sub(1)) {
                    swap(value, index);
                }
            }),
            Self::Down(names) => with_item(root, object, names, |value, name| {
                if let Ok(index) = name.parse() {
                    swap(value, index);
                }
            }),
            Self::Branch => {}
        }
    }
}

fn with_item(root: &Node, object: &mut Value, names: &[String], change: impl Fn(&mut Value, &str)) {
    let Some((last, around)) = names.split_last() else {
        return;
    };
    if let Some((_, value)) = find(root, object, around, false) {
        change(value, last);
    }
}

/// Returns the value at a path. Creates missing parts if `make` is set.
fn find<'n, 'v>(
    node: &'n Node,
    value: &'v mut Value,
    names: &[String],
    make: bool,
) -> Option<(&'n Node, &'v mut Value)> {
    let Some((name, rest)) = names.split_first() else {
        return Some((node, value));
    };
    match Shape::of(node) {
        Shape::Object => {
            let child = node.property(name)?;
            if value.is_null() && make {
                *value = Value::Object(Map::new());
            }
            let map = value.as_object_mut()?;
            if make && !map.contains_key(name) {
                map.insert(name.clone(), blank(child));
            }
            find(child, map.get_mut(name)?, rest, make)
        }
        Shape::List => find(
            node.items()?,
            value.get_mut(name.parse::<usize>().ok()?)?,
            rest,
            make,
        ),
        Shape::Map => {
            let index: usize = name.strip_prefix('@')?.parse().ok()?;
            let value = value.as_object_mut()?.values_mut().nth(index)?;
            // Map rows have the suffix `value`.
            find(node.additional_properties()?, value, rest.split_first()?.1, make)
        }
        Shape::Scalar | Shape::Free => None,
    }
}

fn add(node: &Node, value: &mut Value) {
    match Shape::of(node) {
        Shape::List => {
            if !value.is_array() {
                *value = Value::Array(Vec::new());
            }
            if let (Value::Array(items), Some(child)) = (value, node.items()) {
                items.push(blank(child));
            }
        }
        Shape::Map => {
            if !value.is_object() {
                *value = Value::Object(Map::new());
            }
            if let (Value::Object(map), Some(child)) = (value, node.additional_properties()) {
                map.insert(invalid_map_rows::placeholder_key(map.len(), ""), blank(child));
            }
        }
        _ => {}
    }
}

fn remove(value: &mut Value, name: &str) {
    match value {
        Value::Array(items) => {
            if let Some(index) = name.parse::<usize>().ok().filter(|index| *index < items.len()) {
                items.remove(index);
            }
        }
        Value::Object(map) => {
            let index = name
                .strip_prefix('@')
                .and_then(|index| index.parse::<usize>().ok());
            let key = index.and_then(|index| map.keys().nth(index).cloned());
            if let Some(key) = key {
                map.shift_remove(&key);
            }
        }
        _ => {}
    }
}

/// Swaps an item with the next one.
fn swap(value: &mut Value, index: usize) {
    if let Value::Array(items) = value
        && index + 1 < items.len()
    {
        items.swap(index, index + 1);
    }
}
