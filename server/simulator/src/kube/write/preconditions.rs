//! Checks before validation: shape, namespace, version, size.

use serde_json::{Value, json};

use crate::kube::registry::state::State;
use crate::kube::types::cause::Cause;
use crate::kube::types::error::ApiError;
use crate::kube::types::kind::Kind;
use crate::kube::types::object::{self, Key};

/// The largest serialized object, in bytes: etcd's default request limit.
const MAX_OBJECT: usize = 1_500_000;

/// Checks that `apiVersion` and `kind` match the URL and that metadata has the right types.
pub(crate) fn check_shape(kind: &Kind, version: &str, object: &Value) -> Result<(), ApiError> {
    if !object.is_object() {
        return Err(ApiError::bad_request(
            "the object provided is unrecognized: it must be a JSON object",
        ));
    }
    if !object["metadata"].is_null() && !object["metadata"].is_object() {
        return Err(ApiError::bad_request(
            "the object provided is unrecognized: metadata must be an object",
        ));
    }
    for field in ["name", "generateName", "namespace", "resourceVersion", "uid"] {
        let value = &object["metadata"][field];
        if !value.is_null() && !value.is_string() {
            return Err(ApiError::bad_request(format!(
                "the object provided is unrecognized: metadata.{field} must be a string"
            )));
        }
    }
    let expected = kind.api_version(version);
    if object["apiVersion"] != json!(expected) || object["kind"] != json!(kind.kind) {
        return Err(ApiError::bad_request(format!(
            "the kind of the object ({} {}) does not match what is expected here ({expected} {})",
            object["apiVersion"].as_str().unwrap_or_default(),
            object["kind"].as_str().unwrap_or_default(),
            kind.kind
        )));
    }
    Ok(())
}

pub(crate) fn check_namespace(state: &State, kind: &Kind, object: &Value) -> Result<(), ApiError> {
    let wanted = object::namespace(object);
    let namespaces = state
        .kinds
        .resource("", "namespaces")
        .ok_or_else(ApiError::no_such_resource)?;
    let Some(namespace) = state.store.get(&namespaces, &Key::cluster(wanted)) else {
        return Err(ApiError::not_found(&namespaces, wanted));
    };
    if object::is_deleting(&namespace) {
        let why =
            format!("unable to create new content in namespace {wanted} because it is being terminated");
        let mut error = ApiError::forbidden(kind, object::name(object), &why);
        error.causes.push(Cause {
            reason: "NamespaceTerminating".into(),
            message: format!("namespace {wanted} is being terminated"),
            field: "metadata.namespace".into(),
        });
        return Err(error);
    }
    Ok(())
}

pub(crate) fn check_current(kind: &Kind, key: &Key, old: &Value, new: &Value) -> Result<(), ApiError> {
    let given = object::meta(new, "resourceVersion");
    if given.is_empty() && kind.custom {
        let why = "must be specified for an update";
        let cause = Cause {
            reason: "FieldValueInvalid".into(),
            message: format!("Invalid value: 0: {why}"),
            field: "metadata.resourceVersion".into(),
        };
        // The storage layer names the resource, not the kind.
        let message = format!(
            "{} {:?} is invalid: {}: {}",
            kind.resource(),
            key.name,
            cause.field,
            cause.message
        );
        return Err(ApiError {
            message: message.into(),
            ..ApiError::invalid(kind, &key.name, vec![cause])
        });
    }
    if !given.is_empty() && given != object::meta(old, "resourceVersion") {
        let why =
            "the object has been modified; please apply your changes to the latest version and try again";
        return Err(ApiError::conflict(kind, &key.name, why));
    }
    let uid = object::uid(new);
    if !uid.is_empty() && uid != object::uid(old) {
        let why = format!(
            "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
            object::uid(old)
        );
        return Err(ApiError::conflict(kind, &key.name, &why));
    }
    Ok(())
}

pub(crate) fn check_size(kind: &Kind, object: &Value) -> Result<(), ApiError> {
    let size = object.to_string().len();
    if size > MAX_OBJECT {
        let message = format!("etcdserver: request is too large ({size} bytes, the limit is {MAX_OBJECT})");
        return Err(ApiError {
            name: object::name(object).into(),
            kind: kind.plural.as_str().into(),
            ..ApiError::new(500, "", message)
        });
    }
    Ok(())
}
