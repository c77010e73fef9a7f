//! Validates embedded resources (`x-kubernetes-embedded-resource`).

use serde_json::{Map, Value};

use super::{Errors, common, identity, text};
use crate::go_format::quote;
use crate::names;
use crate::node::Node;
use crate::path::Path;
use crate::violation::Violation;

/// Validates the resources embedded in an object.
pub(crate) fn validate_embedded(node: &Node, value: &Value) -> Vec<Violation> {
    let mut errors = Errors::of_embedded();
    walk(node, value, &Path::ROOT, &mut errors);
    errors.violations
}

/// Validates a whole object as an embedded resource.
pub(crate) fn validate_resource(value: &Value) -> Vec<Violation> {
    let mut errors = Errors::of_embedded();
    if let Value::Object(map) = value {
        embedded(map, &Path::ROOT, &mut errors);
    }
    errors.violations
}

fn walk(node: &Node, value: &Value, path: &Path<'_>, errors: &mut Errors) {
    if !node.has_embedded {
        return;
    }
    match value {
        Value::Object(map) => {
            if node.embedded_resource {
                embedded(map, path, errors);
            }
            for (name, value) in map {
                if let Some(child) = node.properties.get(name.as_str()) {
                    walk(child, value, &path.property(name), errors);
                } else if let Some(child) = node.additional_properties() {
                    walk(child, value, &path.key(name), errors);
                }
            }
        }
        Value::Array(items) => {
            if let Some(child) = node.items() {
                for (index, item) in items.iter().enumerate() {
                    walk(child, item, &path.index(index), errors);
                }
            }
        }
        _ => {}
    }
}

fn embedded(map: &Map<String, Value>, path: &Path<'_>, errors: &mut Errors) {
    for name in ["apiVersion", "kind"] {
        let path = path.property(name);
        match map.get(name) {
            None => errors.required(&path, ""),
            Some(Value::String(text)) if text.is_empty() => {
                errors.invalid(&path, "\"\"", "must not be empty");
            }
            Some(Value::String(text)) if name == "kind" => {
                let problems = names::dns1035_label(&text.to_lowercase());
                if !problems.is_empty() {
                    let detail = format!(
                        "may have mixed case, but should otherwise match: {}",
                        problems.join(",")
                    );
                    errors.invalid(&path, &quote(text), &detail);
                }
            }
            Some(Value::String(text)) if text.matches('/').count() > 1 => {
                errors.invalid(
                    &path,
                    &quote(text),
                    &format!("unexpected GroupVersion string: {text}"),
                );
            }
            Some(Value::String(_)) => {}
            Some(other) => errors.wrong_type(&path, other, "must be a string"),
        }
    }
    let path = path.property("metadata");
    match map.get("metadata") {
        None => {}
        Some(Value::Object(metadata)) => {
            let namespaced = !text(metadata, "namespace").is_empty();
            if !text(metadata, "name").is_empty() || namespaced {
                let mut with_name = metadata.clone();
                if text(metadata, "name").is_empty() {
                    // The API server does not require a name here.
                    with_name.insert("name".to_owned(), Value::String("fakename".to_owned()));
                }
                identity(
                    &with_name,
                    &path,
                    namespaced,
                    |name, _| names::path_segment(name),
                    errors,
                );
            }
            common(metadata, &path, errors);
        }
        Some(other) => errors.wrong_type(&path, other, "must be an object"),
    }
}
