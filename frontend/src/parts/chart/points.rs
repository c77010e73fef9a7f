//! Where the points of a series stand, and which belong together.

use std::ops::Range;

use super::scale::index;

/// The middle of a slot, in percent of the plot's width.
pub(super) fn middle(slot: usize, slots: usize) -> f64 {
    (index(slot) + 0.5) * width(slots)
}

/// The beginning of a slot, in percent of the plot's width.
pub(super) fn start(slot: usize, slots: usize) -> f64 {
    index(slot) * width(slots)
}

/// The width of a slot, in percent of the plot's width.
pub(super) fn width(slots: usize) -> f64 {
    100.0 / index(slots.max(1))
}

/// The runs of slots that have a value. What is between two runs is a gap.
pub(super) fn runs<T>(slots: &[Option<T>]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (slot, value) in slots.iter().enumerate() {
        if value.is_none() {
            continue;
        }
        match runs.last_mut() {
            Some(run) if run.end == slot => run.end += 1,
            _ => runs.push(slot..slot + 1),
        }
    }
    runs
}

/// The gaps between runs. What comes before the first and after the last is none.
pub(super) fn gaps<T>(slots: &[Option<T>]) -> Vec<Range<usize>> {
    let runs = runs(slots);
    let pairs = runs.iter().zip(runs.iter().skip(1));
    pairs.map(|(run, next)| run.end..next.start).collect()
}

/// True if there is a gap between two values.
pub(crate) fn has_gaps<T>(slots: &[Option<T>]) -> bool {
    !gaps(slots).is_empty()
}

/// The slots that are labelled: the last one, and every so many before it.
pub(super) fn labelled(slots: usize, every: usize) -> Vec<usize> {
    let mut labelled: Vec<usize> = (0..slots).rev().step_by(every.max(1)).collect();
    labelled.reverse();
    labelled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(ranges: Vec<Range<usize>>) -> Vec<(usize, usize)> {
        ranges.into_iter().map(|range| (range.start, range.end)).collect()
    }

    #[test]
    fn what_is_missing_ends_a_run() {
        let slots = [None, Some(1), Some(2), None, None, Some(3), None];
        assert_eq!(pairs(runs(&slots)), [(1, 3), (5, 6)]);
        assert_eq!(pairs(gaps(&slots)), [(3, 5)]);
    }

    #[test]
    fn nothing_has_no_runs_and_one_point_has_one() {
        assert!(runs::<u8>(&[]).is_empty());
        assert!(runs::<u8>(&[None, None]).is_empty());
        assert_eq!(pairs(runs(&[None, Some(1)])), [(1, 2)]);
        assert_eq!(pairs(runs(&[Some(1), Some(2)])), [(0, 2)]);
        assert!(gaps(&[None, Some(1), None]).is_empty());
    }

    #[test]
    fn points_stand_in_the_middle_of_their_slots() {
        assert_eq!((middle(0, 4), middle(3, 4)), (12.5, 87.5));
        assert_eq!((start(0, 4), start(3, 4), width(4)), (0.0, 75.0, 25.0));
        assert_eq!((middle(0, 1), width(0)), (50.0, 100.0));
    }

    #[test]
    fn the_last_slot_is_labelled_and_every_so_many_before_it() {
        assert!(labelled(0, 7).is_empty());
        assert_eq!(labelled(1, 7), [0]);
        assert_eq!(labelled(30, 7), [1, 8, 15, 22, 29]);
        assert_eq!(labelled(3, 0), [0, 1, 2]);
    }
}
