use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

/// Clock, ids and randomness, injected so that tests control them.
#[derive(Clone)]
pub struct Env {
    /// The current time.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// A new id. Later ids sort after earlier ones.
    pub new_id: Arc<dyn Fn() -> Uuid + Send + Sync>,
    /// Unpredictable bytes, for secrets.
    pub random: Arc<dyn Fn() -> [u8; 32] + Send + Sync>,
}

impl Env {
    /// The system's clock and random numbers.
    #[must_use]
    pub fn system() -> Self {
        Self {
            now: Arc::new(Timestamp::now),
            new_id: Arc::new(Uuid::now_v7),
            random: Arc::new(rand::random),
        }
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env").finish_non_exhaustive()
    }
}
