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

use super::context::{InitialSync, PlaneContext};
use super::state::{Plane, StreamFailure, stream_name};
use crate::cache::{ApplyResult, CacheLimits, ClaimReader, LimitExceeded};
use crate::discovery::{ExportOrigin, Kind};
use crate::error::PlaneError;
use crate::ops::is_allowed;
use crate::path::resource_path;
use crate::shared::{Change, Desired};
use crate::stream::{Collection, WatchHandler, run_watch};
use crate::workspace::{BoundWatch, watch_bound};

/// How often to ask again for missing rights.
const RIGHT_RETRY_INTERVAL: Duration = Duration::from_mins(1);
/// Access reviews in flight at once on a control plane.
const CONCURRENT_REVIEWS: usize = 8;

/// One task per kind. All end when this is dropped.
pub(crate) struct ClaimWatches {
    context: PlaneContext,
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
        for (name, kind) in kinds {
            let same = self.kinds.get(name).is_some_and(|watched| {
                watched.resource == kind.resource
                    && watched.kind.claim_kind == kind.claim_kind
                    && watched.kind.origin == kind.origin
            });
            if same {
                continue;
            }
            dropped = true;
            let (context, reviews, initial_sync) =
                (self.context.clone(), self.reviews.clone(), initial_sync.cloned());
            let task = match kind.origin.clone() {
                None => tokio::spawn(watch_kind(
                    context,
                    reviews,
                    name.clone(),
                    kind.clone(),
                    initial_sync,
                )),
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
    let whole = BTreeSet::from([None]);
    context.plane.set_scopes(&offering, &whole);
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
        context.plane.set_scopes(&offering, &whole);
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
            handler.initial_sync.lock().take(),
        )
    };
    let needs_list = || context.plane.claims.take_relist(&stream);
    watch_bound(&bound, needs_list, listed, alone).await;
}

async fn watch_kind(
    context: PlaneContext,
    reviews: Arc<Semaphore>,
    offering: OfferingName,
    kind: Arc<Kind>,
    mut initial_sync: Option<InitialSync>,
) {
    let mut configured = context.shared.configured.subscribe();
    let mut streams: BTreeMap<Option<String>, (Arc<str>, AbortOnDrop)> = BTreeMap::new();
    let mut tasks = JoinSet::new();
    let refused = Arc::new(Notify::new());
    let mut per_kind = false;
    loop {
        configured.mark_unchanged();
        streams.retain(|_, (stream, _)| !context.plane.claims.take_relist(stream));
        let scopes = scopes(&context, &reviews, &kind.resource, per_kind).await;
        context.plane.set_scopes(&offering, &scopes.open);
        let removed: Vec<Option<String>> = streams
            .keys()
            .filter(|scope| !scopes.open.contains(*scope))
            .cloned()
            .collect();
        for scope in removed {
            if let Some((stream, _task)) = streams.remove(&scope) {
                context.plane.forget_stream(&stream);
                for change in context.plane.claims.retain(&stream, &HashSet::new()) {
                    context.shared.publish_claim(change);
                }
            }
        }
        for scope in scopes.open {
            streams.entry(scope).or_insert_with_key(|scope| {
                let stream: Arc<str> = stream_name(&offering, scope.as_deref()).into();
                let handler = ClaimHandler {
                    initial_sync: Mutex::new(initial_sync.clone()),
                    ..ClaimHandler::new(context.clone(), &offering, &kind, stream.clone(), refused.clone())
                };
                let path = resource_path(&kind.resource, scope.as_deref(), None);
                let collection = Collection {
                    path,
                    metadata_only: false,
                    ..Collection::default()
                };
                let watch = run_watch(
                    context.client.clone(),
                    collection,
                    Arc::new(handler),
                    context.limiter.clone(),
                    context.plane.reconnected.subscribe(),
                );
                (stream, AbortOnDrop(tasks.spawn(watch)))
            });
        }
        initial_sync = None;
        let pause = if scopes.again {
            RIGHT_RETRY_INTERVAL
        } else {
            Duration::from_hours(1)
        };
        tokio::select! {
            changed = configured.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(pause) => {}
            // A right was withdrawn: review what is left.
            () = refused.notified() => {
                per_kind = true;
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
async fn scopes(
    context: &PlaneContext,
    reviews: &Semaphore,
    resource: &ResourceRef,
    per_kind: bool,
) -> Scopes {
    let whole = Scopes {
        open: BTreeSet::from([None]),
        again: false,
    };
    if !per_kind
        && *context
            .may_watch_all
            .get_or_init(|| async { may_watch(context, reviews, &all_resources(), None).await == Ok(true) })
            .await
    {
        return whole;
    }
    match may_watch(context, reviews, resource, None).await {
        Ok(true) => return whole,
        Ok(false) if !resource.namespaced => {
            context.plane.rights.request_review();
            return Scopes {
                open: BTreeSet::new(),
                again: true,
            };
        }
        Ok(false) => {}
        // If the review fails, try.
        Err(_) => return Scopes { again: true, ..whole },
    }
    let desired = context.shared.desired.load_full();
    let mut open = BTreeSet::new();
    let mut again = false;
    for namespace in desired.ownership.namespaces(&context.plane.name) {
        match may_watch(context, reviews, resource, Some(namespace)).await {
            Ok(true) => {
                open.insert(Some(namespace.to_owned()));
            }
            Ok(false) => {
                context.plane.rights.request_review();
                again = true;
            }
            Err(_) => again = true,
        }
    }
    Scopes { open, again }
}

/// All resources of all groups. With this right, single kinds need no review.
fn all_resources() -> ResourceRef {
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
    context: &PlaneContext,
    reviews: &Semaphore,
    resource: &ResourceRef,
    namespace: Option<&str>,
) -> Result<bool, PlaneError> {
    // Acquiring fails only if the semaphore is closed, which never happens.
    let _permit = reviews.acquire().await.ok();
    Ok(
        is_allowed(&context.client, None, "list", resource, namespace).await?
            && is_allowed(&context.client, None, "watch", resource, namespace).await?,
    )
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
            access: context.shared.desired.load().access(offering),
            health: context.shared.desired.load().health(offering),
        };
        Self {
            context,
            reader: ArcSwap::from_pointee(reader),
            stream,
            refused,
            initial_sync: Mutex::default(),
        }
    }

    fn plane(&self) -> &Plane {
        &self.context.plane
    }

    /// The claim reader for the current documents.
    fn reader(&self, desired: &Desired) -> Arc<ClaimReader> {
        let reader = self.reader.load_full();
        let access = desired.access(&reader.offering);
        let health = desired.health(&reader.offering);
        let same_rules = match (&reader.health, &health) {
            (Some(old), Some(new)) => Arc::ptr_eq(old, new),
            (None, None) => true,
            _ => false,
        };
        if reader.access == access && same_rules {
            return reader;
        }
        let fresh = Arc::new(ClaimReader {
            access,
            health,
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
        key
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
