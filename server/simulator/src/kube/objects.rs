//! The objects of a control plane as a controller in this process sees them: the same writes with
//! the same rules as over HTTP, without HTTP.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::watch;

use super::admission::FieldValidation;
use super::delete::{self, DeleteOptions};
use super::error::ApiError;
use super::kinds::{GroupKind, Kind};
use super::object::{self, Key};
use super::patch::{self, Patch};
use super::plane::{Inner, State};
use super::store::Change;
use super::write::{self, Subresource, WriteOptions};

/// The objects of one control plane. All functions act at once; none waits.
#[derive(Debug, Clone)]
pub struct Objects {
    inner: Arc<Inner>,
    manager: String,
}

impl Objects {
    pub(super) fn new(inner: Arc<Inner>) -> Self {
        Self {
            inner,
            manager: "provisioner".into(),
        }
    }

    /// The same, writing under another field manager.
    #[must_use]
    pub fn managed_by(&self, manager: &str) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            manager: manager.into(),
        }
    }

    /// Whether the control plane serves this kind now.
    #[must_use]
    pub fn serves(&self, kind: &GroupKind) -> bool {
        self.inner.state().kinds.of(kind).is_some()
    }

    /// One object in its stored version; `None` when there is none or the kind is not served.
    #[must_use]
    pub fn get(&self, kind: &GroupKind, key: &Key) -> Option<Arc<Value>> {
        let state = self.inner.state();
        state.store.get(&*state.kinds.of(kind)?, key)
    }

    /// All objects of a kind, by namespace and name; none when the kind is not served.
    #[must_use]
    pub fn list(&self, kind: &GroupKind) -> Vec<Arc<Value>> {
        self.inner
            .state()
            .store
            .table(kind)
            .map(|t| t.values().cloned().collect())
            .unwrap_or_default()
    }

    /// How many objects of a kind there are.
    #[must_use]
    pub fn count(&self, kind: &GroupKind) -> usize {
        self.inner
            .state()
            .store
            .table(kind)
            .map_or(0, std::collections::BTreeMap::len)
    }

    /// The objects of a kind and the revision they are of: watch from there to miss nothing.
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

    /// Makes an object, which must say its `apiVersion` and `kind`.
    ///
    /// # Errors
    /// What the API server would answer: 409 when it exists, 422 when it is wrong, 404 when its
    /// namespace or kind does not exist.
    pub fn create(&self, object: Value) -> Result<Arc<Value>, ApiError> {
        self.inner.write(|state| {
            let (kind, version) = served(state, &object)?;
            let namespace = object::namespace(&object).to_owned();
            let outcome = write::create(state, &kind, &version, &namespace, object, &self.options())?;
            Ok(outcome.object)
        })
    }

    /// Server-side apply, forced: makes the object or changes what this manager says of it.
    ///
    /// # Errors
    /// As [`Objects::create`], but for the 409.
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

    /// Replaces an object; when it carries a `resourceVersion`, that must be the current one.
    ///
    /// # Errors
    /// What the API server would answer: 404, 409, 422.
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
            Ok(write::update(state, &kind, &version, &key, object, &self.options())?.object)
        })
    }

    /// Merge-patches the object apart from its status (RFC 7386).
    ///
    /// # Errors
    /// What the API server would answer: 404, 422.
    pub fn patch(&self, kind: &GroupKind, key: &Key, merge: Value) -> Result<Arc<Value>, ApiError> {
        self.merge(kind, key, merge, Subresource::None)
    }

    /// Merge-patches `status` through the status subresource; `status` is what is below
    /// `.status`.
    ///
    /// # Errors
    /// What the API server would answer: 404, 422.
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

    /// Deletes an object in the background manner: finalizers are waited for, dependents follow.
    ///
    /// # Errors
    /// 404 when it is not there, 409 when a Usage protects it.
    pub fn delete(&self, kind: &GroupKind, key: &Key) -> Result<(), ApiError> {
        self.inner.write(|state| {
            let kind = state.kinds.of(kind).ok_or_else(ApiError::no_such_resource)?;
            delete::delete(state, &kind, key, &DeleteOptions::default()).map(|_| ())
        })
    }

    /// Records an event about an object, as `kubectl describe` shows it; the same reason and
    /// message again raise its count. `kind` is `Normal` or `Warning`.
    ///
    /// # Errors
    /// 404 when the object's namespace is gone.
    pub fn record_event(
        &self,
        about: &Value,
        kind: &str,
        reason: &str,
        message: &str,
    ) -> Result<(), ApiError> {
        super::events::record(self, &self.manager, about, kind, reason, message)
    }

    /// Everything that happens after `revision`, of these kinds, or of all kinds when there is
    /// none in the list.
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

/// Changes, one after another, from a revision on.
#[derive(Debug)]
pub struct Watch {
    inner: Arc<Inner>,
    written: watch::Receiver<u64>,
    position: u64,
    kinds: Vec<GroupKind>,
}

impl Watch {
    /// Waits for the next changes: at least one, in their order. Cancel-safe.
    ///
    /// # Errors
    /// 410 when this reader fell behind the log: list again and watch from there.
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

    /// The changes that are there already, at most a thousand; perhaps none.
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
                // The rest is still there: the next call must not wait for a further write.
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

    /// The revision up to which everything was seen.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }
}
