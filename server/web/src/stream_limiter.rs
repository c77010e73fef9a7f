//! Limits the event streams that a person may have open.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;

/// How often a stream checks its viewer again: they may have signed out or lost a role.
const RECHECK_INTERVAL: Duration = Duration::from_secs(15);

/// Counts the open event streams of each person.
#[derive(Debug)]
pub struct StreamLimiter {
    pub(super) open: Mutex<HashMap<String, usize>>,
    pub(super) recheck_interval: Duration,
}

impl Default for StreamLimiter {
    fn default() -> Self {
        Self::rechecking_every(RECHECK_INTERVAL)
    }
}

impl StreamLimiter {
    /// Creates a limiter whose streams check their viewer this often.
    #[must_use]
    pub fn rechecking_every(recheck_interval: Duration) -> Self {
        Self {
            open: Mutex::default(),
            recheck_interval,
        }
    }
}
