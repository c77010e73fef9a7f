//! Times in words, relative and as durations.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::language::{Language, Text};
use crate::message;

/// Returns a relative time in the largest suitable unit: `3 min ago`, `in 3 days`.
#[must_use]
pub fn relative(now: Timestamp, at: Timestamp) -> Text {
    let seconds = now.as_second() - at.as_second();
    if seconds.abs() < 5 {
        return message!("time-now");
    }
    let (count, unit) = largest(seconds.unsigned_abs());
    match (unit, seconds < 0) {
        (Unit::Second, false) => message!("time-seconds-ago", count = count),
        (Unit::Minute, false) => message!("time-minutes-ago", count = count),
        (Unit::Hour, false) => message!("time-hours-ago", count = count),
        (Unit::Day, false) => message!("time-days-ago", count = count),
        (Unit::Month, false) => message!("time-months-ago", count = count),
        (Unit::Year, false) => message!("time-years-ago", count = count),
        (Unit::Second, true) => message!("time-in-seconds", count = count),
        (Unit::Minute, true) => message!("time-in-minutes", count = count),
        (Unit::Hour, true) => message!("time-in-hours", count = count),
        (Unit::Day, true) => message!("time-in-days", count = count),
        (Unit::Month, true) => message!("time-in-months", count = count),
        (Unit::Year, true) => message!("time-in-years", count = count),
    }
}

/// Returns a duration in the largest suitable unit, rounded to the nearest: `40 s`, `3 min`, `2 h`, `5 days`.
#[must_use]
pub fn duration(seconds: u64) -> Text {
    let (count, unit) = largest(seconds);
    match unit {
        Unit::Second => message!("time-seconds", count = count),
        Unit::Minute => message!("time-minutes", count = count),
        Unit::Hour => message!("time-hours", count = count),
        Unit::Day => message!("time-days", count = count),
        Unit::Month => message!("time-months", count = count),
        Unit::Year => message!("time-years", count = count),
    }
}

/// Returns a date in words: `1 March 2027`, `1. März 2027`.
#[must_use]
pub fn day_in(date: Date, language: Language) -> String {
    let month = match date.month() {
        1 => message!("month-1"),
        2 => message!("month-2"),
        3 => message!("month-3"),
        4 => message!("month-4"),
        5 => message!("month-5"),
        6 => message!("month-6"),
        7 => message!("month-7"),
        8 => message!("month-8"),
        9 => message!("month-9"),
        10 => message!("month-10"),
        11 => message!("month-11"),
        _ => message!("month-12"),
    };
    // A year is no number with separators.
    let year = date.year().to_string();
    message!(
        "time-day",
        day = i64::from(date.day()),
        month = month,
        year = year
    )
    .in_language(language)
}

#[derive(Clone, Copy)]
enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Month,
    Year,
}

/// The number of the largest suitable units, rounded to the nearest.
fn largest(seconds: u64) -> (u64, Unit) {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let of = |unit: u64| seconds.saturating_add(unit / 2) / unit;
    if seconds < MINUTE {
        (seconds, Unit::Second)
    } else if of(MINUTE) < 60 {
        (of(MINUTE), Unit::Minute)
    } else if of(HOUR) < 24 {
        (of(HOUR), Unit::Hour)
    } else if of(DAY) < 61 {
        (of(DAY), Unit::Day)
    } else if of(30 * DAY) < 24 {
        (of(30 * DAY), Unit::Month)
    } else {
        (of(365 * DAY), Unit::Year)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_the_largest_unit_that_says_enough() {
        let now: Timestamp = "2026-06-01T12:00:00Z".parse().unwrap();
        for (seconds, english, german) in [
            (2, "just now", "gerade eben"),
            (40, "40 s ago", "vor 40 Sekunden"),
            (190, "3 min ago", "vor 3 Minuten"),
            (-7200, "in 2 h", "in 2 Stunden"),
            (86_400, "1 day ago", "vor 1 Tag"),
            (-86_400 * 3, "in 3 days", "in 3 Tagen"),
            (86_400 * 90, "3 months ago", "vor 3 Monaten"),
            (86_400 * 800, "2 years ago", "vor 2 Jahren"),
        ] {
            let told = relative(now, Timestamp::from_second(now.as_second() - seconds).unwrap());
            assert_eq!(told.to_string(), english);
            assert_eq!(told.in_language(Language::German), german);
        }
        assert_eq!(duration(86_400 * 3).in_language(Language::German), "3 Tage");
    }

    #[test]
    fn a_time_is_told_to_the_nearest_and_not_cut_off() {
        let now: Timestamp = "2026-06-01T12:00:00Z".parse().unwrap();
        let within = |seconds: i64| {
            relative(now, Timestamp::from_second(now.as_second() + seconds).unwrap()).to_string()
        };
        // What ends in 72 hours also ends in 3 days a few hours later.
        for gone_by in [0, 1, 60, 3600, 6 * 3600] {
            assert_eq!(within(72 * 3600 - gone_by), "in 3 days");
        }
        assert_eq!(within(59 * 60 + 40), "in 1 h");
        assert_eq!(within(23 * 3600 + 45 * 60), "in 1 day");
        assert_eq!(within(100 * 60), "in 2 h");
    }

    #[test]
    fn a_day_is_written_as_in_the_language() {
        let date = jiff::civil::date(2027, 3, 1);
        assert_eq!(day_in(date, Language::English), "1 March 2027");
        assert_eq!(day_in(date, Language::German), "1. März 2027");
    }
}
