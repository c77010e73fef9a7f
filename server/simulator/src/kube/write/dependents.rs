//! The dependents of an object: owned objects, the contents of a namespace, the instances of a definition.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::kube::registry::crd;
use crate::kube::registry::state::State;
use crate::kube::storage::store::Store;
use crate::kube::types::kind::Kind;
use crate::kube::types::object::{self, Key};

/// The finalizer of foreground deletion.
pub(super) const FOREGROUND: &str = "foregroundDeletion";

/// Holds a namespace or a definition that is being deleted until it is empty.
pub(super) fn hold_until_empty(state: &State, kind: &Kind, object: &mut Value) {
    if kind.group.is_empty() && kind.plural == "namespaces" {
        object["status"]["phase"] = json!("Terminating");
        if is_empty(state, object::name(object))
            && let Some(spec) = object["spec"].as_object_mut()
        {
            spec.insert("finalizers".into(), json!([]));
        }
    }
    if crd::is_definition(kind) {
        crd::hold_back(state, object);
    }
}

/// The objects with an owner reference to this one.
pub(super) fn dependents(state: &State, owner: &Value) -> Vec<(Arc<Kind>, Key)> {
    let places = state.store.owned_by(object::uid(owner));
    places
        .into_iter()
        .filter_map(|(kind, key)| Some((state.kinds.of(&kind)?, key)))
        .collect()
}

/// Removes the reference to an owner that is gone, if the object has another live owner. Returns true when it
/// has none, so that the object must be deleted.
pub(super) fn drop_owner(state: &mut State, kind: &Arc<Kind>, key: &Key, uid: &str) -> bool {
    let Some(object) = state.store.get(kind, key) else {
        return false;
    };
    let left = owners_but(&object, uid);
    let alive = left
        .iter()
        .any(|owner| find(state, owner["uid"].as_str().unwrap_or_default()).is_some());
    if alive {
        let mut object = Value::clone(&object);
        object::set_meta(&mut object, "ownerReferences", Some(json!(left)));
        state.store.put(kind, object);
    }
    !alive
}

/// Removes the owner reference from all dependents, so that they outlive the owner.
pub(super) fn orphan(state: &mut State, owner: &Value) {
    for (kind, key) in dependents(state, owner) {
        if let Some(object) = state.store.get(&kind, &key) {
            let left = owners_but(&object, object::uid(owner));
            let mut object = Value::clone(&object);
            object::set_meta(
                &mut object,
                "ownerReferences",
                (!left.is_empty()).then(|| json!(left)),
            );
            state.store.put(&kind, object);
        }
    }
}

fn owners_but(object: &Value, uid: &str) -> Vec<Value> {
    let owners = object["metadata"]["ownerReferences"].as_array();
    owners
        .into_iter()
        .flatten()
        .filter(|owner| owner["uid"] != uid)
        .cloned()
        .collect()
}

fn find(state: &State, uid: &str) -> Option<(Arc<Kind>, Key)> {
    let (kind, key) = state.store.find(uid)?;
    Some((state.kinds.of(&kind)?, key))
}

/// Removes the foreground finalizer from an owner that has no dependents left. Returns its key when it must be
/// removed now.
pub(super) fn finish_foreground(state: &mut State, uid: &str) -> Option<(Arc<Kind>, Key)> {
    let (kind, key) = find(state, uid)?;
    let owner = state.store.get(&kind, &key)?;
    if !object::is_deleting(&owner)
        || !object::finalizers(&owner).contains(&FOREGROUND)
        || !dependents(state, &owner).is_empty()
    {
        return None;
    }
    let left: Vec<&str> = object::finalizers(&owner)
        .into_iter()
        .filter(|f| *f != FOREGROUND)
        .collect();
    let mut owner = Value::clone(&owner);
    let finished = left.is_empty();
    let left = json!(left);
    object::set_meta(&mut owner, "finalizers", Some(left));
    state.store.put(&kind, owner);
    finished.then_some((kind, key))
}

/// The objects in a namespace.
pub(super) fn contents(state: &State, namespace: &str) -> Vec<(Arc<Kind>, Key)> {
    let mut found = Vec::new();
    for (group_kind, table) in state.store.everything() {
        let Some(kind) = state.kinds.of(group_kind).filter(|kind| kind.namespaced) else {
            continue;
        };
        found.extend(Store::in_namespace(table, namespace).map(|key| (Arc::clone(&kind), key.clone())));
    }
    found
}

fn is_empty(state: &State, namespace: &str) -> bool {
    state
        .store
        .everything()
        .all(|(_, table)| Store::in_namespace(table, namespace).next().is_none())
}

/// Returns the key of a namespace that is being deleted, has no finalizers and is empty: it must be removed now.
pub(super) fn finished_namespace(state: &State, name: &str) -> Option<(Arc<Kind>, Key)> {
    let kind = state.kinds.resource("", "namespaces")?;
    let key = Key::cluster(name);
    let namespace = state.store.get(&kind, &key)?;
    let finished =
        object::is_deleting(&namespace) && object::finalizers(&namespace).is_empty() && is_empty(state, name);
    finished.then_some((kind, key))
}
