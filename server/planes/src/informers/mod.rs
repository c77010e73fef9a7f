//! Watches of what stands behind the claims that somebody looks at, shared by all who look.
//!
//! An informer watches one kind in one namespace, in one name, for as long as an observer wants an object of it, and
//! tells only *that* an object changed. What it is now is read by name and kept until it changes again. So a claim that
//! stands still costs its control plane nothing but open watches, and whole collections are never listed.
//!
//! - `observer` follows one claim for the pages that show it;
//! - `reader` is how the tree, the events and the secret's metadata are read;
//! - `objects` is what is wanted and what is kept of it, `states` how the watches are;
//! - `serve` opens and closes the watches of one connection.
//!
//! What may not be watched, and what is beyond the bounds, is read again after a pause that grows while nothing changes,
//! as often as the control plane's token bucket allows.

mod objects;
mod observer;
mod prune;
mod reader;
mod serve;
mod states;
mod token_bucket;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use crate::actor::Actor;
use crate::error::PlaneError;
pub use observer::LastKnown;
use observer::Observers;
pub(crate) use reader::{Reader, Wanted};
pub(crate) use serve::serve;
use token_bucket::TokenBucket;

/// Watches open at once on one plane for what stands behind claims; each takes a connection.
const MOST_WATCHES: usize = 128;
/// Reads of what is not watched: so many at once, and so many on average.
const POLLS_AT_ONCE: u32 = 30;
const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// Likewise of what a watch told of.
const READS_AT_ONCE: u32 = 200;
const READ_INTERVAL: Duration = Duration::from_millis(50);

/// What one informer watches.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct InformerKey {
    /// In whose name; `None`: Portico's own.
    actor: Option<Actor>,
    /// The collection's path.
    path: String,
    /// Objects are told apart by what they are about (events), not by their own names.
    by_subject: bool,
}

/// Who wants an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct ObserverId(u64);

/// How an informer's watch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// There is none yet.
    Opening,
    /// It tells of every change.
    Live,
    /// It is interrupted, and being opened again.
    Interrupted,
    /// It may not be opened.
    Denied,
    /// There is no room for it.
    NoRoom,
}

#[derive(Debug)]
struct Informer {
    /// What access reviews ask about.
    wanted: Wanted,
    state: State,
    /// Counts informers, so that the oldest come first.
    number: u64,
    objects: HashMap<String, Object>,
}

#[derive(Debug, Default)]
struct Object {
    /// Changes whenever the watch tells of the object.
    version: u64,
    content: Option<Content>,
    observers: BTreeMap<ObserverId, Arc<Notify>>,
}

#[derive(Debug)]
struct Content {
    /// As JSON: a tenth of what it takes once it is parsed.
    object: Result<Box<str>, PlaneError>,
    read_at: Instant,
    /// The watch has told of no change since it was read.
    is_current: bool,
    /// How often in a row it was read and had not changed.
    unchanged: u32,
}

/// The informers and observers of one control plane. Outlive its connections.
#[derive(Debug)]
pub(crate) struct Informers {
    inner: Mutex<Inner>,
    /// What is wanted has changed.
    wanted: Notify,
    /// Changes whenever an informer's state does.
    states: watch::Sender<u64>,
    polls: TokenBucket,
    reads: TokenBucket,
    observers: Observers,
}

#[derive(Debug, Default)]
struct Inner {
    informers: HashMap<InformerKey, Informer>,
    /// Of informers and observers.
    numbers: u64,
    /// What all contents take.
    bytes: usize,
}

impl Default for Informers {
    fn default() -> Self {
        Self {
            inner: Mutex::default(),
            wanted: Notify::new(),
            states: watch::Sender::new(0),
            polls: TokenBucket::new(POLLS_AT_ONCE, POLL_INTERVAL),
            reads: TokenBucket::new(READS_AT_ONCE, READ_INTERVAL),
            observers: Observers::default(),
        }
    }
}

/// How much of one control plane is observed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ObservedStatus {
    /// Claims that somebody looks at, or did a moment ago.
    pub claims: usize,
    /// Watches of what stands behind them.
    pub watches: usize,
    /// Kinds that are read now and then instead, since they may not be watched or there is no room.
    pub polled: usize,
    /// What is kept, in bytes.
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
