//! The objects of one control plane, and the log of their changes that watches read.
//!
//! One revision counts all writes, as etcd's does; an object's `resourceVersion` is the revision
//! of its last write. The log keeps the recent past: a watch that asks for more gets 410, and a
//! reader that is slow holds nobody up, it only falls out of the log.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use serde_json::{Value, json};

use super::error::ApiError;
use super::kinds::{GroupKind, Kind};
use super::object::{self, Key};
use super::owners::Owners;

/// What became of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeType {
    /// It is new.
    Added,
    /// It is other than before.
    Modified,
    /// It is gone; the object shown is its last state.
    Deleted,
}

/// A change of one object.
#[derive(Debug, Clone)]
pub struct Change {
    /// The revision that it made.
    pub revision: u64,
    /// What happened.
    pub change: ChangeType,
    /// The kind it happened to.
    pub kind: Arc<Kind>,
    /// The object after it; for a deletion its last state.
    pub object: Arc<Value>,
    /// The object before it.
    pub before: Option<Arc<Value>>,
}

/// All objects of a kind.
pub(super) type Table = BTreeMap<Key, Arc<Value>>;

/// The objects and the log.
#[derive(Debug)]
pub(super) struct Store {
    revision: u64,
    /// The last revision whose change has left the log.
    forgotten: u64,
    history: usize,
    tables: HashMap<GroupKind, Table>,
    owners: Owners,
    log: VecDeque<Change>,
}

impl Store {
    /// An empty store whose log keeps `history` changes.
    pub(super) fn new(history: usize) -> Self {
        Self {
            revision: 1,
            forgotten: 1,
            history,
            tables: HashMap::new(),
            owners: Owners::default(),
            log: VecDeque::new(),
        }
    }

    /// A store with these objects, as of `revision`; nothing is known of what was before.
    pub(super) fn restore(history: usize, revision: u64, objects: Vec<Value>) -> Self {
        let mut store = Self::new(history);
        store.revision = revision.max(1);
        store.forgotten = store.revision;
        for object in objects {
            store.owners.change(None, Some(&object));
            store
                .tables
                .entry(GroupKind::of(&object))
                .or_default()
                .insert(Key::of(&object), Arc::new(object));
        }
        store
    }

    /// The revision of the last write.
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    /// How many objects there are.
    pub(super) fn len(&self) -> usize {
        self.tables.values().map(BTreeMap::len).sum()
    }

    /// One object.
    pub(super) fn get(&self, kind: &Kind, key: &Key) -> Option<Arc<Value>> {
        self.tables.get(&kind.group_kind())?.get(key).cloned()
    }

    /// All objects of a kind.
    pub(super) fn table(&self, kind: &GroupKind) -> Option<&Table> {
        self.tables.get(kind)
    }

    /// All objects of all kinds.
    pub(super) fn everything(&self) -> impl Iterator<Item = (&GroupKind, &Table)> {
        self.tables.iter()
    }

    /// Where the objects are that name this uid as an owner's.
    pub(super) fn owned_by(&self, uid: &str) -> Vec<(GroupKind, Key)> {
        self.owners
            .owned
            .get(uid)
            .map(|places| places.iter().cloned().collect())
            .unwrap_or_default()
    }

    /// Where the object with this uid is.
    pub(super) fn find(&self, uid: &str) -> Option<(GroupKind, Key)> {
        self.owners.places.get(uid).cloned()
    }

    /// The keys of a kind in a namespace.
    pub(super) fn in_namespace<'a>(table: &'a Table, namespace: &'a str) -> impl Iterator<Item = &'a Key> {
        table
            .range(Key::namespaced(namespace, "")..)
            .map(|(key, _)| key)
            .take_while(move |key| key.namespace == namespace)
    }

    /// Writes an object, new or not: it gets the next revision.
    pub(super) fn put(&mut self, kind: &Arc<Kind>, mut object: Value) -> Arc<Value> {
        self.revision += 1;
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

    /// Takes an object away; its last state carries the revision of its deletion.
    pub(super) fn remove(&mut self, kind: &Arc<Kind>, key: &Key) -> Option<Arc<Value>> {
        let table = self.tables.get_mut(&kind.group_kind())?;
        let before = table.remove(key)?;
        self.owners.change(Some(&before), None);
        if table.is_empty() {
            self.tables.remove(&kind.group_kind());
        }
        self.revision += 1;
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
    /// 410 when the log no longer reaches back so far.
    pub(super) fn changes_after(
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

    /// The objects of a kind as they were at `revision`.
    ///
    /// # Errors
    /// 410 when the log no longer reaches back so far.
    pub(super) fn table_at(&self, kind: &GroupKind, revision: u64) -> Result<Table, ApiError> {
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

    /// Forgets the log, so that every watch from before must list again.
    pub(super) fn compact(&mut self) {
        self.log.clear();
        self.forgotten = self.revision;
    }
}
