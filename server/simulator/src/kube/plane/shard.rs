//! What the logical clusters of kcp share.

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::kube::storage::clock::Clock;

/// A shard of kcp: its logical clusters write one after the other, and count their writes together.
#[derive(Debug)]
pub(crate) struct Shard {
    /// Held while a logical cluster is written, and by who reads several at one revision.
    pub(crate) turn: Mutex<()>,
    /// Counts the writes.
    pub(crate) clock: Clock,
    /// The revision of the last write, for watches.
    pub(crate) written: watch::Sender<u64>,
}

impl Default for Shard {
    fn default() -> Self {
        Self {
            turn: Mutex::default(),
            clock: Clock::default(),
            written: watch::Sender::new(1),
        }
    }
}
