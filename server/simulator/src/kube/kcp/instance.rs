//! The logical clusters of one kcp.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Mutex, RwLock};

use crate::kube::client::objects::Objects;
use crate::kube::plane::inner::Inner;
use crate::kube::plane::shard::Shard;
use crate::kube::types::kind::GroupKind;

/// The field manager of kcp's controllers.
const MANAGER: &str = "kcp";

/// One kcp.
#[derive(Debug)]
pub(in crate::kube) struct Instance {
    /// Has the certificate, the tokens, and the faults of connections and virtual workspaces.
    pub(in crate::kube) front: Arc<Inner>,
    pub(super) shard: Arc<Shard>,
    /// By name and by path.
    index: RwLock<HashMap<String, Arc<LogicalCluster>>>,
    /// Also those that are gone, since watches still have to hear of that.
    all: RwLock<Vec<Arc<LogicalCluster>>>,
    /// The URL, once it is served: of the front proxy, and of the first shard.
    pub(in crate::kube) base: RwLock<String>,
    /// The further shards that are or were served.
    pub(in crate::kube) shards: RwLock<Vec<FurtherShard>>,
    /// The virtual workspaces of each shard show the workspaces of all.
    pub(in crate::kube) everywhere: AtomicBool,
    /// New workspaces stay in `Initializing`.
    pub(in crate::kube) hold: AtomicBool,
    /// Held while the controllers run.
    pub(super) controlling: Mutex<()>,
}

/// A shard besides the first, by its number from 1 on.
#[derive(Debug, Clone)]
pub(in crate::kube) struct FurtherShard {
    pub(in crate::kube) base: String,
    /// It answers.
    pub(in crate::kube) runs: bool,
    /// The endpoint slices of exports have it.
    pub(in crate::kube) has_endpoint: bool,
}

/// A logical cluster: what a workspace is stored in.
#[derive(Debug)]
pub(in crate::kube) struct LogicalCluster {
    /// Its name: the one in `kcp.io/cluster`.
    pub(in crate::kube) name: String,
    /// The path of its workspace.
    pub(in crate::kube) path: String,
    pub(in crate::kube) inner: Arc<Inner>,
    /// The number of its shard.
    pub(in crate::kube) shard: usize,
    /// The exports whose resources it serves, by group and plural.
    pub(super) bound: Mutex<BTreeMap<(String, String), Bound>>,
}

/// Where a bound resource comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bound {
    /// The logical cluster of the export.
    pub(super) cluster: String,
    pub(super) export: String,
    /// The name of the `APIBinding`.
    pub(super) binding: String,
    /// False once it is unbound. What was is remembered for watches.
    pub(super) is_served: bool,
}

impl LogicalCluster {
    /// A client of kcp's controllers.
    pub(super) fn objects(&self) -> Objects {
        Objects::new(Arc::clone(&self.inner)).managed_by(MANAGER)
    }

    /// Where it has a resource from; `None` if it is none of an export.
    pub(super) fn source(&self, group: &str, plural: &str) -> Option<Bound> {
        let key = (group.to_owned(), plural.to_owned());
        self.bound.lock().get(&key).cloned()
    }
}

impl Instance {
    /// A kcp with nothing in it.
    pub(in crate::kube) fn new(front: Inner) -> Self {
        Self {
            front: Arc::new(front),
            shard: Arc::default(),
            index: RwLock::default(),
            all: RwLock::default(),
            base: RwLock::default(),
            shards: RwLock::default(),
            everywhere: AtomicBool::new(false),
            hold: AtomicBool::new(false),
            controlling: Mutex::default(),
        }
    }

    /// The logical cluster of this name, or of the workspace of this path.
    pub(in crate::kube) fn find(&self, name_or_path: &str) -> Option<Arc<LogicalCluster>> {
        self.index.read().get(name_or_path).cloned()
    }

    /// All logical clusters, with those that are gone.
    pub(super) fn all(&self) -> Vec<Arc<LogicalCluster>> {
        self.all.read().clone()
    }

    /// Adds a logical cluster.
    pub(super) fn add(&self, name: &str, path: &str, shard: usize) -> Arc<LogicalCluster> {
        let inner = Inner::workspace(path, name, &self.front, &self.shard);
        let cluster = Arc::new(LogicalCluster {
            name: name.to_owned(),
            path: path.to_owned(),
            inner: Arc::new(inner),
            shard,
            bound: Mutex::default(),
        });
        let mut index = self.index.write();
        index.insert(name.to_owned(), Arc::clone(&cluster));
        index.insert(path.to_owned(), Arc::clone(&cluster));
        self.all.write().push(Arc::clone(&cluster));
        cluster
    }

    /// Forgets a logical cluster whose workspace is gone, and those below it.
    pub(super) fn remove(&self, path: &str) -> Vec<Arc<LogicalCluster>> {
        let below = format!("{path}:");
        let mut removed = Vec::new();
        self.index.write().retain(|key, cluster| {
            let goes = cluster.path == path || cluster.path.starts_with(&below);
            if goes && *key == cluster.name {
                removed.push(Arc::clone(cluster));
            }
            !goes
        });
        removed
    }

    /// Whether the shard of this number answers.
    pub(super) fn runs(&self, shard: usize) -> bool {
        let shards = self.shards.read();
        let further = shard.checked_sub(1).and_then(|index| shards.get(index));
        further.is_none_or(|further| further.runs)
    }

    /// The URLs of the shards that endpoint slices have.
    pub(super) fn endpoint_bases(&self) -> Vec<String> {
        let shards = self.shards.read();
        let further = shards.iter().filter(|shard| shard.has_endpoint);
        let first = std::iter::once(self.base.read().clone());
        first.chain(further.map(|shard| shard.base.clone())).collect()
    }

    /// True while new workspaces stay in `Initializing`.
    pub(super) fn holds(&self) -> bool {
        self.hold.load(Ordering::SeqCst)
    }
}

/// Kinds of kcp.
pub(in crate::kube) fn kind(name: &str) -> GroupKind {
    let group = match name {
        "Workspace" => "tenancy.kcp.io",
        "LogicalCluster" => "core.kcp.io",
        _ => "apis.kcp.io",
    };
    GroupKind::new(group, name)
}
