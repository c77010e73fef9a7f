//! Limits the event streams that a person may have open.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;

/// How often whoever listens is judged anew: they may have signed out, or have lost a role.
const JUDGED: Duration = Duration::from_secs(15);

/// How many streams each person holds open.
#[derive(Debug)]
pub struct StreamLimiter {
    pub(super) open: Mutex<HashMap<String, usize>>,
    pub(super) judged: Duration,
}

impl Default for StreamLimiter {
    fn default() -> Self {
        Self::judging_every(JUDGED)
    }
}

impl StreamLimiter {
    /// None yet; whoever listens is judged anew this often.
    #[must_use]
    pub fn judging_every(judged: Duration) -> Self {
        Self {
            open: Mutex::default(),
            judged,
        }
    }
}
