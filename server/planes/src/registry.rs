//! The registry of control planes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use parking_lot::Mutex;
use portico_domain::authz::Visible;
use portico_domain::claim::{Claim, ClaimRef, HealthRules};
use portico_domain::documents::{Access, ControlPlane, Offering, Tenant};
use portico_domain::names::{OfferingName, PlaneName, TenantName};
use portico_domain::ownership::{Ownership, RecordedClaim};
use portico_domain::tenancy::Scope;
use tokio::sync::{broadcast, watch};
use tokio::task::AbortHandle;

use crate::cache::{Pool, Touched};
use crate::catalog::{Catalog, Offered};
use crate::claims::ClaimFilter;
use crate::error::PlaneError;
use crate::plane::watching::tell;
use crate::plane::{Plane, live};
use crate::status::PlaneStatus;
use crate::wire::Wire;

/// Changes buffered for a slow subscriber. One that falls further behind is told that it missed some.
const CHANGES_KEPT: usize = 4096;

/// Default of [`Planes::limit_caches`].
const CACHE_BYTES: usize = 1 << 30;

/// Settings of the registry besides the documents.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The folder that relative kubeconfig paths are relative to. Default: the working directory.
    pub kubeconfig_base: Option<PathBuf>,
}

/// A change that subscribers hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The catalog changed.
    Catalog {
        /// The new generation.
        generation: u64,
    },
    /// A claim was created, changed or deleted.
    Claim {
        /// The claim.
        reference: ClaimRef,
        /// Its tenant.
        tenant: Option<TenantName>,
        /// It was deleted.
        deleted: bool,
    },
    /// A control plane changed its state, or its claims became stale or fresh. All its claims may look different.
    Plane(PlaneName),
}

/// The registry of control planes. Cheap to clone; dropping the last clone closes all connections.
#[derive(Clone)]
pub struct Planes(Arc<Registry>);

/// A reference to the registry that does not keep it alive.
pub(crate) struct WeakPlanes(Weak<Registry>);

impl WeakPlanes {
    pub(crate) fn upgrade(&self) -> Option<Planes> {
        self.0.upgrade().map(Planes)
    }
}

struct Registry {
    shared: Arc<Shared>,
    tasks: Mutex<BTreeMap<PlaneName, AbortHandle>>,
    /// Held while a configuration is applied, which may take long with many claims.
    configuring: Mutex<()>,
}

impl Drop for Registry {
    fn drop(&mut self) {
        for task in self.tasks.lock().values() {
            task.abort();
        }
    }
}

/// State shared by the tasks of all control planes.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    /// The limit of all caches together.
    pub(crate) pool: Pool,
    pub(crate) desired: ArcSwap<Desired>,
    /// Offerings that may have claims although nobody offers them now.
    pub(crate) remembered: ArcSwap<BTreeSet<OfferingName>>,
    /// Changes with each configuration.
    pub(crate) configured: watch::Sender<u64>,
    planes: ArcSwap<BTreeMap<PlaneName, Arc<Plane>>>,
    catalog: ArcSwap<Catalog>,
    rebuilding: Mutex<()>,
    changes: broadcast::Sender<Change>,
}

/// The documents.
#[derive(Debug, Clone, Default)]
pub(crate) struct Desired {
    pub(crate) offerings: BTreeMap<OfferingName, Offering>,
    /// Compiled health expressions.
    health: BTreeMap<OfferingName, Arc<HealthRules>>,
    pub(crate) ownership: Ownership,
}

impl Desired {
    /// The offering's `access`.
    pub(crate) fn access(&self, offering: &OfferingName) -> Access {
        self.offerings
            .get(offering)
            .map(|document| document.spec.access.clone())
            .unwrap_or_default()
    }

    /// The offering's compiled health expressions, if it has any.
    pub(crate) fn health(&self, offering: &OfferingName) -> Option<Arc<HealthRules>> {
        self.health.get(offering).cloned()
    }
}

/// Compiles health expressions. The configuration is already checked, so errors are skipped.
fn health_rules(offerings: &[Offering]) -> BTreeMap<OfferingName, Arc<HealthRules>> {
    offerings
        .iter()
        .filter_map(|offering| {
            let rules = HealthRules::compile(&offering.spec.health).ok()?;
            (!rules.is_empty()).then(|| (offering.name.clone(), Arc::new(rules)))
        })
        .collect()
}

impl Planes {
    /// A registry without control planes, see [`Planes::configure`].
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let shared = Shared {
            settings,
            pool: Pool::new(CACHE_BYTES),
            desired: ArcSwap::default(),
            remembered: ArcSwap::default(),
            configured: watch::Sender::new(0),
            planes: ArcSwap::default(),
            catalog: ArcSwap::default(),
            rebuilding: Mutex::new(()),
            changes: broadcast::Sender::new(CHANGES_KEPT),
        };
        Self(Arc::new(Registry {
            shared: Arc::new(shared),
            tasks: Mutex::default(),
            configuring: Mutex::default(),
        }))
    }

    /// Applies a configuration: connects to new control planes, disconnects removed ones, reconnects those whose
    /// connection settings changed, and keeps the rest. Call it at start and on every reload, within a tokio runtime.
    /// Never waits for a control plane, but reads all claims again, so call it on a thread that may block.
    pub fn configure(&self, planes: Vec<ControlPlane>, offerings: Vec<Offering>, tenants: &[Tenant]) {
        let shared = &self.0.shared;
        let _one_at_a_time = self.0.configuring.lock();
        let tasks = self.0.tasks.lock();
        let desired = Desired {
            health: health_rules(&offerings),
            offerings: offerings
                .into_iter()
                .map(|offering| (offering.name.clone(), offering))
                .collect(),
            ownership: Ownership::of(tenants, &planes).with_record_of(&shared.desired.load().ownership),
        };
        shared.desired.store(Arc::new(desired));
        let before = shared.planes.load_full();
        let mut after: BTreeMap<PlaneName, Arc<Plane>> = BTreeMap::new();
        let mut start = Vec::new();
        for document in planes {
            let name = document.name.clone();
            let plane = if let Some(plane) = before.get(&name) {
                let old = plane.document.swap(Arc::new(document.clone()));
                if !connects_alike(&old, &document) {
                    start.push(plane.clone());
                }
                plane.clone()
            } else {
                let plane = Arc::new(Plane::new(document, Timestamp::now()));
                start.push(plane.clone());
                plane
            };
            after.insert(name, plane);
        }
        let gone: Vec<PlaneName> = before
            .keys()
            .filter(|name| !after.contains_key(*name))
            .cloned()
            .collect();
        let desired = shared.desired.load_full();
        let mut moved = Vec::new();
        drop(tasks);
        for plane in after.values() {
            moved.extend(plane.claims.reread(
                || shared.desired.load().ownership.clone(),
                |offering| (desired.access(offering), desired.health(offering)),
            ));
        }
        let mut tasks = self.0.tasks.lock();
        let touched: Vec<PlaneName> = after.keys().chain(&gone).cloned().collect();
        let held = after.values().map(|plane| plane.claims.bytes());
        shared.pool.set_planes(held.collect());
        shared.planes.store(Arc::new(after));
        for name in gone {
            if let Some(task) = tasks.remove(&name) {
                task.abort();
            }
            if let Some(plane) = before.get(&name) {
                moved.extend(plane.claims.clear());
            }
        }
        for plane in start {
            let name = plane.name.clone();
            let task = tokio::spawn(live(shared.clone(), plane));
            if let Some(old) = tasks.insert(name, task.abort_handle()) {
                old.abort();
            }
        }
        shared.rebuild();
        shared.configured.send_modify(|times| *times += 1);
        for name in touched {
            shared.tell(Change::Plane(name));
        }
        for touched in moved {
            tell(shared, touched);
        }
    }

    /// Adds cluster-scoped claims and their owners from the audit log. Nothing else says who owns such a claim.
    pub fn learn_recorded(&self, recorded: Vec<RecordedClaim>) {
        if recorded.is_empty() {
            return;
        }
        let shared = &self.0.shared;
        // `configure` takes the same lock, so neither overwrites the other's change.
        let _tasks = self.0.tasks.lock();
        let claims: Vec<ClaimRef> = recorded.iter().map(|made| made.claim.clone()).collect();
        let mut desired = Desired::clone(&shared.desired.load());
        desired.ownership = desired.ownership.with_recorded(recorded);
        let ownership = desired.ownership.clone();
        shared.desired.store(Arc::new(desired));
        let mut anything = false;
        for (name, plane) in shared.planes.load().iter() {
            let of_plane = claims.iter().filter(|claim| claim.plane == *name);
            let moved = plane.claims.settle(&ownership, of_plane);
            anything |= !moved.is_empty();
            for touched in moved {
                tell(shared, touched);
            }
        }
        if anything {
            // Only a row was kept of claims without an owner, so the watches have to list them again.
            shared.configured.send_modify(|times| *times += 1);
        }
    }

    /// Limits the size of all caches together, in bytes (approximate). Half of it is divided equally among the
    /// control planes, so that one that fills its cache does not take the others' share. Objects already cached stay.
    pub fn limit_caches(&self, bytes: usize) {
        self.0.shared.pool.set_bytes(bytes);
    }

    /// Sets the offerings that requests were made for: their claims are shown even if nobody offers them any more.
    /// Offerings seen by this process are remembered anyway.
    pub fn remember(&self, offerings: BTreeSet<OfferingName>) {
        let shared = &self.0.shared;
        shared.remembered.store(Arc::new(offerings));
        shared.configured.send_modify(|times| *times += 1);
    }

    /// The status of all control planes, by name.
    #[must_use]
    pub fn planes(&self) -> Vec<PlaneStatus> {
        self.0
            .shared
            .planes
            .load()
            .values()
            .map(|plane| plane.status())
            .collect()
    }

    /// The status of a control plane.
    #[must_use]
    pub fn status(&self, name: &PlaneName) -> Option<PlaneStatus> {
        self.0.shared.planes.load().get(name).map(|plane| plane.status())
    }

    /// The current catalog.
    #[must_use]
    pub fn catalog(&self) -> Arc<Catalog> {
        self.0.shared.catalog.load_full()
    }

    /// The claims that `scope` may read and that match the filter, by control plane, offering, namespace and name.
    /// Without their objects: [`Claim::object`] is null, see [`Planes::claim`].
    #[must_use]
    pub fn claims(&self, scope: &Scope, filter: &ClaimFilter) -> Vec<Arc<Claim>> {
        let planes = self.0.shared.planes.load();
        let mut found = Vec::new();
        for (name, plane) in planes.iter() {
            if filter.plane.as_ref().is_none_or(|wanted| wanted == name) {
                plane.claims.select(scope, filter, &mut found);
            }
        }
        found
    }

    /// A claim with its object; `None` if it does not exist or `scope` may not read it.
    #[must_use]
    pub fn claim(&self, scope: &Scope, reference: &ClaimRef) -> Option<Visible<Arc<Claim>>> {
        self.0
            .shared
            .planes
            .load()
            .get(&reference.plane)?
            .claims
            .get(scope, reference)
    }

    /// The claim with its object, for work that serves nobody.
    pub(crate) fn claim_of_anybody(&self, reference: &ClaimRef) -> Option<Arc<Claim>> {
        let planes = self.0.shared.planes.load();
        planes.get(&reference.plane)?.claims.find(reference)
    }

    /// True once a control plane's offerings have been read since Portico started. Before that, an offering that is
    /// not listed may still exist.
    #[must_use]
    pub fn has_read_offerings(&self, name: &PlaneName) -> bool {
        let planes = self.0.shared.planes.load();
        let discovered = |plane: &Arc<Plane>| plane.discovered.load(Ordering::Relaxed);
        planes.get(name).is_none_or(discovered)
    }

    /// True once the claims of this kind have been listed since Portico started, so that a missing claim is really
    /// absent.
    #[must_use]
    pub fn has_read_claim(&self, reference: &ClaimRef) -> bool {
        let planes = self.0.shared.planes.load();
        let read = |plane: &Arc<Plane>| plane.has_read(&reference.offering, reference.namespace.as_deref());
        planes.get(&reference.plane).is_none_or(read)
    }

    /// Why Portico's rights do not allow placing a claim of the offering in the namespace; `None` if nothing is known
    /// to forbid it.
    #[must_use]
    pub fn obstacle(
        &self,
        plane: &PlaneName,
        offering: &OfferingName,
        namespace: &str,
    ) -> Option<&'static str> {
        let planes = self.0.shared.planes.load();
        let plane = planes.get(plane)?;
        let kinds = plane.kinds.load();
        plane.rights.obstacle(&kinds.get(offering)?.resource, namespace)
    }

    /// Subscribes to changes. A subscriber that gets [`broadcast::error::RecvError::Lagged`] has to read everything
    /// again.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.0.shared.changes.subscribe()
    }

    /// Notifies subscribers of a changed claim.
    pub(crate) fn tell_of_claim(&self, touched: Touched) {
        self.0.shared.tell(Change::Claim {
            reference: touched.reference,
            tenant: touched.tenant,
            deleted: touched.deleted,
        });
    }

    pub(crate) fn downgrade(&self) -> WeakPlanes {
        WeakPlanes(Arc::downgrade(&self.0))
    }

    pub(crate) fn plane(&self, name: &PlaneName) -> Result<Arc<Plane>, PlaneError> {
        let planes = self.0.shared.planes.load();
        planes.get(name).cloned().ok_or_else(|| PlaneError::Unknown {
            plane: name.to_string(),
        })
    }

    pub(crate) fn wire(&self, name: &PlaneName) -> Result<Wire, PlaneError> {
        self.plane(name)?.wire()
    }
}

/// True if two documents of a control plane need the same connection.
fn connects_alike(one: &ControlPlane, other: &ControlPlane) -> bool {
    one.spec.connection == other.spec.connection
        && one.spec.act_as == other.spec.act_as
        && one.spec.limits == other.spec.limits
        && one.spec.title == other.spec.title
}

impl Shared {
    /// Notifies subscribers, if there are any.
    pub(crate) fn tell(&self, change: Change) {
        let _ = self.changes.send(change);
    }

    /// Rebuilds the catalog and notifies subscribers if it changed.
    pub(crate) fn rebuild(&self) {
        let _one_at_a_time = self.rebuilding.lock();
        let desired = self.desired.load();
        let planes = self.planes.load();
        let snapshots: Vec<_> = planes
            .iter()
            .map(|(name, plane)| (name, plane.document.load_full(), plane.kinds.load_full()))
            .collect();
        let mut served: BTreeMap<&OfferingName, Vec<_>> =
            desired.offerings.keys().map(|name| (name, Vec::new())).collect();
        for (plane, document, kinds) in &snapshots {
            for (offering, kind) in kinds.iter() {
                let dedicated = document.spec.dedicated_to.as_slice();
                served
                    .entry(offering)
                    .or_default()
                    .push((*plane, dedicated, kind));
            }
        }
        let before = self.catalog.load();
        let offerings: BTreeMap<OfferingName, Arc<Offered>> = served
            .into_iter()
            .map(|(name, kinds)| {
                let offered = Offered::assemble(name, desired.offerings.get(name), &kinds);
                let kept = before
                    .offerings
                    .get(name)
                    .filter(|old| ***old == offered)
                    .cloned();
                (name.clone(), kept.unwrap_or_else(|| Arc::new(offered)))
            })
            .collect();
        if offerings == before.offerings && before.generation > 0 {
            return;
        }
        let generation = before.generation + 1;
        self.catalog.store(Arc::new(Catalog {
            generation,
            offerings,
        }));
        self.tell(Change::Catalog { generation });
    }
}
