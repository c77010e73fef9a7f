//! Control planes that answered that they get too many requests.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use portico_domain::names::PlaneName;

/// Until when each is left alone. Without it, every request that waits would find out for itself.
#[derive(Debug, Default)]
pub(super) struct Overloaded(Mutex<BTreeMap<PlaneName, Timestamp>>);

impl Overloaded {
    /// Notes that a control plane is to be left alone for so long.
    pub(super) fn pause(&self, plane: &PlaneName, now: Timestamp, pause: Duration) {
        let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::from_hours(1));
        let until = now.saturating_add(pause).unwrap_or(Timestamp::MAX);
        let mut paused = self.0.lock();
        let known = paused.entry(plane.clone()).or_insert(until);
        *known = until.max(*known);
    }

    /// Those that are left alone at that time.
    pub(super) fn at(&self, now: Timestamp) -> BTreeMap<PlaneName, Timestamp> {
        let mut paused = self.0.lock();
        paused.retain(|_, until| *until > now);
        paused.clone()
    }
}
