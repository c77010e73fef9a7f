//! `OpenAPI` v3 documents of the kinds: enough for `kubectl apply` and `kubectl explain`.

use serde_json::{Map, Value, json};

use crate::kube::registry::state::State;
use crate::kube::types::error::ApiError;
use crate::kube::types::kind::{Kind, Version};

/// The index at `/openapi/v3`, or the document of one group and version.
pub(super) fn v3(state: &State, path: &str) -> Result<Value, ApiError> {
    if path.is_empty() {
        return Ok(index(state));
    }
    let parts: Vec<&str> = path.split('/').collect();
    let (group, version) = match parts.as_slice() {
        ["api", version] => ("", *version),
        ["apis", group, version] => (*group, *version),
        _ => return Err(ApiError::no_such_resource()),
    };
    document(state, group, version).ok_or_else(ApiError::no_such_resource)
}

fn index(state: &State) -> Value {
    let mut paths = Map::new();
    for kind in state.kinds.all() {
        for version in kind.versions.iter().filter(|v| v.served) {
            let path = base(&kind.group, &version.name);
            let address = format!("/openapi/v3/{path}?hash={}", state.store.revision());
            paths.insert(path, json!({"serverRelativeURL": address}));
        }
    }
    json!({"paths": paths})
}

fn base(group: &str, version: &str) -> String {
    if group.is_empty() {
        format!("api/{version}")
    } else {
        format!("apis/{group}/{version}")
    }
}

fn document(state: &State, group: &str, version: &str) -> Option<Value> {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    for kind in state.kinds.all().filter(|kind| kind.group == group) {
        let Some(served) = kind.served(version) else {
            continue;
        };
        let name = schema_name(kind, version);
        schemas.insert(name.clone(), schema(kind, served));
        let scope = if kind.namespaced {
            "/namespaces/{namespace}"
        } else {
            ""
        };
        let collection = format!("/{}{scope}/{}", base(group, version), kind.plural);
        paths.insert(
            format!("{collection}/{{name}}"),
            operations(kind, version, &name, &["get", "put", "patch", "delete"]),
        );
        paths.insert(collection, operations(kind, version, &name, &["get", "post"]));
    }
    if schemas.is_empty() {
        return None;
    }
    schemas.insert(
        "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta".into(),
        object_meta(),
    );
    Some(json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.34.0"},
        "paths": paths,
        "components": {"schemas": schemas},
    }))
}

/// The schema name, as Kubernetes builds it: reversed group, version, kind.
fn schema_name(kind: &Kind, version: &str) -> String {
    let group: Vec<&str> = if kind.group.is_empty() {
        vec!["core", "api", "k8s", "io"]
    } else {
        kind.group.split('.').collect()
    };
    let backwards: Vec<&str> = group.into_iter().rev().collect();
    format!("{}.{version}.{}", backwards.join("."), kind.kind)
}

fn schema(kind: &Kind, version: &Version) -> Value {
    let mut schema = version.schema.as_deref().cloned().unwrap_or_else(
        || json!({"type": "object", "properties": {}, "x-kubernetes-preserve-unknown-fields": true}),
    );
    schema["x-kubernetes-group-version-kind"] = group_version_kind(kind, &version.name);
    let text = |description: &str| json!({"type": "string", "description": description});
    schema["properties"]["apiVersion"] = text("The version of the schema that this object has.");
    schema["properties"]["kind"] = text("The kind of this object.");
    schema["properties"]["metadata"] = json!({
        "description": "Standard object's metadata.",
        "allOf": [{"$ref": "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}],
        "default": {},
    });
    schema
}

fn group_version_kind(kind: &Kind, version: &str) -> Value {
    json!([{"group": kind.group, "version": version, "kind": kind.kind}])
}

fn operations(kind: &Kind, version: &str, schema: &str, methods: &[&str]) -> Value {
    let gvk = group_version_kind(kind, version)[0].clone();
    let query = |name: &str, kind: &str| json!({"name": name, "in": "query", "schema": {"type": kind, "uniqueItems": true}});
    let content = json!({"application/json": {"schema": {"$ref": format!("#/components/schemas/{schema}")}}});
    let mut operations = Map::new();
    for method in methods {
        let mut operation = json!({
            "x-kubernetes-group-version-kind": gvk,
            "x-kubernetes-action": method,
            "responses": {"200": {"description": "OK", "content": content}},
        });
        if matches!(*method, "put" | "patch" | "post") {
            // kubectl looks here for support of field validation and dry run.
            let mut parameters = vec![
                query("dryRun", "string"),
                query("fieldManager", "string"),
                query("fieldValidation", "string"),
            ];
            if *method == "patch" {
                parameters.push(query("force", "boolean"));
            }
            operation["parameters"] = json!(parameters);
            let body = if *method == "patch" {
                json!({"application/merge-patch+json": {}, "application/apply-patch+yaml": {}})
            } else {
                content.clone()
            };
            operation["requestBody"] = json!({"content": body, "required": true});
        }
        operations.insert((*method).into(), operation);
    }
    Value::Object(operations)
}

fn object_meta() -> Value {
    let texts = json!({"type": "object", "additionalProperties": {"type": "string", "default": ""}});
    json!({
        "type": "object",
        "description": "ObjectMeta is metadata that all persisted resources must have, which includes all objects users must create.",
        "properties": {
            "name": {"type": "string", "description": "The name, unique within a namespace."},
            "generateName": {"type": "string", "description": "The beginning of a name that the server completes."},
            "namespace": {"type": "string", "description": "The space within which each name must be unique."},
            "labels": texts,
            "annotations": texts,
            "finalizers": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
            "ownerReferences": {"type": "array", "items": {"type": "object"}},
            "uid": {"type": "string"},
            "resourceVersion": {"type": "string"},
            "generation": {"type": "integer", "format": "int64"},
            "creationTimestamp": {"type": "string", "format": "date-time"},
            "deletionTimestamp": {"type": "string", "format": "date-time"},
            "managedFields": {"type": "array", "items": {"type": "object"}},
        },
    })
}
