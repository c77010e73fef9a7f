//! What an empty input means: the field is unset, or an empty value, or `null`.
//!
//! The form asks only if that makes a difference: if there is a default, if `null` is allowed, if an object can exist
//! without fields, if the description mentions empty values, or if the object already has one.

use kube_schema::Node;
use serde_json::{Map, Value};

use super::values::is_empty;
use crate::{Control, EmptyMeans, WhenEmpty};

/// What matters about a field's position.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    /// True if the field is required and has no default.
    pub(super) required: bool,
    /// True for list items and map values, which exist whatever they contain.
    pub(super) is_item: bool,
    /// True if the field was reported as missing.
    pub(super) is_missing: bool,
}

/// Returns the choice of meanings for a field, if it has one.
pub(super) fn when_empty(
    node: &Node,
    value: Option<&Value>,
    control: &Control,
    position: Position,
) -> Option<WhenEmpty> {
    let (blank, is_object) = match control {
        Control::Text { .. } => (Some(Value::String(String::new())), false),
        Control::Number { .. } => (None, false),
        Control::List { .. } => (Some(Value::Array(Vec::new())), false),
        Control::Map { .. } => (Some(Value::Object(Map::new())), false),
        Control::Object { .. } | Control::Secret { .. } => (Some(Value::Object(Map::new())), true),
        // These have a choice or a text for each value.
        _ => return None,
    };
    let is_text = matches!(control, Control::Text { .. });
    let overrides = node.default_value().is_some_and(|default| !is_empty(default));
    let is_filled = value.is_some_and(|value| !is_empty(value));
    // A button removes items and keeps the list. An object is unset together with its last field, unless a default
    // would restore it.
    match control {
        Control::List { .. } | Control::Map { .. } if is_filled => return None,
        Control::Object { .. } | Control::Secret { .. } if is_filled && !overrides => return None,
        _ => {}
    }
    let is_null = value.is_some_and(Value::is_null);
    let is_blank = !is_null && value.is_some_and(is_empty);
    let default_meaning = default_meaning(control, position);
    let mut choices = vec![default_meaning];
    if default_meaning != EmptyMeans::Empty && blank.is_some_and(|blank| is_blank || node.accepts(blank)) {
        choices.push(EmptyMeans::Empty);
    }
    if default_meaning != EmptyMeans::Null && (node.is_nullable() || is_null) {
        choices.push(EmptyMeans::Null);
    }
    let matters = is_null
        || is_blank
        || overrides
        || node.is_nullable()
        || (is_object && !position.required)
        || (is_text && (position.is_missing || mentions_empty(node)));
    if choices.len() < 2 || !matters {
        return None;
    }
    let chosen = match value {
        Some(Value::Null) => EmptyMeans::Null,
        Some(_) if is_blank => EmptyMeans::Empty,
        // A value with a default was emptied on purpose.
        Some(_) if overrides && choices.contains(&EmptyMeans::Empty) => EmptyMeans::Empty,
        _ => default_meaning,
    };
    Some(WhenEmpty { chosen, choices })
}

/// The meaning of an empty input without a choice. The decoder uses the same rule.
fn default_meaning(control: &Control, position: Position) -> EmptyMeans {
    match control {
        Control::Number { .. } if position.is_item => EmptyMeans::Null,
        Control::Number { .. } | Control::Text { .. } if !position.is_item => EmptyMeans::Unset,
        _ if position.is_item || position.required => EmptyMeans::Empty,
        _ => EmptyMeans::Unset,
    }
}

fn mentions_empty(node: &Node) -> bool {
    node.description()
        .is_some_and(|text| text.contains("\"\"") || text.to_lowercase().contains("empty"))
}
