//! The objects of one control plane, and the change log that watches read.
//!
//! One revision counts all writes, as in etcd; an object's `resourceVersion` is the revision of its last write.
//! The log is bounded: a watch that asks for older changes gets 410. Slow readers block nobody.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use serde_json::{Value, json};

use super::clock::Clock;
use super::owners::Owners;
use crate::kube::types::error::ApiError;
use crate::kube::types::kind::{GroupKind, Kind};
use crate::kube::types::object::{self, Key};

/// The type of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeType {
    /// The object was created.
    Added,
    /// The object was updated.
    Modified,
    /// The object was deleted; the change carries its last state.
    Deleted,
}

/// A change of an object.
#[derive(Debug, Clone)]
pub struct Change {
    /// Its revision.
    pub revision: u64,
    /// Its type.
    pub change: ChangeType,
    /// The kind of the object.
    pub kind: Arc<Kind>,
    /// The object after the change; its last state for a deletion.
    pub object: Arc<Value>,
    /// The object before the change.
    pub before: Option<Arc<Value>>,
}

/// The annotation with the logical cluster of an object of kcp.
pub(crate) const CLUSTER_ANNOTATION: &str = "kcp.io/cluster";

/// The objects of a kind.
pub(crate) type Table = BTreeMap<Key, Arc<Value>>;

/// Objects and change log.
#[derive(Debug)]
pub(crate) struct Store {
    revision: u64,
    clock: Clock,
    /// The logical cluster of kcp whose objects these are; every object is annotated with it.
    cluster: Option<Arc<str>>,
    /// The last revision that the log no longer holds.
    forgotten: u64,
    history: usize,
    tables: HashMap<GroupKind, Table>,
    owners: Owners,
    log: VecDeque<Change>,
}

impl Store {
    /// An empty store whose log holds `history` changes.
    pub(crate) fn new(history: usize) -> Self {
        Self {
            revision: 1,
            clock: Clock::default(),
            cluster: None,
            forgotten: 1,
            history,
            tables: HashMap::new(),
            owners: Owners::default(),
            log: VecDeque::new(),
        }
    }

    /// An empty store of a logical cluster of kcp, which counts its writes by the clock that all of them share.
    pub(crate) fn of_cluster(history: usize, clock: Clock, cluster: &str) -> Self {
        Self {
            clock,
            cluster: Some(cluster.into()),
            ..Self::new(history)
        }
    }

    /// Takes in objects as they were at `revision`. The log stays empty.
    #[must_use]
    pub(crate) fn restored(mut self, revision: u64, objects: Vec<Value>) -> Self {
        self.revision = revision.max(1);
        self.clock.advance_to(self.revision);
        self.forgotten = self.revision;
        for object in objects {
            self.owners.change(None, Some(&object));
            self.tables
                .entry(GroupKind::of(&object))
                .or_default()
                .insert(Key::of(&object), Arc::new(object));
        }
        self
    }

    /// The revision of the last write.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// The number of objects.
    pub(crate) fn len(&self) -> usize {
        self.tables.values().map(BTreeMap::len).sum()
    }

    /// Returns an object.
    pub(crate) fn get(&self, kind: &Kind, key: &Key) -> Option<Arc<Value>> {
        self.tables.get(&kind.group_kind())?.get(key).cloned()
    }

    /// Returns the objects of a kind.
    pub(crate) fn table(&self, kind: &GroupKind) -> Option<&Table> {
        self.tables.get(kind)
    }

    /// Returns the objects of all kinds.
    pub(crate) fn everything(&self) -> impl Iterator<Item = (&GroupKind, &Table)> {
        self.tables.iter()
    }

    /// The keys of the objects that this uid owns.
    pub(crate) fn owned_by(&self, uid: &str) -> Vec<(GroupKind, Key)> {
        self.owners
            .owned
            .get(uid)
            .map(|places| places.iter().cloned().collect())
            .unwrap_or_default()
    }

    /// The key of the object with this uid.
    pub(crate) fn find(&self, uid: &str) -> Option<(GroupKind, Key)> {
        self.owners.places.get(uid).cloned()
    }

    /// The keys in a namespace.
    pub(crate) fn in_namespace<'a>(table: &'a Table, namespace: &'a str) -> impl Iterator<Item = &'a Key> {
        table
            .range(Key::namespaced(namespace, "")..)
            .map(|(key, _)| key)
            .take_while(move |key| key.namespace == namespace)
    }

    /// Creates or replaces an object, at the next revision.
    pub(crate) fn put(&mut self, kind: &Arc<Kind>, mut object: Value) -> Arc<Value> {
        self.revision = self.clock.tick();
        if let Some(cluster) = &self.cluster {
            // As in kcp, where it follows from where the object is stored: nobody can write another.
            let annotations = object::map_mut(&mut object["metadata"], "annotations");
            annotations.insert(CLUSTER_ANNOTATION.to_owned(), json!(**cluster));
        }
        object::set_meta(
            &mut object,
            "resourceVersion",
            Some(json!(self.revision.to_string())),
        );
        let key = Key::of(&object);
        let object = Arc::new(object);
        let before = self
            .tables
            .entry(kind.group_kind())
            .or_default()
            .insert(key, Arc::clone(&object));
        let change = if before.is_some() {
            ChangeType::Modified
        } else {
            ChangeType::Added
        };
        self.owners.change(before.as_deref(), Some(&object));
        self.remember(change, kind, Arc::clone(&object), before);
        object
    }

    /// Removes an object. Its last state carries the revision of the deletion.
    pub(crate) fn remove(&mut self, kind: &Arc<Kind>, key: &Key) -> Option<Arc<Value>> {
        let table = self.tables.get_mut(&kind.group_kind())?;
        let before = table.remove(key)?;
        self.owners.change(Some(&before), None);
        if table.is_empty() {
            self.tables.remove(&kind.group_kind());
        }
        self.revision = self.clock.tick();
        let mut last = Value::clone(&before);
        object::set_meta(
            &mut last,
            "resourceVersion",
            Some(json!(self.revision.to_string())),
        );
        let last = Arc::new(last);
        self.remember(ChangeType::Deleted, kind, Arc::clone(&last), Some(before));
        Some(last)
    }

    fn remember(
        &mut self,
        change: ChangeType,
        kind: &Arc<Kind>,
        object: Arc<Value>,
        before: Option<Arc<Value>>,
    ) {
        self.log.push_back(Change {
            revision: self.revision,
            change,
            kind: Arc::clone(kind),
            object,
            before,
        });
        while self.log.len() > self.history {
            if let Some(old) = self.log.pop_front() {
                self.forgotten = old.revision;
            }
        }
    }

    /// The changes after `revision`, oldest first.
    ///
    /// # Errors
    /// 410 when the log does not reach back that far.
    pub(crate) fn changes_after(
        &self,
        revision: u64,
    ) -> Result<impl DoubleEndedIterator<Item = &Change>, ApiError> {
        if revision < self.forgotten {
            return Err(ApiError::expired(format!(
                "too old resource version: {revision} ({})",
                self.forgotten
            )));
        }
        let from = self.log.partition_point(|change| change.revision <= revision);
        Ok(self.log.range(from..))
    }

    /// The objects of a kind at `revision`.
    ///
    /// # Errors
    /// 410 when the log does not reach back that far.
    pub(crate) fn table_at(&self, kind: &GroupKind, revision: u64) -> Result<Table, ApiError> {
        let mut table = self.tables.get(kind).cloned().unwrap_or_default();
        if revision >= self.revision {
            return Ok(table);
        }
        for change in self.changes_after(revision)?.rev().filter(|c| c.kind.is(kind)) {
            let key = Key::of(&change.object);
            match &change.before {
                Some(before) => table.insert(key, Arc::clone(before)),
                None => table.remove(&key),
            };
        }
        Ok(table)
    }

    /// Empties the log, so that every older watch must list again.
    pub(crate) fn compact(&mut self) {
        self.log.clear();
        self.forgotten = self.revision;
    }
}
