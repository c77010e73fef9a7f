//! The namespaces that every control plane has.

use serde_json::json;

use super::operations;
use crate::kube::registry::state::State;
use crate::kube::types::options::WriteOptions;

/// Creates the default namespaces that are missing.
pub(crate) fn create_missing(state: &mut State) {
    create(state, &["default", "kube-system"]);
}

/// Creates the namespace that a new workspace of kcp has.
pub(crate) fn create_of_workspace(state: &mut State) {
    create(state, &["default"]);
}

fn create(state: &mut State, names: &[&str]) {
    let Some(namespaces) = state.kinds.resource("", "namespaces") else {
        return;
    };
    for name in names {
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        // It fails only when the namespace exists, from a snapshot.
        let _ = operations::create(state, &namespaces, "v1", "", object, &WriteOptions::now());
    }
}
