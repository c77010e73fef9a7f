//! The registry of control planes: configured, read and listened to here.

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

/// Changes kept for a subscriber that is slow; one that is slower hears that it missed some.
const CHANGES_KEPT: usize = 4096;

/// What the caches of all control planes may hold together, in bytes, until [`Planes::limit_caches`] says otherwise.
const CACHE_BYTES: usize = 1 << 30;

/// What the registry needs to know besides documents.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The folder from which relative paths of kubeconfigs count; the working directory where
    /// there is none.
    pub kubeconfig_base: Option<PathBuf>,
}

/// Something has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The catalog.
    Catalog {
        /// Its new generation.
        generation: u64,
    },
    /// A claim was made, has changed, or is gone.
    Claim {
        /// Which.
        reference: ClaimRef,
        /// Whose.
        tenant: Option<TenantName>,
        /// It is gone.
        deleted: bool,
    },
    /// A control plane's state, or whether what is known of its claims is in step; all its claims
    /// may look different.
    Plane(PlaneName),
}

/// The registry of control planes. Cheap to clone; when the last clone is dropped, all
/// connections end.
#[derive(Clone)]
pub struct Planes(Arc<Registry>);

/// A registry that does not keep its connections open.
pub(crate) struct WeakPlanes(Weak<Registry>);

impl WeakPlanes {
    pub(crate) fn upgrade(&self) -> Option<Planes> {
        self.0.upgrade().map(Planes)
    }
}

struct Registry {
    shared: Arc<Shared>,
    tasks: Mutex<BTreeMap<PlaneName, AbortHandle>>,
    /// Held while a configuration is taken over, which may take long where there are many claims.
    configuring: Mutex<()>,
}

impl Drop for Registry {
    fn drop(&mut self) {
        for task in self.tasks.lock().values() {
            task.abort();
        }
    }
}

/// What the tasks of all control planes share.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    /// What the caches of all control planes may hold together.
    pub(crate) pool: Pool,
    pub(crate) desired: ArcSwap<Desired>,
    /// Offerings that there may be claims of, whether or not anybody offers them now.
    pub(crate) remembered: ArcSwap<BTreeSet<OfferingName>>,
    /// Changes with each configuration.
    pub(crate) configured: watch::Sender<u64>,
    planes: ArcSwap<BTreeMap<PlaneName, Arc<Plane>>>,
    catalog: ArcSwap<Catalog>,
    rebuilding: Mutex<()>,
    changes: broadcast::Sender<Change>,
}

/// What documents say, apart from the control planes themselves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Desired {
    pub(crate) offerings: BTreeMap<OfferingName, Offering>,
    /// What the documents say of where health stands, compiled.
    health: BTreeMap<OfferingName, Arc<HealthRules>>,
    pub(crate) ownership: Ownership,
}

impl Desired {
    /// What one receives with a claim of the offering.
    pub(crate) fn access(&self, offering: &OfferingName) -> Access {
        self.offerings
            .get(offering)
            .map(|document| document.spec.access.clone())
            .unwrap_or_default()
    }

    /// Where the health of the offering's claims stands, if its document says so.
    pub(crate) fn health(&self, offering: &OfferingName) -> Option<Arc<HealthRules>> {
        self.health.get(offering).cloned()
    }
}

/// Compiles what documents say of health. The configuration was checked: what does not compile is left out.
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
    /// A registry without control planes: [`Planes::configure`] brings them.
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

    /// Takes over a configuration: connects to what is new, lets go of what is gone, connects
    /// anew where a document changed what the connection depends on, and leaves the rest running.
    /// Call it at the start and on every reload, within a tokio runtime. Never waits for a
    /// control plane; but all claims are read again, so call it on a thread that may block.
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

    /// Takes in which cluster-scoped claims Portico made and for whom, as its record has it: nothing else says whose
    /// such a claim is.
    pub fn learn_recorded(&self, recorded: Vec<RecordedClaim>) {
        if recorded.is_empty() {
            return;
        }
        let shared = &self.0.shared;
        // `configure` holds the same lock: neither loses what the other stores.
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
            // Of what was nobody's only a row is held: the streams list the rest.
            shared.configured.send_modify(|times| *times += 1);
        }
    }

    /// Bounds what the caches of all control planes may hold together, in bytes: about. One that fills all that it can
    /// get costs the others nothing of their share, which is half of that divided among them. What is held already
    /// stays.
    pub fn limit_caches(&self, bytes: usize) {
        self.0.shared.pool.set_bytes(bytes);
    }

    /// Names offerings that were asked for once: claims of them are shown though nobody offers them any more. What this
    /// process has seen offered it remembers by itself.
    pub fn remember(&self, offerings: BTreeSet<OfferingName>) {
        let shared = &self.0.shared;
        shared.remembered.store(Arc::new(offerings));
        shared.configured.send_modify(|times| *times += 1);
    }

    /// How all control planes are, by name.
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

    /// How one control plane is.
    #[must_use]
    pub fn status(&self, name: &PlaneName) -> Option<PlaneStatus> {
        self.0.shared.planes.load().get(name).map(|plane| plane.status())
    }

    /// The catalog as it is now.
    #[must_use]
    pub fn catalog(&self) -> Arc<Catalog> {
        self.0.shared.catalog.load_full()
    }

    /// The claims that `scope` may read and the filter matches, by control plane, offering,
    /// namespace and name. Without their objects: [`Claim::object`] is null here, see
    /// [`Planes::claim`].
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

    /// One claim with its object; `None` when it is not there or `scope` may not read it, which look alike.
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

    /// Whether all that a control plane offers is known: it was read since Portico started. Before that, what it was
    /// not seen to offer may be offered all the same.
    #[must_use]
    pub fn has_read_offerings(&self, name: &PlaneName) -> bool {
        let planes = self.0.shared.planes.load();
        let discovered = |plane: &Arc<Plane>| plane.discovered.load(Ordering::Relaxed);
        planes.get(name).is_none_or(discovered)
    }

    /// Whether a claim would be known if it were there: those of its kind were read since Portico started.
    #[must_use]
    pub fn has_read_claim(&self, reference: &ClaimRef) -> bool {
        let planes = self.0.shared.planes.load();
        let read = |plane: &Arc<Plane>| plane.has_read(&reference.offering, reference.namespace.as_deref());
        planes.get(&reference.plane).is_none_or(read)
    }

    /// Why no claim of the offering can be placed in the namespace there, as far as Portico's rights go; `None` where
    /// nothing is known to forbid it.
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

    /// Hears of every change from now on. A subscriber that falls behind gets
    /// [`broadcast::error::RecvError::Lagged`], and has to look at everything again.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.0.shared.changes.subscribe()
    }

    /// Tells whoever listens that a claim looks different.
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

/// Whether two documents of one control plane lead to the same connection.
fn connects_alike(one: &ControlPlane, other: &ControlPlane) -> bool {
    one.spec.connection == other.spec.connection
        && one.spec.act_as == other.spec.act_as
        && one.spec.limits == other.spec.limits
        && one.spec.title == other.spec.title
}

impl Shared {
    /// Tells whoever listens; nobody has to.
    pub(crate) fn tell(&self, change: Change) {
        let _ = self.changes.send(change);
    }

    /// Puts the catalog together anew, and tells of it when it differs.
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
