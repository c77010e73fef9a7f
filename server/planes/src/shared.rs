//! State shared by the registry and the tasks of all control planes: documents, catalog, changes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use portico_domain::claim::{ClaimRef, HealthRules};
use portico_domain::documents::{ControlPlane, Offering, Tenant};
use portico_domain::names::{OfferingName, PlaneName, TenantName};
use portico_domain::ownership::Ownership;
use portico_domain::publication::ConsumerNamespace;
use tokio::sync::{broadcast, watch};

use crate::agent::AgentTransport;
use crate::cache::{ClaimChange, DocumentRules, Pool};
use crate::catalog::{Catalog, Offered};
use crate::cluster::{ClusterRegister, Clusters};
use crate::connect::SharedClients;
use crate::discovery::{Definitions, Kind};
use crate::workspace::{ExportWatches, Schemas};

/// Changes buffered for a slow subscriber. One that falls further behind is told that it missed some.
const CHANGE_BUFFER: usize = 4096;

/// Default of [`Planes::set_cache_limit`].
const DEFAULT_CACHE_BYTES: usize = 1 << 30;

/// Settings of the registry besides the documents.
#[derive(Clone, Default)]
pub struct Settings {
    /// The folder that relative kubeconfig paths are relative to. Default: the working directory.
    pub kubeconfig_base: Option<PathBuf>,
    /// Carries calls to control planes that are reached through agents. Without it none is connected.
    pub agents: Option<Arc<dyn AgentTransport>>,
    /// How often a control plane that answers is asked whether it still does, and still accepts Portico's credentials.
    /// Default: a minute, or ten seconds if its connections would not notice that nobody answers.
    pub probe_interval: Option<Duration>,
    /// Keeps which cluster answers for each control plane. Without it, whichever answers is taken for the right one.
    pub clusters: Option<Arc<dyn ClusterRegister>>,
}

/// The documents that [`Planes::configure_all`] applies.
///
/// [`Planes::configure_all`]: crate::Planes::configure_all
#[derive(Debug, Clone, Default)]
pub struct Documents {
    /// The control planes.
    pub control_planes: Vec<ControlPlane>,
    /// What they offer.
    pub offerings: Vec<Offering>,
    /// The tenants.
    pub tenants: Vec<Tenant>,
    /// The namespaces of the consumers of tenants' services.
    pub consumers: Vec<ConsumerNamespace>,
    /// The name of the `Portal` document. Without it no claim is taken for another portal's.
    pub portal: Option<Arc<str>>,
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
    /// What each control plane offers.
    pub(crate) offers: ArcSwap<BTreeMap<PlaneName, Arc<Offer>>>,
    pub(crate) catalog: ArcSwap<Catalog>,
    /// The parsed definitions of all control planes.
    pub(crate) definitions: Definitions,
    /// Which cluster answered for each control plane.
    pub(crate) clusters: Clusters,
    rebuilding: Mutex<()>,
    pub(crate) changes: broadcast::Sender<Change>,
    /// The HTTP clients of workspaces of kcp.
    pub(crate) clients: SharedClients,
    /// The watches of exports of kcp.
    pub(crate) exports: ExportWatches,
    /// The kinds of exports of kcp.
    pub(crate) schemas: Schemas,
}

/// The documents.
#[derive(Debug, Clone, Default)]
pub(crate) struct Desired {
    pub(crate) offerings: BTreeMap<OfferingName, Offering>,
    /// Compiled health expressions.
    pub(crate) health: BTreeMap<OfferingName, Arc<HealthRules>>,
    pub(crate) ownership: Ownership,
    /// The portal's name.
    pub(crate) portal: Option<Arc<str>>,
}

impl Desired {
    /// What the documents say about the claims of the offering.
    pub(crate) fn rules(&self, offering: &OfferingName) -> DocumentRules {
        let document = self.offerings.get(offering);
        DocumentRules {
            access: document
                .map(|document| document.spec.access.clone())
                .unwrap_or_default(),
            health: self.health.get(offering).cloned(),
            portal: self.portal.clone(),
        }
    }
}

/// Compiles health expressions. The configuration is already checked, so errors are skipped.
pub(crate) fn health_rules(offerings: &[Offering]) -> BTreeMap<OfferingName, Arc<HealthRules>> {
    offerings
        .iter()
        .filter_map(|offering| {
            let rules = HealthRules::compile(&offering.spec.health).ok()?;
            (!rules.is_empty()).then(|| (offering.name.clone(), Arc::new(rules)))
        })
        .collect()
}

/// What a control plane offers: its document and the kinds that were discovered there.
pub(crate) struct Offer {
    pub(crate) document: ArcSwap<ControlPlane>,
    pub(crate) kinds: ArcSwap<BTreeMap<OfferingName, Arc<Kind>>>,
}

impl Offer {
    pub(crate) fn new(document: ControlPlane) -> Self {
        Self {
            document: ArcSwap::from_pointee(document),
            kinds: ArcSwap::default(),
        }
    }
}

impl Shared {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            pool: Pool::new(DEFAULT_CACHE_BYTES),
            desired: ArcSwap::default(),
            remembered: ArcSwap::default(),
            configured: watch::Sender::new(0),
            offers: ArcSwap::default(),
            catalog: ArcSwap::default(),
            definitions: Definitions::default(),
            clusters: Clusters::default(),
            rebuilding: Mutex::new(()),
            changes: broadcast::Sender::new(CHANGE_BUFFER),
            clients: SharedClients::default(),
            exports: ExportWatches::default(),
            schemas: Schemas::default(),
        }
    }

    /// Notifies subscribers, if there are any.
    pub(crate) fn publish(&self, change: Change) {
        let _ = self.changes.send(change);
    }

    /// Notifies subscribers of a changed claim.
    pub(crate) fn publish_claim(&self, change: ClaimChange) {
        self.publish(Change::Claim {
            reference: change.reference,
            tenant: change.tenant,
            deleted: change.deleted,
        });
    }

    /// Rebuilds the catalog and notifies subscribers if it changed.
    pub(crate) fn rebuild_catalog(&self) {
        let _guard = self.rebuilding.lock();
        let desired = self.desired.load();
        let offers = self.offers.load();
        let snapshots: Vec<_> = offers
            .iter()
            .map(|(name, offer)| (name, offer.document.load_full(), offer.kinds.load_full()))
            .collect();
        let mut served: BTreeMap<&OfferingName, Vec<_>> =
            desired.offerings.keys().map(|name| (name, Vec::new())).collect();
        // Control planes that are claims come last, since their tenants may do there what they like: they serve
        // offerings that documents name or that others serve, and neither add to the catalog nor say what it shows.
        for claimed in [false, true] {
            for (plane, document, kinds) in &snapshots {
                if document.claim().is_some() != claimed {
                    continue;
                }
                for (offering, kind) in kinds.iter() {
                    if claimed && !served.contains_key(offering) {
                        continue;
                    }
                    let dedicated = document.spec.dedicated_to.as_slice();
                    served
                        .entry(offering)
                        .or_default()
                        .push((*plane, dedicated, kind));
                }
            }
        }
        let before = self.catalog.load();
        let offerings: BTreeMap<OfferingName, Arc<Offered>> = served
            .into_iter()
            .map(|(name, kinds)| {
                let offered = Offered::assemble(name, desired.offerings.get(name), &kinds);
                let unchanged = before
                    .offerings
                    .get(name)
                    .filter(|old| ***old == offered)
                    .cloned();
                (name.clone(), unchanged.unwrap_or_else(|| Arc::new(offered)))
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
        self.publish(Change::Catalog { generation });
    }
}
