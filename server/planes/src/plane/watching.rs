//! Watches the claims of each offered kind, as far as Portico's rights allow.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use parking_lot::Mutex;
use portico_domain::claim::health::{unreachable_status, unreadable_status};
use portico_domain::documents::ResourceRef;
use portico_domain::names::OfferingName;
use serde_json::Value;
use tokio::sync::{Notify, Semaphore};
use tokio::task::{AbortHandle, JoinSet};

use super::{Failing, FirstRead, Plane, Running, stream_of};
use crate::act::review;
use crate::cache::{Came, Full, Reading, Room, Touched};
use crate::discovery::Kind;
use crate::error::PlaneError;
use crate::registry::{Change, Desired, Shared};
use crate::stream::{Collection, Sink, keep};
use crate::wire::path_of;

/// How often to ask again for missing rights.
const ASK_AGAIN: Duration = Duration::from_mins(1);
/// Access reviews in flight at once on a control plane.
const REVIEWS_AT_ONCE: usize = 8;

/// One task per kind. All end when this is dropped.
pub(crate) struct Watching {
    run: Running,
    reviews: Arc<Semaphore>,
    kinds: BTreeMap<OfferingName, Watched>,
}

struct Watched {
    resource: ResourceRef,
    kind: Arc<Kind>,
    _task: AbortOnDrop,
}

struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Watching {
    pub(crate) fn new(run: Running) -> Self {
        Self {
            run,
            reviews: Arc::new(Semaphore::new(REVIEWS_AT_ONCE)),
            kinds: BTreeMap::new(),
        }
    }

    /// Watches these kinds and no others. New ones hold `first` until their claims have been listed.
    pub(crate) fn keep(&mut self, kinds: &BTreeMap<OfferingName, Arc<Kind>>, first: Option<&FirstRead>) {
        let before = self.kinds.len();
        self.kinds.retain(|name, _| kinds.contains_key(name));
        let mut dropped = self.kinds.len() != before;
        for (name, kind) in kinds {
            let same = self.kinds.get(name).is_some_and(|watched| {
                watched.resource == kind.resource && watched.kind.claim_kind == kind.claim_kind
            });
            if same {
                continue;
            }
            dropped = true;
            let task = tokio::spawn(watch_kind(
                self.run.clone(),
                self.reviews.clone(),
                name.clone(),
                kind.clone(),
                first.cloned(),
            ));
            let watched = Watched {
                resource: kind.resource.clone(),
                kind: kind.clone(),
                _task: AbortOnDrop(task.abort_handle()),
            };
            self.kinds.insert(name.clone(), watched);
        }
        if dropped {
            self.forget_others();
        }
    }

    /// Forgets claims of kinds that are not offered any more.
    fn forget_others(&self) {
        self.run
            .plane
            .forget_offerings_but(|offering| self.kinds.contains_key(offering));
        for touched in self.run.plane.claims.keep_offerings(&self.kinds.keys().collect()) {
            tell(&self.run.shared, touched);
        }
    }
}

async fn watch_kind(
    run: Running,
    reviews: Arc<Semaphore>,
    offering: OfferingName,
    kind: Arc<Kind>,
    mut first: Option<FirstRead>,
) {
    let mut configured = run.shared.configured.subscribe();
    let mut streams: BTreeMap<Option<String>, (Arc<str>, AbortOnDrop)> = BTreeMap::new();
    let mut tasks = JoinSet::new();
    let refused = Arc::new(Notify::new());
    let mut wary = false;
    loop {
        configured.mark_unchanged();
        streams.retain(|_, (stream, _)| !run.plane.claims.wants_list(stream));
        let scopes = scopes(&run, &reviews, &kind.resource, wary).await;
        run.plane.watches(&offering, &scopes.open);
        let gone: Vec<Option<String>> = streams
            .keys()
            .filter(|scope| !scopes.open.contains(*scope))
            .cloned()
            .collect();
        for scope in gone {
            if let Some((stream, _task)) = streams.remove(&scope) {
                run.plane.forget_stream(&stream);
                for touched in run.plane.claims.retain(&stream, &HashSet::new()) {
                    tell(&run.shared, touched);
                }
            }
        }
        for scope in scopes.open {
            streams.entry(scope).or_insert_with_key(|scope| {
                let stream: Arc<str> = stream_of(&offering, scope.as_deref()).into();
                let sink = ClaimSink {
                    first: Mutex::new(first.clone()),
                    ..ClaimSink::new(run.clone(), &offering, &kind, stream.clone(), refused.clone())
                };
                let path = path_of(&kind.resource, scope.as_deref(), None);
                let collection = Collection {
                    path,
                    metadata_only: false,
                    ..Collection::default()
                };
                let keeping = keep(
                    run.wire.clone(),
                    collection,
                    Arc::new(sink),
                    run.slots.clone(),
                    run.plane.revived.subscribe(),
                );
                (stream, AbortOnDrop(tasks.spawn(keeping)))
            });
        }
        first = None;
        let pause = if scopes.again {
            ASK_AGAIN
        } else {
            Duration::from_hours(1)
        };
        tokio::select! {
            changed = configured.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(pause) => {}
            // A right was withdrawn: review what is left.
            () = refused.notified() => {
                wary = true;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// The scopes in which a kind may be watched: namespaces, or everywhere (`None`).
struct Scopes {
    open: BTreeSet<Option<String>>,
    /// A right is missing and may be granted later.
    again: bool,
}

/// `per_kind` asks for each kind instead of all kinds at once, after a refusal.
async fn scopes(run: &Running, reviews: &Semaphore, resource: &ResourceRef, wary: bool) -> Scopes {
    let whole = Scopes {
        open: BTreeSet::from([None]),
        again: false,
    };
    if !wary
        && *run
            .may_all
            .get_or_init(|| async { may_watch(run, reviews, &everything(), None).await == Ok(true) })
            .await
    {
        return whole;
    }
    match may_watch(run, reviews, resource, None).await {
        Ok(true) => return whole,
        Ok(false) if !resource.namespaced => {
            run.plane.rights.doubt();
            return Scopes {
                open: BTreeSet::new(),
                again: true,
            };
        }
        Ok(false) => {}
        // If the review fails, try.
        Err(_) => return Scopes { again: true, ..whole },
    }
    let desired = run.shared.desired.load_full();
    let mut open = BTreeSet::new();
    let mut again = false;
    for namespace in desired.ownership.namespaces(&run.plane.name) {
        match may_watch(run, reviews, resource, Some(namespace)).await {
            Ok(true) => {
                open.insert(Some(namespace.to_owned()));
            }
            Ok(false) => {
                run.plane.rights.doubt();
                again = true;
            }
            Err(_) => again = true,
        }
    }
    Scopes { open, again }
}

/// All resources of all groups. With this right, single kinds need no review.
fn everything() -> ResourceRef {
    let all = || "*".to_owned();
    ResourceRef {
        group: all(),
        version: all(),
        kind: all(),
        plural: all(),
        namespaced: true,
    }
}

async fn may_watch(
    run: &Running,
    reviews: &Semaphore,
    resource: &ResourceRef,
    namespace: Option<&str>,
) -> Result<bool, PlaneError> {
    // Acquiring fails only if the semaphore is closed, which never happens.
    let _permit = reviews.acquire().await.ok();
    Ok(review(&run.wire, None, "list", resource, namespace).await?
        && review(&run.wire, None, "watch", resource, namespace).await?)
}

/// Puts a stream's objects into the index and notifies subscribers.
struct ClaimSink {
    run: Running,
    reading: ArcSwap<Reading>,
    stream: Arc<str>,
    /// Notified when the control plane refuses to list or watch.
    refused: Arc<Notify>,
    /// Held until the claims have been listed or refused.
    first: Mutex<Option<FirstRead>>,
}

impl ClaimSink {
    fn new(
        run: Running,
        offering: &OfferingName,
        kind: &Arc<Kind>,
        stream: Arc<str>,
        refused: Arc<Notify>,
    ) -> Self {
        let reading = Reading {
            plane: run.plane.name.clone(),
            offering: offering.clone(),
            kind: kind.clone(),
            access: run.shared.desired.load().access(offering),
            health: run.shared.desired.load().health(offering),
        };
        Self {
            run,
            reading: ArcSwap::from_pointee(reading),
            stream,
            refused,
            first: Mutex::default(),
        }
    }

    fn plane(&self) -> &Plane {
        &self.run.plane
    }

    /// The claim reader for the current documents.
    fn reading(&self, desired: &Desired) -> Arc<Reading> {
        let reading = self.reading.load_full();
        let access = desired.access(&reading.offering);
        let health = desired.health(&reading.offering);
        let same_rules = match (&reading.health, &health) {
            (Some(old), Some(new)) => Arc::ptr_eq(old, new),
            (None, None) => true,
            _ => false,
        };
        if reading.access == access && same_rules {
            return reading;
        }
        let fresh = Arc::new(Reading {
            access,
            health,
            ..Reading::clone(&reading)
        });
        self.reading.store(fresh.clone());
        fresh
    }
}

impl Sink for ClaimSink {
    fn begin(&self) {
        self.plane().nothing_left_out(&self.stream);
    }

    fn apply(&self, object: Value) -> Option<String> {
        let desired = self.run.shared.desired.load();
        let limits = &self.run.wire.limits;
        let room = Room {
            objects: limits.objects,
            bytes: limits.cache_bytes,
            pool: &self.run.shared.pool,
        };
        let reading = self.reading(&desired);
        let (key, came) = self.plane().claims.apply(
            object,
            &reading,
            &self.stream,
            || self.run.shared.desired.load().ownership.clone(),
            &room,
            Timestamp::now(),
        );
        match came {
            Came::News(news) => {
                for touched in news {
                    tell(&self.run.shared, touched);
                }
            }
            Came::Known => {}
            Came::NoRoom(full, gone) => {
                self.left_out(&no_room(full, &room));
                if let Some(gone) = gone {
                    tell(&self.run.shared, gone);
                }
            }
            Came::Malformed => self.left_out("an object is malformed"),
        }
        key
    }

    fn delete(&self, object: &Value) {
        if let Some(touched) = self.plane().claims.delete(object, &self.reading.load()) {
            tell(&self.run.shared, touched);
        }
    }

    fn retain(&self, keys: &HashSet<String>) {
        for touched in self.plane().claims.retain(&self.stream, keys) {
            tell(&self.run.shared, touched);
        }
    }

    fn in_step(&self) {
        self.plane().heard(&self.stream);
        if self.plane().claims.regain(&self.stream, Timestamp::now()) {
            self.run.shared.tell(Change::Plane(self.run.plane.name.clone()));
        }
        self.first.lock().take();
    }

    fn failed(&self, error: &PlaneError) {
        if matches!(error, PlaneError::Forbidden { .. }) {
            self.refused.notify_one();
            self.first.lock().take();
        }
        if let Failing::Lost { heard } = self.plane().stream_failed(&self.stream, error) {
            let title = self.plane().title();
            // Failures of this kind alone, such as a broken conversion webhook or a withdrawn right, are shown as
            // such.
            let why = match error {
                PlaneError::Unreachable { .. } | PlaneError::Slow { .. } => None,
                error => Some(error.to_string()),
            };
            let lost = |known: &_| match &why {
                Some(why) => unreadable_status(known, why),
                None => unreachable_status(known, &title),
            };
            if self.plane().claims.lose(&self.stream, heard, lost) {
                self.run.shared.tell(Change::Plane(self.run.plane.name.clone()));
            }
        }
    }

    fn left_out(&self, why: &str) {
        self.plane().left_out(&format!("{}: {why}", self.stream));
    }
}

fn no_room(full: Full, room: &Room<'_>) -> String {
    match full {
        Full::Objects => format!("there are more than {} objects (limits.objects)", room.objects),
        Full::Bytes => format!(
            "its objects take more than {} MiB together (limits.cacheBytes)",
            room.bytes >> 20
        ),
        Full::AllBytes => {
            "the objects of all control planes take more than they may together (caches.bytes of the Portal document)"
                .to_owned()
        }
    }
}

pub(crate) fn tell(shared: &Shared, touched: Touched) {
    shared.tell(Change::Claim {
        reference: touched.reference,
        tenant: touched.tenant,
        deleted: touched.deleted,
    });
}
