//! Reading keywords of a schema, and saying where they are malformed.

use serde_json::{Map, Value};

use super::error::ParseError;
use super::node::{Kind, ListType};

/// A schema as it stands in a document.
pub(super) type Document = Map<String, Value>;

/// Where in the document the reader stands, as a chain on the stack.
pub(super) struct Place<'a> {
    pub(super) parent: Option<&'a Place<'a>>,
    pub(super) step: &'a str,
}

impl Place<'_> {
    pub(super) fn text(&self) -> String {
        match self.parent {
            None => self.step.to_owned(),
            Some(parent) => format!("{}.{}", parent.text(), self.step),
        }
    }

    pub(super) fn child<'b>(&'b self, step: &'b str) -> Place<'b> {
        Place {
            parent: Some(self),
            step,
        }
    }

    pub(super) fn malformed(&self, key: &str, problem: &str) -> ParseError {
        let path = if key.is_empty() {
            self.text()
        } else {
            format!("{}.{key}", self.text())
        };
        ParseError::Malformed {
            path,
            problem: problem.to_owned(),
        }
    }
}

pub(super) fn kind(document: &Document, place: &Place<'_>) -> Result<Kind, ParseError> {
    if flag(document, "x-kubernetes-int-or-string", place)? {
        return Ok(Kind::IntOrString);
    }
    match text(document, "type", place)?.unwrap_or_default() {
        "" => Ok(Kind::Any),
        "object" => Ok(Kind::Object),
        "array" => Ok(Kind::Array),
        "string" => Ok(Kind::String),
        "integer" => Ok(Kind::Integer),
        "number" => Ok(Kind::Number),
        "boolean" => Ok(Kind::Boolean),
        _ => Err(place.malformed(
            "type",
            "must be object, array, string, integer, number or boolean",
        )),
    }
}

pub(super) fn list_type(document: &Document, place: &Place<'_>) -> Result<ListType, ParseError> {
    const KEY: &str = "x-kubernetes-list-type";
    match text(document, KEY, place)?.unwrap_or("atomic") {
        "atomic" => Ok(ListType::Atomic),
        "set" => Ok(ListType::Set),
        "map" => Ok(ListType::Map),
        _ => Err(place.malformed(KEY, "must be atomic, set or map")),
    }
}

pub(super) fn flag(document: &Document, key: &str, place: &Place<'_>) -> Result<bool, ParseError> {
    match document.get(key) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(place.malformed(key, "must be true or false")),
    }
}

pub(super) fn text<'d>(
    document: &'d Document,
    key: &str,
    place: &Place<'_>,
) -> Result<Option<&'d str>, ParseError> {
    match document.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(place.malformed(key, "must be a string")),
    }
}

pub(super) fn number(document: &Document, key: &str, place: &Place<'_>) -> Result<Option<f64>, ParseError> {
    match document.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_f64()
            .map(Some)
            .ok_or_else(|| place.malformed(key, "must be a number")),
    }
}

pub(super) fn count(document: &Document, key: &str, place: &Place<'_>) -> Result<Option<i64>, ParseError> {
    match document.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_i64()
            .map(Some)
            .ok_or_else(|| place.malformed(key, "must be an integer")),
    }
}

pub(super) fn array<'d>(
    document: &'d Document,
    key: &str,
    place: &Place<'_>,
) -> Result<&'d [Value], ParseError> {
    match document.get(key) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(place.malformed(key, "must be a list")),
    }
}

pub(super) fn object<'d>(
    document: &'d Document,
    key: &str,
    place: &Place<'_>,
) -> Result<Option<&'d Document>, ParseError> {
    match document.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(map)) => Ok(Some(map)),
        Some(_) => Err(place.malformed(key, "must be an object")),
    }
}
