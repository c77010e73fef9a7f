//! Repairs invalid schemas enough to parse them, because the API server validates their defaults all the same.

use serde_json::Value;

use super::keywords::{Schema, text};

const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];
const LISTS: [&str; 3] = ["atomic", "set", "map"];

/// True if the schema uses a type that does not exist.
pub(super) fn has_unknown_type(schema: &Schema) -> bool {
    let kind = text(schema, "type");
    let either = schema.get("x-kubernetes-int-or-string") == Some(&Value::Bool(true));
    !kind.is_empty() && !TYPES.contains(&kind) && !either
}

/// Removes unknown types, list types and rule reasons, and empty rules.
pub(super) fn readable(schema: &Schema) -> Schema {
    let mut readable = schema.clone();
    amend(&mut readable);
    readable
}

fn amend(schema: &mut Schema) {
    if has_unknown_type(schema) {
        schema.shift_remove("type");
    }
    let list = text(schema, "x-kubernetes-list-type");
    if !list.is_empty() && !LISTS.contains(&list) {
        schema.shift_remove("x-kubernetes-list-type");
    }
    if let Some(Value::Array(rules)) = schema.get_mut("x-kubernetes-validations") {
        rules.retain(|rule| rule["rule"].as_str().is_some_and(|text| !text.is_empty()));
        for rule in rules {
            if let Some(rule) = rule.as_object_mut() {
                rule.shift_remove("reason");
            }
        }
    }
    for (key, value) in schema.iter_mut() {
        match (key.as_str(), value) {
            ("items" | "not" | "additionalProperties", Value::Object(one)) => amend(one),
            ("properties", Value::Object(all)) => {
                all.values_mut().filter_map(Value::as_object_mut).for_each(amend);
            }
            ("allOf" | "anyOf" | "oneOf", Value::Array(all)) => {
                all.iter_mut().filter_map(Value::as_object_mut).for_each(amend);
            }
            _ => {}
        }
    }
}
