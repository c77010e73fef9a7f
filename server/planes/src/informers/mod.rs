//! Watches of composed resources, events and secrets of claims whose pages are open, shared by all viewers.
//!
//! An informer watches one kind in one namespace as one actor for as long as an observer needs an object of it, and
//! learns only *that* an object changed. The object is then read by name and cached until the next change. So a claim
//! that does not change costs its control plane only open watches, and collections are never listed.
//!
//! - `observer` follows one claim for its open pages; `observers` holds what was last read;
//!
//! - `reader` reads what is `wanted`: the tree, the events and the secret's metadata;
//!
//! - `objects` holds the wanted and cached objects, `states` the states of the watches;
//!
//! - `serve` opens and closes the watches of a connection.
//!
//! What may not be watched, or is beyond the limits, is polled with increasing pauses while it does not change, at
//! most as often as the control plane's token bucket allows.

mod objects;
mod observer;
mod observers;
mod prune;
mod reader;
mod serve;
mod states;
mod token_bucket;
mod wanted;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use crate::actor::Actor;
use crate::error::PlaneError;
pub use observers::LastKnown;
use observers::Observers;
pub(crate) use reader::Reader;
pub(crate) use serve::serve;
use token_bucket::TokenBucket;
pub(crate) use wanted::Wanted;

/// Watches open at once on a control plane for open claim pages; each takes a connection.
const MAX_WATCHES: usize = 128;
/// Rate of polling: burst size and interval.
const POLL_BURST: u32 = 30;
const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// Rate of reads after a watch event: burst size and interval.
const READ_BURST: u32 = 200;
const READ_INTERVAL: Duration = Duration::from_millis(50);

/// What an informer watches.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct InformerKey {
    /// The actor; `None`: Portico.
    actor: Option<Actor>,
    /// The collection's path.
    path: String,
    /// Identify objects by what they are about (events) instead of by name.
    by_subject: bool,
}

impl InformerKey {
    fn new(actor: Option<&Actor>, wanted: &Wanted) -> Self {
        Self {
            actor: actor.cloned(),
            path: wanted.collection(),
            by_subject: wanted.is_about(),
        }
    }
}

/// Identifies an observer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct ObserverId(u64);

/// The state of an informer's watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not open yet.
    Opening,
    /// Open; reports every change.
    Live,
    /// Interrupted and being reopened.
    Interrupted,
    /// Refused by the control plane.
    Denied,
    /// Beyond the limit of watches.
    NoRoom,
}

#[derive(Debug)]
struct Informer {
    /// The resource for access reviews.
    wanted: Wanted,
    state: State,
    /// Increasing number, so that the oldest informers come first.
    number: u64,
    objects: HashMap<String, Object>,
}

#[derive(Debug, Default)]
struct Object {
    /// Increases with every event about the object.
    version: u64,
    content: Option<Content>,
    observers: BTreeMap<ObserverId, Arc<Notify>>,
}

#[derive(Debug)]
struct Content {
    /// As JSON, which takes a tenth of the memory of a parsed value.
    object: Result<Box<str>, PlaneError>,
    read_at: Instant,
    /// No change has been reported since it was read.
    is_current: bool,
    /// Consecutive reads without a change.
    unchanged: u32,
}

/// The informers and observers of a control plane. Outlives its connections.
#[derive(Debug)]
pub(crate) struct Informers {
    inner: Mutex<Inner>,
    /// Notified when the wanted objects change.
    wanted: Notify,
    /// Changes with the state of any informer.
    states: watch::Sender<u64>,
    polls: TokenBucket,
    reads: TokenBucket,
    observers: Observers,
}

#[derive(Debug, Default)]
struct Inner {
    informers: HashMap<InformerKey, Informer>,
    /// Last number of an informer or observer.
    numbers: u64,
    /// Size of all contents in bytes.
    bytes: usize,
}

impl Default for Informers {
    fn default() -> Self {
        Self {
            inner: Mutex::default(),
            wanted: Notify::new(),
            states: watch::Sender::new(0),
            polls: TokenBucket::new(POLL_BURST, POLL_INTERVAL),
            reads: TokenBucket::new(READ_BURST, READ_INTERVAL),
            observers: Observers::default(),
        }
    }
}

/// Statistics of the open claim pages of a control plane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ObservedStatus {
    /// Claims with open pages, now or a moment ago.
    pub claims: usize,
    /// Watches for them.
    pub watches: usize,
    /// Kinds that are polled because they may not be watched or there is no room.
    pub polled: usize,
    /// Cached bytes.
    pub bytes: usize,
}

impl Informers {
    pub(crate) fn status(&self) -> ObservedStatus {
        let claims = self.observers.len();
        let inner = self.inner.lock();
        let in_state = |states: &[State]| {
            let informers = inner.informers.values();
            informers.filter(|it| states.contains(&it.state)).count()
        };
        ObservedStatus {
            claims,
            watches: in_state(&[State::Live, State::Interrupted, State::Opening]),
            polled: in_state(&[State::Denied, State::NoRoom]),
            bytes: inner.bytes,
        }
    }

    fn next_observer(&self) -> ObserverId {
        let mut inner = self.inner.lock();
        inner.numbers += 1;
        ObserverId(inner.numbers)
    }
}

#[cfg(test)]
mod tests;
