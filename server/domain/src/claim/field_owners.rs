//! `metadata.managedFields`: which field managers own which fields of an object, and how Portico takes fields over.
//!
//! `fieldsV1` is a tree: `{"f:spec": {"f:size": {}, "f:users": {"k:{\"name\":\"a\"}": {".": {}}}}}`. A field belongs to
//! the manager if its node is empty or contains `.`.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{gives_up, labels};
use crate::text::sanitize;

/// Fields of a manager that are listed.
const MAX_FIELDS: usize = 50;

/// A field manager and fields of it.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldOwner {
    /// The field manager: `kubectl-client-side-apply`.
    pub manager: String,
    /// The fields, at most 50: `spec.storage.size`.
    pub fields: Vec<String>,
}

/// A field that an apply would change although another field manager owns it.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldConflict {
    /// The field, as the control plane names it: `spec.size`.
    pub field: String,
    /// The field manager.
    pub manager: String,
}

/// What `managedFields` becomes when Portico takes over what kubectl wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct Takeover {
    /// The new `managedFields`; `None` if nothing is taken over.
    pub managed_fields: Option<Value>,
    /// What kubectl and tools that let go of the object give up.
    pub given_up: Vec<FieldOwner>,
    /// What other managers keep, without the status.
    pub kept: Vec<FieldOwner>,
}

impl Takeover {
    /// Returns what follows from an object that Portico has applied: kubectl, and tools that let go of it, give up the
    /// fields that Portico owns, too. Other managers may be controllers that write their fields again, so they keep theirs.
    #[must_use]
    pub fn of(object: &Value) -> Self {
        let entries: Vec<Value> = object
            .pointer("/metadata/managedFields")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let portico = entries
            .iter()
            .find(|entry| {
                manager(entry) == labels::FIELD_MANAGER
                    && entry.get("operation").and_then(Value::as_str) == Some("Apply")
                    && entry.get("subresource").is_none()
            })
            .map(|entry| fields(entry).clone())
            .unwrap_or_default();
        let mut takeover = Self {
            managed_fields: None,
            given_up: Vec::new(),
            kept: Vec::new(),
        };
        let mut remaining = Vec::new();
        for mut entry in entries {
            let name = manager(&entry).to_owned();
            if name == labels::FIELD_MANAGER || entry.get("subresource").is_some() {
                remaining.push(entry);
                continue;
            }
            let owned = fields(&entry).clone();
            let left = if gives_up(&name) {
                without(&owned, &portico)
            } else {
                owned.clone()
            };
            if left != owned {
                takeover.given_up.push(owner(&name, &without(&owned, &left)));
            }
            if !gives_up(&name) {
                takeover.kept.push(owner(&name, &left));
            }
            if left.is_empty() {
                continue;
            }
            entry["fieldsV1"] = Value::Object(left);
            remaining.push(entry);
        }
        if !takeover.given_up.is_empty() {
            takeover.managed_fields = Some(Value::Array(remaining));
        }
        takeover
    }
}

pub(super) fn manager(entry: &Value) -> &str {
    entry.get("manager").and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn fields(entry: &Value) -> &Map<String, Value> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    entry.get("fieldsV1").and_then(Value::as_object).unwrap_or(&NONE)
}

fn owner(manager: &str, fields: &Map<String, Value>) -> FieldOwner {
    let mut paths = Vec::new();
    list("", fields, &mut paths);
    FieldOwner {
        manager: sanitize(manager),
        fields: paths,
    }
}

/// True if the node itself belongs to the manager, apart from what is below it.
fn is_owned(node: &Value) -> bool {
    node.as_object()
        .is_some_and(|node| node.is_empty() || node.contains_key("."))
}

/// Returns the fields of `owned` that are not in `others`.
fn without(owned: &Map<String, Value>, others: &Map<String, Value>) -> Map<String, Value> {
    let mut left = Map::new();
    for (key, node) in owned {
        let Some(other) = others.get(key) else {
            left.insert(key.clone(), node.clone());
            continue;
        };
        let empty = Map::new();
        let (below, others_below) = (
            node.as_object().unwrap_or(&empty),
            other.as_object().unwrap_or(&empty),
        );
        if below.is_empty() {
            if !is_owned(other) {
                left.insert(key.clone(), node.clone());
            }
            continue;
        }
        let mut rest = without(below, others_below);
        // A list or map itself goes with the last that is below it: otherwise it would stay, empty, when Portico removes
        // it.
        if is_owned(other) || rest.keys().all(|key| key == ".") {
            rest.shift_remove(".");
        }
        if !rest.is_empty() {
            left.insert(key.clone(), Value::Object(rest));
        }
    }
    left
}

/// Lists the fields as people write them.
fn list(path: &str, fields: &Map<String, Value>, found: &mut Vec<String>) {
    for (key, node) in fields {
        if found.len() >= MAX_FIELDS {
            return;
        }
        let path = match key.split_once(':') {
            Some(("f", name)) if path.is_empty() => name.to_owned(),
            Some(("f", name)) if name.contains('.') => format!("{path}[{name}]"),
            Some(("f", name)) => format!("{path}.{name}"),
            Some((_, item)) => format!("{path}[{item}]"),
            // The node itself: what is below it names it.
            None => continue,
        };
        match node
            .as_object()
            .filter(|below| below.keys().any(|key| key != "."))
        {
            Some(below) => list(&path, below, found),
            None => found.push(sanitize(&path)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(manager: &str, operation: &str, fields: impl Into<Value>) -> Value {
        let fields = fields.into();
        json!({ "manager": manager, "operation": operation, "fieldsType": "FieldsV1", "fieldsV1": fields })
    }

    fn owners(owners: &[FieldOwner]) -> Vec<(&str, Vec<&str>)> {
        owners
            .iter()
            .map(|owner| {
                (
                    owner.manager.as_str(),
                    owner.fields.iter().map(String::as_str).collect(),
                )
            })
            .collect()
    }

    #[test]
    fn a_tool_that_let_go_gives_up_what_it_applied() {
        let fields = json!({ "f:spec": { "f:size": {} } });
        let object = json!({ "metadata": { "managedFields": [
            entry("portico", "Apply", fields.clone()),
            entry("kustomize-controller", "Apply", fields.clone()),
            entry("cluster-autoscaler", "Update", fields),
        ] } });
        let takeover = Takeover::of(&object);
        assert_eq!(
            owners(&takeover.given_up),
            [("kustomize-controller", vec!["spec.size"])]
        );
        assert_eq!(
            owners(&takeover.kept),
            [("cluster-autoscaler", vec!["spec.size"])]
        );
    }

    #[test]
    fn kubectl_gives_up_what_portico_applies_and_others_keep_theirs() {
        let portico = entry(
            "portico",
            "Apply",
            json!({
                "f:metadata": { "f:labels": { "f:portico.dev/tenant": {} } },
                "f:spec": {
                    "f:size": {}, "f:tags": { ".": {}, "f:team": {} },
                    "f:users": { "k:{\"name\":\"a\"}": { ".": {}, "f:name": {}, "f:admin": {} } },
                },
            }),
        );
        let kubectl = entry(
            "kubectl-client-side-apply",
            "Update",
            json!({
                "f:metadata": { "f:annotations": { ".": {}, "f:kubectl.kubernetes.io/last-applied-configuration": {} } },
                "f:spec": {
                    ".": {}, "f:size": {}, "f:tags": { ".": {}, "f:team": {} },
                    "f:users": { ".": {}, "k:{\"name\":\"a\"}": { ".": {}, "f:name": {} } },
                },
            }),
        );
        let patched = entry("kubectl-patch", "Update", json!({ "f:spec": { "f:size": {} } }));
        let scaler = entry("autoscaler", "Update", json!({ "f:spec": { "f:size": {} } }));
        let status = json!({
            "manager": "kubectl-edit", "operation": "Update", "subresource": "status",
            "fieldsV1": { "f:status": { "f:ready": {} } },
        });
        let object = json!({ "metadata": { "managedFields": [
            portico.clone(), kubectl, patched, scaler.clone(), status.clone(),
        ] } });
        let takeover = Takeover::of(&object);
        assert_eq!(
            owners(&takeover.given_up),
            [
                (
                    "kubectl-client-side-apply",
                    vec!["spec.size", "spec.tags.team", "spec.users[{\"name\":\"a\"}].name"]
                ),
                ("kubectl-patch", vec!["spec.size"]),
            ]
        );
        assert_eq!(owners(&takeover.kept), [("autoscaler", vec!["spec.size"])]);
        let left = entry(
            "kubectl-client-side-apply",
            "Update",
            json!({
                "f:metadata": { "f:annotations": { ".": {}, "f:kubectl.kubernetes.io/last-applied-configuration": {} } },
            }),
        );
        assert_eq!(
            takeover.managed_fields,
            Some(json!([portico, left, scaler, status]))
        );
        // Once it is done, there is nothing left to do.
        let done = json!({ "metadata": { "managedFields": takeover.managed_fields } });
        assert_eq!(Takeover::of(&done).managed_fields, None);
    }

    #[test]
    fn a_list_or_map_as_a_whole_is_one_field() {
        let of = |kubectl: Value, portico: Value| {
            Takeover::of(&json!({ "metadata": { "managedFields": [
                entry("portico", "Apply", json!({ "f:spec": portico })),
                entry("kubectl", "Apply", json!({ "f:spec": kubectl })),
            ] } }))
        };
        let whole = of(json!({ "f:hosts": {} }), json!({ "f:hosts": {} }));
        assert_eq!(owners(&whole.given_up), [("kubectl", vec!["spec.hosts"])]);
        // Fields below it are not the map itself.
        let below = of(json!({ "f:hosts": {} }), json!({ "f:hosts": { "f:a": {} } }));
        assert_eq!(below.managed_fields, None);
        let above = of(
            json!({ "f:hosts": { ".": {}, "f:a": {} } }),
            json!({ "f:hosts": {} }),
        );
        assert_eq!(
            above.managed_fields.unwrap()[1]["fieldsV1"],
            json!({ "f:spec": { "f:hosts": { "f:a": {} } } })
        );
        assert_eq!(Takeover::of(&json!({})).managed_fields, None);
    }
}
