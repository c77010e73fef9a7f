//! Buttons within a form: adding, removing and moving items, choosing a branch.

use kube_schema::Node;
use kube_schema::path::tokens;
use serde_json::{Map, Value};

use super::decode::blank;
use super::{Shape, aside};

/// What a button asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Add(Vec<String>),
    Remove(Vec<String>),
    Up(Vec<String>),
    Down(Vec<String>),
    /// Another branch was chosen; the form is only shown anew.
    Branch,
}

impl Command {
    /// Reads `add:/spec/users`, `remove:/spec/users/1` and so on. Anything else is no command.
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

    /// Changes the object; a command that fits nothing changes nothing.
    pub(super) fn carry_out(&self, root: &Node, object: &mut Value) {
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

/// The value at a place, made where it is not there yet and `make` says so.
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
            // The name goes on with `value`.
            find(node.values()?, value, rest.split_first()?.1, make)
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
            if let (Value::Object(map), Some(child)) = (value, node.values()) {
                map.insert(aside::stand_in(map.len(), ""), blank(child));
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

/// Swaps an item with the next.
fn swap(value: &mut Value, index: usize) {
    if let Value::Array(items) = value
        && index + 1 < items.len()
    {
        items.swap(index, index + 1);
    }
}
