//! How much the caches may hold: a number of objects and bytes for each control plane, and bytes for all together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

/// What a claim takes besides its object and conditions, in bytes: about.
pub(super) const ROW: usize = 1024;
/// What a condition takes, in bytes: about.
pub(super) const CONDITION: usize = 512;

/// Bytes that the caches of all control planes share.
///
/// Half of them is divided among the planes and nobody else's; the other half is whoever's who needs more. So a plane
/// that fills all it can get costs the others nothing of their share.
#[derive(Debug)]
pub(crate) struct Pool(Mutex<Planes>);

#[derive(Debug)]
struct Planes {
    bytes: usize,
    held: Vec<Arc<AtomicUsize>>,
}

impl Pool {
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Mutex::new(Planes {
            bytes,
            held: Vec::new(),
        }))
    }

    /// How many bytes there are for all.
    pub(crate) fn set_bytes(&self, bytes: usize) {
        self.0.lock().bytes = bytes;
    }

    /// Whose bytes count: what each plane holds.
    pub(crate) fn set_planes(&self, held: Vec<Arc<AtomicUsize>>) {
        self.0.lock().held = held;
    }

    /// Whether the plane that holds `own` may hold `wanted`.
    fn has_room(&self, own: &Arc<AtomicUsize>, wanted: usize) -> bool {
        let planes = self.0.lock();
        let share = planes.bytes / 2 / planes.held.len().max(1);
        if wanted <= share {
            return true;
        }
        let others = planes.held.iter().filter(|held| !Arc::ptr_eq(held, own));
        let beyond = others
            .map(|held| held.load(Ordering::Relaxed).saturating_sub(share))
            .fold(wanted - share, usize::saturating_add);
        beyond <= planes.bytes / 2
    }
}

/// Why there is no room for an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// The control plane has as many objects as it may.
    Objects,
    /// Its objects would take more bytes than they may.
    Bytes,
    /// Those of all control planes together would.
    AllBytes,
}

/// How much one control plane may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room<'p> {
    pub(crate) objects: usize,
    pub(crate) bytes: usize,
    pub(crate) pool: &'p Pool,
}

impl Room<'_> {
    /// Whether what is held may grow to `wanted` bytes. To shrink is always fine.
    pub(super) fn admits(&self, own: &Arc<AtomicUsize>, wanted: usize) -> Result<(), Full> {
        if wanted <= own.load(Ordering::Relaxed) {
            Ok(())
        } else if wanted > self.bytes {
            Err(Full::Bytes)
        } else if self.pool.has_room(own, wanted) {
            Ok(())
        } else {
            Err(Full::AllBytes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_that_takes_all_it_can_leaves_the_others_their_share() {
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
        let all: usize = planes.iter().map(|held| held.load(Ordering::Relaxed)).sum();
        assert_eq!(all, 1000);
    }

    #[test]
    fn what_shrinks_is_never_refused() {
        let pool = Pool::new(0);
        let own = Arc::new(AtomicUsize::new(500));
        pool.set_planes(vec![own.clone()]);
        let room = Room {
            objects: 1,
            bytes: 100,
            pool: &pool,
        };
        assert_eq!(room.admits(&own, 400), Ok(()));
        assert_eq!(room.admits(&own, 600), Err(Full::Bytes));
    }
}
