//! Keeps a collection up to date: lists, watches, and starts over after failures.
//!
//! Kubernetes, "Efficient detection of changes": a list gives a version to watch from; a watch that ends resumes from
//! the last version seen; after 410 the version is too old and the collection is listed again. Objects are parsed as
//! plain JSON, so that a malformed one is skipped and does not end the stream.

mod current_version;
mod lines;
mod recover;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::{Semaphore, watch};

use crate::actor::Actor;
use crate::client::{ApiClient, Call};
use crate::error::PlaneError;
use lines::{Line, Lines};
use recover::{is_json, recover_list};

/// Objects per page of a list.
const PAGE_SIZE: usize = 500;
/// How long the control plane is asked to keep a watch open, in seconds.
const WATCH_TIMEOUT_SECONDS: u64 = 290;
/// A watch that sends nothing for this long, not even a bookmark, is considered dead.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(WATCH_TIMEOUT_SECONDS + 15);
/// How often a collection without a watch is listed, and the additional pause per other collection without a watch.
const POLL_INTERVAL: Duration = Duration::from_secs(20);
const POLL_INTERVAL_PER_COLLECTION: Duration = Duration::from_millis(50);
const MIN_BACKOFF: Duration = Duration::from_millis(250);
const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// Longest page of a list, in bytes. A longer one is requested in smaller pages.
const MAX_PAGE_BYTES: usize = 16 << 20;
/// Pages read at once on a control plane.
const CONCURRENT_PAGES: usize = 4;
/// Longest duration of a list over all pages, and how many empty pages it may have in a row.
const LIST_TIMEOUT: Duration = Duration::from_mins(10);
const MAX_EMPTY_PAGES: u32 = 50;

/// Receives the events of a watched collection.
pub(crate) trait WatchHandler: Send + Sync + 'static {
    /// A list begins.
    fn on_relist(&self);
    /// An object was listed, added or modified. Returns the key under which it is kept.
    fn apply(&self, object: Value) -> Option<String>;
    /// An object was deleted.
    fn delete(&self, object: &Value);
    /// A list is complete: objects with other keys no longer exist.
    fn retain(&self, keys: &HashSet<String>);
    /// The collection is up to date.
    fn on_synced(&self);
    /// The collection is not up to date because of this error. It is retried.
    fn on_error(&self, error: &PlaneError);
    /// An object was skipped.
    fn on_skipped(&self, why: &str);
    /// True if the collection is not to be watched any more in this way: the stream ends after the step that it is in.
    fn has_ended(&self) -> bool {
        false
    }
}

/// Limits the watches open at once on a control plane.
#[derive(Debug)]
pub(crate) struct WatchLimiter {
    watches: Semaphore,
    /// Limits the pages of lists read at once, since reading one takes a multiple of its size.
    pages: Semaphore,
    /// Number of collections without a watch.
    unwatched: AtomicU32,
}

impl WatchLimiter {
    pub(crate) fn new(max_watches: usize) -> Self {
        Self {
            watches: Semaphore::new(max_watches),
            pages: Semaphore::new(CONCURRENT_PAGES),
            unwatched: AtomicU32::new(0),
        }
    }
}

/// A collection to watch.
#[derive(Debug, Clone, Default)]
pub(crate) struct Collection {
    /// The path without a query.
    pub(crate) path: String,
    /// Request only metadata.
    pub(crate) metadata_only: bool,
    /// The actor; `None`: Portico.
    pub(crate) actor: Option<Actor>,
    /// Do not list, only watch from the current version.
    pub(crate) changes_only: bool,
}

pub(crate) const METADATA_LIST: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
/// Accept header for an object's metadata (Kubernetes, "API concepts", metadata-only fetches).
pub(crate) const METADATA: &str =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
const JSON: &str = "application/json";

/// Keeps the handler up to date with the collection until dropped, or until the handler says that it has ended. `reconnected` changes after an outage of the
/// control plane: pauses end and watches resume. A collection that gets no permit from `limiter` is listed
/// periodically instead.
pub(crate) fn run_watch(
    client: ApiClient,
    collection: Collection,
    handler: Arc<dyn WatchHandler>,
    limiter: Arc<WatchLimiter>,
    mut reconnected: watch::Receiver<u64>,
) -> impl Future<Output = ()> + Send + 'static {
    // Made here, so that the future has it once: there are tens of thousands of them.
    let mut watcher = Watcher::new(client, collection, handler);
    reconnected.mark_unchanged();
    async move {
        loop {
            let pause = watcher.step(&limiter, &mut reconnected).await;
            if watcher.handler.has_ended() {
                return;
            }
            if let Some(pause) = pause {
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    changed = reconnected.changed() => if changed.is_err() { return },
                }
            }
        }
    }
}

/// Lists a collection once. Returns the version of the list.
///
/// # Errors
/// Why the list failed; the handler is not told.
pub(crate) async fn list_once(
    client: &ApiClient,
    collection: Collection,
    handler: &Arc<dyn WatchHandler>,
    limiter: &WatchLimiter,
) -> Result<String, PlaneError> {
    let mut watcher = Watcher::new(client.clone(), collection, handler.clone());
    watcher.list(limiter).await
}

struct Watcher {
    client: ApiClient,
    collection: Collection,
    handler: Arc<dyn WatchHandler>,
    /// The version to watch from; `None`: list first.
    version: Option<String>,
    page: usize,
    wait: Duration,
    /// It got no permit for a watch once.
    is_unwatched: bool,
}

/// How a watch ended.
enum WatchEnd {
    /// Normally, or because of a reconnection: resume.
    Closed,
    /// The version is too old: list again.
    Expired,
    Failed(PlaneError),
}

impl Watcher {
    fn new(client: ApiClient, collection: Collection, handler: Arc<dyn WatchHandler>) -> Self {
        Self {
            client,
            collection,
            handler,
            version: None,
            page: PAGE_SIZE,
            wait: MIN_BACKOFF,
            is_unwatched: false,
        }
    }

    /// Runs one list or watch. Returns the pause before the next.
    async fn step(
        &mut self,
        limiter: &WatchLimiter,
        reconnected: &mut watch::Receiver<u64>,
    ) -> Option<Duration> {
        let Some(version) = self.version.clone() else {
            // Boxed, as it is done once and the task then waits, for ever.
            let version = if self.collection.changes_only {
                Box::pin(self.current_version(limiter)).await
            } else {
                Box::pin(self.list(limiter)).await
            };
            return match version {
                Ok(version) => {
                    self.wait = MIN_BACKOFF;
                    self.version = Some(version);
                    self.handler.on_synced();
                    None
                }
                Err(error) => Some(self.back_off(&error)),
            };
        };
        let Ok(_slot) = limiter.watches.try_acquire() else {
            self.version = None;
            let others = if std::mem::replace(&mut self.is_unwatched, true) {
                limiter.unwatched.load(Ordering::Relaxed)
            } else {
                limiter.unwatched.fetch_add(1, Ordering::Relaxed)
            };
            return Some(POLL_INTERVAL + POLL_INTERVAL_PER_COLLECTION * others);
        };
        let started = Instant::now();
        let end = tokio::select! {
            end = self.watch(version) => end,
            _ = reconnected.changed() => WatchEnd::Closed,
        };
        match end {
            // Do not loop without a pause if a control plane closes watches at once.
            WatchEnd::Closed => (started.elapsed() < Duration::from_secs(1)).then_some(MIN_BACKOFF),
            WatchEnd::Expired => {
                self.version = None;
                (started.elapsed() < Duration::from_secs(1)).then(|| self.next_backoff())
            }
            WatchEnd::Failed(error) => {
                if !matches!(error, PlaneError::Unreachable { .. } | PlaneError::Timeout { .. }) {
                    self.version = None;
                }
                if started.elapsed() > Duration::from_secs(10) {
                    self.wait = MIN_BACKOFF;
                }
                Some(self.back_off(&error))
            }
        }
    }

    fn back_off(&mut self, error: &PlaneError) -> Duration {
        self.handler.on_error(error);
        let retry_after = if let PlaneError::RateLimited { retry_after, .. } = error {
            *retry_after
        } else {
            Duration::ZERO
        };
        self.next_backoff().max(retry_after)
    }

    fn next_backoff(&mut self) -> Duration {
        let wait = self.wait;
        self.wait = (self.wait * 2).min(MAX_BACKOFF);
        wait
    }

    async fn list(&mut self, limiter: &WatchLimiter) -> Result<String, PlaneError> {
        self.handler.on_relist();
        let started = Instant::now();
        let mut keys = HashSet::new();
        let mut next = String::new();
        let mut empty_pages = 0;
        loop {
            if started.elapsed() > LIST_TIMEOUT || empty_pages > MAX_EMPTY_PAGES {
                return Err(self.client.invalid_response("a list does not end"));
            }
            let _page = limiter.pages.acquire().await.ok();
            let mut path = format!("{}?limit={}", self.collection.path, self.page);
            if !next.is_empty() {
                path.push_str("&continue=");
                path.push_str(&crate::path::escape_segment(&next));
            }
            let accept = if self.collection.metadata_only {
                METADATA_LIST
            } else {
                JSON
            };
            let mut call = Call::get(path).accept(accept).max_bytes(MAX_PAGE_BYTES);
            call.actor = self.collection.actor.as_ref();
            let bytes = match self.client.request_bytes_within(call).await?.1 {
                Some(bytes) => bytes,
                // The objects are too large for pages of this size.
                None if self.page > 1 => {
                    self.page = (self.page / 8).max(1);
                    continue;
                }
                None => return Err(self.client.too_long(MAX_PAGE_BYTES)),
            };
            let (list, items) = self.read_list(&bytes)?;
            let text = |key: &str| {
                list.pointer(key)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned()
            };
            let (version, more) = (text("/metadata/resourceVersion"), text("/metadata/continue"));
            empty_pages = if items.is_empty() { empty_pages + 1 } else { 0 };
            for object in items {
                let Some(object) = object else {
                    self.handler.on_skipped("an object cannot be read");
                    continue;
                };
                if let Some(key) = self.accept(object) {
                    keys.insert(key);
                }
            }
            if more.is_empty() {
                if version.is_empty() {
                    return Err(self.client.invalid_response("a list has no resource version"));
                }
                self.handler.retain(&keys);
                return Ok(version);
            }
            if more == next {
                return Err(self.client.invalid_response("a list repeats a page"));
            }
            next = more;
        }
    }

    /// Parses a list; if the whole cannot be parsed, each item separately.
    fn read_list(&self, bytes: &[u8]) -> Result<(Value, Vec<Option<Value>>), PlaneError> {
        match serde_json::from_slice::<Value>(bytes) {
            Ok(mut list) => match list.get_mut("items").map(Value::take) {
                Some(Value::Array(items)) => Ok((list, items.into_iter().map(Some).collect())),
                _ => Err(self.client.invalid_response("a list has no items")),
            },
            Err(error) => recover_list(bytes).ok_or_else(|| self.client.not_json(&error)),
        }
    }

    fn accept(&self, object: Value) -> Option<String> {
        if json_size(&object) > self.client.limits.object_bytes {
            self.handler.on_skipped("an object is larger than the limit");
            return None;
        }
        self.handler.apply(object)
    }

    async fn watch(&mut self, from: String) -> WatchEnd {
        let version = crate::path::escape_segment(&from);
        let path = format!(
            "{}?watch=true&allowWatchBookmarks=true&resourceVersion={version}&timeoutSeconds={WATCH_TIMEOUT_SECONDS}",
            self.collection.path
        );
        let accept = if self.collection.metadata_only {
            METADATA
        } else {
            JSON
        };
        let mut call = Call::get(path).accept(accept);
        call.actor = self.collection.actor.as_ref();
        let (body, _slot) = match self.client.watch(call).await {
            Ok(opened) => opened,
            Err(PlaneError::Gone { .. }) => return WatchEnd::Expired,
            Err(error) => return WatchEnd::Failed(error),
        };
        self.handler.on_synced();
        // An event is the object and little more.
        let mut lines = Lines::new(
            body,
            self.client
                .limits
                .object_bytes
                .saturating_mul(2)
                .saturating_add(4096),
        );
        loop {
            let line = match tokio::time::timeout(SILENCE_TIMEOUT, lines.next(&self.client)).await {
                Err(_) => {
                    return WatchEnd::Failed(
                        self.client.invalid_response("a watch sent nothing for too long"),
                    );
                }
                Ok(Err(error)) => return WatchEnd::Failed(error),
                Ok(Ok(None)) => return WatchEnd::Closed,
                Ok(Ok(Some(line))) => line,
            };
            let event: Value = match line {
                Line::TooLong => {
                    self.handler.on_skipped("an object is larger than the limit");
                    continue;
                }
                Line::Whole(bytes) if bytes.is_empty() => continue,
                Line::Whole(bytes) => match serde_json::from_slice(&bytes) {
                    Ok(event) => event,
                    // Too deeply nested. The object stays as it was.
                    Err(_) if is_json(&bytes) => {
                        self.handler.on_skipped("an object cannot be read");
                        continue;
                    }
                    Err(error) => {
                        // Half a line at the end of a connection, or nonsense. The event is lost, so list again.
                        self.version = None;
                        return WatchEnd::Failed(self.client.not_json(&error));
                    }
                },
            };
            if let Some(end) = self.handle(event) {
                return end;
            }
            self.wait = MIN_BACKOFF;
        }
    }

    fn handle(&mut self, mut event: Value) -> Option<WatchEnd> {
        let object = event.get_mut("object").map(Value::take).unwrap_or_default();
        let version = object
            .pointer("/metadata/resourceVersion")
            .and_then(Value::as_str)
            .map(str::to_owned);
        match event.get("type").and_then(Value::as_str) {
            Some("ADDED" | "MODIFIED") => {
                self.accept(object);
            }
            Some("DELETED") => self.handler.delete(&object),
            Some("BOOKMARK") => self.handler.on_synced(),
            Some("ERROR") => return Some(self.watch_error(&object)),
            _ => self.handler.on_skipped("an event has an unknown type"),
        }
        if let Some(version) = version.filter(|version| !version.is_empty()) {
            self.version = Some(version);
        }
        None
    }

    fn watch_error(&self, status: &Value) -> WatchEnd {
        let code = status
            .get("code")
            .and_then(Value::as_u64)
            .and_then(|code| u16::try_from(code).ok())
            .unwrap_or(500);
        match self
            .client
            .error_response(code, None, status.to_string().as_bytes())
        {
            PlaneError::Gone { .. } => WatchEnd::Expired,
            error => WatchEnd::Failed(error),
        }
    }
}

/// The approximate size of an object as JSON.
fn json_size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => 8,
        Value::String(text) => text.len().saturating_add(2),
        Value::Array(list) => list
            .iter()
            .map(json_size)
            .fold(2, |sum, each| sum.saturating_add(each).saturating_add(1)),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| key.len().saturating_add(4).saturating_add(json_size(value)))
            .fold(2, usize::saturating_add),
    }
}
