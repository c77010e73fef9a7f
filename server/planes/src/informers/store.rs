//! The informers and observers of a control plane, and the objects that they hold.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use super::observers::Observers;
use super::token_bucket::TokenBucket;
use super::wanted::Wanted;
use crate::actor::Actor;
use crate::error::PlaneError;

/// Watches open at once on a control plane for open claim pages; each takes a connection.
pub(super) const MAX_WATCHES: usize = 128;
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
    pub(super) actor: Option<Actor>,
    /// The collection's path.
    pub(super) path: String,
    /// Identify objects by what they are about (events) instead of by name.
    pub(super) by_subject: bool,
}

impl InformerKey {
    pub(super) fn new(actor: Option<&Actor>, wanted: &Wanted) -> Self {
        Self {
            actor: actor.cloned(),
            path: wanted.collection(),
            by_subject: wanted.is_about(),
        }
    }
}

/// Identifies an observer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ObserverId(pub(super) u64);

/// The state of an informer's watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
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
pub(super) struct Informer {
    /// The resource for access reviews.
    pub(super) wanted: Wanted,
    pub(super) state: State,
    /// Increasing number, so that the oldest informers come first.
    pub(super) number: u64,
    pub(super) objects: HashMap<String, Object>,
}

#[derive(Debug, Default)]
pub(super) struct Object {
    /// Increases with every event about the object.
    pub(super) version: u64,
    pub(super) content: Option<Content>,
    pub(super) observers: BTreeMap<ObserverId, Arc<Notify>>,
}

#[derive(Debug)]
pub(super) struct Content {
    /// As JSON, which takes a tenth of the memory of a parsed value.
    pub(super) object: Result<Box<str>, PlaneError>,
    pub(super) read_at: Instant,
    /// No change has been reported since it was read.
    pub(super) is_current: bool,
    /// Consecutive reads without a change.
    pub(super) unchanged: u32,
}

/// The informers and observers of a control plane. Outlives its connections.
#[derive(Debug)]
pub(crate) struct Informers {
    pub(super) inner: Mutex<Inner>,
    /// Notified when the wanted objects change.
    pub(super) wanted: Notify,
    /// Changes with the state of any informer.
    pub(super) states: watch::Sender<u64>,
    pub(super) polls: TokenBucket,
    pub(super) reads: TokenBucket,
    pub(super) observers: Observers,
}

#[derive(Debug, Default)]
pub(super) struct Inner {
    pub(super) informers: HashMap<InformerKey, Informer>,
    /// Last number of an informer or observer.
    pub(super) numbers: u64,
    /// Size of all contents in bytes.
    pub(super) bytes: usize,
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

    pub(super) fn next_observer(&self) -> ObserverId {
        let mut inner = self.inner.lock();
        inner.numbers += 1;
        ObserverId(inner.numbers)
    }
}
