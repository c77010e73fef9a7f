//! The definitions of bound kinds: kcp has none in the workspace, but an `APIResourceSchema` beside the export, and discovery
//! and `OpenAPI` in the workspace.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::client::{ApiClient, Call};
use crate::discovery::{ExportOrigin, Kind, is_offered};
use crate::error::PlaneError;
use crate::path::escape_segment;

/// Schemas that are kept at most. Each is immutable, and shared by all workspaces that bind it.
const MAX_SCHEMAS: usize = 2_000;

/// The kinds of schemas by source, logical cluster of the export, name and wanted version.
#[derive(Default)]
pub(crate) struct Schemas(Mutex<HashMap<SchemaKey, Arc<BoundKind>>>);

/// What a schema is known by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct SchemaKey {
    pub(super) source: Arc<str>,
    /// The logical cluster of the export.
    pub(super) cluster: String,
    pub(super) name: String,
    /// The version that a document wants.
    pub(super) wanted: Option<String>,
    pub(super) origin: Option<Arc<ExportOrigin>>,
}

/// A kind that a binding brings.
pub(super) struct BoundKind {
    pub(super) kind: Arc<Kind>,
    /// A label offers it.
    pub(super) offered: bool,
}

/// A resource that a binding brings.
pub(super) struct BoundResource<'b> {
    pub(super) group: &'b str,
    pub(super) plural: &'b str,
}

impl Schemas {
    /// The kind of a schema. Reads the schema once; if Portico may not, the workspace's own discovery and `OpenAPI`.
    ///
    /// # Errors
    /// In words.
    pub(super) async fn kind(
        &self,
        client: &ApiClient,
        key: SchemaKey,
        resource: &BoundResource<'_>,
    ) -> Result<Arc<BoundKind>, String> {
        if let Some(known) = self.0.lock().get(&key).cloned() {
            return Ok(known);
        }
        let path = format!(
            "/apis/apis.kcp.io/v1alpha1/apiresourceschemas/{}",
            escape_segment(&key.name)
        );
        let provider = client.in_workspace(&key.cluster);
        let read = provider.request_json(Call::get(path)).await;
        let (definition, keep) = match read {
            Ok((_, schema)) => (definition_of_schema(&schema, resource), true),
            Err(PlaneError::Forbidden { .. } | PlaneError::NotFound { .. }) => {
                (definition_of_discovery(client, resource).await?, false)
            }
            Err(error) => return Err(error.admin_message()),
        };
        let wanted = key.wanted.clone();
        let origin = key.origin.clone();
        // A schema may be slow to parse on purpose, so never parse it on the threads that serve requests.
        let parsed = tokio::task::spawn_blocking(move || {
            let kind = Kind::read(&definition, wanted.as_deref(), None)?;
            Ok::<_, crate::discovery::InvalidCrd>(BoundKind {
                offered: is_offered(&definition),
                kind: Arc::new(Kind { origin, ..kind }),
            })
        });
        let parsed = parsed
            .await
            .map_err(|_| "its schema could not be read".to_owned())?;
        let kind = Arc::new(parsed.map_err(|error| error.to_string())?);
        if keep {
            let mut known = self.0.lock();
            if known.len() >= MAX_SCHEMAS {
                known.clear();
            }
            known.insert(key, kind.clone());
        }
        Ok(kind)
    }
}

/// The definition that an `APIResourceSchema` stands for: its versions have the schema without `openAPIV3Schema`.
fn definition_of_schema(schema: &Value, resource: &BoundResource<'_>) -> Value {
    let mut spec = schema.get("spec").cloned().unwrap_or_default();
    let versions = spec.get_mut("versions").and_then(Value::as_array_mut);
    for version in versions.into_iter().flatten() {
        if let Some(bare) = version.get_mut("schema") {
            *bare = json!({ "openAPIV3Schema": bare.take() });
        }
    }
    let metadata = |key: &str| {
        let metadata = schema.get("metadata").and_then(|metadata| metadata.get(key));
        metadata.cloned().unwrap_or_else(|| json!({}))
    };
    definition(resource, &spec, &metadata("labels"), &metadata("annotations"))
}

/// A definition that is established, as what is bound is.
fn definition(resource: &BoundResource<'_>, spec: &Value, labels: &Value, annotations: &Value) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": format!("{}.{}", resource.plural, resource.group), "labels": labels, "annotations": annotations,
        },
        "spec": spec,
        "status": { "conditions": [{ "type": "Established", "status": "True" }] },
    })
}

/// The definition as far as the workspace itself tells: without columns and hints for forms.
async fn definition_of_discovery(client: &ApiClient, resource: &BoundResource<'_>) -> Result<Value, String> {
    let group = escape_segment(resource.group);
    let ask = async |path: String| {
        let answer = client.request_json(Call::get(path)).await;
        answer
            .map(|(_, value)| value)
            .map_err(|error| error.admin_message())
    };
    let of_group = ask(format!("/apis/{group}")).await?;
    let preferred = of_group
        .pointer("/preferredVersion/version")
        .and_then(Value::as_str);
    let version = preferred.ok_or_else(|| format!("the group {} has no version", resource.group))?;
    let api = format!("/apis/{group}/{}", escape_segment(version));
    let resources = ask(api.clone()).await?;
    let listed = resources.get("resources").and_then(Value::as_array);
    let named = |name: &str| {
        let mut listed = listed.into_iter().flatten();
        listed.find(|it| it.get("name").and_then(Value::as_str) == Some(name))
    };
    let found = named(resource.plural).ok_or_else(|| {
        format!(
            "the workspace does not serve {}.{}",
            resource.plural, resource.group
        )
    })?;
    let kind = found.get("kind").and_then(Value::as_str).unwrap_or_default();
    let has_status = named(&format!("{}/status", resource.plural)).is_some();
    let openapi = ask(format!("/openapi/v3{api}")).await?;
    let schemas = openapi.pointer("/components/schemas").and_then(Value::as_object);
    let is_kind = |schema: &&Value| {
        let kinds = schema
            .get("x-kubernetes-group-version-kind")
            .and_then(Value::as_array);
        let wanted = (Some(resource.group), Some(version), Some(kind));
        kinds.into_iter().flatten().any(|it| {
            let text = |key: &str| it.get(key).and_then(Value::as_str);
            (text("group"), text("version"), text("kind")) == wanted
        })
    };
    let schema = schemas.into_iter().flat_map(|all| all.values()).find(is_kind);
    let mut schema = schema
        .cloned()
        .ok_or_else(|| format!("the workspace's OpenAPI does not have {kind}"))?;
    if let Some(fields) = schema.as_object_mut() {
        fields.remove("x-kubernetes-group-version-kind");
    }
    // Every object has these, and a definition may not say more of them.
    if let Some(fields) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for field in ["apiVersion", "kind", "metadata"] {
            fields.remove(field);
        }
    }
    let mut served = json!({
        "name": version, "served": true, "storage": true, "schema": { "openAPIV3Schema": schema },
    });
    if has_status {
        served["subresources"] = json!({ "status": {} });
    }
    let is_namespaced = found.get("namespaced").and_then(Value::as_bool) == Some(true);
    let spec = json!({
        "group": resource.group,
        "scope": if is_namespaced { "Namespaced" } else { "Cluster" },
        "names": {
            "kind": kind, "plural": resource.plural, "singular": found.get("singularName"),
            "categories": found.get("categories").cloned().unwrap_or_else(|| json!([])),
        },
        "versions": [served],
    });
    Ok(definition(resource, &spec, &json!({}), &json!({})))
}
