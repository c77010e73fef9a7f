//! The task that finds what a control plane offers, and has its claims watched.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::{StreamExt as _, stream};
use portico_domain::claim::Flavour;
use portico_domain::names::OfferingName;
use serde_json::Value;
use tokio::task::JoinSet;

use super::Kind;
use super::kind::Marks;
use super::seen::{CrdMeta, CrdSink, Seen, XrdSink};
use crate::error::PlaneError;
use crate::plane::watching::Watching;
use crate::plane::{FirstRead, Running};
use crate::stream::{Collection, keep};
use crate::wire::{Call, segment};

const CRDS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const XRD_GROUP: &str = "apiextensions.crossplane.io";
const XRDS: &str = "compositeresourcedefinitions";
/// Changes that come together are taken together.
const GATHER: Duration = Duration::from_millis(20);
/// CRDs fetched at once.
const AT_ONCE: usize = 4;
/// How often is asked what cannot be watched.
const POLL: Duration = Duration::from_secs(15);
/// How often is asked whether Crossplane has come.
const CROSSPLANE_POLL: Duration = Duration::from_secs(5);
/// How long to wait after an error.
const RETRY: Duration = Duration::from_secs(1);

/// Keeps what the plane offers in step, for as long as it is polled. `first` is let go when what it offers, and the
/// claims of that, have been read once.
pub(crate) async fn discover(run: Running, first: FirstRead) {
    let seen = Arc::new(Seen::default());
    // Dropped with this future: then all that it watches ends.
    let mut tasks = JoinSet::new();
    let sink = Arc::new(CrdSink {
        seen: seen.clone(),
        plane: run.plane.clone(),
    });
    let crds = Collection {
        path: CRDS.to_owned(),
        metadata_only: true,
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
        let pause = if finder.wants_polling() {
            POLL
        } else {
            Duration::from_hours(1)
        };
        tokio::select! {
            () = finder.seen.changed.notified() => tokio::time::sleep(GATHER).await,
            changed = configured.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Watches XRDs once their API is served, which may be later than we are here.
async fn watch_xrds(run: Running, seen: Arc<Seen>) {
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
        let pause = if matches!(group, Ok(_) | Err(PlaneError::NotFound { .. })) {
            CROSSPLANE_POLL
        } else {
            RETRY
        };
        tokio::time::sleep(pause).await;
    }
}

struct Finder {
    run: Running,
    seen: Arc<Seen>,
    found: BTreeMap<OfferingName, Found>,
    watching: Watching,
    /// Held until everything has been seen once.
    first: Option<FirstRead>,
}

/// Why a CRD is wanted, and what is known of it besides.
#[derive(Debug, Clone, Default, PartialEq)]
struct Want {
    /// A document names it.
    named: bool,
    flavour: Option<Flavour>,
    marks: Marks,
    version: Option<String>,
}

/// A CRD that was fetched: for what want and in which version, so that it is fetched anew only
/// when one of these changes.
struct Found {
    want: Want,
    version: String,
    kind: Option<Arc<Kind>>,
}

impl Finder {
    /// Begins with what an earlier connection has found.
    fn new(run: Running, seen: Arc<Seen>, first: FirstRead) -> Self {
        let known = run.plane.kinds.load_full();
        let known = known.iter().map(|(name, kind)| {
            let found = Found {
                want: Want::default(),
                version: String::new(),
                kind: Some(kind.clone()),
            };
            (name.clone(), found)
        });
        Self {
            watching: Watching::new(run.clone()),
            found: known.collect(),
            run,
            seen,
            first: Some(first),
        }
    }

    fn wants_polling(&self) -> bool {
        self.seen.blind.load(Ordering::Relaxed) || self.found.values().any(|found| found.version.is_empty())
    }

    async fn look(&mut self) {
        let mut complete = self.seen.is_complete();
        let wants = self.wants();
        if complete {
            self.found.retain(|name, _| wants.contains_key(name));
        }
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
                        },
                    );
                }
                Err(PlaneError::NotFound { .. }) => {
                    self.found.remove(&name);
                }
                Err(error) => {
                    self.run.plane.note(format!("{name}: {error}"));
                    // What may not be read has been asked for; what failed may be offered all the same.
                    complete &= matches!(error, PlaneError::Forbidden { .. });
                    // What is known stays, and is asked for again.
                    if let Some(found) = self.found.get_mut(&name) {
                        found.version.clear();
                    } else {
                        self.found.insert(
                            name,
                            Found {
                                want,
                                version: String::new(),
                                kind: None,
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
    }

    /// The CRDs that are wanted, each with the version of it that is there.
    fn wants(&self) -> BTreeMap<OfferingName, (Want, String)> {
        let desired = self.run.shared.desired.load();
        let crds = self.seen.crds.lock();
        let xrds = self.seen.xrds.lock();
        let blind = self.seen.blind.load(Ordering::Relaxed);
        let by_crd: BTreeMap<&str, _> = xrds.values().map(|xrd| (xrd.crd.as_str(), xrd)).collect();
        // Crossplane gives its definition's labels to the CRD of the composite and to that of the
        // claim: one asks for one of them. Where its definitions cannot be read, `fetch` judges.
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
        labelled
            .chain(composed)
            .chain(named)
            .filter_map(|name| {
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
                    flavour: xrd.map(|xrd| xrd.flavour),
                    marks: xrd.map(|xrd| xrd.marks.clone()).unwrap_or_default(),
                    version: desired
                        .offerings
                        .get(&offering)
                        .and_then(|document| document.spec.version.clone()),
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
    let unasked = want.flavour.is_none() && !want.named;
    let want = want.clone();
    // A schema may be huge or made to be slow: never on the threads that serve requests.
    let read = tokio::task::spawn_blocking(move || {
        let marks = want.marks;
        Kind::read(&crd, want.version.as_deref(), want.flavour).map(|kind| Kind {
            marks: marks.or(kind.marks.clone()),
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
