//! The observers of a control plane, and what each of them last read.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jiff::Timestamp;
use parking_lot::Mutex;
use portico_domain::claim::{ClaimEvent, ClaimRef, ResourceTree};
use tokio::sync::watch;

use crate::actor::Actor;

/// What was last read of a claim's composed resources and events.
#[derive(Debug, Clone, PartialEq)]
pub struct LastKnown {
    /// The composed resources.
    pub tree: ResourceTree,
    /// The events.
    pub events: Vec<ClaimEvent>,
    /// When it was read. If all of it is watched: when the control plane last answered.
    pub read_at: Timestamp,
}

/// The observers of a control plane.
#[derive(Debug, Default)]
pub(super) struct Observers(pub(super) Mutex<HashMap<Subject, Arc<Observer>>>);

impl Observers {
    pub(super) fn len(&self) -> usize {
        self.0.lock().len()
    }
}

/// What is followed, and as whom.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Subject {
    pub(super) claim: ClaimRef,
    /// The actor; `None`: Portico.
    pub(super) actor: Option<Actor>,
}

#[derive(Debug)]
pub(super) struct Observer {
    /// Number of changes seen.
    pub(super) changes: watch::Sender<u64>,
    pub(super) last: Mutex<Option<Arc<LastKnown>>>,
    /// Everything is watched, so that it is current as long as the control plane answers.
    pub(super) is_watched: AtomicBool,
}
