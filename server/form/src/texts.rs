//! Scalars as text in inputs, and back.

use kube_schema::{Kind, Node, yaml};
use serde_json::Value;

use super::scalars::is_choice;

/// The text of a scalar in an input.
pub(super) fn to_text(node: &Node, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        // A text that would be read as a number is quoted.
        Value::String(text) if node.kind() == Kind::IntOrString && reads_as_other(text) => value.to_string(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The value that a text in an input stands for. What does not fit stays a text, for the validator to refuse.
pub(super) fn from_text(node: &Node, text: &str) -> Value {
    // Browsers end lines in their own way.
    let text = &*text.replace("\r\n", "\n");
    if is_choice(node)
        && let Some(value) = chosen(node, text)
    {
        return value;
    }
    let trimmed = text.trim();
    match node.kind() {
        Kind::Integer | Kind::Number => number(trimmed).unwrap_or_else(|| Value::from(text)),
        Kind::Boolean => match trimmed {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::from(text),
        },
        Kind::IntOrString => {
            if let Some(int) = integer(trimmed) {
                return Value::from(int);
            }
            match serde_json::from_str(text) {
                Ok(quoted @ Value::String(_)) => quoted,
                _ => Value::from(text),
            }
        }
        _ => Value::from(text),
    }
}

/// The values that a choice is among, `null` where that is allowed.
pub(super) fn choices(node: &Node) -> Vec<Value> {
    let mut values: Vec<Value> = node.allowed_values().to_vec();
    if values.is_empty() && node.kind() == Kind::Boolean {
        values.extend([Value::Bool(true), Value::Bool(false)]);
    }
    if node.is_nullable() && !values.iter().any(Value::is_null) {
        values.push(Value::Null);
    }
    values
}

/// What a choice posts: a text itself, other values as JSON. A text that is empty, which would mean that nothing is
/// chosen, or reads as another of the choices, is posted as JSON too.
pub(super) fn choice_value(node: &Node, value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() && !reads_as_another(node, text) => text.clone(),
        other => other.to_string(),
    }
}

fn reads_as_another(node: &Node, text: &str) -> bool {
    no_text(node, text).is_some() || matches!(serde_json::from_str(text), Ok(Value::String(_)))
}

/// The choice that is posted as `text`.
fn chosen(node: &Node, text: &str) -> Option<Value> {
    let as_text = match serde_json::from_str(text) {
        Ok(quoted @ Value::String(_)) => quoted,
        _ => Value::from(text),
    };
    no_text(node, text).or_else(|| node.allowed_values().contains(&as_text).then_some(as_text))
}

/// The choice that is no text and prints as `text`.
fn no_text(node: &Node, text: &str) -> Option<Value> {
    choices(node)
        .into_iter()
        .filter(|value| !value.is_string())
        .find(|value| {
            let printed = value.to_string();
            printed == text
        })
}

fn number(text: &str) -> Option<Value> {
    if let Some(int) = integer(text) {
        return Some(Value::from(int));
    }
    match serde_json::from_str::<Value>(text) {
        // The standard library's parser is exact to the last digit.
        Ok(Value::Number(number)) if number.is_f64() => Some(yaml::float(text.parse::<f64>().ok()?)),
        Ok(number @ Value::Number(_)) => Some(number),
        _ => None,
    }
}

/// An integer as one types it: no leading zeros, so that what is printed is what was read.
fn integer(text: &str) -> Option<i64> {
    text.parse::<i64>().ok().filter(|int| int.to_string() == text)
}

fn reads_as_other(text: &str) -> bool {
    integer(text.trim()).is_some() || matches!(serde_json::from_str(text), Ok(Value::String(_)))
}
