//! Loads the initial state of a control plane.

use super::settings::Settings;
use crate::kube::registry::kinds::Kinds;
use crate::kube::registry::state::State;
use crate::kube::registry::{builtin, crd};
use crate::kube::storage::clock::Clock;
use crate::kube::storage::journal::Journal;
use crate::kube::storage::store::Store;
use crate::kube::write::namespaces;

/// The state of a new workspace of kcp. It is kept only in memory.
pub(super) fn workspace(settings: &Settings, clock: Clock, cluster: &str) -> State {
    let mut state = State {
        kinds: Kinds::default(),
        store: Store::of_cluster(settings.history, clock, cluster),
        max_objects: settings.max_objects,
        journal: None,
    };
    builtin::install_workspace(&mut state.kinds);
    namespaces::create_of_workspace(&mut state);
    state
}

/// Loads the snapshot and its journal, or starts empty.
pub(super) fn load(settings: &Settings) -> State {
    let kept = settings.snapshot.as_deref().map(Journal::read).transpose();
    let mut state = State {
        kinds: Kinds::default(),
        store: Store::new(settings.history),
        max_objects: settings.max_objects,
        journal: None,
    };
    builtin::install(&mut state.kinds);
    let is_readable = kept.is_ok();
    match kept {
        Ok(Some(Some(kept))) => {
            state.store = Store::restore(settings.history, kept.revision, kept.objects);
            crd::install_all(&mut state);
        }
        Ok(_) => {}
        // The file may still be worth something to its owner: do not use and do not overwrite it.
        Err(error) => {
            tracing::error!(path = ?settings.snapshot, %error, "a snapshot cannot be read; nothing will be kept");
        }
    }
    namespaces::create_missing(&mut state);
    if let Some(path) = settings.snapshot.as_deref().filter(|_| is_readable) {
        match Journal::start(path, &state.store) {
            Ok(journal) => state.journal = Some(journal),
            Err(error) => {
                tracing::error!(?path, %error, "a snapshot cannot be written; nothing will be kept");
            }
        }
    }
    state
}
