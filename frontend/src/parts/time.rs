//! Times: relative on the screen, exact on hover.

use jiff::Timestamp;
use leptos::prelude::*;

/// `3 min ago`, with the exact time on hover.
pub(crate) fn time(now: Timestamp, at: Timestamp) -> impl IntoView + use<> {
    view! { <time datetime=at.to_string() title=exact(at)>{relative(now, at)}</time> }
}

/// `2026-01-31 09:30:00 UTC`.
pub(crate) fn exact(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// How long ago, or in how long, in the largest unit that says enough.
pub(crate) fn relative(now: Timestamp, at: Timestamp) -> String {
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

/// A length of time in the largest unit that says enough: `40 s`, `3 min`, `2 h`, `5 days`.
pub(crate) fn duration(seconds: u64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let (count, unit) = match seconds {
        0..MINUTE => (seconds, "s"),
        MINUTE..HOUR => (seconds / MINUTE, "min"),
        HOUR..DAY => (seconds / HOUR, "h"),
        _ => match seconds / DAY {
            1 => (1, "day"),
            days @ 2..61 => (days, "days"),
            days @ 61..730 => (days / 30, "months"),
            days => (days / 365, "years"),
        },
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
}
