//! Times in words, relative and as durations.

use jiff::Timestamp;

/// Returns a relative time in the largest suitable unit: `3 min ago`, `in 3 days`.
#[must_use]
pub fn relative(now: Timestamp, at: Timestamp) -> String {
    let seconds = now.as_second() - at.as_second();
    let span = duration(seconds.unsigned_abs());
    if seconds.abs() < 5 {
        "just now".to_owned()
    } else if seconds < 0 {
        format!("in {span}")
    } else {
        format!("{span} ago")
    }
}

/// Returns a duration in the largest suitable unit, rounded to the nearest: `40 s`, `3 min`, `2 h`, `5 days`.
#[must_use]
pub fn duration(seconds: u64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let of = |unit: u64| seconds.saturating_add(unit / 2) / unit;
    let (count, unit) = if seconds < MINUTE {
        (seconds, "s")
    } else if of(MINUTE) < 60 {
        (of(MINUTE), "min")
    } else if of(HOUR) < 24 {
        (of(HOUR), "h")
    } else if of(DAY) < 61 {
        (of(DAY), if of(DAY) == 1 { "day" } else { "days" })
    } else if of(30 * DAY) < 24 {
        (of(30 * DAY), "months")
    } else {
        (of(365 * DAY), "years")
    };
    format!("{count} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_the_largest_unit_that_says_enough() {
        let now: Timestamp = "2026-06-01T12:00:00Z".parse().unwrap();
        let ago = |seconds: i64| relative(now, Timestamp::from_second(now.as_second() - seconds).unwrap());
        assert_eq!(ago(2), "just now");
        assert_eq!(ago(40), "40 s ago");
        assert_eq!(ago(190), "3 min ago");
        assert_eq!(ago(-7200), "in 2 h");
        assert_eq!(ago(86_400), "1 day ago");
        assert_eq!(ago(86_400 * 90), "3 months ago");
        assert_eq!(ago(86_400 * 800), "2 years ago");
    }

    #[test]
    fn a_time_is_told_to_the_nearest_and_not_cut_off() {
        let now: Timestamp = "2026-06-01T12:00:00Z".parse().unwrap();
        let within = |seconds: i64| relative(now, Timestamp::from_second(now.as_second() + seconds).unwrap());
        // What ends in 72 hours also ends in 3 days a few hours later.
        for gone_by in [0, 1, 60, 3600, 6 * 3600] {
            assert_eq!(within(72 * 3600 - gone_by), "in 3 days");
        }
        assert_eq!(within(59 * 60 + 40), "in 1 h");
        assert_eq!(within(23 * 3600 + 45 * 60), "in 1 day");
        assert_eq!(within(100 * 60), "in 2 h");
    }
}
