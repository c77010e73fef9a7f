//! Collects changes until no more come: editors write in several steps, and git changes many files at once.

use std::collections::BTreeSet;
use std::mem;
use std::time::{Duration, Instant};

/// How long no change may come before the collected ones are due.
const QUIET: Duration = Duration::from_millis(100);
/// How long changes are collected at most, if they do not stop.
const MAX_WAIT: Duration = Duration::from_secs(1);

/// The changes of a short time.
#[derive(Debug)]
pub(super) struct Debouncer<T> {
    changes: BTreeSet<T>,
    first: Instant,
    last: Instant,
}

impl<T: Ord> Debouncer<T> {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            changes: BTreeSet::new(),
            first: now,
            last: now,
        }
    }

    /// Adds a change.
    pub(super) fn add(&mut self, change: T, now: Instant) {
        if self.changes.is_empty() {
            self.first = now;
        }
        self.last = now;
        self.changes.insert(change);
    }

    /// How long until the changes are due; `None` if there are none.
    pub(super) fn due_in(&self, now: Instant) -> Option<Duration> {
        let due = (self.last + QUIET).min(self.first + MAX_WAIT);
        (!self.changes.is_empty()).then(|| due.saturating_duration_since(now))
    }

    /// Takes the changes if they are due. The instant is that of the first one.
    pub(super) fn take(&mut self, now: Instant) -> Option<(BTreeSet<T>, Instant)> {
        (self.due_in(now)? == Duration::ZERO).then(|| (mem::take(&mut self.changes), self.first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_due_together_once_no_more_come() {
        let begun = Instant::now();
        let at = |milliseconds| begun + Duration::from_millis(milliseconds);
        let mut debouncer = Debouncer::new(begun);
        assert_eq!(debouncer.due_in(begun), None);
        debouncer.add("b", at(0));
        debouncer.add("a", at(60));
        debouncer.add("b", at(120));
        assert_eq!(debouncer.take(at(219)), None);
        assert_eq!(debouncer.due_in(at(219)), Some(Duration::from_millis(1)));
        assert_eq!(debouncer.take(at(220)), Some((BTreeSet::from(["a", "b"]), at(0))));
        assert_eq!(debouncer.take(at(500)), None, "nothing is taken twice");
        debouncer.add("c", at(600));
        assert_eq!(debouncer.take(at(700)), Some((BTreeSet::from(["c"]), at(600))));
    }

    #[test]
    fn changes_that_do_not_stop_are_due_nevertheless() {
        let begun = Instant::now();
        let mut debouncer = Debouncer::new(begun);
        let mut now = begun;
        while debouncer.take(now).is_none() {
            debouncer.add("log", now);
            now += QUIET / 2;
            assert!(now < begun + MAX_WAIT * 2, "never due");
        }
        assert!(now >= begun + MAX_WAIT);
    }
}
