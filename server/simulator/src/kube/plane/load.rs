//! Loads the initial state of a control plane.

use super::settings::Settings;
use crate::kube::registry::kinds::Kinds;
use crate::kube::registry::state::State;
use crate::kube::registry::{builtin, crd};
use crate::kube::storage::clock::Clock;
use crate::kube::storage::journal::Journal;
use crate::kube::storage::store::Store;
use crate::kube::write::namespaces;

/// Loads the snapshot and the journal of a control plane, or starts empty.
pub(super) fn load(settings: &Settings) -> State {
    let store = Store::new(settings.history);
    begin(settings, store, builtin::install, namespaces::create_missing)
}

/// As [`load`], for a workspace of kcp.
pub(super) fn workspace(settings: &Settings, clock: Clock, cluster: &str) -> State {
    let store = Store::of_cluster(settings.history, clock, cluster);
    let create_namespaces = namespaces::create_of_workspace;
    begin(settings, store, builtin::install_workspace, create_namespaces)
}

fn begin(
    settings: &Settings,
    store: Store,
    install_kinds: impl FnOnce(&mut Kinds),
    create_namespaces: impl FnOnce(&mut State),
) -> State {
    let kept = settings.snapshot.as_deref().map(Journal::read).transpose();
    let mut state = State {
        kinds: Kinds::default(),
        store,
        max_objects: settings.max_objects,
        journal: None,
    };
    install_kinds(&mut state.kinds);
    let is_readable = kept.is_ok();
    match kept {
        Ok(Some(Some(kept))) => {
            state.store = state.store.restored(kept.revision, kept.objects);
            crd::install_all(&mut state);
        }
        Ok(_) => {}
        // The file may still be worth something to its owner: do not use and do not overwrite it.
        Err(error) => {
            tracing::error!(path = ?settings.snapshot, %error, "a snapshot cannot be read; nothing will be kept");
        }
    }
    create_namespaces(&mut state);
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
