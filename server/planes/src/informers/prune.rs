//! Cuts a cached object down to what the tree shows and what its health is derived from.

use serde_json::{Map, Value};

/// Fields of `spec` that refer to composed resources or owners.
const REFERENCES: [&str; 5] = [
    "resourceRef",
    "resourceRefs",
    "claimRef",
    "crossplane",
    "writeConnectionSecretToRef",
];
/// An annotation with a copy of the whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Fields with data, which say nothing about health.
const DATA: [&str; 3] = ["data", "stringData", "binaryData"];

/// Removes `metadata.managedFields`, data, and everything from `spec` but short scalar values and references.
pub(super) fn prune(mut object: Value) -> Value {
    let Some(fields) = object.as_object_mut() else {
        return object;
    };
    for name in DATA {
        fields.shift_remove(name);
    }
    if let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.shift_remove("managedFields");
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.shift_remove(LAST_APPLIED);
        }
    }
    if let Some(spec) = fields.get_mut("spec").and_then(Value::as_object_mut) {
        let remaining: Map<String, Value> = std::mem::take(spec)
            .into_iter()
            .filter(|(name, value)| !is_large(value) || REFERENCES.contains(&name.as_str()))
            .collect();
        *spec = remaining;
    }
    object
}

fn is_large(value: &Value) -> bool {
    match value {
        Value::Array(_) | Value::Object(_) => true,
        Value::String(text) => text.len() > 256,
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn drops_what_the_tree_does_not_show() {
        let pruned = prune(json!({
            "kind": "Bucket", "data": { "password": "CANARY" },
            "metadata": {
                "name": "files", "managedFields": [{}], "labels": { "crossplane.io/composite": "x" },
                "annotations": { LAST_APPLIED: "{}", "crossplane.io/paused": "true" },
            },
            "spec": {
                "replicas": 3, "paused": true, "forProvider": { "tags": {} }, "script": "x".repeat(1000),
                "resourceRefs": [{ "name": "a" }], "claimRef": { "name": "b" },
            },
            "status": { "conditions": [{ "type": "Ready" }] },
        }));
        assert_eq!(
            pruned,
            json!({
                "kind": "Bucket",
                "metadata": {
                    "name": "files", "labels": { "crossplane.io/composite": "x" },
                    "annotations": { "crossplane.io/paused": "true" },
                },
                "spec": {
                    "replicas": 3, "paused": true,
                    "resourceRefs": [{ "name": "a" }], "claimRef": { "name": "b" },
                },
                "status": { "conditions": [{ "type": "Ready" }] },
            })
        );
    }

    #[test]
    fn leaves_other_values_unchanged() {
        assert_eq!(prune(json!([1])), json!([1]));
        assert_eq!(
            prune(json!({ "spec": 7, "metadata": null })),
            json!({ "spec": 7, "metadata": null })
        );
    }
}
