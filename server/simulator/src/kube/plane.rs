//! One simulated control plane.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::access::{Access, Identity};
use super::audit::Audit;
use super::builtin;
use super::crd;
use super::credentials::Credentials;
use super::faults::Faults;
use super::http::Serving;
use super::kinds::Kinds;
use super::objects::Objects;
use super::persist::Journal;
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
    /// The bearer token of the user `portico`, who may do everything; `None` makes one up.
    pub token: Option<String>,
    /// How often a watch that allows bookmarks gets one.
    pub bookmark_interval: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            snapshot: None,
            history: 8_192,
            max_objects: 200_000,
            max_body: 3 * 1024 * 1024,
            token: None,
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
    journal: Option<Journal>,
}

impl State {
    /// The state that was kept, or a new one.
    fn load(settings: &Settings) -> Self {
        let kept = settings.snapshot.as_deref().map(Journal::read).transpose();
        let mut state = Self {
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
            // It may be worth something to somebody: it is neither used nor overwritten.
            Err(error) => {
                tracing::error!(path = ?settings.snapshot, %error, "a snapshot cannot be read; nothing will be kept");
            }
        }
        builtin::make_namespaces(&mut state);
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

    /// Keeps what was written.
    fn keep(&mut self) {
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

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) name: String,
    pub(super) settings: Settings,
    state: Mutex<State>,
    /// The revision of the last write, for those who wait for one.
    pub(super) revision: watch::Sender<u64>,
    pub(super) access: Access,
    pub(super) faults: Faults,
    pub(super) audit: Audit,
    credentials: Credentials,
    /// `None` when there is no certificate; then only plain HTTP is spoken.
    pub(super) tls: Option<Arc<ServerConfig>>,
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
            state.keep();
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
    /// snapshot holds. A snapshot that cannot be read is reported and left alone;
    /// then nothing is kept.
    #[must_use]
    pub fn new(name: &str, settings: Settings) -> Self {
        let state = State::load(&settings);
        let revision = watch::Sender::new(state.store.revision());
        let (credentials, tls) = credentials(name, &settings);
        let access = Access::default();
        access.add_token(&credentials.token, Identity::new("portico", ["system:masters"]));
        let inner = Inner {
            name: name.into(),
            settings,
            state: Mutex::new(state),
            revision,
            access,
            faults: Faults::default(),
            audit: Audit::default(),
            credentials,
            tls,
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

    /// Serves it on this listener from now on. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the listener does not know its own address.
    pub fn serve(&self, listener: TcpListener) -> std::io::Result<Serving> {
        let address = listener.local_addr()?;
        Ok(super::http::start(Arc::clone(&self.inner), listener, address))
    }

    /// A kubeconfig for the user `portico`, who may do everything.
    #[must_use]
    pub fn kubeconfig(&self, address: SocketAddr) -> String {
        self.kubeconfig_for(address, "portico", &self.inner.credentials.token)
    }

    /// A kubeconfig for the owner of another token.
    #[must_use]
    pub fn kubeconfig_for(&self, address: SocketAddr, user: &str, token: &str) -> String {
        let name = &self.inner.name;
        let authority = match &self.inner.tls {
            Some(_) => format!(
                "    certificate-authority-data: {}\n",
                self.inner.credentials.authority_data()
            ),
            None => String::new(),
        };
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: {name}\n\
             clusters:\n- name: {name}\n  cluster:\n    server: {}\n{authority}\
             users:\n- name: {user}\n  user:\n    token: {token}\n\
             contexts:\n- name: {name}\n  context:\n    cluster: {name}\n    user: {user}\n    namespace: default\n",
            self.url(address)
        )
    }

    /// Its URL when it is served at this address. Plain HTTP is answered there too, for tests that
    /// need no kubeconfig; kubectl sends its token over TLS only.
    #[must_use]
    pub fn url(&self, address: SocketAddr) -> String {
        let scheme = if self.inner.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{address}")
    }

    /// The certificate of its authority, in PEM.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.inner.credentials.authority
    }

    /// The token of the user `portico`.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.inner.credentials.token
    }

    /// Tokens and rules.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.inner.access
    }

    /// What goes wrong.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// Who did what, over HTTP.
    #[must_use]
    pub fn audit(&self) -> &Audit {
        &self.inner.audit
    }

    /// Folds what was written into the snapshot. Nothing is lost without it: a restart takes the
    /// journal beside the snapshot into account.
    ///
    /// # Errors
    /// When the snapshot cannot be written.
    pub fn flush(&self) -> std::io::Result<()> {
        let mut state = self.inner.state();
        let State { journal, store, .. } = &mut *state;
        journal.as_mut().map_or(Ok(()), |journal| journal.fold(store))
    }

    /// Forgets the log of changes, so that every watch from before gets 410.
    pub fn forget_history(&self) {
        self.inner.write(|state| state.store.compact());
    }
}

/// Credentials, and TLS if they allow it.
fn credentials(name: &str, settings: &Settings) -> (Credentials, Option<Arc<ServerConfig>>) {
    let obtained = Credentials::obtain(name, settings.token.clone(), settings.snapshot.as_deref());
    let usable = obtained.and_then(|credentials| Ok((credentials.tls()?, credentials)));
    match usable {
        Ok((tls, credentials)) => (credentials, Some(tls)),
        Err(error) => {
            tracing::error!(plane = name, %error, "this control plane speaks plain HTTP only");
            (Credentials::without_certificate(settings.token.clone()), None)
        }
    }
}
