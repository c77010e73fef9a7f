//! Creating and updating objects: the path that every write takes, from wherever it comes.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::admission::{self, FieldValidation};
use super::error::ApiError;
use super::expectations::{expect_current, expect_namespace, expect_shape, expect_size};
use super::kinds::Kind;
use super::object::{self, Key};
use super::plane::State;
use super::{builtin, crd, managed, metadata, reactions};

/// Which part of an object a write is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Subresource {
    /// The object but for its status.
    #[default]
    None,
    /// Its status alone.
    Status,
    /// A namespace's `spec.finalizers`.
    Finalize,
}

/// How a write is meant.
#[derive(Debug, Clone)]
pub(super) struct WriteOptions {
    /// Judge it and answer, but change nothing.
    pub(super) dry_run: bool,
    /// Who owns the fields that it sets.
    pub(super) manager: String,
    /// What becomes of unknown fields.
    pub(super) validation: FieldValidation,
    /// Server-side apply takes contested fields over.
    pub(super) force: bool,
    /// The part that is written.
    pub(super) subresource: Subresource,
    /// The time of the write.
    pub(super) now: Timestamp,
}

impl WriteOptions {
    /// A plain write at this moment.
    #[must_use]
    pub(super) fn now() -> Self {
        Self {
            dry_run: false,
            manager: "unknown".into(),
            validation: FieldValidation::default(),
            force: false,
            subresource: Subresource::None,
            now: Timestamp::now(),
        }
    }
}

/// What a write came to.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The object after it, in its stored version.
    pub(super) object: Arc<Value>,
    /// Whether it was made by it.
    pub(super) created: bool,
    /// What the client should be told besides.
    pub(super) warnings: Vec<String>,
}

/// Makes an object.
pub(super) fn create(
    state: &mut State,
    kind: &Arc<Kind>,
    version: &str,
    namespace: &str,
    object: Value,
    options: &WriteOptions,
) -> Result<Outcome, ApiError> {
    create_managed(state, kind, version, namespace, object, options, None)
}

/// Makes an object whose field owners are known already (server-side apply) or follow from it.
pub(super) fn create_managed(
    state: &mut State,
    kind: &Arc<Kind>,
    version: &str,
    namespace: &str,
    mut object: Value,
    options: &WriteOptions,
    owners: Option<Value>,
) -> Result<Outcome, ApiError> {
    expect_shape(kind, version, &object)?;
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
        expect_namespace(state, kind, &object)?;
    }
    let name = object::name(&object).to_owned();
    if crd::is_terminating(state, kind) {
        let why = "create not allowed while custom resource definition is terminating";
        return Err(ApiError::forbidden(kind, &name, why));
    }
    let owners = owners.unwrap_or_else(|| managed::after_update(kind, version, None, &object, options));
    let mut causes = admission::judge(kind, version, &mut object, None, options.subresource);
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
    expect_size(kind, &object)?;
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
            warnings,
        });
    }
    let object = state.store.put(kind, object);
    reactions::after_put(state, kind, None, &object, options.now);
    let object = state.store.get(kind, &key).unwrap_or(object);
    Ok(Outcome {
        object,
        created: true,
        warnings,
    })
}

/// Replaces an object, or its status.
pub(super) fn update(
    state: &mut State,
    kind: &Arc<Kind>,
    version: &str,
    key: &Key,
    object: Value,
    options: &WriteOptions,
) -> Result<Outcome, ApiError> {
    update_managed(state, kind, version, key, object, options, None)
}

/// Replaces an object whose field owners are known already or follow from the difference.
pub(super) fn update_managed(
    state: &mut State,
    kind: &Arc<Kind>,
    version: &str,
    key: &Key,
    mut object: Value,
    options: &WriteOptions,
    owners: Option<Value>,
) -> Result<Outcome, ApiError> {
    expect_shape(kind, version, &object)?;
    let warnings = read(kind, version, &object, options)?;
    metadata::settle_namespace(kind, &key.namespace, &mut object)?;
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
    expect_current(kind, key, &old, &object)?;
    let has_status = kind.version(version).is_some_and(|v| v.status);
    keep_other_parts(&mut object, &old, has_status, options.subresource);
    metadata::keep_system_fields(&mut object, &old);
    let owners = owners.unwrap_or_else(|| managed::after_update(kind, version, Some(&old), &object, options));
    let mut causes = admission::judge(kind, version, &mut object, Some(&old), options.subresource);
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
            warnings,
        });
    }
    expect_size(kind, &object)?;
    if options.dry_run {
        return Ok(Outcome {
            object: Arc::new(object),
            created: false,
            warnings,
        });
    }
    let finished = object::is_deleting(&object) && !metadata::is_held(kind, &object);
    let object = state.store.put(kind, object);
    if finished {
        let last = super::delete::remove(state, kind, key, options.now).unwrap_or(object);
        return Ok(Outcome {
            object: last,
            created: false,
            warnings,
        });
    }
    reactions::after_put(state, kind, Some(&old), &object, options.now);
    let object = state.store.get(kind, key).unwrap_or(object);
    Ok(Outcome {
        object,
        created: false,
        warnings,
    })
}

/// What the endpoint does not write stays as it was.
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

/// The generation counts changes of what is wanted: neither of metadata nor, where it is a
/// subresource, of status.
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

/// Reads what was sent: its metadata must be readable, and fields that nobody declares are met as `options` say.
/// What the client should be told.
fn read(kind: &Kind, version: &str, object: &Value, options: &WriteOptions) -> Result<Vec<String>, ApiError> {
    admission::expect_readable(kind, version, object)?;
    let deprecation = kind.version(version).and_then(|v| v.deprecated.clone());
    let mut warnings = Vec::from_iter(deprecation);
    if options.validation == FieldValidation::Ignore {
        return Ok(warnings);
    }
    let unknown = kind
        .judge
        .iter()
        .flat_map(|judge| judge.undeclared(version, object));
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
