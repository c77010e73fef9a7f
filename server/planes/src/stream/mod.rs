//! One collection kept in step: list, then watch, and again after whatever went wrong.
//!
//! Kubernetes, "Efficient detection of changes": a list gives a version to watch from; a watch
//! that ends is resumed from the last version seen; a version that is too old (410) means to list
//! again. Objects come as plain JSON, so that a malformed one costs itself and not the stream.

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

/// Objects asked for at a time.
const PAGE: usize = 500;
/// How long the control plane is asked to keep a watch open, in seconds.
const WATCH_SECONDS: u64 = 290;
/// A watch that says nothing for this long, not even a bookmark, past its own end is taken for dead.
const SILENCE: Duration = Duration::from_secs(WATCH_SECONDS + 15);
/// How often a collection is listed for which no watch is to be had, and how much less often
/// for each other one in the same case.
const POLL: Duration = Duration::from_secs(20);
const POLL_MORE: Duration = Duration::from_millis(50);
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The longest page of a list, in bytes; a longer one is asked for in smaller pieces.
const LONGEST_PAGE: usize = 16 << 20;
/// Pages read at once on one plane.
const LISTS_AT_ONCE: usize = 4;
/// How long a list may go on, page after page, and how many pages with nothing in them.
const LONGEST_LIST: Duration = Duration::from_mins(10);
const MOST_EMPTY_PAGES: u32 = 50;

/// What a stream's objects go into.
pub(crate) trait Sink: Send + Sync + 'static {
    /// A list begins.
    fn begin(&self);
    /// An object is there, or has changed. Gives back the key under which it is held.
    fn apply(&self, object: Value) -> Option<String>;
    /// An object is gone.
    fn delete(&self, object: &Value);
    /// A list has ended: what is not in it is gone.
    fn retain(&self, keys: &HashSet<String>);
    /// The collection is in step with the control plane.
    fn in_step(&self);
    /// It is not, because of this; it will be tried again.
    fn failed(&self, error: &PlaneError);
    /// An object was left out: why.
    fn left_out(&self, why: &str);
}

/// How many watches may be open at once on one plane.
#[derive(Debug)]
pub(crate) struct Slots {
    open: Semaphore,
    /// Pages of lists that are read at once: each takes a multiple of its bytes while it is read.
    lists: Semaphore,
    /// How many collections found none.
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

/// What is watched.
#[derive(Debug, Clone, Default)]
pub(crate) struct Collection {
    /// The path, without query.
    pub(crate) path: String,
    /// Only the metadata is of interest.
    pub(crate) metadata_only: bool,
    /// In whose name; `None`: Portico's own.
    pub(crate) actor: Option<Actor>,
    /// Only what changes from now on is of interest: what is there already is not listed.
    pub(crate) changes_only: bool,
}

const METADATA_LIST: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
/// Asks for an object's metadata alone (Kubernetes, "API concepts", metadata-only fetches).
pub(crate) const METADATA: &str =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
const WHOLE: &str = "application/json";

/// Keeps the sink in step with the collection until it is dropped. `revived` changes whenever the
/// control plane is back after an outage: then waiting ends, and watches begin anew from where
/// they stood. `slots` bounds how many watches are open at once on one plane; a collection that
/// finds none is listed now and then instead.
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
    /// It found no slot for a watch once.
    polls: bool,
}

/// How a watch ended.
enum End {
    /// In good order, or the plane was revived: resume.
    Closed,
    /// The version is too old: list again.
    Expired,
    Failed(PlaneError),
}

impl Run {
    /// One list or one watch; says how long to wait before the next.
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
            // A plane that closes watches as soon as they are open must not keep us busy.
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
            // The permit only fails when the semaphore is closed, which nobody does.
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
                // Objects too large to come so many at a time.
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

    /// A list and its items, each by itself should the whole be unreadable.
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
        // An event is the object and a few words around it.
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
                    // Nested deeper than a reader goes. What came before it stays as it was.
                    Err(_) if depth::is_too_deep(&bytes) => {
                        self.sink.left_out("an object cannot be read");
                        continue;
                    }
                    Err(error) => {
                        // Half a line at the end of a connection, or nonsense: what was meant is
                        // not known, so the next list has to tell.
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

/// About how many bytes an object takes as JSON.
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
