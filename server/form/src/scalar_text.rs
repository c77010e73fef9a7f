//! Formats scalars as text for inputs, and parses them.

use kube_schema::{Node, SchemaType, yaml};
use serde_json::Value;

/// Longer enums are not offered as a choice.
const MAX_CHOICES: usize = 500;

/// Formats a scalar for an input.
pub(super) fn to_text(node: &Node, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        // Quote strings that would be parsed as a number.
        Value::String(text)
            if node.schema_type() == SchemaType::IntOrString && parses_as_other_type(text) =>
        {
            value.to_string()
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Parses the text of an input. Invalid text stays a string, for validation to reject.
pub(super) fn from_text(node: &Node, text: &str) -> Value {
    // Browsers post CRLF.
    let text = &*text.replace("\r\n", "\n");
    if is_choice(node)
        && let Some(value) = chosen(node, text)
    {
        return value;
    }
    let trimmed = text.trim();
    match node.schema_type() {
        SchemaType::Integer | SchemaType::Number => number(trimmed).unwrap_or_else(|| Value::from(text)),
        SchemaType::Boolean => match trimmed {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::from(text),
        },
        SchemaType::IntOrString => {
            if let Some(int) = integer(trimmed) {
                return Value::from(int);
            }
            if let Some(corrected) = corrected(node, text) {
                return Value::from(corrected);
            }
            match serde_json::from_str(text) {
                Ok(quoted @ Value::String(_)) => quoted,
                _ => Value::from(text),
            }
        }
        _ => corrected(node, text).map_or_else(|| Value::from(text), Value::from),
    }
}

/// The text as it was meant, in a field for amounts.
fn corrected(node: &Node, text: &str) -> Option<String> {
    let is_amount = node.pattern().is_some_and(super::pattern_words::is_amount);
    let corrected = is_amount.then(|| super::quantity::corrected(text)).flatten()?;
    // A pattern of some units does not take every amount: what it refuses stays as it was typed.
    node.accepts(Value::from(corrected.as_str())).then_some(corrected)
}

/// True if there are only a few possible values: an enum, or booleans and `null`.
pub(super) fn is_choice(node: &Node) -> bool {
    match node.enum_values().len() {
        0 => node.schema_type() == SchemaType::Boolean && node.is_nullable(),
        some => some <= MAX_CHOICES,
    }
}

/// The values of a choice, including `null` if it is allowed.
pub(super) fn choices(node: &Node) -> Vec<Value> {
    let mut values: Vec<Value> = node.enum_values().to_vec();
    if values.is_empty() && node.schema_type() == SchemaType::Boolean {
        values.extend([Value::Bool(true), Value::Bool(false)]);
    }
    if node.is_nullable() && !values.iter().any(Value::is_null) {
        values.push(Value::Null);
    }
    values
}

/// The posted value of a choice: a string as it is, any other value as JSON. Strings that are empty, or that would be
/// parsed as another choice, are posted as JSON as well.
pub(super) fn choice_value(node: &Node, value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() && !parses_as_another_choice(node, text) => text.clone(),
        other => other.to_string(),
    }
}

fn parses_as_another_choice(node: &Node, text: &str) -> bool {
    non_string_choice(node, text).is_some() || matches!(serde_json::from_str(text), Ok(Value::String(_)))
}

/// The choice for a posted value.
fn chosen(node: &Node, text: &str) -> Option<Value> {
    let as_text = match serde_json::from_str(text) {
        Ok(quoted @ Value::String(_)) => quoted,
        _ => Value::from(text),
    };
    non_string_choice(node, text).or_else(|| node.enum_values().contains(&as_text).then_some(as_text))
}

/// The choice that is not a string and is formatted as `text`.
fn non_string_choice(node: &Node, text: &str) -> Option<Value> {
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
        // The standard library parses floats exactly.
        Ok(Value::Number(number)) if number.is_f64() => Some(yaml::float_value(text.parse::<f64>().ok()?)),
        Ok(number @ Value::Number(_)) => Some(number),
        _ => None,
    }
}

/// Parses an integer without leading zeros, so that formatting it gives the same text.
fn integer(text: &str) -> Option<i64> {
    text.parse::<i64>().ok().filter(|int| int.to_string() == text)
}

fn parses_as_other_type(text: &str) -> bool {
    integer(text.trim()).is_some() || matches!(serde_json::from_str(text), Ok(Value::String(_)))
}
