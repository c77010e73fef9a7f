//! Finds required fields that no new object can have, so that no object can be created.

use super::crd::Definition;
use super::node::Node;
use super::path::Path;
use super::schema_type::SchemaType;

/// A required field that no new object can have.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnsatisfiableField {
    /// The field, as a JSON pointer.
    pub pointer: String,
    /// Why not, as a clause: "its definition requires `a.b`, but declares no such field".
    pub reason: String,
}

impl Definition {
    /// Returns the required fields that make it impossible to create an object of a version. An empty result means
    /// that none were found by looking at `required` alone.
    #[must_use]
    pub fn unsatisfiable_fields(&self, version: &str) -> Vec<UnsatisfiableField> {
        let mut found = Vec::new();
        let Some(version) = self.version(version) else {
            return found;
        };
        let Ok(schema) = version.schema() else {
            return found;
        };
        let root = schema.root();
        if version.has_status && root.requires("status") {
            found.push(UnsatisfiableField {
                pointer: "/status".to_owned(),
                reason: "its definition requires a `status`, which the API server drops from new objects"
                    .to_owned(),
            });
        }
        find_undeclared(root, true, &Path::ROOT, &mut found);
        found
    }
}

/// Required but undeclared fields are pruned before validation, which then misses them.
fn find_undeclared(node: &Node, is_root: bool, path: &Path<'_>, found: &mut Vec<UnsatisfiableField>) {
    if node.preserve_unknown
        || node.allows_additional_properties()
        || !matches!(node.schema_type, SchemaType::Object | SchemaType::Any)
    {
        return;
    }
    for name in &node.required {
        let at = path.property(name);
        let is_known = is_root && matches!(&**name, "apiVersion" | "kind" | "metadata" | "status");
        match node.property(name) {
            Some(child) if child.default.is_none() && !is_known && !child.nullable => {
                find_undeclared(child, child.embedded_resource, &at, found);
            }
            None if !is_known => found.push(UnsatisfiableField {
                pointer: at.pointer(),
                reason: format!(
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

    fn pointers(schema: &Value, subresources: &Value) -> Vec<String> {
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
        let found = definition.unsatisfiable_fields("v1");
        found.into_iter().map(|field| field.pointer).collect()
    }

    #[test]
    fn required_fields_that_cannot_be_set_are_found() {
        let properties = json!({
            "spec": {"type": "object", "required": ["a", "gone"], "properties": {"a": {"type": "string"}}},
            "status": {"type": "object", "default": {}, "properties": {"x": {"type": "string"}}},
        });
        let schema =
            |required: Value| json!({"type": "object", "required": required, "properties": properties});
        let with_status = json!({"status": {}});
        assert_eq!(pointers(&schema(json!(["status"])), &with_status), ["/status"]);
        assert_eq!(pointers(&schema(json!(["status"])), &json!({})), [""; 0]);
        assert_eq!(
            pointers(&schema(json!(["spec", "metadata"])), &with_status),
            ["/spec/gone"]
        );
        assert_eq!(pointers(&schema(json!([])), &with_status), [""; 0]);
    }
}
