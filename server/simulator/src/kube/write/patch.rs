//! The four patch formats.

use std::sync::Arc;

use serde_json::Value;

use super::apply;
use super::json_patch;
use super::object_writes::Outcome;
use super::operations;
use super::strategic;
use crate::kube::registry::state::State;
use crate::kube::types::error::ApiError;
use crate::kube::types::kind::Kind;
use crate::kube::types::object::Key;
use crate::kube::types::options::{FieldValidation, WriteOptions};

/// The API server's limit.
const MAX_JSON_PATCH_OPERATIONS: usize = 10_000;

/// A patch.
#[derive(Debug, Clone)]
pub(crate) enum Patch {
    /// RFC 7386, `application/merge-patch+json`.
    Merge(Value),
    /// RFC 6902, `application/json-patch+json`.
    Json(Value),
    /// `application/strategic-merge-patch+json`, for built-in kinds.
    Strategic(Value),
    /// Server-side apply, `application/apply-patch+yaml`.
    Apply(Value),
}

/// Patches an object; apply creates it when it does not exist.
pub(crate) fn patch(
    state: &mut State,
    kind: &Arc<Kind>,
    version: &str,
    key: &Key,
    patch: Patch,
    options: &WriteOptions,
) -> Result<Outcome, ApiError> {
    if let Patch::Apply(wanted) = patch {
        return apply::apply(state, kind, version, key, wanted, options);
    }
    let old = state
        .store
        .get(kind, key)
        .ok_or_else(|| ApiError::not_found(kind, &key.name))?;
    let mut object = Value::clone(&old);
    object["apiVersion"] = kind.api_version(version).into();
    let mut unknown = Vec::new();
    match patch {
        Patch::Merge(patch) => {
            if !patch.is_object() {
                return Err(ApiError::bad_request("a merge patch must be a JSON object"));
            }
            ::json_patch::merge(&mut object, &patch);
        }
        Patch::Json(patch) => unknown = apply_json_patch(&mut object, patch)?,
        Patch::Strategic(patch) if kind.custom => {
            drop(patch);
            return Err(ApiError::unsupported_media_type(
                "application/strategic-merge-patch+json",
                &[
                    "application/json-patch+json",
                    "application/merge-patch+json",
                    "application/apply-patch+yaml",
                ],
            ));
        }
        Patch::Strategic(patch) => strategic::merge(&mut object, &patch).map_err(ApiError::bad_request)?,
        Patch::Apply(_) => unreachable!("applied above"),
    }
    let strict = options.validation == FieldValidation::Strict;
    if strict && !unknown.is_empty() {
        let patched = object.to_string();
        let why = unknown.join(", ");
        let message =
            format!(" \"\" is invalid: patch: Invalid value: {patched:?}: strict decoding error: {why}");
        return Err(ApiError::new(422, "Invalid", message));
    }
    let mut outcome = operations::update(state, kind, version, key, object, options)?;
    if options.validation == FieldValidation::Warn {
        outcome.warnings.extend(unknown);
    }
    Ok(outcome)
}

/// Applies a JSON Patch with the errors of the API server's `handlers/patch.go`: it does not say which operation failed.
/// Returns a warning for each unknown field of the operations.
fn apply_json_patch(object: &mut Value, patch: Value) -> Result<Vec<String>, ApiError> {
    let (operations, unknown) = json_patch::decode(patch)
        .map_err(|error| ApiError::bad_request(format!("error decoding patch: {error}")))?;
    if operations.len() > MAX_JSON_PATCH_OPERATIONS {
        let message = format!(
            "Request entity too large: The allowed maximum operations in a JSON patch is \
             {MAX_JSON_PATCH_OPERATIONS}, got {}",
            operations.len()
        );
        return Err(ApiError::new(413, "RequestEntityTooLarge", message));
    }
    json_patch::apply(object, &operations).map_err(|_| {
        let message = "the server rejected our request due to an error in our request";
        ApiError::new(422, "Invalid", message)
    })?;
    Ok(unknown)
}
