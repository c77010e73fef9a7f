//! Creates and updates a single object. Every write ends here.

use std::sync::Arc;

use serde_json::{Value, json};

use super::admission;
use super::preconditions::{check_current, check_namespace, check_shape, check_size};
use super::{builtin, delete, metadata};
use crate::kube::registry::state::State;
use crate::kube::registry::{crd, managed};
use crate::kube::types::error::ApiError;
use crate::kube::types::kind::Kind;
use crate::kube::types::object::{self, Key};
use crate::kube::types::options::{FieldValidation, Subresource, WriteOptions};

/// The result of a write.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The object after the write, in the storage version.
    pub(crate) object: Arc<Value>,
    /// Whether the write created it.
    pub(crate) created: bool,
    /// Whether the store changed. False for a dry run, an update without a difference, and an update that
    /// removed the object.
    pub(crate) stored: bool,
    /// Warnings for the client.
    pub(crate) warnings: Vec<String>,
}

/// Creates an object with these `managedFields`, or with those that follow from the object.
pub(crate) fn create(
    state: &mut State,
    kind: &Arc<Kind>,
    version: &str,
    namespace: &str,
    mut object: Value,
    options: &WriteOptions,
    owners: Option<Value>,
) -> Result<Outcome, ApiError> {
    check_shape(kind, version, &object)?;
    let warnings = read(kind, version, &object, options)?;
    metadata::settle_namespace(kind, namespace, &mut object)?;
    if !object::meta(&object, "resourceVersion").is_empty() {
        return Err(ApiError::bad_request(
            "resourceVersion should not be set on objects to be created",
        ));
    }
    metadata::prepare_new(kind, &mut object, options.now);
    let has_status = kind.version(version).is_some_and(|v| v.status);
    if has_status && let Some(fields) = object.as_object_mut() {
        fields.shift_remove("status");
    }
    if kind.namespaced {
        check_namespace(state, kind, &object)?;
    }
    let name = object::name(&object).to_owned();
    if crd::is_terminating(state, kind) {
        let why = "create not allowed while custom resource definition is terminating";
        return Err(ApiError::forbidden(kind, &name, why));
    }
    let owners = owners.unwrap_or_else(|| managed::after_update(kind, version, None, &object, options));
    let mut causes = admission::admit(kind, version, &mut object, None, options.subresource);
    causes.extend(builtin::prepare(state, kind, &mut object, None, options.now));
    if !causes.is_empty() {
        return Err(ApiError::invalid(kind, &name, causes));
    }
    let key = Key::of(&object);
    if state.store.get(kind, &key).is_some() {
        return Err(ApiError::already_exists(kind, &key.name));
    }
    object::set_meta(&mut object, "managedFields", Some(owners));
    object["apiVersion"] = json!(kind.api_version(&kind.storage));
    check_size(kind, &object)?;
    if state.store.len() >= state.max_objects {
        return Err(ApiError::new(
            500,
            "",
            "etcdserver: mvcc: database space exceeded",
        ));
    }
    if options.dry_run {
        return Ok(Outcome {
            object: Arc::new(object),
            created: true,
            stored: false,
            warnings,
        });
    }
    let object = state.store.put(kind, object);
    serve_defined_kind(state, kind, &object);
    Ok(Outcome {
        object,
        created: true,
        stored: true,
        warnings,
    })
}

/// Replaces an object with these `managedFields`, or with those that follow from the difference.
pub(crate) fn update(
    state: &mut State,
    kind: &Arc<Kind>,
    version: &str,
    key: &Key,
    mut object: Value,
    options: &WriteOptions,
    owners: Option<Value>,
) -> Result<Outcome, ApiError> {
    check_shape(kind, version, &object)?;
    let warnings = read(kind, version, &object, options)?;
    metadata::settle_namespace(kind, &key.namespace, &mut object)?;
    if object::name(&object).is_empty() {
        return Err(ApiError::bad_request(format!(
            "the name of the object ({} based on URL) was undeterminable: name must be provided",
            key.name
        )));
    }
    if object::name(&object) != key.name {
        return Err(ApiError::bad_request(format!(
            "the name of the object ({}) does not match the name on the URL ({})",
            object::name(&object),
            key.name
        )));
    }
    let old = state
        .store
        .get(kind, key)
        .ok_or_else(|| ApiError::not_found(kind, &key.name))?;
    check_current(kind, key, &old, &object)?;
    let has_status = kind.version(version).is_some_and(|v| v.status);
    keep_other_parts(&mut object, &old, has_status, options.subresource);
    metadata::keep_system_fields(&mut object, &old);
    let owners = owners.unwrap_or_else(|| managed::after_update(kind, version, Some(&old), &object, options));
    let mut causes = admission::admit(kind, version, &mut object, Some(&old), options.subresource);
    causes.extend(builtin::prepare(
        state,
        kind,
        &mut object,
        Some(&old),
        options.now,
    ));
    if !causes.is_empty() {
        return Err(ApiError::invalid(kind, &key.name, causes));
    }
    object["apiVersion"] = json!(kind.api_version(&kind.storage));
    if is_new_generation(&object, &old, has_status) {
        let next = old["metadata"]["generation"].as_i64().unwrap_or(0) + 1;
        object::set_meta(&mut object, "generation", Some(json!(next)));
    }
    object::set_meta(&mut object, "managedFields", Some(owners));
    if managed::is_same(&object, &old) {
        return Ok(Outcome {
            object: old,
            created: false,
            stored: false,
            warnings,
        });
    }
    check_size(kind, &object)?;
    if options.dry_run {
        return Ok(Outcome {
            object: Arc::new(object),
            created: false,
            stored: false,
            warnings,
        });
    }
    let finished = object::is_deleting(&object) && !metadata::is_held(kind, &object);
    let object = state.store.put(kind, object);
    if finished {
        let last = delete::remove(state, kind, key, options.now).unwrap_or(object);
        return Ok(Outcome {
            object: last,
            created: false,
            stored: false,
            warnings,
        });
    }
    serve_defined_kind(state, kind, &object);
    Ok(Outcome {
        object,
        created: false,
        stored: true,
        warnings,
    })
}

/// Serves the kind of a definition that was written.
fn serve_defined_kind(state: &mut State, kind: &Kind, object: &Value) {
    if crd::is_definition(kind) {
        crd::install(state, object);
    }
}

/// Restores the parts that the subresource does not write.
fn keep_other_parts(object: &mut Value, old: &Value, has_status: bool, part: Subresource) {
    match part {
        Subresource::None if has_status => match old.get("status") {
            Some(status) => object["status"] = status.clone(),
            None => {
                if let Some(fields) = object.as_object_mut() {
                    fields.shift_remove("status");
                }
            }
        },
        Subresource::None => {}
        Subresource::Status => {
            let status = object.get("status").cloned();
            let version = object["apiVersion"].clone();
            *object = old.clone();
            object["apiVersion"] = version;
            match status {
                Some(status) => object["status"] = status,
                None => {
                    if let Some(fields) = object.as_object_mut() {
                        fields.shift_remove("status");
                    }
                }
            }
        }
        Subresource::Finalize => {
            let finalizers = object["spec"]["finalizers"].clone();
            let version = object["apiVersion"].clone();
            *object = old.clone();
            object["apiVersion"] = version;
            object::map_mut(object, "spec").insert("finalizers".into(), finalizers);
        }
    }
}

/// Whether the generation increases: metadata does not count, nor status when it is a subresource.
fn is_new_generation(object: &Value, old: &Value, has_status: bool) -> bool {
    if old["metadata"]["generation"].is_null() {
        return false;
    }
    let newly_deleted = object::is_deleting(object) && !object::is_deleting(old);
    let wanted = |value: &Value| -> Value {
        let mut value = value.clone();
        if let Some(fields) = value.as_object_mut() {
            for field in ["apiVersion", "kind", "metadata"] {
                fields.shift_remove(field);
            }
            if has_status {
                fields.shift_remove("status");
            }
        }
        value
    };
    newly_deleted || wanted(object) != wanted(old)
}

/// Validates metadata and handles unknown fields as `options` say. Returns the warnings for the client.
fn read(kind: &Kind, version: &str, object: &Value, options: &WriteOptions) -> Result<Vec<String>, ApiError> {
    admission::check_metadata_is_readable(kind, version, object)?;
    let deprecation = kind.version(version).and_then(|v| v.deprecated.clone());
    let mut warnings = Vec::from_iter(deprecation);
    if options.validation == FieldValidation::Ignore {
        return Ok(warnings);
    }
    let unknown = kind
        .validator
        .iter()
        .flat_map(|validator| validator.unknown_fields(version, object));
    let unknown: Vec<String> = unknown
        .map(|field| format!("unknown field \"{field}\""))
        .collect();
    if options.validation == FieldValidation::Strict && !unknown.is_empty() {
        return Err(ApiError::bad_request(format!(
            "{} in version \"{version}\" cannot be handled as a {}: strict decoding error: {}",
            kind.kind,
            kind.kind,
            unknown.join(", ")
        )));
    }
    warnings.extend(unknown);
    Ok(warnings)
}
