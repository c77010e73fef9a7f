//! Validates types, strings and enums.

use serde_json::Value;

use super::super::go_format::{format_value, quote};
use super::super::node::{Bounds, Node};
use super::super::path::Path;
use super::super::schema_type::SchemaType;
use super::super::violation::{Check, Reason};
use super::numbers::is_whole;
use super::outcome::Outcome;

/// Reports a wrong type. `found` is the actual type, or for string formats the string.
pub(super) fn wrong_type(path: &Path<'_>, wanted: &str, found: &str, outcome: &mut Outcome) {
    let found = quote(found);
    let detail = format!("{} in body must be of type {wanted}: {found}", path.dotted());
    outcome.add(path, Check::Schema, Reason::TypeInvalid, Some(&found), detail);
}

pub(super) fn type_of(node: &Node, value: &Value, path: &Path<'_>, outcome: &mut Outcome) {
    let (found, found_format) = match value {
        Value::Null => return,
        Value::Bool(_) => ("boolean", ""),
        Value::String(_) => ("string", ""),
        Value::Array(_) => ("array", ""),
        Value::Object(_) => ("object", ""),
        Value::Number(number) if number.as_i64().is_some() => ("integer", "int64"),
        Value::Number(_) => ("number", "float64"),
    };
    let numeric = matches!(
        node.schema_type,
        SchemaType::Integer | SchemaType::Number | SchemaType::IntOrString
    );
    let whole = matches!(value, Value::Number(number) if found == "number" && is_whole(number));
    let fits = match node.schema_type {
        SchemaType::Any => false,
        SchemaType::IntOrString => found == "string" || found == "integer" || whole,
        SchemaType::Integer => found == "integer" || whole,
        SchemaType::Number => found == "number" || found == "integer",
        kind => kind.name() == found,
    };
    let textual = matches!(value, Value::String(_) | Value::Array(_));
    if let Some(format) = &node.format {
        if !textual && !fits && *format.name != *found_format {
            wrong_type(path, &format.name, found_format, outcome);
            return;
        }
        if !numeric && textual {
            return;
        }
    }
    if !fits {
        wrong_type(path, node.schema_type.name(), found, outcome);
    }
}

pub(super) fn string(bounds: &Bounds, text: &str, path: &Path<'_>, outcome: &mut Outcome) {
    if bounds.min_length.is_some() || bounds.max_length.is_some() {
        let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        if let Some(most) = bounds.max_length.filter(|most| length > *most) {
            let unit = if most == 1 { "byte" } else { "bytes" };
            let detail = format!("may not be more than {most} {unit}");
            outcome.add(path, Check::Schema, Reason::TooLong, None, detail);
            return;
        }
        if let Some(least) = bounds.min_length.filter(|least| length < *least) {
            outcome.invalid(
                path,
                &quote(text),
                &format!("should be at least {least} chars long"),
            );
            return;
        }
    }
    if let Some(pattern) = &bounds.pattern {
        match pattern.matches(text) {
            Ok(true) => {}
            Ok(false) => outcome.invalid(
                path,
                &quote(text),
                &format!("should match '{}'", pattern.source()),
            ),
            Err(problem) => {
                let detail = format!("pattern '{}' cannot be used: {problem}", pattern.source());
                outcome.add(path, Check::Schema, Reason::Indeterminate, None, detail);
            }
        }
    }
}

pub(super) fn enumeration(node: &Node, value: &Value, path: &Path<'_>, outcome: &mut Outcome) {
    /// Longer enums are not listed in the message.
    const MAX_LISTED_VALUES: usize = 200;
    if node.enum_values.is_empty() {
        return;
    }
    let found = match (&node.enum_strings, value) {
        (Some(texts), Value::String(text)) => texts.contains(text.as_str()),
        _ => node.enum_values.iter().any(|allowed| same(value, allowed)),
    };
    if found {
        return;
    }
    let mut allowed: Vec<String> = node
        .enum_values
        .iter()
        .take(MAX_LISTED_VALUES)
        .map(|allowed| match allowed {
            Value::String(text) => quote(text),
            other => quote(&other.to_string()),
        })
        .collect();
    if node.enum_values.len() > MAX_LISTED_VALUES {
        allowed.push("…".to_owned());
    }
    let detail = format!("supported values: {}", allowed.join(", "));
    outcome.add(
        path,
        Check::Schema,
        Reason::NotSupported,
        Some(&format_value(value)),
        detail,
    );
}

/// True if a value equals an enum value after conversion to its type, as Go's reflection converts numbers.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "Go's conversions truncate, too"
)]
fn same(value: &Value, allowed: &Value) -> bool {
    match (value, allowed) {
        (Value::Null, _) => false,
        (Value::Number(value), Value::Number(allowed)) => match (value.as_i64(), allowed.as_i64()) {
            (Some(value), Some(allowed)) => value == allowed,
            (None, Some(allowed)) => value.as_f64().is_some_and(|value| value as i64 == allowed),
            (Some(value), None) => allowed.as_f64() == Some(value as f64),
            (None, None) => value.as_f64() == allowed.as_f64(),
        },
        _ => value == allowed,
    }
}
