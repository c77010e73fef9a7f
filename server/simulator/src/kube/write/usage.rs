//! Crossplane's Usages, which protect objects from deletion.

use serde_json::Value;

use crate::kube::registry::state::State;
use crate::kube::types::kind::GroupKind;
use crate::kube::types::object;

/// The message of Crossplane's webhook when a Usage protects this object.
pub(crate) fn of(state: &State, object: &Value) -> Option<String> {
    let kinds = [
        ("protection.crossplane.io", "Usage"),
        ("protection.crossplane.io", "ClusterUsage"),
        ("apiextensions.crossplane.io", "Usage"),
    ];
    let mut found = Vec::new();
    for (group, kind) in kinds {
        let table = state.store.table(&GroupKind::new(group, kind));
        found.extend(
            table
                .into_iter()
                .flat_map(|t| t.values())
                .filter(|usage| names(usage, object)),
        );
    }
    let first = found.first()?;
    let mut id = format!("{:?}", object::name(first));
    if !object::namespace(first).is_empty() {
        id = format!("{id} (in namespace {:?})", object::namespace(first));
    }
    let version = first["apiVersion"]
        .as_str()
        .unwrap_or_default()
        .rsplit('/')
        .next()
        .unwrap_or_default();
    let kind = first["kind"].as_str().unwrap_or_default();
    let mut message = format!(
        "This resource is in-use by {} usage(s), including the *{version}.{kind} {id}",
        found.len()
    );
    let by = &first["spec"]["by"];
    if by.is_object() {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        message = format!(
            "{message} by resource {}/{}",
            text(&by["kind"]),
            text(&by["resourceRef"]["name"])
        );
    } else if let Some(reason) = first["spec"]["reason"].as_str().filter(|r| !r.is_empty()) {
        message = format!("{message} with reason: {reason:?}");
    }
    message.push('.');
    Some(message)
}

fn names(usage: &Value, object: &Value) -> bool {
    let of = &usage["spec"]["of"];
    let namespace = of["resourceRef"]["namespace"]
        .as_str()
        .unwrap_or_else(|| object::namespace(usage));
    // A Usage without a namespace (legacy or cluster) protects cluster-scoped objects.
    of["kind"] == object["kind"]
        && object::group(of) == object::group(object)
        && of["resourceRef"]["name"] == object::name(object)
        && namespace == object::namespace(object)
}
