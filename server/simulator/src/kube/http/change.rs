//! `create`, `update`, `patch`, `delete`, `deletecollection`.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use super::query::{Query, propagation};
use super::read;
use super::selector::Selector;
use super::target::Objects;
use crate::kube::registry::state::State;
use crate::kube::types::cause::Cause;
use crate::kube::types::error::ApiError;
use crate::kube::types::kind::Kind;
use crate::kube::types::object::{self, Key};
use crate::kube::types::options::{DeleteOptions, Subresource, WriteOptions};
use crate::kube::write::delete::{self, Deleted};
use crate::kube::write::object_writes::Outcome;
use crate::kube::write::operations;
use crate::kube::write::patch::{self, Patch};

/// The result of a write, before it is rendered.
pub(super) struct Changed {
    pub(super) code: StatusCode,
    pub(super) body: Body,
    pub(super) warnings: Vec<String>,
}

/// The body of the response.
pub(super) enum Body {
    /// An object.
    Object(Arc<Value>),
    /// Several.
    List(Vec<Arc<Value>>, u64),
    /// A `Status`.
    Status(Value),
}

impl From<Outcome> for Changed {
    fn from(outcome: Outcome) -> Self {
        let code = if outcome.created {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        };
        Self {
            code,
            body: Body::Object(outcome.object),
            warnings: outcome.warnings,
        }
    }
}

/// The options of a write, from the query and headers.
pub(super) fn options(
    target: &Objects,
    query: &Query,
    headers: &HeaderMap,
) -> Result<WriteOptions, ApiError> {
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("unknown");
    let manager = match query.get("fieldManager") {
        "" => agent.split('/').next().unwrap_or("unknown"),
        given => given,
    };
    Ok(WriteOptions {
        dry_run: query.dry_run()?,
        manager: manager.chars().filter(|c| !c.is_control()).take(128).collect(),
        validation: query.validation()?,
        force: query.is_set("force"),
        subresource: match target.subresource.as_str() {
            "status" => Subresource::Status,
            "finalize" => Subresource::Finalize,
            _ => Subresource::None,
        },
        ..WriteOptions::now()
    })
}

/// `POST` to a collection.
pub(super) fn create(
    state: &mut State,
    kind: &Arc<Kind>,
    target: &Objects,
    body: Value,
    options: &WriteOptions,
) -> Result<Changed, ApiError> {
    if !target.name.is_empty() {
        return Err(ApiError::method_not_allowed());
    }
    let namespace = if kind.namespaced {
        target.namespace.as_str()
    } else {
        ""
    };
    operations::create(state, kind, &target.version, namespace, body, options).map(Changed::from)
}

/// `PUT` to an object.
pub(super) fn update(
    state: &mut State,
    kind: &Arc<Kind>,
    target: &Objects,
    body: Value,
    options: &WriteOptions,
) -> Result<Changed, ApiError> {
    if target.name.is_empty() {
        return Err(ApiError::method_not_allowed());
    }
    operations::update(
        state,
        kind,
        &target.version,
        &read::key_of(kind, target),
        body,
        options,
    )
    .map(Changed::from)
}

/// The patch in a body, by its media type.
pub(super) fn patch_of(headers: &HeaderMap, body: Value, query: &Query) -> Result<Patch, ApiError> {
    let media = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    Ok(match media {
        "application/merge-patch+json" => Patch::Merge(body),
        "application/json-patch+json" => Patch::Json(body),
        "application/strategic-merge-patch+json" => Patch::Strategic(body),
        "application/apply-patch+yaml" => {
            if query.get("fieldManager").is_empty() {
                let cause = Cause::required("fieldManager", "is required for apply patch");
                let message = format!(
                    "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: {}",
                    cause.message
                );
                return Err(ApiError {
                    causes: vec![cause],
                    ..ApiError::new(422, "Invalid", message)
                });
            }
            Patch::Apply(body)
        }
        other => {
            return Err(ApiError::unsupported_media_type(
                other,
                &[
                    "application/json-patch+json",
                    "application/merge-patch+json",
                    "application/strategic-merge-patch+json",
                    "application/apply-patch+yaml",
                ],
            ));
        }
    })
}

/// `PATCH` to an object.
pub(super) fn patch(
    state: &mut State,
    kind: &Arc<Kind>,
    target: &Objects,
    patch: Patch,
    options: &WriteOptions,
) -> Result<Changed, ApiError> {
    if target.name.is_empty() {
        return Err(ApiError::method_not_allowed());
    }
    if options.force && !matches!(patch, Patch::Apply(_)) {
        let cause = Cause::forbidden("force", "may not be specified for non-apply patch");
        let message = format!(
            "PatchOptions.meta.k8s.io \"\" is invalid: force: {}",
            cause.message
        );
        return Err(ApiError {
            causes: vec![cause],
            ..ApiError::new(422, "Invalid", message)
        });
    }
    let key = read::key_of(kind, target);
    patch::patch(state, kind, &target.version, &key, patch, options).map(Changed::from)
}

/// The options of a deletion, from the body and the query.
pub(super) fn delete_options(query: &Query, body: &Value) -> Result<DeleteOptions, ApiError> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let in_body = body["dryRun"]
        .as_array()
        .is_some_and(|list| list.iter().any(|v| v == "All"));
    let policy = match body["propagationPolicy"].as_str() {
        Some(policy) => policy,
        None if body["orphanDependents"] == true => "Orphan",
        None => query.get("propagationPolicy"),
    };
    Ok(DeleteOptions {
        dry_run: query.dry_run()? || in_body,
        uid: text(&body["preconditions"]["uid"]),
        resource_version: text(&body["preconditions"]["resourceVersion"]),
        propagation: propagation(policy)?,
    })
}

/// `DELETE` of an object.
pub(super) fn delete(
    state: &mut State,
    kind: &Arc<Kind>,
    target: &Objects,
    options: &DeleteOptions,
) -> Result<Changed, ApiError> {
    if !target.subresource.is_empty() {
        return Err(ApiError::method_not_allowed());
    }
    let key = read::key_of(kind, target);
    let body = match delete::delete(state, kind, &key, options)? {
        Deleted::Waiting(object) => Body::Object(object),
        Deleted::Gone(object) => Body::Status(json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Success",
            "details": {"name": key.name, "group": kind.group, "kind": kind.plural, "uid": object::uid(&object)},
        })),
    };
    Ok(Changed {
        code: StatusCode::OK,
        body,
        warnings: Vec::new(),
    })
}

/// `DELETE` of a collection.
pub(super) fn delete_collection(
    state: &mut State,
    kind: &Arc<Kind>,
    target: &Objects,
    selector: &Selector,
    options: &DeleteOptions,
) -> Result<Changed, ApiError> {
    let table = state.store.table(&kind.group_kind());
    let keys: Vec<Key> = table
        .into_iter()
        .flatten()
        .filter(|(key, _)| target.namespace.is_empty() || key.namespace == target.namespace)
        .filter(|(_, object)| selector.matches(object))
        .map(|(key, _)| key.clone())
        .collect();
    let mut deleted = Vec::new();
    for key in keys {
        match delete::delete(state, kind, &key, options) {
            Ok(Deleted::Gone(object) | Deleted::Waiting(object)) => deleted.push(object),
            // Deleting an earlier one may have deleted this one too.
            Err(error) if error.code == 404 => {}
            Err(error) => return Err(error),
        }
    }
    let revision = state.store.revision();
    Ok(Changed {
        code: StatusCode::OK,
        body: Body::List(deleted, revision),
        warnings: Vec::new(),
    })
}
