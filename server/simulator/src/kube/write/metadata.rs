//! The rules of `metadata`: names, identity, and fields that only the server sets.

use jiff::Timestamp;
use rand::RngExt as _;
use serde_json::{Value, json};

use crate::kube::types::error::ApiError;
use crate::kube::types::kind::Kind;
use crate::kube::types::object;

/// Sets the namespace of the URL; returns an error when the object names another.
pub(crate) fn settle_namespace(kind: &Kind, namespace: &str, object: &mut Value) -> Result<(), ApiError> {
    let given = object::namespace(object);
    if !kind.namespaced {
        if given.is_empty() {
            object::set_meta(object, "namespace", None);
            return Ok(());
        }
        return Err(ApiError::bad_request(
            "namespace is not allowed on a cluster-scoped object",
        ));
    }
    if namespace.is_empty() {
        return Err(ApiError::bad_request(
            "an empty namespace may not be set during creation",
        ));
    }
    if !given.is_empty() && given != namespace {
        return Err(ApiError::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    object::set_meta(object, "namespace", Some(json!(namespace)));
    Ok(())
}

/// Sets the name, uid, creation time and generation of a new object.
pub(crate) fn prepare_new(kind: &Kind, object: &mut Value, now: Timestamp) {
    if object::name(object).is_empty() {
        let base: String = object::meta(object, "generateName").chars().take(58).collect();
        if !base.is_empty() {
            let name = format!("{base}{}", suffix());
            object::set_meta(object, "name", Some(json!(name)));
        }
    }
    for field in [
        "resourceVersion",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "managedFields",
        "selfLink",
    ] {
        object::set_meta(object, field, None);
    }
    object::set_meta(object, "uid", Some(json!(uuid::Uuid::new_v4().to_string())));
    object::set_meta(object, "creationTimestamp", Some(object::timestamp(now)));
    let generation = counts_generations(kind).then(|| json!(1));
    object::set_meta(object, "generation", generation);
}

fn counts_generations(kind: &Kind) -> bool {
    kind.custom
        || kind.versions.iter().any(|v| v.status)
            && !matches!(kind.plural.as_str(), "namespaces" | "nodes" | "services")
}

/// The five characters that Kubernetes appends to `generateName`: without vowels, to avoid words.
fn suffix() -> String {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut random = rand::rng();
    (0..5)
        .map(|_| char::from(ALPHABET[random.random_range(0..ALPHABET.len())]))
        .collect()
}

/// Restores the fields that only the server sets.
pub(crate) fn keep_system_fields(object: &mut Value, old: &Value) {
    let mut keep = |field| object::set_meta(object, field, old["metadata"].get(field).cloned());
    for field in [
        "uid",
        "creationTimestamp",
        "generation",
        "resourceVersion",
        "selfLink",
    ] {
        keep(field);
    }
    if object::is_deleting(old) {
        keep("deletionTimestamp");
    }
    if object["metadata"]["deletionGracePeriodSeconds"].is_null() {
        let field = "deletionGracePeriodSeconds";
        object::set_meta(object, field, old["metadata"].get(field).cloned());
    }
}

/// Whether finalizers hold an object.
pub(crate) fn is_held(kind: &Kind, object: &Value) -> bool {
    let namespace = kind.group.is_empty() && kind.plural == "namespaces";
    !object::finalizers(object).is_empty()
        || namespace && !object::texts(&object["spec"]["finalizers"]).is_empty()
}
