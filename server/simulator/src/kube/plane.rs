//! One simulated control plane.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::watch;

use super::builtin;
use super::kinds::Kinds;
use super::objects::Objects;
use super::store::Store;

/// How a control plane behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where its objects are kept over a restart; `None` keeps them in memory alone.
    pub snapshot: Option<PathBuf>,
    /// How many changes the log keeps before a watch that is behind gets 410.
    pub history: usize,
    /// How many objects it holds at most; a create beyond that fails as a full etcd does.
    pub max_objects: usize,
    /// The largest body of a request, in bytes; Kubernetes has 3 MiB.
    pub max_body: usize,
    /// How often a watch that allows bookmarks gets one.
    pub bookmark_interval: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            snapshot: None,
            history: 16_384,
            max_objects: 200_000,
            max_body: 3 * 1024 * 1024,
            bookmark_interval: Duration::from_secs(30),
        }
    }
}

/// What a control plane knows: its kinds and its objects.
#[derive(Debug)]
pub(super) struct State {
    pub(super) kinds: Kinds,
    pub(super) store: Store,
    pub(super) max_objects: usize,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) name: String,
    pub(super) settings: Settings,
    state: Mutex<State>,
    /// The revision of the last write, for those who wait for one.
    pub(super) revision: watch::Sender<u64>,
}

impl Inner {
    /// The state, to read.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Lets `write` change the state, then wakes whoever watches.
    pub(super) fn write<T>(&self, write: impl FnOnce(&mut State) -> T) -> T {
        let (result, revision) = {
            let mut state = self.state.lock();
            let result = write(&mut state);
            (result, state.store.revision())
        };
        self.revision
            .send_if_modified(|last| std::mem::replace(last, revision) != revision);
        result
    }
}

/// A simulated Kubernetes control plane. Clones are the same plane.
#[derive(Debug, Clone)]
pub struct ControlPlane {
    pub(super) inner: Arc<Inner>,
}

impl ControlPlane {
    /// A control plane with the built-in kinds and the usual namespaces, or with what its
    /// snapshot holds. A snapshot that cannot be read is reported and left alone.
    #[must_use]
    pub fn new(name: &str, settings: Settings) -> Self {
        let mut state = State {
            kinds: Kinds::default(),
            store: Store::new(settings.history),
            max_objects: settings.max_objects,
        };
        builtin::install(&mut state);
        let revision = watch::Sender::new(state.store.revision());
        let inner = Inner {
            name: name.into(),
            settings,
            state: Mutex::new(state),
            revision,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Its objects, for programs in this process that act as controllers do.
    #[must_use]
    pub fn objects(&self) -> Objects {
        Objects::new(Arc::clone(&self.inner))
    }
}
