//! Revisions.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts writes. Clones count together, as the logical clusters of kcp do, which share an etcd.
#[derive(Debug, Clone)]
pub(crate) struct Clock(Arc<AtomicU64>);

impl Default for Clock {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(1)))
    }
}

impl Clock {
    /// Goes on behind this revision, if it is not there yet.
    pub(crate) fn advance_to(&self, revision: u64) {
        self.0.fetch_max(revision, Ordering::SeqCst);
    }

    /// The revision of the last write.
    pub(crate) fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    /// The revision of the next write.
    pub(crate) fn tick(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }
}
