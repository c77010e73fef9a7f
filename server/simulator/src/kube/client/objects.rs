//! Reads and writes for controllers in this process, with the rules that HTTP clients meet.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::watch;

use crate::kube::plane::inner::Inner;
use crate::kube::registry::state::State;
use crate::kube::storage::store::Change;
use crate::kube::types::error::ApiError;
use crate::kube::types::kind::{GroupKind, Kind};
use crate::kube::types::object::{self, Key};
use crate::kube::types::options::{DeleteOptions, FieldValidation, Subresource, WriteOptions};
use crate::kube::write::delete;
use crate::kube::write::operations;
use crate::kube::write::patch::{self, Patch};

/// The objects of one control plane. No function waits.
#[derive(Debug, Clone)]
pub struct Objects {
    inner: Arc<Inner>,
    pub(super) manager: String,
}

impl Objects {
    pub(crate) fn new(inner: Arc<Inner>) -> Self {
        Self {
            inner,
            manager: "provisioner".into(),
        }
    }

    /// Returns a client that writes under another field manager.
    #[must_use]
    pub fn managed_by(&self, manager: &str) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            manager: manager.into(),
        }
    }

    /// Whether the control plane serves this kind.
    #[must_use]
    pub fn serves(&self, kind: &GroupKind) -> bool {
        self.inner.state().kinds.of(kind).is_some()
    }

    /// Returns an object in its storage version; `None` when it does not exist or its kind is not served.
    #[must_use]
    pub fn get(&self, kind: &GroupKind, key: &Key) -> Option<Arc<Value>> {
        let state = self.inner.state();
        state.store.get(&*state.kinds.of(kind)?, key)
    }

    /// Returns all objects of a kind, by namespace and name; empty when the kind is not served.
    #[must_use]
    pub fn list(&self, kind: &GroupKind) -> Vec<Arc<Value>> {
        self.inner
            .state()
            .store
            .table(kind)
            .map(|t| t.values().cloned().collect())
            .unwrap_or_default()
    }

    /// Counts the objects of a kind.
    #[must_use]
    pub fn count(&self, kind: &GroupKind) -> usize {
        self.inner
            .state()
            .store
            .table(kind)
            .map_or(0, std::collections::BTreeMap::len)
    }

    /// Returns the objects of a kind and the revision to watch from.
    #[must_use]
    pub fn list_from(&self, kind: &GroupKind) -> (Vec<Arc<Value>>, u64) {
        let state = self.inner.state();
        let items = state
            .store
            .table(kind)
            .map(|t| t.values().cloned().collect())
            .unwrap_or_default();
        (items, state.store.revision())
    }

    /// The revision of the last write.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.inner.state().store.revision()
    }

    /// Creates an object, which must have `apiVersion` and `kind`.
    ///
    /// # Errors
    /// As the API server answers: 409 when it exists, 422 when it is invalid, 404 when its namespace or kind
    /// does not exist.
    pub fn create(&self, object: Value) -> Result<Arc<Value>, ApiError> {
        self.inner.write(|state| {
            let (kind, version) = served(state, &object)?;
            let namespace = object::namespace(&object).to_owned();
            let outcome = operations::create(state, &kind, &version, &namespace, object, &self.options())?;
            Ok(outcome.object)
        })
    }

    /// Server-side apply with `force`: creates the object or changes the fields that this manager owns.
    ///
    /// # Errors
    /// As [`Objects::create`], except for 409.
    pub fn apply(&self, object: Value) -> Result<Arc<Value>, ApiError> {
        self.inner.write(|state| {
            let (kind, version) = served(state, &object)?;
            let key = Key::of(&object);
            let options = WriteOptions {
                force: true,
                ..self.options()
            };
            Ok(patch::patch(state, &kind, &version, &key, Patch::Apply(object), &options)?.object)
        })
    }

    /// Replaces an object. A `resourceVersion` in it must be the current one.
    ///
    /// # Errors
    /// As the API server answers: 404, 409, 422.
    pub fn update(&self, object: Value) -> Result<Arc<Value>, ApiError> {
        self.inner.write(|state| {
            let (kind, version) = served(state, &object)?;
            let key = Key::of(&object);
            let mut object = object;
            if object::meta(&object, "resourceVersion").is_empty() {
                let current = state
                    .store
                    .get(&kind, &key)
                    .ok_or_else(|| ApiError::not_found(&kind, &key.name))?;
                object::set_meta(
                    &mut object,
                    "resourceVersion",
                    Some(json!(object::meta(&current, "resourceVersion"))),
                );
            }
            Ok(operations::update(state, &kind, &version, &key, object, &self.options())?.object)
        })
    }

    /// Merge-patches an object except its status (RFC 7386).
    ///
    /// # Errors
    /// As the API server answers: 404, 422.
    pub fn patch(&self, kind: &GroupKind, key: &Key, merge: Value) -> Result<Arc<Value>, ApiError> {
        self.merge(kind, key, merge, Subresource::None)
    }

    /// Merge-patches the status through the status subresource; `status` is the value of `.status`.
    ///
    /// # Errors
    /// As the API server answers: 404, 422.
    pub fn patch_status(&self, kind: &GroupKind, key: &Key, status: Value) -> Result<Arc<Value>, ApiError> {
        let mut merge = json!({});
        merge["status"] = status;
        self.merge(kind, key, merge, Subresource::Status)
    }

    fn merge(
        &self,
        kind: &GroupKind,
        key: &Key,
        merge: Value,
        to: Subresource,
    ) -> Result<Arc<Value>, ApiError> {
        self.inner.write(|state| {
            let kind = state.kinds.of(kind).ok_or_else(ApiError::no_such_resource)?;
            let version = kind.storage.clone();
            let options = WriteOptions {
                subresource: to,
                ..self.options()
            };
            Ok(patch::patch(state, &kind, &version, key, Patch::Merge(merge), &options)?.object)
        })
    }

    /// Deletes an object with background propagation; finalizers delay it.
    ///
    /// # Errors
    /// 404 when it does not exist, 409 when a Usage protects it.
    pub fn delete(&self, kind: &GroupKind, key: &Key) -> Result<(), ApiError> {
        self.inner.write(|state| {
            let kind = state.kinds.of(kind).ok_or_else(ApiError::no_such_resource)?;
            delete::delete(state, &kind, key, &DeleteOptions::default()).map(|_| ())
        })
    }

    /// Watches these kinds, or all kinds when the list is empty, from after `revision`.
    #[must_use]
    pub fn watch(&self, kinds: &[GroupKind], revision: u64) -> Watch {
        Watch {
            inner: Arc::clone(&self.inner),
            written: self.inner.revision.subscribe(),
            position: revision,
            kinds: kinds.to_vec(),
        }
    }

    fn options(&self) -> WriteOptions {
        WriteOptions {
            manager: self.manager.clone(),
            validation: FieldValidation::Ignore,
            ..WriteOptions::now()
        }
    }
}

fn served(state: &State, object: &Value) -> Result<(Arc<Kind>, String), ApiError> {
    let version = object["apiVersion"].as_str().unwrap_or_default();
    let version = version.rsplit_once('/').map_or(version, |(_, version)| version);
    let kind = state
        .kinds
        .of(&GroupKind::of(object))
        .ok_or_else(ApiError::no_such_resource)?;
    kind.served(version).ok_or_else(ApiError::no_such_resource)?;
    Ok((kind, version.to_owned()))
}

/// The changes after a revision, in order.
#[derive(Debug)]
pub struct Watch {
    inner: Arc<Inner>,
    written: watch::Receiver<u64>,
    position: u64,
    kinds: Vec<GroupKind>,
}

impl Watch {
    /// Waits for the next changes and returns at least one. Cancel-safe.
    ///
    /// # Errors
    /// 410 when the log no longer holds the next change: list again and watch from there.
    pub async fn next(&mut self) -> Result<Vec<Change>, ApiError> {
        loop {
            let changes = self.take()?;
            if !changes.is_empty() {
                return Ok(changes);
            }
            if self.written.changed().await.is_err() {
                return Err(ApiError::expired("the control plane is gone"));
            }
        }
    }

    /// Returns the changes that are there now, at most a thousand, without waiting.
    ///
    /// # Errors
    /// As [`Watch::next`].
    pub fn take(&mut self) -> Result<Vec<Change>, ApiError> {
        const BATCH: usize = 1000;
        let mut changes = Vec::new();
        self.written.mark_unchanged();
        let state = self.inner.state();
        for change in state.store.changes_after(self.position)? {
            if changes.len() == BATCH {
                // The rest is in the log already: the next call must not wait for another write.
                self.written.mark_changed();
                return Ok(changes);
            }
            self.position = change.revision;
            if self.kinds.is_empty() || self.kinds.iter().any(|kind| change.kind.is(kind)) {
                changes.push(change.clone());
            }
        }
        Ok(changes)
    }

    /// The revision up to which all changes were returned.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }
}
