//! Typed access to the keywords of a schema, with errors that name the location.

use serde_json::{Map, Value};

use crate::error::ParseError;
use crate::node::ListType;
use crate::schema_type::SchemaType;

/// A schema as a JSON object.
pub(super) type Document = Map<String, Value>;

/// A location in the schema document, as a linked list on the stack.
pub(super) struct Location<'a> {
    pub(super) parent: Option<&'a Location<'a>>,
    pub(super) step: &'a str,
}

impl Location<'_> {
    pub(super) fn text(&self) -> String {
        match self.parent {
            None => self.step.to_owned(),
            Some(parent) => format!("{}.{}", parent.text(), self.step),
        }
    }

    pub(super) fn child<'b>(&'b self, step: &'b str) -> Location<'b> {
        Location {
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

pub(super) fn schema_type(document: &Document, location: &Location<'_>) -> Result<SchemaType, ParseError> {
    if flag(document, "x-kubernetes-int-or-string", location)? {
        return Ok(SchemaType::IntOrString);
    }
    match text(document, "type", location)?.unwrap_or_default() {
        "" => Ok(SchemaType::Any),
        "object" => Ok(SchemaType::Object),
        "array" => Ok(SchemaType::Array),
        "string" => Ok(SchemaType::String),
        "integer" => Ok(SchemaType::Integer),
        "number" => Ok(SchemaType::Number),
        "boolean" => Ok(SchemaType::Boolean),
        _ => Err(location.malformed(
            "type",
            "must be object, array, string, integer, number or boolean",
        )),
    }
}

pub(super) fn list_type(document: &Document, location: &Location<'_>) -> Result<ListType, ParseError> {
    const KEY: &str = "x-kubernetes-list-type";
    match text(document, KEY, location)?.unwrap_or("atomic") {
        "atomic" => Ok(ListType::Atomic),
        "set" => Ok(ListType::Set),
        "map" => Ok(ListType::Map),
        _ => Err(location.malformed(KEY, "must be atomic, set or map")),
    }
}

pub(super) fn flag(document: &Document, key: &str, location: &Location<'_>) -> Result<bool, ParseError> {
    match document.get(key) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(location.malformed(key, "must be true or false")),
    }
}

pub(super) fn text<'d>(
    document: &'d Document,
    key: &str,
    location: &Location<'_>,
) -> Result<Option<&'d str>, ParseError> {
    match document.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(location.malformed(key, "must be a string")),
    }
}

pub(super) fn number(
    document: &Document,
    key: &str,
    location: &Location<'_>,
) -> Result<Option<f64>, ParseError> {
    match document.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_f64()
            .map(Some)
            .ok_or_else(|| location.malformed(key, "must be a number")),
    }
}

pub(super) fn count(
    document: &Document,
    key: &str,
    location: &Location<'_>,
) -> Result<Option<i64>, ParseError> {
    match document.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_i64()
            .map(Some)
            .ok_or_else(|| location.malformed(key, "must be an integer")),
    }
}

pub(super) fn array<'d>(
    document: &'d Document,
    key: &str,
    location: &Location<'_>,
) -> Result<&'d [Value], ParseError> {
    match document.get(key) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(location.malformed(key, "must be a list")),
    }
}

pub(super) fn object<'d>(
    document: &'d Document,
    key: &str,
    location: &Location<'_>,
) -> Result<Option<&'d Document>, ParseError> {
    match document.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(map)) => Ok(Some(map)),
        Some(_) => Err(location.malformed(key, "must be an object")),
    }
}
