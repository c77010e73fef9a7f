//! The state of a control plane: kinds, objects and the journal.

use super::kinds::Kinds;
use crate::kube::storage::journal::Journal;
use crate::kube::storage::store::Store;

/// The kinds and objects of a control plane.
#[derive(Debug)]
pub(crate) struct State {
    /// The kinds that are served.
    pub(crate) kinds: Kinds,
    /// The objects.
    pub(crate) store: Store,
    /// Objects at most.
    pub(crate) max_objects: usize,
    /// The journal; `None` when objects are only in memory.
    pub(crate) journal: Option<Journal>,
}

impl State {
    /// Journals the writes since the last call.
    pub(crate) fn keep(&mut self) {
        let Self {
            journal: Some(journal),
            store,
            ..
        } = self
        else {
            return;
        };
        if let Err(error) = journal.keep(store) {
            tracing::error!(%error, "a write could not be kept; nothing more will be");
            self.journal = None;
        }
    }
}
