//! Creates and updates objects with their consequences: a `CompositeResourceDefinition` writes its
//! `CustomResourceDefinition`s.

use std::sync::Arc;

use serde_json::Value;

use super::object_writes::{self, Outcome};
use super::xrd_crds;
use crate::kube::registry::state::State;
use crate::kube::types::error::ApiError;
use crate::kube::types::kind::Kind;
use crate::kube::types::object::Key;
use crate::kube::types::options::WriteOptions;

/// Creates an object.
pub(crate) fn create(
    state: &mut State,
    kind: &Arc<Kind>,
    version: &str,
    namespace: &str,
    object: Value,
    options: &WriteOptions,
) -> Result<Outcome, ApiError> {
    create_managed(state, kind, version, namespace, object, options, None)
}

/// Creates an object with these `managedFields`, or with those that follow from the object.
pub(crate) fn create_managed(
    state: &mut State,
    kind: &Arc<Kind>,
    version: &str,
    namespace: &str,
    object: Value,
    options: &WriteOptions,
    managed_fields: Option<Value>,
) -> Result<Outcome, ApiError> {
    let outcome = object_writes::create(state, kind, version, namespace, object, options, managed_fields)?;
    after_write(state, kind, None, &outcome);
    Ok(outcome)
}

/// Replaces an object, or the subresource of it that `options` name.
pub(crate) fn update(
    state: &mut State,
    kind: &Arc<Kind>,
    version: &str,
    key: &Key,
    object: Value,
    options: &WriteOptions,
) -> Result<Outcome, ApiError> {
    update_managed(state, kind, version, key, object, options, None)
}

/// Replaces an object with these `managedFields`, or with those that follow from the difference.
pub(crate) fn update_managed(
    state: &mut State,
    kind: &Arc<Kind>,
    version: &str,
    key: &Key,
    object: Value,
    options: &WriteOptions,
    managed_fields: Option<Value>,
) -> Result<Outcome, ApiError> {
    let old = state.store.get(kind, key);
    let outcome = object_writes::update(state, kind, version, key, object, options, managed_fields)?;
    after_write(state, kind, old.as_deref(), &outcome);
    Ok(outcome)
}

fn after_write(state: &mut State, kind: &Kind, old: Option<&Value>, outcome: &Outcome) {
    let is_xrd = kind.group == "apiextensions.crossplane.io" && kind.plural == "compositeresourcedefinitions";
    if outcome.stored && is_xrd {
        xrd_crds::write_crds(state, old, &outcome.object);
    }
}
