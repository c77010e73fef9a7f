//! Validation errors, in the API server's wording.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::path::Path;

/// The category of a validation error: the `reason` of a cause in a Kubernetes `Status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Reason {
    /// A required value is missing.
    #[serde(rename = "FieldValueRequired")]
    Required,
    /// A value that must be unique occurs twice.
    #[serde(rename = "FieldValueDuplicate")]
    Duplicate,
    /// The value is invalid.
    #[serde(rename = "FieldValueInvalid")]
    Invalid,
    /// The value has the wrong type.
    #[serde(rename = "FieldValueTypeInvalid")]
    TypeInvalid,
    /// The value is not one of the allowed values.
    #[serde(rename = "FieldValueNotSupported")]
    NotSupported,
    /// The field must not be set.
    #[serde(rename = "FieldValueForbidden")]
    Forbidden,
    /// The string is too long.
    #[serde(rename = "FieldValueTooLong")]
    TooLong,
    /// There are too many items or properties.
    #[serde(rename = "FieldValueTooMany")]
    TooMany,
    /// The rule could not be evaluated: it is not supported, or exceeds the budget. Never treat this as valid.
    #[serde(rename = "Indeterminate")]
    Indeterminate,
}

impl Reason {
    /// The name used in a Kubernetes `Status`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Required => "FieldValueRequired",
            Self::Duplicate => "FieldValueDuplicate",
            Self::Invalid => "FieldValueInvalid",
            Self::TypeInvalid => "FieldValueTypeInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Forbidden => "FieldValueForbidden",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
            Self::Indeterminate => "Indeterminate",
        }
    }

    /// The start of the API server's message.
    fn message_prefix(self) -> &'static str {
        match self {
            Self::Required => "Required value",
            Self::Duplicate => "Duplicate value",
            Self::Invalid | Self::TypeInvalid => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Forbidden => "Forbidden",
            Self::TooLong => "Too long",
            Self::TooMany => "Too many",
            Self::Indeterminate => "Could not be evaluated",
        }
    }

    /// True if the API server skips all CEL rules once an error has this reason.
    #[must_use]
    pub fn blocks_rules(self) -> bool {
        matches!(
            self,
            Self::NotSupported | Self::Required | Self::TooLong | Self::TooMany | Self::TypeInvalid
        )
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The stage of validation that found an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Check {
    /// `apiVersion`, `kind` and `metadata`.
    Metadata,
    /// The schema: types, bounds, formats.
    Schema,
    /// Schema checks for which the API server names no field: `oneOf`, `anyOf`, `allOf`, `not`, number ranges.
    Combination,
    /// Uniqueness of items in lists of type `set` and `map`.
    List,
    /// A CEL rule.
    Rule,
}

/// A validation error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Violation {
    /// The field as the API server writes it: `spec.users[0].name`, `spec.labels[app]`. Empty for the object itself.
    pub path: String,
    /// The field as a JSON pointer (RFC 6901): `/spec/users/0/name`.
    pub pointer: String,
    /// The category of the error.
    pub reason: Reason,
    /// The API server's message without the field: `Invalid value: 3: spec.x in body should be …`.
    pub message: String,
    /// The message for people, without path and value: `should be less than or equal to 5`.
    pub detail: String,
    /// The stage of validation that found the error.
    pub check: Check,
    /// The property that was validated as a separate document, such as `status`. Empty for the whole object.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub document: String,
    /// For CEL rules on an object: JSON pointers to the fields that the rule refers to. If some of those are missing,
    /// only the missing ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
}

/// The detail of the remark that CEL rules were skipped.
pub(crate) const SKIPPED_RULES: &str = "some rules were not checked; correct the other problems first";

impl Violation {
    /// True if the object cannot be decoded because a field of its `metadata` has the wrong type. The API server then
    /// answers 400 and names no field.
    #[must_use]
    pub fn is_decode_error(&self) -> bool {
        self.check == Check::Metadata && self.reason == Reason::TypeInvalid
    }

    /// True if it is no error of its own but the API server's remark, after other errors, that it skipped the CEL rules.
    #[must_use]
    pub fn is_skipped_rules(&self) -> bool {
        self.check == Check::Combination && self.detail == SKIPPED_RULES
    }

    /// The field as the API server names it in an error: `<nil>` if it names none.
    #[must_use]
    pub fn field(&self) -> &str {
        let field = match self.check {
            Check::Combination => &self.document,
            _ => &self.path,
        };
        if field.is_empty() { "<nil>" } else { field }
    }

    /// Creates an error. `value` is the offending value, formatted for the message; `detail` is the rest of the
    /// message.
    #[must_use]
    pub fn new(path: &Path<'_>, check: Check, reason: Reason, value: Option<&str>, detail: String) -> Self {
        let text = if matches!(check, Check::Schema | Check::Combination) {
            path.dotted()
        } else {
            path.field()
        };
        let mut message = String::from(reason.message_prefix());
        if let Some(value) = value {
            message.push_str(": ");
            message.push_str(value);
        }
        if !detail.is_empty() {
            message.push_str(": ");
            message.push_str(&detail);
        }
        let detail = without_path(reason, &text, detail);
        let document = path.document();
        let is_below = !document.is_empty() && matches!(check, Check::Schema | Check::Combination);
        let text = match (is_below, text.is_empty()) {
            (false, _) => text,
            (true, true) => document.to_owned(),
            (true, false) => format!("{document}.{text}"),
        };
        Self {
            path: text,
            pointer: path.pointer(),
            reason,
            message,
            detail,
            check,
            document: document.to_owned(),
            about: Vec::new(),
        }
    }
}

impl std::error::Error for Violation {}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field(), self.message)
    }
}

/// Removes the path from the detail, where the API server repeats it.
fn without_path(reason: Reason, path: &str, detail: String) -> String {
    if detail.is_empty() {
        return match reason {
            Reason::Required => "is required",
            Reason::Duplicate => "is there twice",
            Reason::Forbidden => "may not be set",
            _ => "is not valid",
        }
        .to_owned();
    }
    match detail
        .strip_prefix(path)
        .and_then(|rest| rest.strip_prefix(" in body "))
    {
        Some(rest) => rest.to_owned(),
        None => detail,
    }
}
