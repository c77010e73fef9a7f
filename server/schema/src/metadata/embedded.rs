//! Resources embedded in an object (`x-kubernetes-embedded-resource`).

use serde_json::{Map, Value};

use super::{Found, common, identity, text};
use crate::names;
use crate::node::Node;
use crate::path::Path;
use crate::violation::{Violation, quote};

/// Judges the resources embedded in an object.
pub(crate) fn validate_embedded(node: &Node, value: &Value) -> Vec<Violation> {
    let mut found = Found::of_embedded();
    walk(node, value, &Path::ROOT, &mut found);
    found.violations
}

/// Judges a whole object as one that is embedded.
pub(crate) fn validate_resource(value: &Value) -> Vec<Violation> {
    let mut found = Found::of_embedded();
    if let Value::Object(map) = value {
        embedded(map, &Path::ROOT, &mut found);
    }
    found.violations
}

fn walk(node: &Node, value: &Value, path: &Path<'_>, found: &mut Found) {
    if !node.has_embedded {
        return;
    }
    match value {
        Value::Object(map) => {
            if node.embedded_resource {
                embedded(map, path, found);
            }
            for (name, value) in map {
                if let Some(child) = node.properties.get(name.as_str()) {
                    walk(child, value, &path.property(name), found);
                } else if let Some(child) = node.values() {
                    walk(child, value, &path.key(name), found);
                }
            }
        }
        Value::Array(items) => {
            if let Some(child) = node.items() {
                for (index, item) in items.iter().enumerate() {
                    walk(child, item, &path.index(index), found);
                }
            }
        }
        _ => {}
    }
}

fn embedded(map: &Map<String, Value>, path: &Path<'_>, found: &mut Found) {
    for name in ["apiVersion", "kind"] {
        let path = path.property(name);
        match map.get(name) {
            None => found.required(&path, ""),
            Some(Value::String(text)) if text.is_empty() => found.invalid(&path, "\"\"", "must not be empty"),
            Some(Value::String(text)) if name == "kind" => {
                let problems = names::dns1035_label(&text.to_lowercase());
                if !problems.is_empty() {
                    let detail = format!(
                        "may have mixed case, but should otherwise match: {}",
                        problems.join(",")
                    );
                    found.invalid(&path, &quote(text), &detail);
                }
            }
            Some(Value::String(text)) if text.matches('/').count() > 1 => {
                found.invalid(
                    &path,
                    &quote(text),
                    &format!("unexpected GroupVersion string: {text}"),
                );
            }
            Some(Value::String(_)) => {}
            Some(other) => found.wrong_type(&path, other, "must be a string"),
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
                    // The API server asks for no name here.
                    with_name.insert("name".to_owned(), Value::String("fakename".to_owned()));
                }
                identity(
                    &with_name,
                    &path,
                    namespaced,
                    |name, _| names::path_segment(name),
                    found,
                );
            }
            common(metadata, &path, found);
        }
        Some(other) => found.wrong_type(&path, other, "must be an object"),
    }
}
