//! Keywords of a schema, read as Go reads them: what is null, or has Go's zero value, is not there.

use serde_json::{Map, Value};

/// A schema as it is written.
pub(super) type Schema = Map<String, Value>;

const NONE: &[Value] = &[];

/// What a schema of a definition may say, apart from keywords that hold schemas and those of Kubernetes.
pub(super) const PLAIN: [&str; 24] = [
    "description",
    "type",
    "format",
    "title",
    "default",
    "example",
    "externalDocs",
    "nullable",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "multipleOf",
    "enum",
    "maxProperties",
    "minProperties",
    "required",
    "id",
];

/// Keywords that hold schemas.
pub(super) const HOLDING: [&str; 11] = [
    "items",
    "allOf",
    "oneOf",
    "anyOf",
    "not",
    "properties",
    "additionalProperties",
    "patternProperties",
    "dependencies",
    "additionalItems",
    "definitions",
];

/// Keywords of Kubernetes.
pub(super) const EXTENSIONS: [&str; 7] = [
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-map-type",
    "x-kubernetes-validations",
];

/// Keywords whose value is a pointer in Go, so that a zero counts.
const POINTERS: [&str; 14] = [
    "maximum",
    "minimum",
    "maxLength",
    "minLength",
    "maxItems",
    "minItems",
    "multipleOf",
    "maxProperties",
    "minProperties",
    "default",
    "example",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-list-type",
    "x-kubernetes-map-type",
];

/// Whether a keyword is there, and says something.
pub(super) fn has(schema: &Schema, key: &str) -> bool {
    let pointer = POINTERS.contains(&key);
    match schema.get(key) {
        None | Some(Value::Null) => false,
        Some(_) if pointer => true,
        Some(Value::Bool(flag)) => *flag || matches!(key, "additionalProperties" | "additionalItems"),
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(map)) => {
            !map.is_empty() || matches!(key, "items" | "not" | "additionalProperties" | "additionalItems")
        }
        Some(Value::Number(_)) => true,
    }
}

/// The keywords that are there.
pub(super) fn all(schema: &Schema) -> impl Iterator<Item = &'static str> {
    let known = PLAIN.iter().chain(&HOLDING).chain(&EXTENSIONS);
    known.copied().filter(|key| has(schema, key))
}

pub(super) fn text<'s>(schema: &'s Schema, key: &str) -> &'s str {
    schema.get(key).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn flag(schema: &Schema, key: &str) -> bool {
    schema.get(key) == Some(&Value::Bool(true))
}

pub(super) fn list<'s>(schema: &'s Schema, key: &str) -> &'s [Value] {
    schema
        .get(key)
        .and_then(Value::as_array)
        .map_or(NONE, Vec::as_slice)
}

/// The texts in a list.
pub(super) fn texts<'s>(schema: &'s Schema, key: &str) -> impl Iterator<Item = &'s str> {
    list(schema, key).iter().filter_map(Value::as_str)
}

/// The one schema that a keyword holds.
pub(super) fn one<'s>(schema: &'s Schema, key: &str) -> Option<&'s Schema> {
    schema.get(key).and_then(Value::as_object)
}

/// The schemas in a list, each with its index.
pub(super) fn several<'s>(schema: &'s Schema, key: &str) -> impl Iterator<Item = (usize, &'s Schema)> {
    let all = list(schema, key).iter().enumerate();
    all.filter_map(|(index, one)| one.as_object().map(|one| (index, one)))
}

/// The schemas by name.
pub(super) fn named<'s>(schema: &'s Schema, key: &str) -> impl Iterator<Item = (&'s str, &'s Schema)> {
    let all = one(schema, key).into_iter().flatten();
    all.filter_map(|(name, one)| one.as_object().map(|one| (name.as_str(), one)))
}
