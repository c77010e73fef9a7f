//! Keywords of a schema, decoded as Go decodes them: null and Go's zero values count as unset.

use serde_json::{Map, Value};

/// A schema as a JSON object.
pub(super) type Schema = Map<String, Value>;

const NONE: &[Value] = &[];

/// Keywords other than those that contain schemas and the Kubernetes extensions.
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

/// Keywords that contain schemas.
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

/// Kubernetes extensions.
pub(super) const EXTENSIONS: [&str; 7] = [
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-map-type",
    "x-kubernetes-validations",
];

/// Keywords that are pointers in Go, so that a zero value counts as set.
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

/// True if a keyword is set.
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

/// The keywords that are set.
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

/// The strings in a list.
pub(super) fn texts<'s>(schema: &'s Schema, key: &str) -> impl Iterator<Item = &'s str> {
    list(schema, key).iter().filter_map(Value::as_str)
}

/// The schema in a keyword that contains one.
pub(super) fn one<'s>(schema: &'s Schema, key: &str) -> Option<&'s Schema> {
    schema.get(key).and_then(Value::as_object)
}

/// The schemas in a list, with their indices.
pub(super) fn several<'s>(schema: &'s Schema, key: &str) -> impl Iterator<Item = (usize, &'s Schema)> {
    let all = list(schema, key).iter().enumerate();
    all.filter_map(|(index, one)| one.as_object().map(|one| (index, one)))
}

/// The schemas in a map, with their names.
pub(super) fn named<'s>(schema: &'s Schema, key: &str) -> impl Iterator<Item = (&'s str, &'s Schema)> {
    let all = one(schema, key).into_iter().flatten();
    all.filter_map(|(name, one)| one.as_object().map(|one| (name.as_str(), one)))
}
