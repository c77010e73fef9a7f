//! The task that discovers what a control plane offers and starts watching its claims.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::{StreamExt as _, stream};
use portico_domain::claim::ClaimKind;
use portico_domain::documents::ResourceRef;
use portico_domain::names::OfferingName;
use serde_json::Value;
use tokio::task::JoinSet;

use super::Kind;
use super::composites::Composites;
use super::kind::OfferingAnnotations;
use super::seen::{CrdMeta, CrdSink, Seen, XrdSink};
use crate::error::PlaneError;
use crate::plane::watching::Watching;
use crate::plane::{FirstRead, Running};
use crate::stream::{Collection, keep};
use crate::wire::{Call, segment};

const CRDS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const XRD_GROUP: &str = "apiextensions.crossplane.io";
const XRDS: &str = "compositeresourcedefinitions";
/// Wait for more changes before reacting.
const GATHER: Duration = Duration::from_millis(20);
/// CRDs fetched at once.
const AT_ONCE: usize = 4;
/// How often to poll what cannot be watched.
const POLL: Duration = Duration::from_secs(15);
/// How often to poll what Portico may not read, or for Crossplane, where its CRD cannot be watched.
const SELDOM: Duration = Duration::from_mins(1);
/// How often to check whether a new API is served yet.
const SOON: Duration = Duration::from_secs(1);
/// How many times to check.
const SOON_FOR: u32 = 30;
/// Pause after an error.
const RETRY: Duration = Duration::from_secs(1);

/// Keeps the offerings of a control plane up to date for as long as the future is polled. Drops `first` once the
/// offerings and their claims have been read.
pub(crate) async fn discover(run: Running, first: FirstRead) {
    let seen = Arc::new(Seen::default());
    // Dropping this future ends the watches.
    let mut tasks = JoinSet::new();
    let sink = Arc::new(CrdSink {
        seen: seen.clone(),
        plane: run.plane.clone(),
    });
    let crds = Collection {
        path: CRDS.to_owned(),
        metadata_only: true,
        ..Collection::default()
    };
    tasks.spawn(keep(
        run.wire.clone(),
        crds,
        sink,
        run.slots.clone(),
        run.plane.revived.subscribe(),
    ));
    tasks.spawn(watch_xrds(run.clone(), seen.clone()));
    let mut finder = Finder::new(run, seen, first);
    let mut configured = finder.run.shared.configured.subscribe();
    loop {
        finder.look().await;
        let pause = finder.pause();
        tokio::select! {
            () = finder.seen.changed.notified() => tokio::time::sleep(GATHER).await,
            changed = configured.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Watches XRDs as soon as their API is served.
async fn watch_xrds(run: Running, seen: Arc<Seen>) {
    let mut soon = 0_u32;
    loop {
        let group = run.wire.ask(Call::get(format!("/apis/{XRD_GROUP}"))).await;
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
            let sink = Arc::new(XrdSink {
                seen: seen.clone(),
                plane: run.plane.clone(),
            });
            let collection = Collection {
                path: format!("/apis/{XRD_GROUP}/{version}/{XRDS}"),
                metadata_only: false,
                ..Collection::default()
            };
            keep(
                run.wire.clone(),
                collection,
                sink,
                run.slots.clone(),
                run.plane.revived.subscribe(),
            )
            .await;
            return;
        }
        if matches!(
            group,
            Err(PlaneError::NotFound { .. } | PlaneError::Forbidden { .. })
        ) && !seen.xrds_known.load(Ordering::Relaxed)
        {
            seen.no_xrds();
        }
        let pause = match group {
            _ if soon > 0 => SOON,
            Ok(_) | Err(PlaneError::NotFound { .. } | PlaneError::Forbidden { .. }) => SELDOM,
            Err(_) => RETRY,
        };
        soon = soon.saturating_sub(1);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = seen.crossplane_came.notified() => soon = SOON_FOR,
        }
    }
}

struct Finder {
    run: Running,
    seen: Arc<Seen>,
    found: BTreeMap<OfferingName, Found>,
    watching: Watching,
    composites: Composites,
    /// Not offered any more, and without claims.
    dismissed: BTreeSet<OfferingName>,
    /// Dropped once everything has been read.
    first: Option<FirstRead>,
}

/// Why a CRD is wanted, and what is known about it from other sources.
#[derive(Debug, Clone, Default, PartialEq)]
struct Want {
    /// A document names it.
    named: bool,
    claim_kind: Option<ClaimKind>,
    annotations: OfferingAnnotations,
    version: Option<String>,
    composite: Option<ResourceRef>,
    /// Not offered any more, but there are claims of it.
    retired: bool,
}

/// A fetched CRD. It is fetched again only if its version or the reasons for wanting it change.
struct Found {
    want: Want,
    version: String,
    kind: Option<Arc<Kind>>,
    /// Portico may not read it.
    refused: bool,
}

impl Finder {
    /// Starts from what an earlier connection discovered.
    fn new(run: Running, seen: Arc<Seen>, first: FirstRead) -> Self {
        let known = run.plane.kinds.load_full();
        let known = known.iter().map(|(name, kind)| {
            let found = Found {
                want: Want::default(),
                version: String::new(),
                kind: Some(kind.clone()),
                refused: false,
            };
            (name.clone(), found)
        });
        Self {
            watching: Watching::new(run.clone()),
            composites: Composites::new(run.clone()),
            dismissed: BTreeSet::new(),
            found: known.collect(),
            run,
            seen,
            first: Some(first),
        }
    }

    /// The pause before the next look if nothing notifies.
    fn pause(&self) -> Duration {
        let is_unread = |found: &&Found| found.version.is_empty();
        // A kind that is not offered any more is dropped with its last claim.
        let retired = self.found.iter().filter(|(_, found)| found.want.retired);
        let unlisted = |(name, _): (&OfferingName, &Found)| !self.run.plane.has_listed(name);
        let mut retired = retired.peekable();
        if retired.peek().is_some() {
            return if retired.any(unlisted) { SOON } else { POLL };
        }
        let unread = || self.found.values().filter(is_unread);
        if self.seen.blind.load(Ordering::Relaxed) || unread().any(|found| !found.refused) {
            POLL
        } else if unread().next().is_some() {
            SELDOM
        } else {
            Duration::from_hours(1)
        }
    }

    async fn look(&mut self) {
        let mut complete = self.seen.is_complete();
        let wants = self.wants();
        if complete {
            let gone: Vec<OfferingName> = self
                .found
                .keys()
                .filter(|name| !wants.contains_key(*name))
                .cloned()
                .collect();
            self.found.retain(|name, _| wants.contains_key(name));
            self.dismissed.extend(gone);
        }
        self.dismissed.retain(|name| !wants.contains_key(name));
        let due: Vec<(OfferingName, Want, String)> = wants
            .into_iter()
            .filter_map(|(name, (want, version))| {
                let known = self.found.get(&name);
                let is_known =
                    known.is_some_and(|it| it.want == want && it.version == version && !version.is_empty());
                (!is_known).then_some((name, want, version))
            })
            .collect();
        let run = self.run.clone();
        let fetched: Vec<_> = stream::iter(due)
            .map(|(name, want, version)| {
                let run = run.clone();
                async move {
                    let kind = fetch(&run, &name, &want).await;
                    (name, want, version, kind)
                }
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        for (name, want, version, kind) in fetched {
            match kind {
                Ok(kind) => {
                    self.found.insert(
                        name,
                        Found {
                            want,
                            version,
                            kind: kind.map(Arc::new),
                            refused: false,
                        },
                    );
                }
                Err(PlaneError::NotFound { .. }) => {
                    self.found.remove(&name);
                }
                Err(error) => {
                    self.run.plane.note(format!("{name}: {error}"));
                    // What Portico may not read counts as read; after another error there may be more offerings.
                    let refused = matches!(error, PlaneError::Forbidden { .. });
                    complete &= refused;
                    // Keep what is known, and fetch it again later.
                    if let Some(found) = self.found.get_mut(&name) {
                        found.version.clear();
                        found.refused = refused;
                    } else {
                        self.found.insert(
                            name,
                            Found {
                                want,
                                version: String::new(),
                                kind: None,
                                refused,
                            },
                        );
                    }
                }
            }
        }
        self.publish();
        if complete {
            self.run.plane.discovered.store(true, Ordering::Relaxed);
            self.first = None;
        }
    }

    fn publish(&mut self) {
        let kinds: BTreeMap<OfferingName, Arc<Kind>> = self
            .found
            .iter()
            .filter_map(|(name, found)| found.kind.clone().map(|kind| (name.clone(), kind)))
            .collect();
        self.run.plane.kinds.store(Arc::new(kinds.clone()));
        self.run.shared.rebuild();
        self.watching.keep(&kinds, self.first.as_ref());
        self.composites.keep(&kinds);
        self.tell_of_xrds();
    }

    /// Reports XRDs that have no effect to administrators.
    fn tell_of_xrds(&self) {
        const WHAT: &str = "composite resource definitions";
        let plane = &self.run.plane;
        let troubles: Vec<String> = {
            let crds = self.seen.crds.lock();
            let xrds = self.seen.xrds.lock();
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
                        _ => xrd.trouble.clone(),
                    };
                    Some(format!("{WHAT}: {name}: {}", why?))
                })
                .collect()
        };
        plane.nothing_left_out(WHAT);
        for trouble in troubles {
            plane.left_out(&trouble);
        }
    }

    /// True if there may be claims of an offering that is not offered any more.
    fn has_claims(&self, offering: &OfferingName) -> bool {
        let plane = &self.run.plane;
        plane.claims.holds(offering) || !plane.has_listed(offering)
    }

    /// The wanted CRDs with their resource versions.
    fn wants(&self) -> BTreeMap<OfferingName, (Want, String)> {
        let desired = self.run.shared.desired.load();
        let crds = self.seen.crds.lock();
        let xrds = self.seen.xrds.lock();
        let blind = self.seen.blind.load(Ordering::Relaxed);
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
        let unread = xrds.is_empty() && self.seen.xrds_known.load(Ordering::Relaxed);
        let asked = |name: &str, crd: &CrdMeta| !crd.composed || unread || by_crd.contains_key(name);
        let labelled = crds
            .iter()
            .filter(|(name, crd)| crd.offered && asked(name, crd))
            .map(|(name, _)| name.as_str());
        let composed = by_crd
            .values()
            .filter(|xrd| xrd.offered)
            .map(|xrd| xrd.crd.as_str());
        let named = desired.offerings.keys().map(OfferingName::as_str);
        let offered: BTreeSet<&str> = labelled.chain(composed).chain(named).collect();
        let remembered = self.run.shared.remembered.load();
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
                    None if blind => String::new(),
                    None => return None,
                };
                let offering = OfferingName::new(name).ok()?;
                let xrd = by_crd.get(name);
                let document = desired.offerings.get(&offering);
                let want = Want {
                    named: document.is_some(),
                    claim_kind: xrd.map(|xrd| xrd.claim_kind),
                    annotations: xrd.map(|xrd| xrd.annotations.clone()).unwrap_or_default(),
                    version: desired
                        .offerings
                        .get(&offering)
                        .and_then(|document| document.spec.version.clone()),
                    composite: xrd.and_then(|xrd| xrd.composite.clone()),
                    retired,
                };
                Some((offering, (want, version)))
            })
            .collect()
    }
}

async fn fetch(run: &Running, name: &OfferingName, want: &Want) -> Result<Option<Kind>, PlaneError> {
    let (_, crd) = run
        .wire
        .ask(Call::get(format!("{CRDS}/{}", segment(name.as_str()))))
        .await?;
    let unasked = want.claim_kind.is_none() && !want.named && !want.retired;
    let want = want.clone();
    // A schema may be huge or slow to parse on purpose, so never parse it on the threads that serve requests.
    let read = tokio::task::spawn_blocking(move || {
        let annotations = want.annotations;
        Kind::read(&crd, want.version.as_deref(), want.claim_kind).map(|kind| Kind {
            annotations: annotations.or(kind.annotations.clone()),
            composite: want.composite,
            retired: want.retired,
            problem: if want.retired {
                Some("it is no longer offered there".to_owned())
            } else {
                kind.problem.clone()
            },
            ..kind
        })
    });
    match read.await {
        Ok(Ok(kind)) if unasked && kind.is_behind_a_claim() => Ok(None),
        Ok(Ok(kind)) => Ok(Some(kind)),
        Ok(Err(error)) => {
            run.plane.left_out(&format!("{name}: {error}"));
            Ok(None)
        }
        Err(_) => {
            run.plane
                .left_out(&format!("{name}: its definition could not be read"));
            Ok(None)
        }
    }
}
