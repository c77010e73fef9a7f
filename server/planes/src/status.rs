//! How a control plane is, for administrators and for placement.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use portico_domain::documents::ControlPlane;
use portico_domain::names::{OfferingName, PlaneName};

use crate::informers::ObservedStatus;
use crate::plane::RightsStatus;

/// Errors kept per control plane.
pub(crate) const MOST_NOTES: usize = 20;

/// Whether a control plane answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlaneState {
    /// Not heard of yet, or still being read for the first time.
    Connecting,
    /// It answers, and what it offers is known.
    Ready,
    /// It does not answer. What is known of it is the last that was.
    Unreachable,
    /// Its document or kubeconfig is wrong: why.
    Misconfigured(String),
}

impl PlaneState {
    /// The word in URLs, JSON and metrics.
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

/// An error that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// When it happened last.
    pub at: Timestamp,
    /// What happened, and to what.
    pub message: String,
    /// How often in a row.
    pub times: u32,
}

/// A control plane, as administrators see it.
#[derive(Debug, Clone)]
pub struct PlaneStatus {
    /// Its name.
    pub name: PlaneName,
    /// Its document.
    pub document: Arc<ControlPlane>,
    /// Whether it answers.
    pub state: PlaneState,
    /// Since when it is in that state.
    pub since: Timestamp,
    /// When it last answered anything.
    pub last_seen: Option<Timestamp>,
    /// The version it says it is: `v1.34.1`.
    pub version: Option<String>,
    /// Claims held in the caches, of all tenants.
    pub claims: usize,
    /// What these take there, in bytes: about. What is beyond the limits is among `left_out`.
    pub cache_bytes: usize,
    /// What is watched for those who look at claims.
    pub observed: ObservedStatus,
    /// What it offers.
    pub offerings: Vec<OfferingName>,
    /// What is known of Portico's rights there.
    pub rights: RightsStatus,
    /// What is not as safe as it should be, although it works: a certificate that is not checked.
    pub warnings: Vec<String>,
    /// What is left out because it is beyond the limits or malformed, in words.
    pub left_out: Vec<String>,
    /// The errors that happened last, the newest first.
    pub recent_errors: Vec<Note>,
    /// How far what is shown may be behind: the age of the stalest watch. `None`: all watches are live.
    pub lag: Option<Duration>,
    /// How long its last answer to a probe took.
    pub latency: Option<Duration>,
    /// When the certificate that ends first ends: its own, or the one Portico signs in with.
    pub certificate_expires_at: Option<Timestamp>,
}

/// What changes in a [`PlaneStatus`] while the plane runs.
#[derive(Debug)]
pub(crate) struct Vitals {
    pub(crate) state: PlaneState,
    pub(crate) since: Timestamp,
    pub(crate) last_seen: Option<Timestamp>,
    pub(crate) version: Option<String>,
    pub(crate) latency: Option<Duration>,
    pub(crate) notes: VecDeque<Note>,
}

impl Vitals {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            state: PlaneState::Connecting,
            since: now,
            last_seen: None,
            version: None,
            latency: None,
            notes: VecDeque::new(),
        }
    }

    /// Enters `state`; says whether that is news.
    pub(crate) fn enter(&mut self, state: PlaneState, now: Timestamp) -> bool {
        if self.state == state {
            return false;
        }
        self.state = state;
        self.since = now;
        true
    }

    /// Keeps an error. The same one again is counted, not repeated.
    pub(crate) fn note(&mut self, message: String, now: Timestamp) {
        let known = self.notes.iter().position(|note| note.message == message);
        let times = known
            .and_then(|at| self.notes.remove(at))
            .map_or(0, |note| note.times);
        self.notes.push_front(Note {
            at: now,
            message,
            times: times.saturating_add(1),
        });
        self.notes.truncate(MOST_NOTES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_counted_and_bounded() {
        let mut vitals = Vitals::new(Timestamp::UNIX_EPOCH);
        for number in 0..100 {
            vitals.note(format!("error {number}"), Timestamp::UNIX_EPOCH);
            vitals.note("always the same".to_owned(), Timestamp::UNIX_EPOCH);
        }
        assert_eq!(vitals.notes.len(), MOST_NOTES);
        assert!(vitals.notes.iter().any(|note| note.message == "error 99"));
    }
}
