//! Decodes `metadata` of objects and embedded resources: drops unknown fields and empty values
//! (`k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta/coerce.go`).

use serde_json::{Map, Value, json};

use crate::node::Node;
use crate::path::Path;

const METADATA: &str = "metadata";

/// Cleans up the metadata of an object and of its embedded resources. Returns the paths of unknown fields.
pub(crate) fn coerce(object: &mut Value, node: &Node) -> Vec<String> {
    let mut unknown = Vec::new();
    if let Value::Object(map) = object {
        metadata(map, &Path::ROOT, &mut unknown);
    }
    embedded(object, node, &Path::ROOT, &mut unknown);
    unknown
}

fn embedded(value: &mut Value, node: &Node, path: &Path<'_>, unknown: &mut Vec<String>) {
    if !node.has_embedded {
        return;
    }
    match value {
        Value::Object(map) => {
            if node.embedded_resource {
                metadata(map, path, unknown);
            }
            for (name, value) in map {
                if let Some(child) = node.child(name) {
                    embedded(value, child, &path.property(name), unknown);
                }
            }
        }
        Value::Array(items) => {
            if let Some(child) = node.items() {
                for (index, item) in items.iter_mut().enumerate() {
                    embedded(item, child, &path.index(index), unknown);
                }
            }
        }
        _ => {}
    }
}

fn metadata(object: &mut Map<String, Value>, path: &Path<'_>, unknown: &mut Vec<String>) {
    let path = path.property(METADATA);
    match object.get_mut(METADATA) {
        Some(Value::Object(map)) => map.retain(|name, value| field(name, value, &path, unknown)),
        Some(null @ Value::Null) => *null = json!({}),
        _ => {}
    }
}

/// True if the field is kept. Fields of the wrong type are kept, for validation to reject.
fn field(name: &str, value: &mut Value, path: &Path<'_>, unknown: &mut Vec<String>) -> bool {
    match name {
        "name" | "generateName" | "namespace" | "selfLink" | "uid" | "resourceVersion" => {
            !value.is_null() && value != ""
        }
        "generation" => !value.is_null() && *value != 0,
        "creationTimestamp" | "deletionTimestamp" | "deletionGracePeriodSeconds" => !value.is_null(),
        "labels" | "annotations" => {
            let texts = value.as_object_mut().into_iter().flat_map(Map::values_mut);
            texts.for_each(empty_for_null);
            !is_empty_map(value)
        }
        "finalizers" => {
            let texts = value.as_array_mut().into_iter().flatten();
            texts.for_each(empty_for_null);
            !is_empty_list(value)
        }
        "ownerReferences" => {
            let path = path.property(name);
            for (index, owner) in value.as_array_mut().into_iter().flatten().enumerate() {
                reference(owner, &path.index(index), unknown);
            }
            !is_empty_list(value)
        }
        "managedFields" => !is_empty_list(value),
        _ => {
            unknown.push(path.property(name).dotted());
            false
        }
    }
}

fn reference(owner: &mut Value, path: &Path<'_>, unknown: &mut Vec<String>) {
    const TEXTS: [&str; 4] = ["apiVersion", "kind", "name", "uid"];
    if owner.is_null() {
        *owner = json!({});
    }
    let Value::Object(map) = owner else { return };
    map.retain(|name, value| match name.as_str() {
        "controller" | "blockOwnerDeletion" => !value.is_null(),
        name if TEXTS.contains(&name) => true,
        _ => {
            unknown.push(path.property(name).dotted());
            false
        }
    });
    for name in TEXTS {
        empty_for_null(map.entry(name).or_insert(Value::Null));
    }
}

fn empty_for_null(value: &mut Value) {
    if value.is_null() {
        *value = json!("");
    }
}

fn is_empty_map(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(Map::is_empty)
}

fn is_empty_list(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

#[cfg(test)]
mod tests {
    use crate::Schema;

    use super::*;

    #[test]
    fn metadata_is_cleaned_up_at_every_level() {
        let schema = Schema::parse(&json!({"type": "object", "properties": {"template": {
            "type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true,
        }}}))
        .unwrap();
        let mut object = json!({
            "metadata": {
                "name": "a", "generateName": "", "labels": {"a": null}, "annotations": {}, "finalizers": null,
                "undeclared": 1, "generation": 0, "ownerReferences": [{"kind": "K", "more": 1, "controller": null}],
            },
            "template": {"metadata": {"creationTimestamp": null, "clusterName": "x", "labels": {"a": 1}, "annotations": []}},
        });
        let unknown = coerce(&mut object, schema.root());
        assert_eq!(
            object,
            json!({
                "metadata": {
                    "name": "a", "labels": {"a": ""},
                    "ownerReferences": [{"apiVersion": "", "kind": "K", "name": "", "uid": ""}],
                },
                "template": {"metadata": {"labels": {"a": 1}, "annotations": []}},
            })
        );
        assert_eq!(
            unknown,
            [
                "metadata.undeclared",
                "metadata.ownerReferences[0].more",
                "template.metadata.clusterName"
            ]
        );
    }
}
