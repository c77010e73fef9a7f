//! The status of a control plane, for administrators and for placement.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use portico_domain::documents::ControlPlane;
use portico_domain::names::{OfferingName, PlaneName};

use crate::cluster::ClusterStatus;
use crate::informers::ObservedStatus;
use crate::rights::RightsStatus;
use crate::workspace::ExportStatus;

/// Recent errors kept per control plane.
pub(crate) const MAX_RECENT_ERRORS: usize = 20;

/// The state of a connection to a control plane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlaneState {
    /// No answer yet, or the initial sync is not complete.
    Connecting,
    /// It answers, and its offerings are known.
    Ready,
    /// It does not answer. What is known of it may be old.
    Unreachable,
    /// Its document or kubeconfig is wrong; holds why.
    Misconfigured(String),
}

impl PlaneState {
    /// The name in URLs, JSON and metrics.
    #[must_use]
    pub fn slug(&self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Ready => "ready",
            Self::Unreachable => "unreachable",
            Self::Misconfigured(_) => "misconfigured",
        }
    }
}

/// A recent error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecentError {
    /// When it last occurred.
    pub at: Timestamp,
    /// The message.
    pub message: String,
    /// How often it occurred.
    pub times: u32,
}

/// The state of a control plane and little else. Costs the same however much the plane serves, so that every page may
/// ask for it.
#[derive(Debug, Clone)]
pub struct PlaneSummary {
    /// Its name.
    pub name: PlaneName,
    /// Its document.
    pub document: Arc<ControlPlane>,
    /// Its state.
    pub state: PlaneState,
    /// When it last answered.
    pub last_seen: Option<Timestamp>,
    /// Cached claims of all tenants.
    pub claims: usize,
}

/// The status of a control plane, for its administrators. Costs more the more it serves.
#[derive(Debug, Clone)]
pub struct PlaneStatus {
    /// Its name.
    pub name: PlaneName,
    /// Its document.
    pub document: Arc<ControlPlane>,
    /// Its state.
    pub state: PlaneState,
    /// When it entered that state.
    pub since: Timestamp,
    /// When it last answered.
    pub last_seen: Option<Timestamp>,
    /// Its version: `v1.34.1`.
    pub version: Option<String>,
    /// Cached claims of all tenants.
    pub claims: usize,
    /// Their approximate memory use in bytes.
    pub cache_bytes: usize,
    /// What is watched for open claim pages.
    pub observed: ObservedStatus,
    /// The offerings that it serves.
    pub offerings: Vec<OfferingName>,
    /// Portico's rights there.
    pub rights: RightsStatus,
    /// The path of the workspace of kcp that it is.
    pub workspace: Option<Arc<str>>,
    /// The exports of kcp in the workspace that it is, in the document's order.
    pub exports: Vec<ExportStatus>,
    /// The logical cluster of the workspace of kcp that it is: its identity.
    pub logical_cluster: Option<Arc<str>>,
    /// Insecure settings, such as an unchecked certificate.
    pub warnings: Vec<String>,
    /// Objects that are not shown because they are malformed or beyond the limits, in words.
    pub skipped: Vec<String>,
    /// Recent errors, newest first.
    pub recent_errors: Vec<RecentError>,
    /// How old the shown claims may be: the time since the stalest stream was up to date. `None`: all streams are.
    pub lag: Option<Duration>,
    /// The cluster that answers for it.
    pub cluster: ClusterStatus,
    /// The latency of the last probe.
    pub latency: Option<Duration>,
    /// How far its clock is ahead of Portico's; negative if it is behind. Whole seconds; less than that is zero.
    pub clock_offset: SignedDuration,
    /// When the first of its certificates expires: the server's or Portico's client certificate.
    pub certificate_expires_at: Option<Timestamp>,
}

/// The part of a [`PlaneStatus`] that changes at run time.
#[derive(Debug)]
pub(crate) struct HealthState {
    pub(crate) state: PlaneState,
    pub(crate) since: Timestamp,
    pub(crate) last_seen: Option<Timestamp>,
    pub(crate) version: Option<String>,
    pub(crate) latency: Option<Duration>,
    pub(crate) recent_errors: VecDeque<RecentError>,
}

impl HealthState {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            state: PlaneState::Connecting,
            since: now,
            last_seen: None,
            version: None,
            latency: None,
            recent_errors: VecDeque::new(),
        }
    }

    /// Changes the state. Returns true if it was another one.
    pub(crate) fn set_state(&mut self, state: PlaneState, now: Timestamp) -> bool {
        if self.state == state {
            return false;
        }
        self.state = state;
        self.since = now;
        true
    }

    /// Records an error. Counts repetitions.
    pub(crate) fn record_error(&mut self, message: String, now: Timestamp) {
        let known = self.recent_errors.iter().position(|note| note.message == message);
        let times = known
            .and_then(|at| self.recent_errors.remove(at))
            .map_or(0, |note| note.times);
        self.recent_errors.push_front(RecentError {
            at: now,
            message,
            times: times.saturating_add(1),
        });
        self.recent_errors.truncate(MAX_RECENT_ERRORS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_counted_and_bounded() {
        let mut health = HealthState::new(Timestamp::UNIX_EPOCH);
        for number in 0..100 {
            health.record_error(format!("error {number}"), Timestamp::UNIX_EPOCH);
            health.record_error("always the same".to_owned(), Timestamp::UNIX_EPOCH);
        }
        assert_eq!(health.recent_errors.len(), MAX_RECENT_ERRORS);
        assert!(health.recent_errors.iter().any(|note| note.message == "error 99"));
    }
}
