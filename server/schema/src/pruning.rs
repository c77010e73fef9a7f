//! Pruning of undeclared fields
//! (`k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning`).

use serde_json::Value;

use super::node::{Additional, Node};
use super::path::Path;

const META: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// Drops undeclared fields and returns their paths, sorted.
pub(super) fn prune(object: &mut Value, node: &Node) -> Vec<String> {
    let mut pruned = Vec::new();
    walk(object, Some(node), true, false, &Path::ROOT, &mut pruned);
    pruned.sort();
    pruned
}

/// `preserving` is set below `x-kubernetes-preserve-unknown-fields`, where only declared fields are pruned further.
fn walk(
    value: &mut Value,
    node: Option<&Node>,
    embedded: bool,
    preserving: bool,
    path: &Path<'_>,
    pruned: &mut Vec<String>,
) {
    let preserving = preserving || node.is_some_and(|node| node.preserve_unknown);
    match value {
        Value::Object(map) => {
            let Some(node) = node else {
                if !preserving {
                    pruned.extend(map.keys().map(|name| path.property(name).dotted()));
                    map.clear();
                }
                return;
            };
            let embedded = embedded || node.embedded_resource;
            map.retain(|name, value| {
                if embedded && META.contains(&name.as_str()) {
                    return true;
                }
                let path = path.property(name);
                if let Some(child) = node.properties.get(name.as_str()) {
                    walk(value, Some(child), false, false, &path, pruned);
                    return true;
                }
                match &node.additional {
                    Additional::Of(child) => {
                        walk(value, Some(child), false, false, &path, pruned);
                        true
                    }
                    Additional::Any => {
                        // The values have no schema, so everything in them is undeclared.
                        walk(value, None, false, preserving, &path, pruned);
                        true
                    }
                    Additional::Absent | Additional::Forbidden if preserving => true,
                    Additional::Absent | Additional::Forbidden => {
                        pruned.push(path.dotted());
                        false
                    }
                }
            });
        }
        Value::Array(items) => {
            let child = node.and_then(Node::items);
            if child.is_none() && preserving {
                return;
            }
            for (index, item) in items.iter_mut().enumerate() {
                walk(item, child, false, preserving, &path.index(index), pruned);
            }
        }
        _ => {}
    }
}

/// Drops undeclared fields whose value is null and returns their paths.
pub(super) fn drop_nulls(object: &mut Value, node: &Node) -> Vec<String> {
    let mut kept = object.clone();
    let mut dropped = Vec::new();
    if !prune(&mut kept, node).is_empty() {
        drop_missing_nulls(object, &kept, &Path::ROOT, &mut dropped);
    }
    dropped
}

fn drop_missing_nulls(value: &mut Value, kept: &Value, path: &Path<'_>, dropped: &mut Vec<String>) {
    match (value, kept) {
        (Value::Object(map), Value::Object(kept)) => map.retain(|name, value| {
            let path = path.property(name);
            match kept.get(name) {
                Some(kept) => drop_missing_nulls(value, kept, &path, dropped),
                None if value.is_null() => {
                    dropped.push(path.dotted());
                    return false;
                }
                None => {}
            }
            true
        }),
        (Value::Array(items), Value::Array(kept)) => {
            for (index, (item, kept)) in items.iter_mut().zip(kept).enumerate() {
                drop_missing_nulls(item, kept, &path.index(index), dropped);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::Schema;

    #[test]
    fn undeclared_fields_are_dropped_and_reported() {
        let schema = Schema::parse(&json!({
            "type": "object",
            "properties": {"spec": {"type": "object", "properties": {
                "a": {"type": "string"},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {
                    "strict": {"type": "object", "properties": {"x": {"type": "integer"}}},
                }},
                "items": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
                "map": {"type": "object", "additionalProperties": {"type": "string"}},
            }}},
        }))
        .unwrap();
        let (pruned, paths) = schema.pruned(&json!({
            "apiVersion": "a/v1", "kind": "K", "metadata": {"name": "n"}, "junk": 1,
            "spec": {
                "a": "b", "c": {"d": 1}, "map": {"k": "v"},
                "free": {"any": {"thing": [1]}, "strict": {"x": 1, "y": 2}},
                "items": [{"n": 1}, {"n": 2, "m": 3}],
            },
        }));
        assert_eq!(
            pruned,
            json!({
                "apiVersion": "a/v1", "kind": "K", "metadata": {"name": "n"},
                "spec": {
                    "a": "b", "map": {"k": "v"},
                    "free": {"any": {"thing": [1]}, "strict": {"x": 1}},
                    "items": [{"n": 1}, {"n": 2}],
                },
            })
        );
        assert_eq!(paths, ["junk", "spec.c", "spec.free.strict.y", "spec.items[1].m"]);
        let mut printed = json!({"spec": {
            "a": null, "stamp": null, "other": 1, "items": [{"n": 1, "stamp": null}], "free": {"stamp": null},
        }});
        assert_eq!(
            schema.drop_unknown_nulls(&mut printed),
            ["spec.stamp", "spec.items[0].stamp"]
        );
        assert_eq!(
            printed,
            json!({"spec": {"a": null, "other": 1, "items": [{"n": 1}], "free": {"stamp": null}}})
        );
    }
}
