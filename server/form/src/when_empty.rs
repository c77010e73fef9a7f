//! What an input stands for while nothing is filled in: the field is left out, or holds something empty, or `null`.
//!
//! A form asks only where the answers differ: where there is a default to be emptied, where `null` is allowed, where
//! an object may be there without a field, where the description speaks of it, and wherever an object has it so.

use kube_schema::Node;
use serde_json::{Map, Value};

use super::controls::is_empty;
use crate::{Control, EmptyMeans, WhenEmpty};

/// What matters of the place that a field has in its object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// It must be there, and no default puts it there.
    pub(super) required: bool,
    /// It is an item of a list or a value of a map: it is there, whatever it holds.
    pub(super) is_item: bool,
    /// It was told to be missing.
    pub(super) is_missing: bool,
}

/// The choice that a field has, if it has one.
pub(super) fn when_empty(
    node: &Node,
    value: Option<&Value>,
    control: &Control,
    place: Place,
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
    // Items go by a button, which leaves the list there. An object that held something is left out with its last
    // field, unless a default would put it back.
    match control {
        Control::List { .. } | Control::Map { .. } if is_filled => return None,
        Control::Object { .. } | Control::Secret { .. } if is_filled && !overrides => return None,
        _ => {}
    }
    let is_null = value.is_some_and(Value::is_null);
    let is_blank = !is_null && value.is_some_and(is_empty);
    let usual = usual(control, place);
    let mut choices = vec![usual];
    if usual != EmptyMeans::Empty && blank.is_some_and(|blank| is_blank || node.accepts(blank)) {
        choices.push(EmptyMeans::Empty);
    }
    if usual != EmptyMeans::Null && (node.is_nullable() || is_null) {
        choices.push(EmptyMeans::Null);
    }
    let matters = is_null
        || is_blank
        || overrides
        || node.is_nullable()
        || (is_object && !place.required)
        || (is_text && (place.is_missing || speaks_of_empty(node)));
    if choices.len() < 2 || !matters {
        return None;
    }
    let chosen = match value {
        Some(Value::Null) => EmptyMeans::Null,
        Some(_) if is_blank => EmptyMeans::Empty,
        // What stood there by default is emptied on purpose.
        Some(_) if overrides && choices.contains(&EmptyMeans::Empty) => EmptyMeans::Empty,
        _ => usual,
    };
    Some(WhenEmpty { chosen, choices })
}

/// What an empty input means where nothing is said of it; the decoder goes by the same.
fn usual(control: &Control, place: Place) -> EmptyMeans {
    match control {
        Control::Number { .. } if place.is_item => EmptyMeans::Null,
        Control::Number { .. } | Control::Text { .. } if !place.is_item => EmptyMeans::Unset,
        _ if place.is_item || place.required => EmptyMeans::Empty,
        _ => EmptyMeans::Unset,
    }
}

fn speaks_of_empty(node: &Node) -> bool {
    node.description()
        .is_some_and(|text| text.contains("\"\"") || text.to_lowercase().contains("empty"))
}
