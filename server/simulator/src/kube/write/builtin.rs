//! Defaults and validation of built-in kinds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{crd, xrd};
use crate::kube::registry::state::State;
use crate::kube::types::cause::Cause;
use crate::kube::types::kind::Kind;
use crate::kube::types::object;

/// Sets the defaults of a built-in kind and returns what is invalid.
pub(crate) fn prepare(
    state: &State,
    kind: &Kind,
    object: &mut Value,
    old: Option<&Value>,
    now: Timestamp,
) -> Vec<Cause> {
    if kind.custom {
        return Vec::new();
    }
    match (kind.group.as_str(), kind.plural.as_str()) {
        ("", "namespaces") => {
            prepare_namespace(object, old);
            Vec::new()
        }
        ("", "secrets") => prepare_secret(object, old),
        ("", "configmaps") => texts(object, "data"),
        ("apiextensions.k8s.io", "customresourcedefinitions") => crd::prepare(state, object, now),
        ("apiextensions.crossplane.io", "compositeresourcedefinitions") => {
            xrd::prepare(state, object, old, now)
        }
        _ => Vec::new(),
    }
}

fn prepare_namespace(object: &mut Value, old: Option<&Value>) {
    let name = object::name(object).to_owned();
    let labels = object::map_mut(&mut object["metadata"], "labels");
    labels.insert("kubernetes.io/metadata.name".into(), json!(name));
    if old.is_none() {
        object["spec"] = json!({"finalizers": ["kubernetes"]});
        object["status"] = json!({"phase": "Active"});
    }
}

fn prepare_secret(object: &mut Value, old: Option<&Value>) -> Vec<Cause> {
    if let Some(Value::Object(plain)) = object.get("stringData").cloned() {
        let data = object::map_mut(object, "data");
        for (key, value) in plain {
            data.insert(key, json!(STANDARD.encode(value.as_str().unwrap_or_default())));
        }
    }
    if let Some(fields) = object.as_object_mut() {
        fields.shift_remove("stringData");
        if !fields.contains_key("type") {
            let kept = old.map(|old| old["type"].clone()).filter(|t| !t.is_null());
            fields.insert("type".into(), kept.unwrap_or_else(|| json!("Opaque")));
        }
    }
    let mut causes = Vec::new();
    if let Some(old) = old
        && old["type"] != object["type"]
    {
        causes.push(Cause::invalid("type", &object["type"], "field is immutable"));
    }
    if let Some(data) = object["data"].as_object() {
        for (key, value) in data {
            if value.as_str().is_none_or(|text| STANDARD.decode(text).is_err()) {
                // Leave the value out of the message: it is a secret.
                causes.push(Cause::invalid(
                    format!("data.{key}"),
                    &Value::Null,
                    "must be base64",
                ));
            }
        }
    }
    causes
}

fn texts(object: &Value, field: &str) -> Vec<Cause> {
    let wrong = object[field]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, value)| !value.is_string());
    wrong
        .map(|(key, value)| Cause::invalid(format!("{field}.{key}"), value, "must be a string"))
        .collect()
}
