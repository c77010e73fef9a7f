//! Keeps a collection up to date: lists, watches, and starts over after failures.
//!
//! Kubernetes, "Efficient detection of changes": a list gives a version to watch from; a watch that ends resumes from
//! the last version seen; after 410 the version is too old and the collection is listed again. Objects are parsed as
//! plain JSON, so that a malformed one is skipped and does not end the stream.

mod depth;
mod latest;
mod lines;
mod salvage;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::{Semaphore, watch};

use crate::actor::Actor;
use crate::error::PlaneError;
use crate::wire::{Call, Wire};
use lines::{Line, Lines};
use salvage::salvage;

/// Objects per page of a list.
const PAGE: usize = 500;
/// How long the control plane is asked to keep a watch open, in seconds.
const WATCH_SECONDS: u64 = 290;
/// A watch that sends nothing for this long, not even a bookmark, is considered dead.
const SILENCE: Duration = Duration::from_secs(WATCH_SECONDS + 15);
/// How often a collection without a watch is listed, and the additional pause per other collection without a watch.
const POLL: Duration = Duration::from_secs(20);
const POLL_MORE: Duration = Duration::from_millis(50);
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Longest page of a list, in bytes. A longer one is requested in smaller pages.
const LONGEST_PAGE: usize = 16 << 20;
/// Pages read at once on a control plane.
const LISTS_AT_ONCE: usize = 4;
/// Longest duration of a list over all pages, and how many empty pages it may have in a row.
const LONGEST_LIST: Duration = Duration::from_mins(10);
const MOST_EMPTY_PAGES: u32 = 50;

/// Receives the events of a watched collection.
pub(crate) trait Sink: Send + Sync + 'static {
    /// A list begins.
    fn begin(&self);
    /// An object was listed, added or modified. Returns the key under which it is kept.
    fn apply(&self, object: Value) -> Option<String>;
    /// An object was deleted.
    fn delete(&self, object: &Value);
    /// A list is complete: objects with other keys no longer exist.
    fn retain(&self, keys: &HashSet<String>);
    /// The collection is up to date.
    fn in_step(&self);
    /// The collection is not up to date because of this error. It is retried.
    fn failed(&self, error: &PlaneError);
    /// An object was skipped.
    fn left_out(&self, why: &str);
}

/// Limits the watches open at once on a control plane.
#[derive(Debug)]
pub(crate) struct Slots {
    open: Semaphore,
    /// Limits the pages of lists read at once, since reading one takes a multiple of its size.
    lists: Semaphore,
    /// Number of collections without a watch.
    without: AtomicU32,
}

impl Slots {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            open: Semaphore::new(most),
            lists: Semaphore::new(LISTS_AT_ONCE),
            without: AtomicU32::new(0),
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

const METADATA_LIST: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
/// Accept header for an object's metadata (Kubernetes, "API concepts", metadata-only fetches).
pub(crate) const METADATA: &str =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
const WHOLE: &str = "application/json";

/// Keeps the handler up to date with the collection until dropped. `reconnected` changes after an outage of the
/// control plane: pauses end and watches resume. A collection that gets no permit from `limiter` is listed
/// periodically instead.
pub(crate) async fn keep(
    wire: Wire,
    collection: Collection,
    sink: Arc<dyn Sink>,
    slots: Arc<Slots>,
    mut revived: watch::Receiver<u64>,
) {
    let mut run = Run {
        wire,
        collection,
        sink,
        version: None,
        page: PAGE,
        wait: FIRST_WAIT,
        polls: false,
    };
    revived.mark_unchanged();
    loop {
        let pause = run.turn(&slots, &mut revived).await;
        if let Some(pause) = pause {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                changed = revived.changed() => if changed.is_err() { return },
            }
        }
    }
}

struct Run {
    wire: Wire,
    collection: Collection,
    sink: Arc<dyn Sink>,
    /// The version to watch from; `None`: list first.
    version: Option<String>,
    page: usize,
    wait: Duration,
    /// It got no permit for a watch once.
    polls: bool,
}

/// How a watch ended.
enum End {
    /// Normally, or because of a reconnection: resume.
    Closed,
    /// The version is too old: list again.
    Expired,
    Failed(PlaneError),
}

impl Run {
    /// Runs one list or watch. Returns the pause before the next.
    async fn turn(&mut self, slots: &Slots, revived: &mut watch::Receiver<u64>) -> Option<Duration> {
        let Some(version) = self.version.clone() else {
            let version = if self.collection.changes_only {
                self.latest_version(slots).await
            } else {
                self.list(slots).await
            };
            return match version {
                Ok(version) => {
                    self.wait = FIRST_WAIT;
                    self.version = Some(version);
                    self.sink.in_step();
                    None
                }
                Err(error) => Some(self.back_off(&error)),
            };
        };
        let Ok(_slot) = slots.open.try_acquire() else {
            self.version = None;
            let others = if std::mem::replace(&mut self.polls, true) {
                slots.without.load(Ordering::Relaxed)
            } else {
                slots.without.fetch_add(1, Ordering::Relaxed)
            };
            return Some(POLL + POLL_MORE * others);
        };
        let begun = Instant::now();
        let end = tokio::select! {
            end = self.watch(version) => end,
            _ = revived.changed() => End::Closed,
        };
        match end {
            // Do not loop without a pause if a control plane closes watches at once.
            End::Closed => (begun.elapsed() < Duration::from_secs(1)).then_some(FIRST_WAIT),
            End::Expired => {
                self.version = None;
                (begun.elapsed() < Duration::from_secs(1)).then(|| self.longer())
            }
            End::Failed(error) => {
                if !matches!(error, PlaneError::Unreachable { .. } | PlaneError::Slow { .. }) {
                    self.version = None;
                }
                if begun.elapsed() > Duration::from_secs(10) {
                    self.wait = FIRST_WAIT;
                }
                Some(self.back_off(&error))
            }
        }
    }

    fn back_off(&mut self, error: &PlaneError) -> Duration {
        self.sink.failed(error);
        let told = if let PlaneError::TooMany { retry_after, .. } = error {
            *retry_after
        } else {
            Duration::ZERO
        };
        self.longer().max(told)
    }

    fn longer(&mut self) -> Duration {
        let wait = self.wait;
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
        wait
    }

    async fn list(&mut self, slots: &Slots) -> Result<String, PlaneError> {
        self.sink.begin();
        let begun = Instant::now();
        let mut seen = HashSet::new();
        let mut next = String::new();
        let mut empty_pages = 0;
        loop {
            if begun.elapsed() > LONGEST_LIST || empty_pages > MOST_EMPTY_PAGES {
                return Err(self.wire.garbage("a list does not come to an end"));
            }
            let _page = slots.lists.acquire().await.ok();
            let mut path = format!("{}?limit={}", self.collection.path, self.page);
            if !next.is_empty() {
                path.push_str("&continue=");
                path.push_str(&crate::wire::segment(&next));
            }
            let accept = if self.collection.metadata_only {
                METADATA_LIST
            } else {
                WHOLE
            };
            let mut call = Call::get(path).accepting(accept).at_most(LONGEST_PAGE);
            call.actor = self.collection.actor.as_ref();
            let bytes = match self.wire.ask_within(call).await?.1 {
                Some(bytes) => bytes,
                // The objects are too large for pages of this size.
                None if self.page > 1 => {
                    self.page = (self.page / 8).max(1);
                    continue;
                }
                None => return Err(self.wire.too_long(LONGEST_PAGE)),
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
                    self.sink.left_out("an object cannot be read");
                    continue;
                };
                if let Some(key) = self.admit(object) {
                    seen.insert(key);
                }
            }
            if more.is_empty() {
                if version.is_empty() {
                    return Err(self.wire.garbage("a list came without a version"));
                }
                self.sink.retain(&seen);
                return Ok(version);
            }
            if more == next {
                return Err(self.wire.garbage("a list goes round in circles"));
            }
            next = more;
        }
    }

    /// Parses a list; if the whole cannot be parsed, each item separately.
    fn read_list(&self, bytes: &[u8]) -> Result<(Value, Vec<Option<Value>>), PlaneError> {
        match serde_json::from_slice::<Value>(bytes) {
            Ok(mut list) => match list.get_mut("items").map(Value::take) {
                Some(Value::Array(items)) => Ok((list, items.into_iter().map(Some).collect())),
                _ => Err(self.wire.garbage("a list came without items")),
            },
            Err(error) => salvage(bytes).ok_or_else(|| self.wire.not_json(&error)),
        }
    }

    fn admit(&self, object: Value) -> Option<String> {
        if weight(&object) > self.wire.limits.object_bytes {
            self.sink.left_out("an object is larger than the limit");
            return None;
        }
        self.sink.apply(object)
    }

    async fn watch(&mut self, from: String) -> End {
        let version = crate::wire::segment(&from);
        let path = format!(
            "{}?watch=true&allowWatchBookmarks=true&resourceVersion={version}&timeoutSeconds={WATCH_SECONDS}",
            self.collection.path
        );
        let accept = if self.collection.metadata_only {
            METADATA
        } else {
            WHOLE
        };
        let mut call = Call::get(path).accepting(accept);
        call.actor = self.collection.actor.as_ref();
        let body = match self.wire.open(call).await {
            Ok(body) => body,
            Err(PlaneError::Gone { .. }) => return End::Expired,
            Err(error) => return End::Failed(error),
        };
        self.sink.in_step();
        // An event is the object and little more.
        let mut lines = Lines::new(
            body,
            self.wire
                .limits
                .object_bytes
                .saturating_mul(2)
                .saturating_add(4096),
        );
        loop {
            let line = match tokio::time::timeout(SILENCE, lines.next(&self.wire)).await {
                Err(_) => return End::Failed(self.wire.garbage("a watch went silent")),
                Ok(Err(error)) => return End::Failed(error),
                Ok(Ok(None)) => return End::Closed,
                Ok(Ok(Some(line))) => line,
            };
            let event: Value = match line {
                Line::TooLong => {
                    self.sink.left_out("an object is larger than the limit");
                    continue;
                }
                Line::Whole(bytes) if bytes.is_empty() => continue,
                Line::Whole(bytes) => match serde_json::from_slice(&bytes) {
                    Ok(event) => event,
                    // Too deeply nested. The object stays as it was.
                    Err(_) if depth::is_too_deep(&bytes) => {
                        self.sink.left_out("an object cannot be read");
                        continue;
                    }
                    Err(error) => {
                        // Half a line at the end of a connection, or nonsense. The event is lost, so list again.
                        self.version = None;
                        return End::Failed(self.wire.not_json(&error));
                    }
                },
            };
            if let Some(end) = self.take(event) {
                return end;
            }
            self.wait = FIRST_WAIT;
        }
    }

    fn take(&mut self, mut event: Value) -> Option<End> {
        let object = event.get_mut("object").map(Value::take).unwrap_or_default();
        let version = object
            .pointer("/metadata/resourceVersion")
            .and_then(Value::as_str)
            .map(str::to_owned);
        match event.get("type").and_then(Value::as_str) {
            Some("ADDED" | "MODIFIED") => {
                self.admit(object);
            }
            Some("DELETED") => self.sink.delete(&object),
            Some("BOOKMARK") => self.sink.in_step(),
            Some("ERROR") => return Some(self.refusal(&object)),
            _ => self.sink.left_out("an event is of no known type"),
        }
        if let Some(version) = version.filter(|version| !version.is_empty()) {
            self.version = Some(version);
        }
        None
    }

    fn refusal(&self, status: &Value) -> End {
        let code = status
            .get("code")
            .and_then(Value::as_u64)
            .and_then(|code| u16::try_from(code).ok())
            .unwrap_or(500);
        match self.wire.refusal(code, None, status.to_string().as_bytes()) {
            PlaneError::Gone { .. } => End::Expired,
            error => End::Failed(error),
        }
    }
}

/// The approximate size of an object as JSON.
fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => 8,
        Value::String(text) => text.len().saturating_add(2),
        Value::Array(list) => list
            .iter()
            .map(weight)
            .fold(2, |sum, each| sum.saturating_add(each).saturating_add(1)),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| key.len().saturating_add(4).saturating_add(weight(value)))
            .fold(2, usize::saturating_add),
    }
}
