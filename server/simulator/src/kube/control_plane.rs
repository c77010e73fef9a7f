//! One simulated control plane.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::Value;
use tokio::net::TcpListener;

use super::client::objects::Objects;
use super::http::{self, Serving};
use super::plane::access::Access;
use super::plane::audit::Audit;
use super::plane::faults::Faults;
use super::plane::inner::Inner;
use super::plane::settings::Settings;
use super::registry::state::State;

/// A simulated Kubernetes control plane. Clones share their state.
#[derive(Debug, Clone)]
pub struct ControlPlane {
    pub(crate) inner: Arc<Inner>,
}

impl ControlPlane {
    /// Creates a control plane from its snapshot, or an empty one with the built-in kinds and namespaces. An
    /// unreadable snapshot is logged and left alone; then nothing is persisted.
    #[must_use]
    pub fn new(name: &str, settings: Settings) -> Self {
        Self {
            inner: Arc::new(Inner::new(name, settings)),
        }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// An API client for controllers in this process.
    #[must_use]
    pub fn objects(&self) -> Objects {
        Objects::new(Arc::clone(&self.inner))
    }

    /// Starts to serve on a listener. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the listener does not know its address.
    pub fn serve(&self, listener: TcpListener) -> std::io::Result<Serving> {
        let address = listener.local_addr()?;
        Ok(http::start(Arc::clone(&self.inner), listener, address))
    }

    /// A kubeconfig for the user `portico`, a member of `system:masters`.
    #[must_use]
    pub fn kubeconfig(&self, address: SocketAddr) -> String {
        self.kubeconfig_for(address, "portico", &self.inner.credentials.token)
    }

    /// A kubeconfig for the owner of another token.
    #[must_use]
    pub fn kubeconfig_for(&self, address: SocketAddr, user: &str, token: &str) -> String {
        // A JSON string is a YAML string, also if it looks like a number.
        let [name, user, token] = [&self.inner.name, user, token].map(|text| Value::from(text).to_string());
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

    /// The URL when it is served at this address. The port also speaks plain HTTP, for tests without a
    /// kubeconfig; kubectl sends tokens only over TLS.
    #[must_use]
    pub fn url(&self, address: SocketAddr) -> String {
        let scheme = if self.inner.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{address}")
    }

    /// The CA certificate, in PEM.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.inner.credentials.authority
    }

    /// The token of the user `portico`.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.inner.credentials.token
    }

    /// Tokens and RBAC-like rules.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.inner.access
    }

    /// The faults to inject.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// The audit log of HTTP requests.
    #[must_use]
    pub fn audit(&self) -> &Audit {
        &self.inner.audit
    }

    /// Folds the journal into the snapshot. A restart loses nothing without it: it replays the journal.
    ///
    /// # Errors
    /// When the snapshot cannot be written.
    pub fn flush(&self) -> std::io::Result<()> {
        let mut state = self.inner.state();
        let State { journal, store, .. } = &mut *state;
        journal.as_mut().map_or(Ok(()), |journal| journal.fold(store))
    }

    /// Drops the change log, so that every running watch gets 410.
    pub fn forget_history(&self) {
        self.inner.write(|state| state.store.compact());
    }
}
