//! Manifests: the object that a request applies, and differences between objects.

use jiff::Timestamp;
use kube_schema::Schema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::claim::{Claim, labels};
use crate::documents::ResourceRef;
use crate::names::{ClaimName, EnvironmentName, PlanName, RequestId, TenantName};
use crate::projection::Projection;
use crate::request::manifest_hash;
use crate::tenancy::Person;

/// The values that Portico writes into a claim's labels and annotations, see [`labels`].
#[derive(Debug, Clone, Copy)]
pub struct ClaimLabels<'a> {
    /// The tenant.
    pub tenant: &'a TenantName,
    /// The environment.
    pub environment: &'a EnvironmentName,
    /// The plan.
    pub plan: Option<&'a PlanName>,
    /// The request.
    pub request: RequestId,
    /// The requester; `None` where the claim may not say who it is.
    pub requester: Option<&'a Person>,
    /// When the claim must be renewed or deleted.
    pub expires_at: Option<Timestamp>,
    /// Why it was placed where it is.
    pub placed: Option<&'a str>,
    /// The name of the portal.
    pub portal: &'a str,
}

/// A line of a diff.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DiffLine {
    /// What the line is.
    pub tone: DiffTone,
    /// Its text.
    pub text: String,
}

/// The tone of a line of a diff.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DiffTone {
    /// In both.
    Same,
    /// Only in the new.
    Added,
    /// Only in the old.
    Removed,
    /// Lines left out.
    Gap,
}

/// Renders the manifest for `content`, which a [`crate::projection::Projection`] has already cut down to user fields.
/// Takes neither `apiVersion`, `kind`, `status` nor names from it, and of `metadata` only labels and annotations that
/// are not Portico's.
#[must_use]
pub fn render(
    resource: &ResourceRef,
    namespace: Option<&str>,
    name: &ClaimName,
    content: &Value,
    claim_labels: &ClaimLabels<'_>,
) -> Value {
    let mut labels = own(content, "labels");
    let mut label = |key: &str, value: &str| labels.insert(key.to_owned(), Value::String(value.to_owned()));
    label(labels::TENANT, claim_labels.tenant.as_str());
    label(labels::ENVIRONMENT, claim_labels.environment.as_str());
    if let Some(plan) = claim_labels.plan {
        label(labels::PLAN, plan.as_str());
    }
    label(labels::REQUEST, &claim_labels.request.to_string());

    let mut annotations = own(content, "annotations");
    if let Some(requester) = claim_labels.requester {
        annotations.insert(
            labels::REQUESTER.to_owned(),
            Value::String(requester.subject.clone()),
        );
        annotations.insert(
            labels::REQUESTER_NAME.to_owned(),
            Value::String(requester.name.clone()),
        );
    }
    if let Some(at) = claim_labels.expires_at {
        annotations.insert(labels::EXPIRES.to_owned(), Value::String(at.to_string()));
    }
    if let Some(placed) = claim_labels.placed {
        annotations.insert(labels::PLACED.to_owned(), Value::String(placed.to_owned()));
    }
    annotations.insert(
        labels::PORTAL.to_owned(),
        Value::String(claim_labels.portal.to_owned()),
    );

    let mut metadata = Map::new();
    metadata.insert("name".to_owned(), Value::String(name.to_string()));
    if let Some(namespace) = namespace {
        metadata.insert("namespace".to_owned(), Value::String(namespace.to_owned()));
    }
    metadata.insert("labels".to_owned(), Value::Object(labels));
    metadata.insert("annotations".to_owned(), Value::Object(annotations));

    let mut manifest = Map::new();
    manifest.insert("apiVersion".to_owned(), Value::String(resource.api_version()));
    manifest.insert("kind".to_owned(), Value::String(resource.kind.clone()));
    manifest.insert("metadata".to_owned(), Value::Object(metadata));
    manifest.extend(settable(content));
    Value::Object(manifest)
}

/// Returns the labels or annotations of `content` without Portico's.
fn own(content: &Value, kind: &str) -> Map<String, Value> {
    let given = content
        .get("metadata")
        .and_then(|metadata| metadata.get(kind)?.as_object());
    let entries = given
        .into_iter()
        .flatten()
        .filter(|(key, _)| !key.starts_with("portico.dev/"));
    entries.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Returns the requester's subject that the manifest names.
#[must_use]
pub fn requester_of(manifest: &Value) -> Option<&str> {
    manifest
        .get("metadata")?
        .get("annotations")?
        .get(labels::REQUESTER)?
        .as_str()
}

/// Removes who asked from an object.
pub fn remove_requester(object: &mut Value) {
    if let Some(annotations) = object
        .pointer_mut("/metadata/annotations")
        .and_then(Value::as_object_mut)
    {
        annotations.retain(|key, _| key != labels::REQUESTER && key != labels::REQUESTER_NAME);
    }
}

/// Returns when the claim must be renewed or deleted, according to its manifest.
#[must_use]
pub fn expires_at(manifest: &Value) -> Option<Timestamp> {
    manifest
        .get("metadata")?
        .get("annotations")?
        .get(labels::EXPIRES)?
        .as_str()?
        .parse()
        .ok()
}

/// Fields that name the secret for connection details (Crossplane, `internal/xcrd`).
const CONNECTION_SECRETS: [&str; 2] = [
    "/spec/writeConnectionSecretToRef",
    "/spec/crossplane/writeConnectionSecretToRef",
];

/// Sets the connection secret in every field of [`CONNECTION_SECRETS`] that `schema` has: as the `live` claim has it;
/// for a new claim `<name>-connection`. People cannot choose it, or they could have any secret of the namespace
/// overwritten and revealed.
///
/// `always` sets it even if it was not requested: Crossplane writes no secret for a claim that names none.
pub fn settle_connection_secret(manifest: &mut Value, schema: &Schema, live: Option<&Value>, always: bool) {
    let Some(name) = manifest.pointer("/metadata/name").and_then(Value::as_str) else {
        return;
    };
    let fresh = format!("{name}-connection");
    for pointer in CONNECTION_SECRETS {
        if schema.node_at(&pointer[1..].replace('/', ".")).is_none() {
            continue;
        }
        let named = match live {
            Some(live) => live.pointer(pointer).cloned(),
            None if always || manifest.pointer(pointer).is_some() => Some(json!({ "name": fresh })),
            None => None,
        };
        let Some((parent, key)) = pointer.rsplit_once('/') else {
            continue;
        };
        if let Some(parent) = manifest.pointer_mut(parent).and_then(Value::as_object_mut) {
            match named {
                Some(named) => parent.insert(key.to_owned(), named),
                None => parent.shift_remove(key),
            };
        }
    }
}

/// Returns the object without `apiVersion`, `kind`, `metadata` and `status`.
#[must_use]
pub fn settable(object: &Value) -> Map<String, Value> {
    object
        .as_object()
        .map(|map| {
            map.iter()
                .filter(|(key, _)| !matches!(key.as_str(), "apiVersion" | "kind" | "metadata" | "status"))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect()
        })
        .unwrap_or_default()
}

/// Returns the leaves in which two objects differ: path, old and new value as text (`—` for none).
#[must_use]
pub fn differences(old: &Value, new: &Value) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    walk(&mut String::new(), Some(old), Some(new), &mut found);
    found
}

fn walk(
    path: &mut String,
    old: Option<&Value>,
    new: Option<&Value>,
    found: &mut Vec<(String, String, String)>,
) {
    if old == new {
        return;
    }
    let empty = Map::new();
    let maps = match (old, new) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => Some((a, b)),
        (None, Some(Value::Object(b))) if !b.is_empty() => Some((&empty, b)),
        (Some(Value::Object(a)), None) if !a.is_empty() => Some((a, &empty)),
        _ => None,
    };
    let Some((a, b)) = maps else {
        found.push((path.clone(), in_short(old), in_short(new)));
        return;
    };
    for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
        let length = path.len();
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(key);
        walk(path, a.get(key), b.get(key), found);
        path.truncate(length);
    }
}

fn in_short(value: Option<&Value>) -> String {
    match value {
        None => "—".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Returns a unified diff of two texts with three lines of context.
#[must_use]
pub fn diff(old: &str, new: &str) -> Vec<DiffLine> {
    let diff = similar::TextDiff::from_lines(old, new);
    let mut lines = Vec::new();
    for (index, group) in diff.grouped_ops(3).iter().enumerate() {
        if index > 0 {
            lines.push(DiffLine {
                tone: DiffTone::Gap,
                text: String::new(),
            });
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let tone = match change.tag() {
                similar::ChangeTag::Equal => DiffTone::Same,
                similar::ChangeTag::Insert => DiffTone::Added,
                similar::ChangeTag::Delete => DiffTone::Removed,
            };
            lines.push(DiffLine {
                tone,
                text: change.value().trim_end_matches('\n').to_owned(),
            });
        }
    }
    lines
}

/// Hash of the user fields of a claim and its plan: the state that a change is based on.
#[must_use]
pub fn base_hash(claim: &Claim, projection: &Projection) -> String {
    manifest_hash(&json!({ "object": projection.user_fields(&claim.object), "plan": claim.plan }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn forbidden_fields_are_not_taken_from_the_content() {
        let resource = ResourceRef {
            group: "example.org".into(),
            version: "v1".into(),
            kind: "Database".into(),
            plural: "databases".into(),
            namespaced: true,
        };
        let requester = Person {
            subject: "issuer#dana".into(),
            name: "Dana".into(),
            email: None,
        };
        let (tenant, environment) = ("payments".parse().unwrap(), "dev".parse().unwrap());
        let claim_labels = ClaimLabels {
            tenant: &tenant,
            environment: &environment,
            plan: None,
            request: RequestId(uuid::Uuid::nil()),
            requester: Some(&requester),
            expires_at: Some("2026-06-01T12:00:00Z".parse().unwrap()),
            placed: Some("EU: it was requested."),
            portal: "main",
        };
        let forged = json!({
            "kind": "Secret",
            "metadata": {"namespace": "kube-system", "labels": {"portico.dev/tenant": "research"}},
            "spec": {"size": "small"},
            "status": {"ready": true},
        });
        let manifest = render(
            &resource,
            Some("payments-dev"),
            &"orders".parse().unwrap(),
            &forged,
            &claim_labels,
        );
        assert_eq!(manifest["kind"], "Database");
        assert_eq!(manifest["metadata"]["namespace"], "payments-dev");
        assert_eq!(manifest["metadata"]["labels"]["portico.dev/tenant"], "payments");
        assert_eq!(manifest["spec"], json!({"size": "small"}));
        assert_eq!(manifest.get("status"), None);
    }

    #[test]
    fn people_cannot_choose_the_connection_secret() {
        let schema = Schema::parse(
            &json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
                "size": {"type": "string"},
                "writeConnectionSecretToRef": {"type": "object", "properties": {"name": {"type": "string"}}},
            }}}}),
        )
        .unwrap();
        let claim = |spec: Value| json!({"metadata": {"name": "orders"}, "spec": spec});
        let settled = |mut manifest: Value, live: Option<&Value>, always| {
            settle_connection_secret(&mut manifest, &schema, live, always);
            manifest["spec"].clone()
        };
        let own = json!({"size": "s", "writeConnectionSecretToRef": {"name": "orders-connection"}});
        let anothers = json!({"size": "s", "writeConnectionSecretToRef": {"name": "payroll"}});
        assert_eq!(settled(claim(anothers.clone()), None, false), own);
        assert_eq!(settled(claim(json!({"size": "s"})), None, true), own);
        assert_eq!(
            settled(claim(json!({"size": "s"})), None, false),
            json!({"size": "s"})
        );
        // A change keeps what the claim has, even if that is none.
        assert_eq!(
            settled(claim(own), Some(&claim(anothers.clone())), true),
            anothers
        );
        let none = claim(json!({"size": "s"}));
        assert_eq!(settled(claim(anothers), Some(&none), true), json!({"size": "s"}));
    }

    #[test]
    fn differences_are_listed_by_leaf() {
        let old = json!({"spec": {"size": 1, "tags": {"a": "b"}, "same": [1]}});
        let new = json!({"spec": {"size": 2, "same": [1], "users": [{"name": "x"}]}});
        let found = differences(&old, &new);
        assert_eq!(
            found,
            [
                ("spec.size".into(), "1".into(), "2".into()),
                ("spec.tags.a".into(), "b".into(), "—".into()),
                (
                    "spec.users".to_owned(),
                    "—".to_owned(),
                    r#"[{"name":"x"}]"#.to_owned()
                ),
            ]
        );
    }
}
