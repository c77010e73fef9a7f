//! Limits of the caches: objects and bytes per control plane, and bytes for all together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

/// Approximate memory use of a claim besides its object and conditions, in bytes.
pub(super) const ROW_BYTES: usize = 1024;
/// Approximate memory use of a condition, in bytes.
pub(super) const CONDITION_BYTES: usize = 512;

/// Bytes shared by the caches of all control planes.
///
/// Half is divided equally among the control planes; the other half goes to those that need more. So a control plane
/// that fills its cache does not take the others' share.
#[derive(Debug)]
pub(crate) struct Pool(Mutex<Planes>);

#[derive(Debug)]
struct Planes {
    bytes: usize,
    sizes: Vec<Arc<AtomicUsize>>,
}

impl Pool {
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Mutex::new(Planes {
            bytes,
            sizes: Vec::new(),
        }))
    }

    /// Sets the limit.
    pub(crate) fn set_bytes(&self, bytes: usize) {
        self.0.lock().bytes = bytes;
    }

    /// Sets the memory use counters of the control planes.
    pub(crate) fn set_planes(&self, sizes: Vec<Arc<AtomicUsize>>) {
        self.0.lock().sizes = sizes;
    }

    /// True if the control plane with counter `own` may use `requested` bytes.
    fn has_room(&self, own: &Arc<AtomicUsize>, requested: usize) -> bool {
        let planes = self.0.lock();
        let share = planes.bytes / 2 / planes.sizes.len().max(1);
        if requested <= share {
            return true;
        }
        let others = planes.sizes.iter().filter(|size| !Arc::ptr_eq(size, own));
        let beyond = others
            .map(|size| size.load(Ordering::Relaxed).saturating_sub(share))
            .fold(requested - share, usize::saturating_add);
        beyond <= planes.bytes / 2
    }
}

/// Why there is no room for an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LimitExceeded {
    /// The control plane's limit of objects.
    Objects,
    /// The control plane's limit of bytes.
    Bytes,
    /// The limit of bytes of all control planes.
    AllBytes,
}

/// The limits of a control plane.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CacheLimits<'p> {
    pub(crate) objects: usize,
    pub(crate) bytes: usize,
    pub(crate) pool: &'p Pool,
}

impl CacheLimits<'_> {
    /// Checks whether memory use may become `requested` bytes. It may always shrink.
    pub(super) fn admits(&self, own: &Arc<AtomicUsize>, requested: usize) -> Result<(), LimitExceeded> {
        if requested <= own.load(Ordering::Relaxed) {
            Ok(())
        } else if requested > self.bytes {
            Err(LimitExceeded::Bytes)
        } else if self.pool.has_room(own, requested) {
            Ok(())
        } else {
            Err(LimitExceeded::AllBytes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_cache_leaves_the_other_planes_their_share() {
        let pool = Pool::new(1000);
        let planes: Vec<Arc<AtomicUsize>> = (0..5).map(|_| Arc::default()).collect();
        pool.set_planes(planes.clone());
        let greedy = &planes[0];
        while pool.has_room(greedy, greedy.load(Ordering::Relaxed) + 10) {
            greedy.fetch_add(10, Ordering::Relaxed);
        }
        assert_eq!(
            greedy.load(Ordering::Relaxed),
            600,
            "its own 100 and the half that is whoever's"
        );
        for modest in &planes[1..] {
            assert!(pool.has_room(modest, 100), "its share is kept for it");
            assert!(!pool.has_room(modest, 101), "and there is no more");
            modest.store(100, Ordering::Relaxed);
        }
        let all: usize = planes.iter().map(|size| size.load(Ordering::Relaxed)).sum();
        assert_eq!(all, 1000);
    }

    #[test]
    fn a_cache_may_always_shrink() {
        let pool = Pool::new(0);
        let own = Arc::new(AtomicUsize::new(500));
        pool.set_planes(vec![own.clone()]);
        let limits = CacheLimits {
            objects: 1,
            bytes: 100,
            pool: &pool,
        };
        assert_eq!(limits.admits(&own, 400), Ok(()));
        assert_eq!(limits.admits(&own, 600), Err(LimitExceeded::Bytes));
    }
}
