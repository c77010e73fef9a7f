//! What follows from a write without anybody asking: a definition brings its kind, an owner takes
//! its dependents along, a namespace its contents.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::delete::{self, DeleteOptions, FOREGROUND};
use super::kinds::Kind;
use super::object::{self, Key};
use super::plane::State;
use super::store::Store;
use super::{crd, xrd};

/// After an object was made or changed.
pub(super) fn after_put(
    state: &mut State,
    kind: &Arc<Kind>,
    old: Option<&Value>,
    object: &Value,
    now: Timestamp,
) {
    match (kind.group.as_str(), kind.plural.as_str()) {
        ("apiextensions.k8s.io", "customresourcedefinitions") => crd::install(state, object),
        ("apiextensions.crossplane.io", "compositeresourcedefinitions") => {
            xrd::install(state, old, object, now);
        }
        _ => {}
    }
}

/// Before an object is deleted: what must hold it until its contents are gone.
pub(super) fn before_delete(state: &State, kind: &Kind, object: &mut Value) {
    if kind.group.is_empty() && kind.plural == "namespaces" {
        object["status"]["phase"] = json!("Terminating");
        if is_empty(state, object::name(object))
            && let Some(spec) = object["spec"].as_object_mut()
        {
            spec.insert("finalizers".into(), json!([]));
        }
    }
    if is_definition(kind) {
        crd::hold_back(state, object);
    }
}

fn is_definition(kind: &Kind) -> bool {
    kind.group == "apiextensions.k8s.io" && kind.plural == "customresourcedefinitions"
}

/// After an object was marked for deletion and waits.
pub(super) fn after_mark(state: &mut State, kind: &Arc<Kind>, object: &Value, now: Timestamp) {
    if kind.group.is_empty() && kind.plural == "namespaces" {
        let name = object::name(object).to_owned();
        for (kind, key) in contents(state, &name) {
            // One that a Usage protects stays, and keeps the namespace with it.
            let _ = delete::delete(state, &kind, &key, &DeleteOptions::default());
        }
        finish_namespace(state, &name, now);
    } else if is_definition(kind) {
        crd::delete_instances(state, object);
    } else if object::finalizers(object).contains(&FOREGROUND) {
        for (kind, key) in dependents(state, object) {
            let options = DeleteOptions {
                propagation: delete::Propagation::Foreground,
                ..DeleteOptions::default()
            };
            let _ = delete::delete(state, &kind, &key, &options);
        }
        finish_foreground(state, object::uid(object), now);
    }
}

/// After an object is gone.
pub(super) fn after_remove(state: &mut State, kind: &Arc<Kind>, last: &Value, now: Timestamp) {
    if is_definition(kind) {
        crd::uninstall(state, last, now);
    } else {
        crd::finish(state, kind, now);
    }
    for (kind, key) in dependents(state, last) {
        release(state, &kind, &key, object::uid(last));
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

/// The objects that name this one as an owner.
pub(super) fn dependents(state: &State, owner: &Value) -> Vec<(Arc<Kind>, Key)> {
    let places = state.store.owned_by(object::uid(owner));
    places
        .into_iter()
        .filter_map(|(kind, key)| Some((state.kinds.of(&kind)?, key)))
        .collect()
}

/// An owner of this object is gone: it goes too, unless it has another.
fn release(state: &mut State, kind: &Arc<Kind>, key: &Key, uid: &str) {
    let Some(object) = state.store.get(kind, key) else {
        return;
    };
    let left = owners_but(&object, uid);
    let alive = left
        .iter()
        .any(|owner| find(state, owner["uid"].as_str().unwrap_or_default()).is_some());
    if alive {
        let mut object = Value::clone(&object);
        object::set_meta(&mut object, "ownerReferences", Some(json!(left)));
        state.store.put(kind, object);
    } else {
        let _ = delete::delete(state, kind, key, &DeleteOptions::default());
    }
}

/// Takes the owner out of its dependents, so that they outlive it.
pub(super) fn orphan_dependents(state: &mut State, owner: &Value) {
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

/// Lets an owner go that was deleted in the foreground manner, once nothing depends on it.
fn finish_foreground(state: &mut State, uid: &str, now: Timestamp) {
    let Some((kind, key)) = find(state, uid) else {
        return;
    };
    let Some(owner) = state.store.get(&kind, &key) else {
        return;
    };
    if !object::is_deleting(&owner)
        || !object::finalizers(&owner).contains(&FOREGROUND)
        || !dependents(state, &owner).is_empty()
    {
        return;
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
    if finished {
        delete::remove(state, &kind, &key, now);
    }
}

/// Everything in a namespace.
fn contents(state: &State, namespace: &str) -> Vec<(Arc<Kind>, Key)> {
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

/// Lets a namespace go that is being deleted, once it is empty.
fn finish_namespace(state: &mut State, name: &str, now: Timestamp) {
    let Some(kind) = state.kinds.resource("", "namespaces") else {
        return;
    };
    let key = Key::cluster(name);
    let Some(namespace) = state.store.get(&kind, &key) else {
        return;
    };
    if object::is_deleting(&namespace) && object::finalizers(&namespace).is_empty() && is_empty(state, name) {
        delete::remove(state, &kind, &key, now);
    }
}
