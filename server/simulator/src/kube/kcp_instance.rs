//! One simulated kcp.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::control_plane::ControlPlane;
use super::http::{self, Answer, Serving};
use super::kcp::begin::begin;
use super::kcp::controllers::settle_all;
use super::kcp::instance::{FurtherShard, Instance};
use super::kcp::router;
use super::plane::access::Identity;
use super::plane::inner::Inner;
use super::plane::settings::Settings;

/// A simulated kcp: workspaces, exports and bindings. Clones share their state.
#[derive(Debug, Clone)]
pub struct Kcp {
    instance: Arc<Instance>,
}

impl Kcp {
    /// Creates a kcp from its snapshots, or with its root workspace alone. Each workspace has a snapshot beside
    /// `settings.snapshot`; rules of access and further shards are only in memory.
    #[must_use]
    pub fn new(name: &str, settings: Settings) -> Self {
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
        Ok(self.start(0, listener, address))
    }

    fn start(&self, shard: usize, listener: TcpListener, address: SocketAddr) -> Serving {
        let instance = Arc::clone(&self.instance);
        let answer: Answer = Arc::new(move |request| {
            let instance = Arc::clone(&instance);
            Box::pin(async move { router::answer(&instance, request, shard).await })
        });
        let front = Arc::clone(&self.instance.front);
        http::start_with(front, answer, listener, address)
    }

    /// Starts to serve the further shard of this number, from 1 on, or serves it again. It has the workspaces that are made
    /// with [`Kcp::create_workspace_on`], and its virtual workspaces show those alone. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the listener does not know its address, or the shard before is not there.
    pub fn serve_shard(&self, number: usize, listener: TcpListener) -> std::io::Result<KcpShard> {
        let address = listener.local_addr()?;
        let shard = FurtherShard {
            base: self.front().url(address),
            runs: true,
            has_endpoint: true,
        };
        {
            let mut shards = self.instance.shards.write();
            let index = number.checked_sub(1).filter(|index| *index <= shards.len());
            match index.map(|index| shards.get_mut(index)) {
                None => return Err(std::io::Error::other("shards are numbered from 1 on")),
                Some(Some(known)) => *known = shard,
                Some(None) => shards.push(shard),
            }
        }
        self.settle();
        Ok(KcpShard {
            kcp: self.clone(),
            number,
            serving: self.start(number, listener, address),
        })
    }

    /// Whether endpoint slices have the endpoints of a further shard.
    pub fn set_endpoint(&self, number: usize, is_there: bool) {
        self.change_shard(number, |shard| shard.has_endpoint = is_there);
        self.settle();
    }

    /// With `true`, the virtual workspaces of each shard show the workspaces of all.
    pub fn show_everywhere(&self, everywhere: bool) {
        self.instance.everywhere.store(everywhere, Ordering::SeqCst);
    }

    fn change_shard(&self, number: usize, change: impl FnOnce(&mut FurtherShard)) {
        let mut shards = self.instance.shards.write();
        if let Some(shard) = number.checked_sub(1).and_then(|index| shards.get_mut(index)) {
            change(shard);
        }
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

    /// As [`Kcp::create_workspace`], on the shard of this number.
    ///
    /// # Errors
    /// In words, if the parent is not there or has it already.
    pub fn create_workspace_on(
        &self,
        shard: usize,
        parent: &str,
        name: &str,
    ) -> Result<ControlPlane, String> {
        let shard = if shard == 0 {
            "root".to_owned()
        } else {
            format!("shard-{shard}")
        };
        let location = json!({ "selector": { "matchLabels": { "name": shard } } });
        self.create(
            parent,
            json!({
                "apiVersion": "tenancy.kcp.io/v1alpha1", "kind": "Workspace", "metadata": { "name": name },
                "spec": { "location": location },
            }),
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

/// A further shard of a kcp that is served. When it is stopped, its workspaces do not answer at the front proxy either.
#[derive(Debug)]
pub struct KcpShard {
    kcp: Kcp,
    number: usize,
    serving: Serving,
}

impl KcpShard {
    /// The address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.serving.address()
    }

    /// Closes all connections and stops listening. [`Kcp::serve_shard`] serves it again.
    pub async fn shutdown(self) {
        self.kcp.change_shard(self.number, |shard| shard.runs = false);
        self.serving.shutdown().await;
    }
}
