//! Watches the claims of each offered kind, as far as Portico's rights allow.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use parking_lot::Mutex;
use portico_domain::claim::health::{unreachable_status, unreadable_status};
use portico_domain::names::OfferingName;
use serde_json::Value;
use tokio::sync::{Notify, Semaphore};
use tokio::task::{AbortHandle, JoinSet};

use super::context::{InitialSync, PlaneContext};
use super::state::{Plane, StreamFailure, stream_name};
use super::watch_scopes::{may_watch_all, until_readable, watch_scopes};
use crate::cache::{ApplyResult, CacheLimits, ClaimReader, LimitExceeded, SharedFields};
use crate::discovery::{ExportOrigin, Kind};
use crate::error::PlaneError;
use crate::path::resource_path;
use crate::shared::{Change, Desired};
use crate::stream::{Collection, WatchHandler, run_watch};
use crate::workspace::{BoundWatch, watch_bound};

/// How long after a refusal to ask for what rights are left.
const REVIEW_DELAY: Duration = Duration::from_secs(1);
/// Access reviews in flight at once on a control plane.
const CONCURRENT_REVIEWS: usize = 8;

/// One task per kind. All end when this is dropped.
///
/// There may be tens of thousands of kinds, nearly all without claims. Where Portico may watch everything, a kind's task is
/// no more than its one watch; only where rights differ between kinds or namespaces it supervises several.
pub(crate) struct ClaimWatches {
    context: PlaneContext,
    reviews: Arc<Semaphore>,
    kinds: BTreeMap<OfferingName, Watched>,
}

struct Watched {
    kind: Arc<Kind>,
    /// The one stream of a kind that is watched everywhere.
    stream: Arc<str>,
    _task: AbortOnDrop,
}

struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl ClaimWatches {
    pub(crate) fn new(context: PlaneContext) -> Self {
        Self {
            context,
            reviews: Arc::new(Semaphore::new(CONCURRENT_REVIEWS)),
            kinds: BTreeMap::new(),
        }
    }

    /// Watches these kinds and no others. New ones hold `initial_sync` until their claims have been listed.
    pub(crate) fn set_kinds(
        &mut self,
        kinds: &BTreeMap<OfferingName, Arc<Kind>>,
        initial_sync: Option<&InitialSync>,
    ) {
        let before = self.kinds.len();
        self.kinds.retain(|name, _| kinds.contains_key(name));
        let mut dropped = self.kinds.len() != before;
        let relists = self.context.plane.claims.has_relists();
        for (name, kind) in kinds {
            let same = self.kinds.get(name).is_some_and(|watched| {
                watched.kind.resource == kind.resource
                    && watched.kind.claim_kind == kind.claim_kind
                    && watched.kind.origin == kind.origin
            });
            if same && !(relists && self.is_due_again(name)) {
                continue;
            }
            dropped = true;
            let stream: Arc<str> = stream_name(name, None).into();
            let (context, reviews, initial_sync) =
                (self.context.clone(), self.reviews.clone(), initial_sync.cloned());
            let task = match kind.origin.clone() {
                None => {
                    let watching = watch_kind(
                        context,
                        reviews,
                        name.clone(),
                        kind.clone(),
                        stream.clone(),
                        initial_sync,
                    );
                    tokio::spawn(watching)
                }
                Some(origin) => tokio::spawn(watch_kind_of_export(
                    context,
                    reviews,
                    name.clone(),
                    kind.clone(),
                    origin,
                    initial_sync,
                )),
            };
            let watched = Watched {
                kind: kind.clone(),
                stream,
                _task: AbortOnDrop(task.abort_handle()),
            };
            self.kinds.insert(name.clone(), watched);
        }
        if dropped {
            self.forget_others();
        }
    }

    /// True if the claims of a kind that is watched everywhere must be listed again.
    fn is_due_again(&self, name: &OfferingName) -> bool {
        let watched = self.kinds.get(name);
        watched.is_some_and(|watched| {
            watched.kind.origin.is_none()
                && self.context.may_watch_all.get() == Some(&true)
                && self.context.plane.claims.take_relist(&watched.stream)
        })
    }

    /// Forgets claims of kinds that are not offered any more.
    fn forget_others(&self) {
        self.context
            .plane
            .retain_offerings(|offering| self.kinds.contains_key(offering));
        for change in self
            .context
            .plane
            .claims
            .retain_offerings(&self.kinds.keys().collect())
        {
            self.context.shared.publish_claim(change);
        }
    }
}

/// Watches a kind of an export of kcp: once for all workspaces if that can be, else as any kind.
async fn watch_kind_of_export(
    context: PlaneContext,
    reviews: Arc<Semaphore>,
    offering: OfferingName,
    kind: Arc<Kind>,
    origin: Arc<ExportOrigin>,
    initial_sync: Option<InitialSync>,
) {
    let stream: Arc<str> = stream_name(&offering, None).into();
    let handler = Arc::new(ClaimHandler {
        initial_sync: Mutex::new(initial_sync),
        ..ClaimHandler::new(context.clone(), &offering, &kind, stream.clone(), Arc::default())
    });
    let whole = EVERYWHERE.clone();
    context.plane.set_scopes(&offering, whole.clone());
    // What was watched in single namespaces is in the whole now.
    let listed = || {
        for scope in context
            .plane
            .scopes(&offering)
            .iter()
            .filter(|scope| scope.is_some())
        {
            let old: Arc<str> = stream_name(&offering, scope.as_deref()).into();
            context.plane.forget_stream(&old);
            for change in context.plane.claims.retain(&old, &HashSet::new()) {
                context.shared.publish_claim(change);
            }
        }
        context.plane.set_scopes(&offering, whole.clone());
    };
    let bound = BoundWatch {
        context: &context,
        origin: &origin,
        resource: &kind.resource,
        handler: handler.clone(),
    };
    let alone = || {
        watch_kind(
            context.clone(),
            reviews.clone(),
            offering.clone(),
            kind.clone(),
            stream.clone(),
            handler.initial_sync.lock().take(),
        )
    };
    let needs_list = || context.plane.claims.take_relist(&stream);
    watch_bound(&bound, needs_list, listed, alone).await;
}

/// The scopes of a kind that is watched everywhere.
static EVERYWHERE: LazyLock<Arc<BTreeSet<Option<String>>>> =
    LazyLock::new(|| Arc::new(BTreeSet::from([None])));

/// Watches a kind everywhere if Portico may watch everything, else as far as its rights go.
async fn watch_kind(
    context: PlaneContext,
    reviews: Arc<Semaphore>,
    offering: OfferingName,
    kind: Arc<Kind>,
    stream: Arc<str>,
    initial_sync: Option<InitialSync>,
) {
    let mut refused = None;
    // Boxed, as everything that is done once: the task then waits, for ever.
    let initial_sync = if Box::pin(may_watch_all(&context, &reviews)).await {
        context.plane.set_scopes(&offering, EVERYWHERE.clone());
        let handler = Arc::new(ClaimHandler {
            initial_sync: Mutex::new(initial_sync),
            ends_if_refused: true,
            ..ClaimHandler::new(context.clone(), &offering, &kind, stream.clone(), Arc::default())
        });
        watch_claims(&context, &kind, None, handler).await;
        // A right was withdrawn: review what is left.
        tokio::time::sleep(REVIEW_DELAY).await;
        refused = Some(stream);
        None
    } else {
        initial_sync
    };
    Box::pin(watch_where_allowed(
        context,
        reviews,
        offering,
        kind,
        refused,
        initial_sync,
    ))
    .await;
}

/// Watches the claims of a kind in a namespace, or everywhere.
fn watch_claims(
    context: &PlaneContext,
    kind: &Kind,
    namespace: Option<&str>,
    handler: Arc<ClaimHandler>,
) -> impl Future<Output = ()> + Send + 'static {
    let collection = Collection {
        path: resource_path(&kind.resource, namespace, None),
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
}

/// Watches a kind in the namespaces in which Portico may, or everywhere. `ended` is the stream of the whole, if that was
/// refused.
async fn watch_where_allowed(
    context: PlaneContext,
    reviews: Arc<Semaphore>,
    offering: OfferingName,
    kind: Arc<Kind>,
    mut ended: Option<Arc<str>>,
    mut initial_sync: Option<InitialSync>,
) {
    let mut configured = context.shared.configured.subscribe();
    let mut streams: BTreeMap<Option<String>, (Arc<str>, AbortOnDrop)> = BTreeMap::new();
    let mut tasks = JoinSet::new();
    let refused = Arc::new(Notify::new());
    let mut per_kind = ended.is_some();
    let mut reviewed = context.plane.rights.reviewed.subscribe();
    loop {
        configured.mark_unchanged();
        reviewed.mark_unchanged();
        streams.retain(|_, (stream, _)| !context.plane.claims.take_relist(stream));
        let scopes = Box::pin(watch_scopes(&context, &reviews, &kind.resource, per_kind)).await;
        context.plane.set_scopes(&offering, Arc::new(scopes.open.clone()));
        let removed: Vec<Option<String>> = streams
            .keys()
            .filter(|scope| !scopes.open.contains(*scope))
            .cloned()
            .collect();
        let removed: Vec<_> = removed.iter().filter_map(|scope| streams.remove(scope)).collect();
        let whole = ended.take().filter(|_| !scopes.open.contains(&None));
        for stream in removed.iter().map(|(stream, _task)| stream).chain(&whole) {
            context.plane.forget_stream(stream);
            for change in context.plane.claims.retain(stream, &HashSet::new()) {
                context.shared.publish_claim(change);
            }
        }
        for scope in scopes.open {
            streams.entry(scope).or_insert_with_key(|scope| {
                let stream: Arc<str> = stream_name(&offering, scope.as_deref()).into();
                let handler = ClaimHandler {
                    initial_sync: Mutex::new(initial_sync.clone()),
                    ..ClaimHandler::new(context.clone(), &offering, &kind, stream.clone(), refused.clone())
                };
                let watch = watch_claims(&context, &kind, scope.as_deref(), Arc::new(handler));
                (stream, AbortOnDrop(tasks.spawn(watch)))
            });
        }
        initial_sync = None;
        tokio::select! {
            changed = configured.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(scopes.ask_again_after) => {}
            // A right was granted.
            () = until_readable(&context, &kind.resource, &scopes.refused, &mut reviewed) => {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            // A right was withdrawn: review what is left.
            () = refused.notified() => {
                per_kind = true;
                tokio::time::sleep(REVIEW_DELAY).await;
            }
        }
    }
}

/// Puts a stream's objects into the index and notifies subscribers.
struct ClaimHandler {
    context: PlaneContext,
    reader: ArcSwap<ClaimReader>,
    stream: Arc<str>,
    /// Notified when the control plane refuses to list or watch.
    refused: Arc<Notify>,
    /// Held until the claims have been listed or refused.
    initial_sync: Mutex<Option<InitialSync>>,
    /// The stream ends when the control plane refuses to list or watch.
    ends_if_refused: bool,
    was_refused: AtomicBool,
}

impl ClaimHandler {
    fn new(
        context: PlaneContext,
        offering: &OfferingName,
        kind: &Arc<Kind>,
        stream: Arc<str>,
        refused: Arc<Notify>,
    ) -> Self {
        let reader = ClaimReader {
            plane: context.plane.name.clone(),
            offering: offering.clone(),
            kind: kind.clone(),
            rules: context.shared.desired.load().rules(offering),
            controller_fields: SharedFields::default(),
        };
        Self {
            context,
            reader: ArcSwap::from_pointee(reader),
            stream,
            refused,
            initial_sync: Mutex::default(),
            ends_if_refused: false,
            was_refused: AtomicBool::new(false),
        }
    }

    fn plane(&self) -> &Plane {
        &self.context.plane
    }

    /// The claim reader for the current documents.
    fn reader(&self, desired: &Desired) -> Arc<ClaimReader> {
        let reader = self.reader.load_full();
        let rules = desired.rules(&reader.offering);
        if reader.rules.is_same(&rules) {
            return reader;
        }
        let fresh = Arc::new(ClaimReader {
            rules,
            ..ClaimReader::clone(&reader)
        });
        self.reader.store(fresh.clone());
        fresh
    }
}

impl WatchHandler for ClaimHandler {
    fn on_relist(&self) {
        self.plane().clear_skipped(&self.stream);
    }

    fn apply(&self, object: Value) -> Option<String> {
        let desired = self.context.shared.desired.load();
        let plane_limits = &self.context.client.limits;
        let limits = CacheLimits {
            objects: plane_limits.objects,
            bytes: plane_limits.cache_bytes,
            pool: &self.context.shared.pool,
        };
        let reader = self.reader(&desired);
        let (key, result) = self.plane().claims.apply(
            object,
            &reader,
            &self.stream,
            || self.context.shared.desired.load().ownership.clone(),
            &limits,
            Timestamp::now(),
        );
        match result {
            ApplyResult::Changed(changes) => {
                for change in changes {
                    self.context.shared.publish_claim(change);
                }
            }
            ApplyResult::Unchanged => {}
            ApplyResult::NoRoom(full, removed) => {
                self.on_skipped(&describe_limit(full, &limits));
                if let Some(removed) = removed {
                    self.context.shared.publish_claim(removed);
                }
            }
            ApplyResult::Malformed => self.on_skipped("an object is malformed"),
        }
        key.map(|key| key.to_string())
    }

    fn delete(&self, object: &Value) {
        if let Some(change) = self.plane().claims.delete(object, &self.reader.load()) {
            self.context.shared.publish_claim(change);
        }
    }

    fn retain(&self, keys: &HashSet<String>) {
        for change in self.plane().claims.retain(&self.stream, keys) {
            self.context.shared.publish_claim(change);
        }
    }

    fn on_synced(&self) {
        self.plane().mark_synced(&self.stream);
        if self.plane().claims.mark_fresh(&self.stream, Timestamp::now()) {
            self.context
                .shared
                .publish(Change::Plane(self.context.plane.name.clone()));
        }
        self.initial_sync.lock().take();
    }

    fn on_error(&self, error: &PlaneError) {
        if matches!(error, PlaneError::Forbidden { .. }) {
            self.refused.notify_one();
            self.was_refused.store(true, Ordering::Relaxed);
            self.initial_sync.lock().take();
        }
        if let StreamFailure::Stale { synced_at } = self.plane().record_stream_failure(&self.stream, error) {
            let title = self.plane().title();
            // Failures of this kind alone, such as a broken conversion webhook or a withdrawn right, are shown as
            // such.
            let why = match error {
                PlaneError::Unreachable { .. } | PlaneError::Timeout { .. } => None,
                error => Some(error.to_string()),
            };
            let stale_status = |known: &_| match &why {
                Some(why) => unreadable_status(known, why),
                None => unreachable_status(known, &title),
            };
            if self
                .plane()
                .claims
                .mark_stale(&self.stream, synced_at, stale_status)
            {
                self.context
                    .shared
                    .publish(Change::Plane(self.context.plane.name.clone()));
            }
        }
    }

    fn on_skipped(&self, why: &str) {
        self.plane().record_skipped(&format!("{}: {why}", self.stream));
    }

    fn has_ended(&self) -> bool {
        self.ends_if_refused && self.was_refused.load(Ordering::Relaxed)
    }
}

fn describe_limit(full: LimitExceeded, limits: &CacheLimits<'_>) -> String {
    match full {
        LimitExceeded::Objects => format!("there are more than {} objects (limits.objects)", limits.objects),
        LimitExceeded::Bytes => format!(
            "its objects take more than {} MiB together (limits.cacheBytes)",
            limits.bytes >> 20
        ),
        LimitExceeded::AllBytes => {
            "the objects of all control planes take more than they may together (caches.bytes of the Portal document)"
                .to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ApiClient;
    use crate::stream::WatchLimiter;
    use tokio::sync::watch;

    fn size_of_watch<F>(
        _: impl Fn(ApiClient, Collection, Arc<dyn WatchHandler>, Arc<WatchLimiter>, watch::Receiver<u64>) -> F,
    ) -> usize {
        size_of::<F>()
    }

    fn size_of_kind<F>(
        _: impl Fn(PlaneContext, Arc<Semaphore>, OfferingName, Arc<Kind>, Arc<str>, Option<InitialSync>) -> F,
    ) -> usize {
        size_of::<F>()
    }

    /// There is one of each for every offering on every control plane.
    #[test]
    fn what_waits_for_changes_of_a_kind_is_small() {
        let (watch, kind) = (size_of_watch(run_watch), size_of_kind(watch_kind));
        assert!(watch <= 1536 && kind <= 1536, "{watch} {kind}");
    }
}
