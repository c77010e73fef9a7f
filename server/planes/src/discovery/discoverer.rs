//! The task that discovers what a control plane offers and starts watching its claims.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures::{StreamExt as _, stream};
use portico_domain::names::OfferingName;
use serde_json::Value;
use tokio::task::JoinSet;

use super::Kind;
use super::composites::Composites;
use super::fetch::{DefinitionPages, Due, WantedKind, fetch};
use super::state::{CrdHandler, CrdMeta, DiscoveryState, XrdHandler};
use crate::client::Call;
use crate::error::PlaneError;
use crate::plane::claim_watches::ClaimWatches;
use crate::plane::{InitialSync, PlaneContext};
use crate::stream::{Collection, run_watch};
use crate::workspace::{follow_bindings, until_known};

pub(super) const CRDS_PATH: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const XRD_GROUP: &str = "apiextensions.crossplane.io";
const XRD_PLURAL: &str = "compositeresourcedefinitions";
/// Wait for more changes before reacting.
const DEBOUNCE: Duration = Duration::from_millis(20);
/// CRDs fetched at once.
const CONCURRENT_FETCHES: usize = 4;
/// So many are read in pages, if they are half of all definitions.
const MIN_BULK: usize = 50;
/// How often the catalog shows what was read so far.
const PUBLISH_INTERVAL: Duration = Duration::from_millis(250);
/// How often to poll what cannot be watched.
const POLL_INTERVAL: Duration = Duration::from_secs(15);
/// How often to poll what Portico may not read, or for Crossplane, where its CRD cannot be watched.
const FORBIDDEN_POLL_INTERVAL: Duration = Duration::from_mins(1);
/// How often to check whether a new API is served yet.
const NEW_API_POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How many times to check.
const NEW_API_POLLS: u32 = 30;
/// Pause after an error.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Keeps the offerings of a control plane up to date for as long as the future is polled. Drops `initial_sync` once the
/// offerings and their claims have been read. Returns if another workspace of kcp answers than before.
pub(crate) async fn discover(context: PlaneContext, initial_sync: InitialSync) {
    let state = Arc::new(DiscoveryState::default());
    // Dropping this future ends the watches.
    let mut tasks = JoinSet::new();
    if let Some(workspace) = context.client.workspace() {
        let path = workspace.path.clone();
        until_known(&context, &path).await;
        tasks.spawn(follow_bindings(context.clone(), path, state.clone()));
    } else {
        let _ = state.set_bound(BTreeMap::new());
    }
    let document = context.plane.offer.document.load_full();
    if document
        .spec
        .kcp
        .as_ref()
        .is_some_and(|kcp| !kcp.exports.is_empty())
    {
        state.has_no_definitions();
    } else {
        let handler = Arc::new(CrdHandler {
            state: state.clone(),
            plane: context.plane.clone(),
        });
        let crds = Collection {
            path: CRDS_PATH.to_owned(),
            metadata_only: true,
            ..Collection::default()
        };
        tasks.spawn(run_watch(
            context.client.clone(),
            crds,
            handler,
            context.limiter.clone(),
            context.plane.reconnected.subscribe(),
        ));
        tasks.spawn(watch_xrds(context.clone(), state.clone()));
    }
    let mut discoverer = Discoverer::new(context, state, initial_sync);
    let mut configured = discoverer.context.shared.configured.subscribe();
    loop {
        discoverer.reconcile().await;
        let pause = discoverer.pause();
        tokio::select! {
            () = discoverer.state.changed.notified() => tokio::time::sleep(DEBOUNCE).await,
            // Nothing of the connection holds for another workspace.
            () = discoverer.state.replaced.notified() => return,
            changed = configured.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Watches XRDs as soon as their API is served.
async fn watch_xrds(context: PlaneContext, state: Arc<DiscoveryState>) {
    let mut fast_polls = 0_u32;
    loop {
        let group = context
            .client
            .request_json(Call::get(format!("/apis/{XRD_GROUP}")))
            .await;
        let versions = group
            .as_ref()
            .ok()
            .and_then(|(_, group)| group.get("versions"))
            .and_then(Value::as_array);
        let served = |wanted: &str| {
            versions.is_some_and(|all| {
                all.iter()
                    .any(|it| it.get("version").and_then(Value::as_str) == Some(wanted))
            })
        };
        if let Some(version) = ["v2", "v1"].into_iter().find(|version| served(version)) {
            let handler = Arc::new(XrdHandler {
                state: state.clone(),
                plane: context.plane.clone(),
            });
            let collection = Collection {
                path: format!("/apis/{XRD_GROUP}/{version}/{XRD_PLURAL}"),
                metadata_only: false,
                ..Collection::default()
            };
            run_watch(
                context.client.clone(),
                collection,
                handler,
                context.limiter.clone(),
                context.plane.reconnected.subscribe(),
            )
            .await;
            return;
        }
        if matches!(
            group,
            Err(PlaneError::NotFound { .. } | PlaneError::Forbidden { .. })
        ) && !state.xrds_listed.load(Ordering::Relaxed)
        {
            state.no_xrds();
        }
        let pause = match group {
            _ if fast_polls > 0 => NEW_API_POLL_INTERVAL,
            Ok(_) | Err(PlaneError::NotFound { .. } | PlaneError::Forbidden { .. }) => {
                FORBIDDEN_POLL_INTERVAL
            }
            Err(_) => RETRY_DELAY,
        };
        fast_polls = fast_polls.saturating_sub(1);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = state.crossplane_installed.notified() => fast_polls = NEW_API_POLLS,
        }
    }
}

struct Discoverer {
    context: PlaneContext,
    state: Arc<DiscoveryState>,
    found: BTreeMap<OfferingName, FetchedKind>,
    watches: ClaimWatches,
    composites: Composites,
    /// Not offered any more, and without claims.
    dismissed: BTreeSet<OfferingName>,
    /// Dropped once everything has been read.
    initial_sync: Option<InitialSync>,
}

/// A fetched CRD. It is fetched again only if its version or the reasons for wanting it change.
struct FetchedKind {
    wanted: WantedKind,
    version: String,
    kind: Option<Arc<Kind>>,
    /// Portico may not read it.
    refused: bool,
}

impl Discoverer {
    /// Starts from what an earlier connection discovered.
    fn new(context: PlaneContext, state: Arc<DiscoveryState>, initial_sync: InitialSync) -> Self {
        let known = context.plane.offer.kinds.load_full();
        let known = known.iter().map(|(name, kind)| {
            let found = FetchedKind {
                wanted: WantedKind::default(),
                version: String::new(),
                kind: Some(kind.clone()),
                refused: false,
            };
            (name.clone(), found)
        });
        Self {
            watches: ClaimWatches::new(context.clone()),
            composites: Composites::new(context.clone()),
            dismissed: BTreeSet::new(),
            found: known.collect(),
            context,
            state,
            initial_sync: Some(initial_sync),
        }
    }

    /// The pause before the next look if nothing notifies.
    fn pause(&self) -> Duration {
        let is_unread = |found: &&FetchedKind| found.version.is_empty();
        // A kind that is not offered any more is dropped with its last claim.
        let retired = self.found.iter().filter(|(_, found)| found.wanted.retired);
        let unlisted = |(name, _): (&OfferingName, &FetchedKind)| !self.context.plane.is_listed(name);
        let mut retired = retired.peekable();
        if retired.peek().is_some() {
            return if retired.any(unlisted) {
                NEW_API_POLL_INTERVAL
            } else {
                POLL_INTERVAL
            };
        }
        let unread = || self.found.values().filter(is_unread);
        if self.state.crds_forbidden.load(Ordering::Relaxed) || unread().any(|found| !found.refused) {
            POLL_INTERVAL
        } else if unread().next().is_some() {
            FORBIDDEN_POLL_INTERVAL
        } else {
            Duration::from_hours(1)
        }
    }

    async fn reconcile(&mut self) {
        let mut complete = self.state.is_complete();
        let wanted_kinds = self.wanted_kinds();
        if complete {
            let removed: Vec<OfferingName> = self
                .found
                .keys()
                .filter(|name| !wanted_kinds.contains_key(*name))
                .cloned()
                .collect();
            self.found.retain(|name, _| wanted_kinds.contains_key(name));
            self.dismissed.extend(removed);
        }
        self.dismissed.retain(|name| !wanted_kinds.contains_key(name));
        let due: BTreeMap<OfferingName, Due> = wanted_kinds
            .into_iter()
            .filter_map(|(name, (wanted, version))| {
                let known = self.found.get(&name);
                let is_known = known
                    .is_some_and(|it| it.wanted == wanted && it.version == version && !version.is_empty());
                (!is_known).then_some((name, Due { wanted, version }))
            })
            .collect();
        let due = self.read_in_bulk(due).await;
        let context = self.context.clone();
        let mut fetched = stream::iter(due)
            .map(|(name, due)| {
                let context = context.clone();
                async move {
                    let kind = fetch(&context, &name, &due.wanted).await;
                    (name, due, kind)
                }
            })
            .buffer_unordered(CONCURRENT_FETCHES);
        while let Some((name, due, kind)) = fetched.next().await {
            complete &= self.keep(name, due, kind);
        }
        drop(fetched);
        self.publish();
        if complete {
            self.context.plane.discovered.store(true, Ordering::Relaxed);
            self.initial_sync = None;
        }
    }

    /// Reads what is due page by page, if that is a good part of all definitions. Returns what is left.
    async fn read_in_bulk(&mut self, due: BTreeMap<OfferingName, Due>) -> BTreeMap<OfferingName, Due> {
        let all = self.state.crds.lock().len();
        if due.len() < MIN_BULK || due.len() * 2 < all {
            return due;
        }
        let due = Arc::new(due);
        let mut read = BTreeSet::new();
        let mut pages = DefinitionPages::new(self.context.clone(), due.clone());
        let mut published: Option<Instant> = None;
        while let Some(kinds) = pages.next().await {
            for (name, kind) in kinds {
                if let Some(due) = due.get(&name) {
                    self.keep(name.clone(), due.clone(), Ok(kind));
                    read.insert(name);
                }
            }
            if published.is_none_or(|at| at.elapsed() > PUBLISH_INTERVAL) {
                self.publish_offers();
                published = Some(Instant::now());
            }
        }
        let left = due.iter().filter(|(name, _)| !read.contains(*name));
        left.map(|(name, due)| (name.clone(), due.clone())).collect()
    }

    /// Keeps what was read of a kind. False if it must be read again, and there may be more offerings than are known.
    fn keep(&mut self, name: OfferingName, due: Due, kind: Result<Option<Arc<Kind>>, PlaneError>) -> bool {
        let Due { wanted, version } = due;
        match kind {
            Ok(kind) => {
                let found = FetchedKind {
                    wanted,
                    version,
                    kind,
                    refused: false,
                };
                self.found.insert(name, found);
                true
            }
            Err(PlaneError::NotFound { .. }) => {
                self.found.remove(&name);
                true
            }
            Err(error) => {
                self.context.plane.record_error(format!("{name}: {error}"));
                // What Portico may not read counts as read; after another error there may be more offerings.
                let refused = matches!(error, PlaneError::Forbidden { .. });
                // Keep what is known, and fetch it again later.
                if let Some(found) = self.found.get_mut(&name) {
                    found.version.clear();
                    found.refused = refused;
                } else {
                    let found = FetchedKind {
                        wanted,
                        version: String::new(),
                        kind: None,
                        refused,
                    };
                    self.found.insert(name, found);
                }
                refused
            }
        }
    }

    fn publish(&mut self) {
        let kinds = self.publish_offers();
        self.watches.set_kinds(&kinds, self.initial_sync.as_ref());
        self.composites.set_kinds(&kinds);
        self.report_xrds();
    }

    /// Puts what is known into the catalog.
    fn publish_offers(&self) -> Arc<BTreeMap<OfferingName, Arc<Kind>>> {
        let kinds: BTreeMap<OfferingName, Arc<Kind>> = self
            .found
            .iter()
            .filter_map(|(name, found)| found.kind.clone().map(|kind| (name.clone(), kind)))
            .chain(self.bound_kinds())
            .collect();
        let kinds = Arc::new(kinds);
        let before = self.context.plane.offer.kinds.swap(kinds.clone());
        if before.keys().ne(kinds.keys()) {
            self.context.plane.rights.request_review();
        }
        self.context.shared.rebuild_catalog();
        kinds
    }

    /// The kinds of bindings that a document names or a label offers.
    fn bound_kinds(&self) -> Vec<(OfferingName, Arc<Kind>)> {
        let desired = self.context.shared.desired.load();
        let bound = self.state.bound.lock();
        let offered = bound
            .iter()
            .flatten()
            .filter(|(name, bound)| bound.offered || desired.offerings.contains_key(*name));
        offered
            .map(|(name, bound)| (name.clone(), bound.kind.clone()))
            .collect()
    }

    /// Reports XRDs that have no effect to administrators.
    fn report_xrds(&self) {
        const SKIPPED_SUBJECT: &str = "composite resource definitions";
        let plane = &self.context.plane;
        let problems: Vec<String> = {
            let crds = self.state.crds.lock();
            let xrds = self.state.xrds.lock();
            let offered = xrds.iter().filter(|(_, xrd)| xrd.offered);
            offered
                .filter_map(|(name, xrd)| {
                    let maker = crds.get(&xrd.crd).map(|crd| crd.made_by.as_deref());
                    let why = match maker {
                        Some(Some(maker)) if maker != name => {
                            Some(format!("{} is defined by {maker} already", xrd.crd))
                        }
                        Some(None) => Some(format!(
                            "{} is there already, and not made by Crossplane",
                            xrd.crd
                        )),
                        _ => xrd.problem.clone(),
                    };
                    Some(format!("{SKIPPED_SUBJECT}: {name}: {}", why?))
                })
                .collect()
        };
        plane.clear_skipped(SKIPPED_SUBJECT);
        for problem in problems {
            plane.record_skipped(&problem);
        }
    }

    /// True if there may be claims of an offering that is not offered any more.
    fn has_claims(&self, offering: &OfferingName) -> bool {
        let plane = &self.context.plane;
        plane.claims.has_claims_of(offering) || !plane.is_listed(offering)
    }

    /// The wanted CRDs with their resource versions.
    fn wanted_kinds(&self) -> BTreeMap<OfferingName, (WantedKind, String)> {
        let desired = self.context.shared.desired.load();
        let crds = self.state.crds.lock();
        let xrds = self.state.xrds.lock();
        let crds_forbidden = self.state.crds_forbidden.load(Ordering::Relaxed);
        // If two XRDs define one CRD, the one that Crossplane created the CRD for.
        let mut by_crd: BTreeMap<&str, _> = BTreeMap::new();
        for (name, xrd) in &*xrds {
            let made_by = crds.get(&xrd.crd).and_then(|crd| crd.made_by.as_deref());
            if made_by == Some(name) || !by_crd.contains_key(xrd.crd.as_str()) {
                by_crd.insert(xrd.crd.as_str(), xrd);
            }
        }
        // Crossplane copies an XRD's labels to the CRDs of both the composite and the claim; people ask for one of
        // them. If XRDs cannot be read, `fetch` decides.
        let unread = xrds.is_empty() && self.state.xrds_listed.load(Ordering::Relaxed);
        let is_requestable =
            |name: &str, crd: &CrdMeta| !crd.by_crossplane || unread || by_crd.contains_key(name);
        let labelled = crds
            .iter()
            .filter(|(name, crd)| crd.offered && is_requestable(name, crd))
            .map(|(name, _)| name.as_str());
        let composed = by_crd
            .values()
            .filter(|xrd| xrd.offered)
            .map(|xrd| xrd.crd.as_str());
        let named = desired.offerings.keys().map(OfferingName::as_str);
        let offered: BTreeSet<&str> = labelled.chain(composed).chain(named).collect();
        let remembered = self.context.shared.remembered.load();
        let known = self.found.iter().filter(|(_, found)| found.kind.is_some());
        let retired: BTreeSet<&str> = known
            .map(|(name, _)| name)
            .chain(remembered.iter())
            .filter(|name| !offered.contains(name.as_str()) && !self.dismissed.contains(*name))
            .filter(|name| !self.found.contains_key(*name) || self.has_claims(name))
            .map(OfferingName::as_str)
            .collect();
        offered
            .iter()
            .map(|name| (*name, false))
            .chain(retired.into_iter().map(|name| (name, true)))
            .filter_map(|(name, retired)| {
                let version = match crds.get(name) {
                    Some(crd) => crd.version.clone(),
                    None if crds_forbidden => String::new(),
                    None => return None,
                };
                let offering = OfferingName::new(name).ok()?;
                let xrd = by_crd.get(name);
                let document = desired.offerings.get(&offering);
                let wanted = WantedKind {
                    named: document.is_some(),
                    claim_kind: xrd.map(|xrd| xrd.claim_kind),
                    annotations: xrd.map(|xrd| Box::new(xrd.annotations.clone())),
                    version: desired
                        .offerings
                        .get(&offering)
                        .and_then(|document| document.spec.version.clone()),
                    composite: xrd.and_then(|xrd| xrd.composite.clone()).map(Box::new),
                    retired,
                };
                Some((offering, (wanted, version)))
            })
            .collect()
    }
}
