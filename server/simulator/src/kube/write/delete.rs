//! Deletion: preconditions, finalizers, and the cascade to dependents.
//!
//! Deleting an object may delete its dependents, the contents of a namespace or the instances of a definition;
//! removing the last of them may finish a deletion that waited. So the functions here call each other.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::dependents::{self, FOREGROUND};
use super::{metadata, usage};
use crate::kube::registry::crd;
use crate::kube::registry::state::State;
use crate::kube::types::error::ApiError;
use crate::kube::types::kind::Kind;
use crate::kube::types::object::{self, Key};
use crate::kube::types::options::{DeleteOptions, Propagation};

/// The result of a deletion.
#[derive(Debug)]
pub(crate) enum Deleted {
    /// The object is gone; this is its last state.
    Gone(Arc<Value>),
    /// The object is marked and waits for its finalizers.
    Waiting(Arc<Value>),
}

/// Deletes an object, or marks it while it has finalizers.
pub(crate) fn delete(
    state: &mut State,
    kind: &Arc<Kind>,
    key: &Key,
    options: &DeleteOptions,
) -> Result<Deleted, ApiError> {
    let old = state
        .store
        .get(kind, key)
        .ok_or_else(|| ApiError::not_found(kind, &key.name))?;
    check_precondition(kind, key, "UID", options.uid.as_deref(), object::uid(&old))?;
    let version = object::meta(&old, "resourceVersion");
    check_precondition(
        kind,
        key,
        "ResourceVersion",
        options.resource_version.as_deref(),
        version,
    )?;
    if kind.group.is_empty()
        && kind.plural == "namespaces"
        && matches!(key.name.as_str(), "default" | "kube-system" | "kube-public")
    {
        return Err(ApiError::forbidden(
            kind,
            &key.name,
            "this namespace may not be deleted",
        ));
    }
    if let Some(message) = usage::of(state, &old) {
        return Err(ApiError {
            name: key.name.as_str().into(),
            group: kind.group.as_str().into(),
            kind: kind.plural.as_str().into(),
            ..ApiError::new(
                409,
                &message,
                format!(
                    "admission webhook \"nousages.protection.crossplane.io\" denied the request: {message}"
                ),
            )
        });
    }
    if options.dry_run {
        return Ok(Deleted::Gone(old));
    }
    let now = Timestamp::now();
    let mut object = Value::clone(&old);
    if !object::is_deleting(&object) {
        object::set_meta(&mut object, "deletionTimestamp", Some(object::timestamp(now)));
        object::set_meta(&mut object, "deletionGracePeriodSeconds", Some(json!(0)));
        if let Some(generation) = object["metadata"]["generation"].as_i64() {
            object::set_meta(&mut object, "generation", Some(json!(generation + 1)));
        }
    }
    match options.propagation {
        Propagation::Foreground if !dependents::dependents(state, &old).is_empty() => {
            let mut finalizers: Vec<String> = object::finalizers(&object)
                .into_iter()
                .map(str::to_owned)
                .collect();
            if !finalizers.iter().any(|f| f == FOREGROUND) {
                finalizers.push(FOREGROUND.into());
            }
            object::set_meta(&mut object, "finalizers", Some(json!(finalizers)));
        }
        Propagation::Orphan => dependents::orphan(state, &old),
        Propagation::Foreground | Propagation::Background => {}
    }
    dependents::hold_until_empty(state, kind, &mut object);
    if !metadata::is_held(kind, &object) {
        return Ok(Deleted::Gone(remove(state, kind, key, now).unwrap_or(old)));
    }
    if object == *old {
        return Ok(Deleted::Waiting(old));
    }
    let marked = state.store.put(kind, object);
    after_mark(state, kind, &marked, now);
    Ok(match state.store.get(kind, key) {
        Some(current) => Deleted::Waiting(current),
        None => Deleted::Gone(marked),
    })
}

/// Removes an object and deletes or releases its dependents.
pub(crate) fn remove(state: &mut State, kind: &Arc<Kind>, key: &Key, now: Timestamp) -> Option<Arc<Value>> {
    let last = state.store.remove(kind, key)?;
    after_remove(state, kind, &last, now);
    Some(last)
}

/// Deletes the dependents of an object that is marked and waits.
fn after_mark(state: &mut State, kind: &Arc<Kind>, object: &Value, now: Timestamp) {
    if kind.group.is_empty() && kind.plural == "namespaces" {
        let name = object::name(object).to_owned();
        for (kind, key) in dependents::contents(state, &name) {
            // An object that a Usage protects stays, and the namespace with it.
            let _ = delete(state, &kind, &key, &DeleteOptions::default());
        }
        finish_namespace(state, &name, now);
    } else if crd::is_definition(kind) {
        for (kind, key) in crd::instances(state, object) {
            let _ = delete(state, &kind, &key, &DeleteOptions::default());
        }
    } else if object::finalizers(object).contains(&FOREGROUND) {
        for (kind, key) in dependents::dependents(state, object) {
            let options = DeleteOptions {
                propagation: Propagation::Foreground,
                ..DeleteOptions::default()
            };
            let _ = delete(state, &kind, &key, &options);
        }
        finish_foreground(state, object::uid(object), now);
    }
}

/// Deletes or releases the dependents of an object that is gone, and finishes deletions that waited for it.
fn after_remove(state: &mut State, kind: &Arc<Kind>, last: &Value, now: Timestamp) {
    if crd::is_definition(kind) {
        for (kind, key) in crd::instances(state, last) {
            remove(state, &kind, &key, now);
        }
        crd::uninstall(state, last);
    } else if let Some((definitions, key)) = crd::finish(state, kind) {
        remove(state, &definitions, &key, now);
    }
    for (kind, key) in dependents::dependents(state, last) {
        if dependents::drop_owner(state, &kind, &key, object::uid(last)) {
            let _ = delete(state, &kind, &key, &DeleteOptions::default());
        }
    }
    for owner in last["metadata"]["ownerReferences"]
        .as_array()
        .into_iter()
        .flatten()
    {
        finish_foreground(state, owner["uid"].as_str().unwrap_or_default(), now);
    }
    let namespace = object::namespace(last);
    if !namespace.is_empty() {
        finish_namespace(state, namespace, now);
    }
}

fn finish_foreground(state: &mut State, uid: &str, now: Timestamp) {
    if let Some((kind, key)) = dependents::finish_foreground(state, uid) {
        remove(state, &kind, &key, now);
    }
}

fn finish_namespace(state: &mut State, name: &str, now: Timestamp) {
    if let Some((kind, key)) = dependents::finished_namespace(state, name) {
        remove(state, &kind, &key, now);
    }
}

fn check_precondition(
    kind: &Kind,
    key: &Key,
    what: &str,
    wanted: Option<&str>,
    actual: &str,
) -> Result<(), ApiError> {
    match wanted {
        Some(wanted) if wanted != actual => {
            let why = format!(
                "Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {actual}"
            );
            Err(ApiError::conflict(kind, &key.name, &why))
        }
        _ => Ok(()),
    }
}
