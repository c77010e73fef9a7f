//! The event streams that are open.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;

/// How often whoever listens is judged anew: they may have signed out, or have lost a role.
const JUDGED: Duration = Duration::from_secs(15);

/// How many streams each person holds open.
#[derive(Debug)]
pub struct Streams {
    pub(super) open: Mutex<HashMap<String, usize>>,
    pub(super) judged: Duration,
}

impl Default for Streams {
    fn default() -> Self {
        Self::judging_every(JUDGED)
    }
}

impl Streams {
    /// None yet; whoever listens is judged anew this often.
    #[must_use]
    pub fn judging_every(judged: Duration) -> Self {
        Self {
            open: Mutex::default(),
            judged,
        }
    }
}
