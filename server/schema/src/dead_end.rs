//! Definitions that take no new objects, whatever one fills in.

use super::crd::Definition;
use super::node::{Kind, Node};
use super::path::Path;

/// Why no object can be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadEnd {
    /// What is asked for and cannot be there, as a JSON pointer.
    pub pointer: String,
    /// Why, as a part of a sentence.
    pub why: String,
}

impl Definition {
    /// Why the API server takes no new object of a version, whatever is in it; empty where it does, as far as can be
    /// told from what the schema requires.
    #[must_use]
    pub fn takes_no_new(&self, version: &str) -> Vec<DeadEnd> {
        let mut found = Vec::new();
        let Some(version) = self.version(version) else {
            return found;
        };
        let Ok(schema) = version.schema() else {
            return found;
        };
        let root = schema.root();
        if version.has_status && root.requires("status") {
            found.push(DeadEnd {
                pointer: "/status".to_owned(),
                why: "its definition requires a `status`, which the API server drops from what is new"
                    .to_owned(),
            });
        }
        undeclared(root, true, &Path::ROOT, &mut found);
        found
    }
}

/// What is required and not declared would be pruned before it is looked for.
fn undeclared(node: &Node, is_root: bool, path: &Path<'_>, found: &mut Vec<DeadEnd>) {
    if node.preserve_unknown || node.has_additional() || !matches!(node.kind, Kind::Object | Kind::Any) {
        return;
    }
    for name in &node.required {
        let at = path.property(name);
        let is_known = is_root && matches!(&**name, "apiVersion" | "kind" | "metadata" | "status");
        match node.property(name) {
            Some(child) if child.default.is_none() && !is_known && !child.nullable => {
                undeclared(child, child.embedded_resource, &at, found);
            }
            None if !is_known => found.push(DeadEnd {
                pointer: at.pointer(),
                why: format!(
                    "its definition requires `{}`, but declares no such field",
                    at.dotted()
                ),
            }),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn told(schema: &Value, subresources: &Value) -> Vec<String> {
        let definition = Definition::parse(&json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "things.example.org"},
            "spec": {
                "group": "example.org", "scope": "Namespaced", "names": {"plural": "things", "kind": "Thing"},
                "versions": [{
                    "name": "v1", "served": true, "storage": true, "subresources": subresources,
                    "schema": {"openAPIV3Schema": schema},
                }],
            },
        }))
        .unwrap();
        let found = definition.takes_no_new("v1");
        found.into_iter().map(|dead_end| dead_end.pointer).collect()
    }

    #[test]
    fn what_nobody_can_fill_in_is_found() {
        let properties = json!({
            "spec": {"type": "object", "required": ["a", "gone"], "properties": {"a": {"type": "string"}}},
            "status": {"type": "object", "default": {}, "properties": {"x": {"type": "string"}}},
        });
        let schema =
            |required: Value| json!({"type": "object", "required": required, "properties": properties});
        let with_status = json!({"status": {}});
        assert_eq!(told(&schema(json!(["status"])), &with_status), ["/status"]);
        assert_eq!(told(&schema(json!(["status"])), &json!({})), [""; 0]);
        assert_eq!(
            told(&schema(json!(["spec", "metadata"])), &with_status),
            ["/spec/gone"]
        );
        assert_eq!(told(&schema(json!([])), &with_status), [""; 0]);
    }
}
