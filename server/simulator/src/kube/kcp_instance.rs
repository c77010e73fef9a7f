//! One simulated kcp.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::control_plane::ControlPlane;
use super::http::{self, Answer, Serving};
use super::kcp::controllers::{begin, settle_all};
use super::kcp::instance::Instance;
use super::kcp::router;
use super::plane::access::Identity;
use super::plane::inner::Inner;
use super::plane::settings::Settings;

/// A simulated kcp: workspaces, exports and bindings. Kept only in memory. Clones share their state.
#[derive(Debug, Clone)]
pub struct Kcp {
    instance: Arc<Instance>,
}

impl Kcp {
    /// Creates a kcp with its root workspace.
    #[must_use]
    pub fn new(name: &str, settings: Settings) -> Self {
        let settings = Settings {
            snapshot: None,
            ..settings
        };
        let instance = Instance::new(Inner::new(name, settings));
        begin(&instance);
        Self {
            instance: Arc::new(instance),
        }
    }

    /// Starts to serve on a listener. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the listener does not know its address.
    pub fn serve(&self, listener: TcpListener) -> std::io::Result<Serving> {
        let address = listener.local_addr()?;
        *self.instance.base.write() = self.front().url(address);
        self.settle();
        let instance = Arc::clone(&self.instance);
        let answer: Answer = Arc::new(move |request| {
            let instance = Arc::clone(&instance);
            Box::pin(async move { router::answer(&instance, request).await })
        });
        let front = Arc::clone(&self.instance.front);
        Ok(http::start_with(front, answer, listener, address))
    }

    /// What has the tokens, the faults of virtual workspaces and connections, and the audit log of virtual workspaces.
    #[must_use]
    pub fn front(&self) -> ControlPlane {
        ControlPlane {
            inner: Arc::clone(&self.instance.front),
        }
    }

    /// A workspace by path or logical cluster. Call [`Kcp::settle`] after writes of kcp's own kinds that are not by HTTP.
    #[must_use]
    pub fn workspace(&self, path: &str) -> Option<ControlPlane> {
        let cluster = self.instance.find(path)?;
        Some(ControlPlane {
            inner: Arc::clone(&cluster.inner),
        })
    }

    /// The name of a workspace's logical cluster.
    #[must_use]
    pub fn logical_cluster(&self, path: &str) -> Option<String> {
        Some(self.instance.find(path)?.name.clone())
    }

    /// Creates a workspace below another, and returns it.
    ///
    /// # Errors
    /// In words, if the parent is not there or has it already.
    pub fn create_workspace(&self, parent: &str, name: &str) -> Result<ControlPlane, String> {
        self.create(
            parent,
            json!({ "apiVersion": "tenancy.kcp.io/v1alpha1", "kind": "Workspace", "metadata": { "name": name } }),
        )?;
        let path = format!("{parent}:{name}");
        self.workspace(&path)
            .ok_or_else(|| format!("{path} was not made"))
    }

    /// Creates an object in a workspace, and runs kcp's controllers.
    ///
    /// # Errors
    /// In words, as the API server answers.
    pub fn create(&self, path: &str, object: Value) -> Result<Arc<Value>, String> {
        let workspace = self
            .instance
            .find(path)
            .ok_or_else(|| format!("there is no workspace {path}"))?;
        let group = object["apiVersion"]
            .as_str()
            .and_then(|it| it.split_once('/'))
            .map_or("", |(group, _)| group);
        let group = group.to_owned();
        let plane = ControlPlane {
            inner: Arc::clone(&workspace.inner),
        };
        let created = plane
            .objects()
            .create(object)
            .map_err(|error| error.to_string())?;
        super::kcp::controllers::settle(&self.instance, &workspace, &group);
        Ok(created)
    }

    /// Runs kcp's controllers in all workspaces. Writes by HTTP do so themselves.
    pub fn settle(&self) {
        settle_all(&self.instance);
    }

    /// With `true`, new workspaces stay in `Initializing`; with `false`, they become ready.
    pub fn hold_workspaces(&self, hold: bool) {
        self.instance.hold.store(hold, Ordering::SeqCst);
        self.settle();
    }

    /// Adds a user, who may enter the workspaces that have a rule for them.
    pub fn add_user(&self, token: &str, identity: Identity) {
        self.instance.front.access.add_token(token, identity);
    }

    /// A kubeconfig of the user `portico`, a member of `system:masters`, for a workspace.
    #[must_use]
    pub fn kubeconfig(&self, address: SocketAddr, path: &str) -> String {
        let front = self.front();
        self.kubeconfig_for(address, path, "portico", front.token())
    }

    /// A kubeconfig of the owner of another token.
    #[must_use]
    pub fn kubeconfig_for(&self, address: SocketAddr, path: &str, user: &str, token: &str) -> String {
        let front = self.front();
        let url = front.url(address);
        let kubeconfig = front.kubeconfig_for(address, user, token);
        kubeconfig.replacen(&url, &format!("{url}/clusters/{path}"), 1)
    }
}
