//! The fields that an error names.

use serde_json::Value;

/// An invalid field, as in `details.causes` and in the message of a 422.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The machine-readable reason: `FieldValueInvalid`, `FieldValueRequired`, `FieldManagerConflict`…
    pub reason: String,
    /// The message.
    pub message: String,
    /// The field's path, as in `spec.storage.size`.
    pub field: String,
}

impl Cause {
    /// A field with an invalid value.
    pub fn invalid(field: impl Into<String>, value: &Value, why: impl std::fmt::Display) -> Self {
        Self {
            reason: "FieldValueInvalid".into(),
            message: format!("Invalid value: {}: {why}", brief(value)),
            field: field.into(),
        }
    }

    /// A required field that is missing.
    pub fn required(field: impl Into<String>, why: impl std::fmt::Display) -> Self {
        let why = why.to_string();
        let message = if why.is_empty() {
            "Required value".into()
        } else {
            format!("Required value: {why}")
        };
        Self {
            reason: "FieldValueRequired".into(),
            message,
            field: field.into(),
        }
    }

    /// A field that may not have this value.
    pub fn forbidden(field: impl Into<String>, why: impl std::fmt::Display) -> Self {
        Self {
            reason: "FieldValueForbidden".into(),
            message: format!("Forbidden: {why}"),
            field: field.into(),
        }
    }
}

/// A value as in messages: at most 120 characters.
fn brief(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() > 120 {
        let head: String = text.chars().take(120).collect();
        format!("{head}…")
    } else {
        text
    }
}
