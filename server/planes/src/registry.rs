//! The registry of control planes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use parking_lot::Mutex;
use portico_domain::authz::Visible;
use portico_domain::claim::{Claim, ClaimRef};
use portico_domain::documents::{ControlPlane, Offering, Tenant};
use portico_domain::names::{OfferingName, PlaneName};
use portico_domain::ownership::{Ownership, RecordedClaim};
use portico_domain::placement::NotUsable;
use portico_domain::tenancy::Scope;
use tokio::sync::broadcast;
use tokio::task::AbortHandle;

use crate::cache::ClaimChange;
use crate::catalog::Catalog;
use crate::claims::ClaimFilter;
use crate::client::ApiClient;
use crate::error::PlaneError;
use crate::plane::{Plane, run_connection};
use crate::shared::{Change, Desired, Documents, Settings, Shared, health_rules};
use crate::status::{PlaneStatus, PlaneSummary};

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
    planes: ArcSwap<BTreeMap<PlaneName, Arc<Plane>>>,
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

impl Planes {
    /// A registry without control planes, see [`Planes::configure`].
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self(Arc::new(Registry {
            shared: Arc::new(Shared::new(settings)),
            planes: ArcSwap::default(),
            tasks: Mutex::default(),
            configuring: Mutex::default(),
        }))
    }

    /// Applies a configuration: connects to new control planes, disconnects removed ones, reconnects those whose
    /// connection settings changed, and keeps the rest. Call it at start and on every reload, within a tokio runtime.
    /// Never waits for a control plane, but reads all claims again, so call it on a thread that may block.
    pub fn configure(&self, planes: Vec<ControlPlane>, offerings: Vec<Offering>, tenants: &[Tenant]) {
        self.configure_all(Documents {
            control_planes: planes,
            offerings,
            tenants: tenants.to_vec(),
            ..Documents::default()
        });
    }

    /// Returns the name of the portal, see [`Documents::portal`].
    #[must_use]
    pub fn portal(&self) -> Option<Arc<str>> {
        self.0.shared.desired.load().portal.clone()
    }

    /// As [`Planes::configure`], with all that the documents say.
    pub fn configure_all(&self, documents: Documents) {
        let Documents {
            control_planes: planes,
            offerings,
            tenants,
            consumers,
            portal,
        } = documents;
        let shared = &self.0.shared;
        let _guard = self.0.configuring.lock();
        let tasks = self.0.tasks.lock();
        let desired = Desired {
            health: health_rules(&offerings),
            offerings: offerings
                .into_iter()
                .map(|offering| (offering.name.clone(), offering))
                .collect(),
            portal,
            ownership: Ownership::of(&tenants, &planes)
                .with_consumers(consumers)
                .with_record_of(&shared.desired.load().ownership),
        };
        shared.desired.store(Arc::new(desired));
        let before = self.0.planes.load_full();
        let mut after: BTreeMap<PlaneName, Arc<Plane>> = BTreeMap::new();
        let mut start = Vec::new();
        for document in planes {
            let name = document.name.clone();
            let plane = if let Some(plane) = before.get(&name) {
                let old = plane.offer.document.swap(Arc::new(document.clone()));
                if !is_same_connection(&old, &document) {
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
        let removed: Vec<PlaneName> = before
            .keys()
            .filter(|name| !after.contains_key(*name))
            .cloned()
            .collect();
        let desired = shared.desired.load_full();
        let mut moved = Vec::new();
        drop(tasks);
        for plane in after.values() {
            moved.extend(plane.claims.rebuild(
                || shared.desired.load().ownership.clone(),
                |offering| desired.rules(offering),
            ));
        }
        let mut tasks = self.0.tasks.lock();
        let affected: Vec<PlaneName> = after.keys().chain(&removed).cloned().collect();
        let sizes = after.values().map(|plane| plane.claims.bytes());
        shared.pool.set_planes(sizes.collect());
        let offers = after
            .iter()
            .map(|(name, plane)| (name.clone(), plane.offer.clone()));
        shared.offers.store(Arc::new(offers.collect()));
        shared.clusters.retain(|plane| after.contains_key(plane));
        self.0.planes.store(Arc::new(after));
        for name in removed {
            if let Some(task) = tasks.remove(&name) {
                task.abort();
            }
            if let Some(plane) = before.get(&name) {
                moved.extend(plane.claims.clear());
            }
        }
        for plane in start {
            let name = plane.name.clone();
            let stored = Arc::new(self.downgrade());
            let task = tokio::spawn(run_connection(shared.clone(), plane, stored));
            if let Some(old) = tasks.insert(name, task.abort_handle()) {
                old.abort();
            }
        }
        shared.rebuild_catalog();
        shared.configured.send_modify(|times| *times += 1);
        for name in affected {
            shared.publish(Change::Plane(name));
        }
        for change in moved {
            shared.publish_claim(change);
        }
    }

    /// Adds claims and their owners from the audit log: cluster-scoped ones, and those of consumers of tenants' services.
    /// Nothing else says who owns such a claim.
    pub fn add_recorded_claims(&self, recorded: Vec<RecordedClaim>) {
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
        for (name, plane) in self.0.planes.load().iter() {
            let of_plane = claims.iter().filter(|claim| claim.plane == *name);
            let moved = plane.claims.update_owners(&ownership, of_plane);
            anything |= !moved.is_empty();
            for change in moved {
                shared.publish_claim(change);
            }
        }
        if anything {
            // Only a row was kept of claims without an owner, so the watches have to list them again.
            shared.configured.send_modify(|times| *times += 1);
        }
    }

    /// Limits the size of all caches together, in bytes (approximate). Half of it is divided equally among the
    /// control planes, so that one that fills its cache does not take the others' share. Objects already cached stay.
    pub fn set_cache_limit(&self, bytes: usize) {
        self.0.shared.pool.set_bytes(bytes);
    }

    /// Sets the offerings that requests were made for: their claims are shown even if nobody offers them any more.
    /// Offerings seen by this process are remembered anyway.
    pub fn remember_offerings(&self, offerings: BTreeSet<OfferingName>) {
        let shared = &self.0.shared;
        shared.remembered.store(Arc::new(offerings));
        shared.configured.send_modify(|times| *times += 1);
    }

    /// The status of all control planes, by name.
    #[must_use]
    pub fn planes(&self) -> Vec<PlaneStatus> {
        self.0
            .planes
            .load()
            .values()
            .map(|plane| plane.status())
            .collect()
    }

    /// The states of all control planes.
    #[must_use]
    pub fn summaries(&self) -> Vec<PlaneSummary> {
        self.0
            .planes
            .load()
            .values()
            .map(|plane| plane.summary())
            .collect()
    }

    /// The state of a control plane.
    #[must_use]
    pub fn summary(&self, name: &PlaneName) -> Option<PlaneSummary> {
        self.0.planes.load().get(name).map(|plane| plane.summary())
    }

    /// The status of a control plane.
    #[must_use]
    pub fn status(&self, name: &PlaneName) -> Option<PlaneStatus> {
        self.0.planes.load().get(name).map(|plane| plane.status())
    }

    /// The logical cluster of the workspace of kcp that a control plane is, as it answered last: its identity. `None` if it is
    /// none, or has not answered.
    #[must_use]
    pub fn logical_cluster(&self, name: &PlaneName) -> Option<Arc<str>> {
        self.0.planes.load().get(name)?.workspace.logical_cluster()
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
        self.claims_where(scope, filter, &|_| true)
    }

    /// As [`Planes::claims`], only those that are `wanted`. That is called for each of the others, with the caches locked,
    /// so it must not take long.
    #[must_use]
    pub fn claims_where(
        &self,
        scope: &Scope,
        filter: &ClaimFilter,
        wanted: &dyn Fn(&Claim) -> bool,
    ) -> Vec<Arc<Claim>> {
        let planes = self.0.planes.load();
        let mut found = Vec::new();
        for (name, plane) in planes.iter() {
            if filter.plane.as_ref().is_none_or(|wanted| wanted == name) {
                plane.claims.select(scope, filter, wanted, &mut found);
            }
        }
        found
    }

    /// A claim with its object; `None` if it does not exist or `scope` may not read it.
    #[must_use]
    pub fn claim(&self, scope: &Scope, reference: &ClaimRef) -> Option<Visible<Arc<Claim>>> {
        self.0
            .planes
            .load()
            .get(&reference.plane)?
            .claims
            .get(scope, reference)
    }

    /// True if the control plane has shown this claim and then its deletion, as far as is remembered.
    #[must_use]
    pub fn has_seen_deleted(&self, plane: &PlaneName, uid: &str) -> bool {
        let planes = self.0.planes.load();
        planes
            .get(plane)
            .is_some_and(|plane| plane.claims.has_seen_deleted(uid))
    }

    /// The claim with its object, for work that serves nobody.
    pub(crate) fn claim_of_anybody(&self, reference: &ClaimRef) -> Option<Arc<Claim>> {
        let planes = self.0.planes.load();
        planes.get(&reference.plane)?.claims.find(reference)
    }

    /// True once a control plane's offerings have been read since Portico started. Before that, an offering that is
    /// not listed may still exist.
    #[must_use]
    pub fn offerings_synced(&self, name: &PlaneName) -> bool {
        let planes = self.0.planes.load();
        let discovered = |plane: &Arc<Plane>| plane.discovered.load(Ordering::Relaxed);
        planes.get(name).is_none_or(discovered)
    }

    /// How many kinds are known that a control plane offers.
    #[must_use]
    pub fn offered_kinds(&self, name: &PlaneName) -> usize {
        let planes = self.0.planes.load();
        planes.get(name).map_or(0, |plane| plane.offer.kinds.load().len())
    }

    /// True once the claims of this kind have been listed since Portico started, so that a missing claim is really
    /// absent.
    #[must_use]
    pub fn claim_synced(&self, reference: &ClaimRef) -> bool {
        let planes = self.0.planes.load();
        let read = |plane: &Arc<Plane>| plane.is_synced(&reference.offering, reference.namespace.as_deref());
        planes.get(&reference.plane).is_none_or(read)
    }

    /// True once all claims of a control plane have been listed since Portico started, as far as Portico may list them,
    /// so that they can be counted.
    #[must_use]
    pub fn claims_synced(&self, name: &PlaneName) -> bool {
        let planes = self.0.planes.load();
        planes.get(name).is_none_or(|plane| plane.is_wholly_synced())
    }

    /// Why Portico's rights do not allow placing a claim of the offering in the namespace; `None` if nothing is known
    /// to forbid it.
    #[must_use]
    pub fn missing_right(
        &self,
        plane: &PlaneName,
        offering: &OfferingName,
        namespace: &str,
    ) -> Option<NotUsable> {
        let planes = self.0.planes.load();
        let plane = planes.get(plane)?;
        let kinds = plane.offer.kinds.load();
        plane
            .rights
            .missing_right(&kinds.get(offering)?.resource, namespace)
    }

    /// Subscribes to changes. A subscriber that gets [`broadcast::error::RecvError::Lagged`] has to read everything
    /// again.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.0.shared.changes.subscribe()
    }

    /// Notifies subscribers.
    pub(crate) fn publish(&self, change: Change) {
        self.0.shared.publish(change);
    }

    /// Notifies subscribers of a changed claim.
    pub(crate) fn publish_claim(&self, change: ClaimChange) {
        self.0.shared.publish_claim(change);
    }

    pub(crate) fn downgrade(&self) -> WeakPlanes {
        WeakPlanes(Arc::downgrade(&self.0))
    }

    pub(crate) fn plane(&self, name: &PlaneName) -> Result<Arc<Plane>, PlaneError> {
        let planes = self.0.planes.load();
        planes.get(name).cloned().ok_or_else(|| PlaneError::Unknown {
            plane: name.to_string(),
        })
    }

    pub(crate) fn client(&self, name: &PlaneName) -> Result<ApiClient, PlaneError> {
        self.plane(name)?.client()
    }
}

/// True if two documents of a control plane need the same connection.
fn is_same_connection(one: &ControlPlane, other: &ControlPlane) -> bool {
    one.spec.connection == other.spec.connection
        && one.spec.kcp == other.spec.kcp
        && one.spec.act_as == other.spec.act_as
        && one.spec.limits == other.spec.limits
        && one.spec.title == other.spec.title
}
