//! Checks schemas and CEL rules on their own threads, so that one person's input does not hold up others.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Semaphore;

use super::{PortalError, Result, Unavailable};

/// How long a check waits for a free slot.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(10);
/// Wall-clock limit on one check. A check that takes longer runs on until its own step limit (`kube_schema`) and keeps
/// its slot, but nobody waits for it.
const DEADLINE: Duration = Duration::from_secs(10);

/// Slots for checks: one core is left free for other calls, and one person has one slot.
#[derive(Debug)]
pub(super) struct Judging {
    places: Arc<Semaphore>,
    people: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Default for Judging {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self::with_places(cores.saturating_sub(1).max(1))
    }
}

impl Judging {
    fn with_places(places: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places)),
            people: Mutex::default(),
        }
    }

    /// Runs `work` for the person `subject` when a slot is free.
    ///
    /// # Errors
    /// [`PortalError::Busy`] when no place came free in time; [`PortalError::Unavailable`] when the work took too
    /// long or broke off.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        subject: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let own = self.own_places(subject);
        let places = async {
            // One's own first: who waits for that holds up nobody else.
            let own = own.acquire_owned().await;
            let place = Arc::clone(&self.places).acquire_owned().await;
            (own, place)
        };
        let Ok((Ok(own), Ok(place))) = tokio::time::timeout(QUEUE_TIMEOUT, places).await else {
            return Err(PortalError::Busy {
                retry_after: Duration::from_secs(2),
            });
        };
        let span = tracing::Span::current();
        let task = tokio::task::spawn_blocking(move || {
            let done = span.in_scope(work);
            drop((own, place));
            done
        });
        match tokio::time::timeout(DEADLINE, task).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => {
                tracing::error!(%error, "judging a request broke off");
                Err(PortalError::Unavailable(Unavailable::CheckFailed))
            }
            Err(_) => {
                tracing::warn!(subject, "judging a request took longer than {DEADLINE:?}");
                Err(PortalError::Unavailable(Unavailable::CheckTimeout))
            }
        }
    }

    fn own_places(&self, subject: &str) -> Arc<Semaphore> {
        let mut people = self.people.lock();
        if people.len() > 1_000 {
            people.retain(|_, places| Arc::strong_count(places) > 1);
        }
        Arc::clone(
            people
                .entry(subject.to_owned())
                .or_insert_with(|| Arc::new(Semaphore::new(1))),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn one_person_has_one_place_and_others_are_not_held_up() {
        static AT_ONCE: AtomicUsize = AtomicUsize::new(0);
        let judging = Arc::new(Judging::with_places(4));
        let work = || {
            let before = AT_ONCE.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(100));
            AT_ONCE.fetch_sub(1, Ordering::SeqCst);
            before
        };
        let mut greedy = tokio::task::JoinSet::new();
        for _ in 0..5 {
            let judging = Arc::clone(&judging);
            greedy.spawn(async move { judging.run("greedy", work).await.unwrap() });
        }
        tokio::task::yield_now().await;
        let begun = Instant::now();
        judging.run("patient", || ()).await.unwrap();
        assert!(
            begun.elapsed() < Duration::from_millis(400),
            "{:?}",
            begun.elapsed()
        );
        while let Some(before) = greedy.join_next().await {
            assert_eq!(before.unwrap(), 0, "one at a time");
        }
    }

    #[tokio::test]
    async fn the_thread_that_serves_goes_on_meanwhile() {
        let judging = Judging::with_places(1);
        let work = judging.run("dana", || std::thread::sleep(Duration::from_millis(300)));
        let ticks = async {
            let mut ticks = 0;
            loop {
                tokio::time::sleep(Duration::from_millis(5)).await;
                ticks += 1;
                if ticks == 10 {
                    return;
                }
            }
        };
        // Both on one thread: if judging held it, no tick would come before it ends.
        tokio::select! {
            () = ticks => {}
            _ = work => panic!("judging held the thread that serves"),
        }
    }

    #[tokio::test]
    async fn work_that_panics_gives_its_place_back() {
        let judging = Judging::with_places(1);
        let broken: Result<()> = judging.run("dana", || panic!("as a test")).await;
        assert!(matches!(
            broken,
            Err(PortalError::Unavailable(Unavailable::CheckFailed))
        ));
        assert_eq!(judging.run("dana", || 7).await.unwrap(), 7);
    }
}
