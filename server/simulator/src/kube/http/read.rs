//! `get` and `list`.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::query::Query;
use super::selector::Selector;
use super::target::Objects;
use super::view::Show;
use crate::kube::registry::state::State;
use crate::kube::types::error::ApiError;
use crate::kube::types::kind::{Kind, Version};
use crate::kube::types::object::Key;

/// The kind that a path names, if its version is served.
pub(super) fn kind_of(state: &State, target: &Objects) -> Result<Arc<Kind>, ApiError> {
    let kind = state
        .kinds
        .resource(&target.group, &target.plural)
        .ok_or_else(ApiError::no_such_resource)?;
    kind.served(&target.version)
        .ok_or_else(ApiError::no_such_resource)?;
    let has_status = kind.served(&target.version).is_some_and(|v| v.status);
    match target.subresource.as_str() {
        "" => {}
        "status" if has_status => {}
        "finalize" if kind.group.is_empty() && kind.plural == "namespaces" => {}
        _ => return Err(ApiError::no_such_resource()),
    }
    // A path with a namespace names no cluster-scoped object, and vice versa.
    let is_namespace = kind.group.is_empty() && kind.plural == "namespaces";
    if !target.namespace.is_empty() && !kind.namespaced && !is_namespace {
        return Err(ApiError::no_such_resource());
    }
    if !target.name.is_empty() && target.namespace.is_empty() && kind.namespaced {
        return Err(ApiError::no_such_resource());
    }
    Ok(kind)
}

/// The key that a path names.
pub(super) fn key_of(kind: &Kind, target: &Objects) -> Key {
    if kind.namespaced {
        Key::namespaced(&target.namespace, &target.name)
    } else {
        Key::cluster(&target.name)
    }
}

/// The version that a path names; `kind_of` checked that it is served.
pub(super) fn version_of<'k>(kind: &'k Kind, target: &Objects) -> Result<&'k Version, ApiError> {
    kind.served(&target.version)
        .ok_or_else(ApiError::no_such_resource)
}

/// One object.
pub(super) fn get(
    state: &State,
    kind: &Kind,
    target: &Objects,
    query: &Query,
) -> Result<Arc<Value>, ApiError> {
    expect_past(state, query)?;
    let key = key_of(kind, target);
    state
        .store
        .get(kind, &key)
        .ok_or_else(|| ApiError::not_found(kind, &key.name))
}

/// A page of a list.
pub(super) struct Page {
    pub(super) items: Vec<Arc<Value>>,
    pub(super) metadata: Value,
}

/// Selects a page by `limit` and `continue`.
pub(super) fn list(
    state: &State,
    kind: &Kind,
    target: &Objects,
    query: &Query,
    selector: &Selector,
) -> Result<Page, ApiError> {
    let limit = query
        .number("limit")?
        .and_then(|limit| usize::try_from(limit).ok())
        .filter(|limit| *limit > 0);
    let token = query.get("continue");
    let exact = query.get("resourceVersionMatch") == "Exact";
    let (revision, after) = if token.is_empty() {
        expect_past(state, query)?;
        let wanted = query.number("resourceVersion")?.filter(|_| exact);
        (wanted.unwrap_or_else(|| state.store.revision()), None)
    } else {
        let (revision, after) =
            decode(token).ok_or_else(|| ApiError::bad_request("continue key is not valid"))?;
        (revision, Some(after))
    };
    let gone = "The provided continue parameter is too old to display a consistent list result. You can start a new \
                list without the continue parameter.";
    let table = state
        .store
        .table_at(&kind.group_kind(), revision)
        .map_err(|error| {
            if token.is_empty() {
                error
            } else {
                ApiError::expired(gone)
            }
        })?;
    let mut found = table
        .iter()
        .filter(|(key, _)| target.namespace.is_empty() || key.namespace == target.namespace)
        .filter(|(key, _)| after.as_ref().is_none_or(|after| *key > after))
        .filter(|(_, object)| selector.matches(object));
    let mut items = Vec::new();
    let mut last = None;
    for (key, object) in found.by_ref().take(limit.unwrap_or(usize::MAX)) {
        items.push(Arc::clone(object));
        last = Some(key);
    }
    let mut metadata = json!({"resourceVersion": revision.to_string()});
    let left = found.count();
    if left > 0
        && let Some(last) = last
    {
        metadata["continue"] = json!(encode(revision, last));
        if selector.is_empty() {
            metadata["remainingItemCount"] = json!(left);
        }
    }
    Ok(Page { items, metadata })
}

impl Page {
    /// Renders the page for the client.
    pub(super) fn shown(&self, show: &Show<'_>) -> String {
        show.list(self.items.iter().map(|item| &**item), &self.metadata)
    }
}

/// Refuses a `resourceVersion` that is higher than the current revision.
fn expect_past(state: &State, query: &Query) -> Result<(), ApiError> {
    let wanted = query.number("resourceVersion")?.unwrap_or(0);
    if wanted <= state.store.revision() {
        return Ok(());
    }
    let message = format!(
        "Too large resource version: {wanted}, current: {}",
        state.store.revision()
    );
    let mut error = ApiError {
        retry_after: Some(1),
        ..ApiError::new(504, "Timeout", message)
    };
    error.causes.push(crate::kube::types::cause::Cause {
        reason: "ResourceVersionTooLarge".into(),
        message: "Too large resource version".into(),
        field: String::new(),
    });
    Err(error)
}

fn encode(revision: u64, after: &Key) -> String {
    URL_SAFE_NO_PAD.encode(format!("{revision}\0{}\0{}", after.namespace, after.name))
}

fn decode(token: &str) -> Option<(u64, Key)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let mut parts = text.split('\0');
    let (revision, namespace, name) = (parts.next()?, parts.next()?, parts.next()?);
    Some((revision.parse().ok()?, Key::namespaced(namespace, name)))
}
