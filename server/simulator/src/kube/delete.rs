//! Deleting objects: preconditions, finalizers, and what becomes of those that depend on them.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::error::ApiError;
use super::kinds::Kind;
use super::object::{self, Key};
use super::plane::State;
use super::{metadata, reactions, usage};

/// What becomes of the objects that an object owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Propagation {
    /// They are deleted after it.
    #[default]
    Background,
    /// They are deleted before it.
    Foreground,
    /// They stay, without an owner.
    Orphan,
}

/// How a deletion is meant.
#[derive(Debug, Clone, Default)]
pub(super) struct DeleteOptions {
    /// Judge it and answer, but change nothing.
    pub(super) dry_run: bool,
    /// The object must have this uid.
    pub(super) uid: Option<String>,
    /// The object must have this `resourceVersion`.
    pub(super) resource_version: Option<String>,
    /// What becomes of its dependents.
    pub(super) propagation: Propagation,
}

/// What a deletion came to.
#[derive(Debug)]
pub(super) enum Deleted {
    /// It is gone; this was its last state.
    Gone(Arc<Value>),
    /// It is marked and waits for its finalizers.
    Waiting(Arc<Value>),
}

pub(super) const FOREGROUND: &str = "foregroundDeletion";

/// Deletes an object, or marks it when finalizers hold it.
pub(super) fn delete(
    state: &mut State,
    kind: &Arc<Kind>,
    key: &Key,
    options: &DeleteOptions,
) -> Result<Deleted, ApiError> {
    let old = state
        .store
        .get(kind, key)
        .ok_or_else(|| ApiError::not_found(kind, &key.name))?;
    expect(kind, key, "UID", options.uid.as_deref(), object::uid(&old))?;
    let version = object::meta(&old, "resourceVersion");
    expect(
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
        object::set_meta(&mut object, "deletionTimestamp", Some(metadata::seconds(now)));
        object::set_meta(&mut object, "deletionGracePeriodSeconds", Some(json!(0)));
        if let Some(generation) = object["metadata"]["generation"].as_i64() {
            object::set_meta(&mut object, "generation", Some(json!(generation + 1)));
        }
    }
    match options.propagation {
        Propagation::Foreground if !reactions::dependents(state, &old).is_empty() => {
            let mut finalizers: Vec<String> = object::finalizers(&object)
                .into_iter()
                .map(str::to_owned)
                .collect();
            if !finalizers.iter().any(|f| f == FOREGROUND) {
                finalizers.push(FOREGROUND.into());
            }
            object::set_meta(&mut object, "finalizers", Some(json!(finalizers)));
        }
        Propagation::Orphan => reactions::orphan_dependents(state, &old),
        Propagation::Foreground | Propagation::Background => {}
    }
    reactions::before_delete(state, kind, &mut object);
    if !metadata::is_held(kind, &object) {
        return Ok(Deleted::Gone(remove(state, kind, key, now).unwrap_or(old)));
    }
    if object == *old {
        return Ok(Deleted::Waiting(old));
    }
    let marked = state.store.put(kind, object);
    reactions::after_mark(state, kind, &marked, now);
    Ok(match state.store.get(kind, key) {
        Some(current) => Deleted::Waiting(current),
        None => Deleted::Gone(marked),
    })
}

/// Takes an object away for good and lets what depends on it follow.
pub(super) fn remove(state: &mut State, kind: &Arc<Kind>, key: &Key, now: Timestamp) -> Option<Arc<Value>> {
    let last = state.store.remove(kind, key)?;
    reactions::after_remove(state, kind, &last, now);
    Some(last)
}

fn expect(kind: &Kind, key: &Key, what: &str, wanted: Option<&str>, actual: &str) -> Result<(), ApiError> {
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
