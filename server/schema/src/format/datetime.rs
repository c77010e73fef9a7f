//! Dates, times and durations.

use chrono::{DateTime, FixedOffset, TimeDelta, Timelike as _};

use super::{LOOSE_DURATION, TIME};

/// Go's `time.Parse("2006-01-02", text)`.
pub(super) fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 10
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && bytes
            .iter()
            .enumerate()
            .all(|(at, byte)| at == 4 || at == 7 || byte.is_ascii_digit())
        && text.parse::<jiff::civil::Date>().is_ok()
}

pub(super) fn is_date_time(text: &str) -> bool {
    if text.len() < 4 {
        return false;
    }
    let lower = text.to_lowercase();
    let mut parts = lower.split('t');
    let (Some(date), Some(time)) = (parts.next(), parts.next()) else {
        return false;
    };
    is_date(date)
        && TIME
            .captures(time)
            .is_some_and(|found| &found[1] <= "23" && &found[2] <= "59" && &found[3] <= "59")
}

/// Go's `time.Parse(time.RFC3339, text)`: capital letters only, no leap seconds.
pub(crate) fn go_timestamp(text: &str) -> Option<DateTime<FixedOffset>> {
    let is_strict = text.as_bytes().get(10) == Some(&b'T') && !text.ends_with('z');
    // Go allows a comma before the fraction.
    let pointed = text.replacen(',', ".", 1);
    let time = DateTime::parse_from_rfc3339(&pointed)
        .ok()
        .filter(|_| is_strict)?;
    (time.nanosecond() < 1_000_000_000).then_some(time)
}

/// `strfmt.ParseDuration`: Go's `time.ParseDuration`, or else the sum of all numbers with a unit in the string, as in
/// `2 days 3 hours`.
pub(crate) fn duration(text: &str) -> Option<TimeDelta> {
    const UNITS: [(&[&str], &str, i64); 8] = [
        (&["ns"], "nano", 1),
        (&["us", "\u{b5}s"], "micro", 1_000),
        (&["ms"], "milli", 1_000_000),
        (&["s"], "sec", 1_000_000_000),
        (&["m"], "min", 60_000_000_000),
        (&["h", "hr"], "hour", 3_600_000_000_000),
        (&["d"], "day", 86_400_000_000_000),
        (&["w", "wk"], "week", 604_800_000_000_000),
    ];
    if let Some(duration) = go_duration(text) {
        return Some(duration);
    }
    let mut total = None;
    for found in LOOSE_DURATION.captures_iter(text) {
        let number: i64 = found[1].parse().ok()?;
        let unit = found[2].to_lowercase();
        for (names, prefix, nanoseconds) in UNITS {
            if names.contains(&unit.as_str()) || unit.starts_with(prefix) {
                // On overflow the sum wraps around, as in Go.
                let more = number.wrapping_mul(nanoseconds);
                total = Some(total.unwrap_or(0_i64).wrapping_add(more));
            }
        }
    }
    total.map(TimeDelta::nanoseconds)
}

/// Go's `time.ParseDuration`.
pub(crate) fn go_duration(text: &str) -> Option<TimeDelta> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(TimeDelta::zero());
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0_i128;
    while !rest.is_empty() {
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
            return None;
        }
        let end = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let unit: i128 = match unit {
            "ns" => 1,
            "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let digits = |text: &str| {
            if text.is_empty() {
                Some(0)
            } else {
                text.parse::<u64>().ok()
            }
        };
        // Digits beyond nanoseconds are ignored.
        let fraction = &fraction[..fraction.len().min(15)];
        let below = i128::from(digits(fraction)?) * unit / 10_i128.pow(u32::try_from(fraction.len()).ok()?);
        total += i128::from(digits(whole)?) * unit + below;
        if total > i128::from(i64::MAX) + i128::from(negative) {
            return None;
        }
        rest = after;
    }
    let nanoseconds = i64::try_from(if negative { -total } else { total }).ok()?;
    Some(TimeDelta::nanoseconds(nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_need_capital_letters_and_no_leap_second() {
        assert!(go_timestamp("2026-01-31T10:00:00Z").is_some());
        assert_eq!(go_timestamp("2026-01-31t10:00:00z"), None);
        assert_eq!(go_timestamp("2026-01-31T10:00:60Z"), None);
    }

    #[test]
    fn durations_are_parsed_like_go() {
        let shown = |text: &str| go_duration(text).and_then(|span| span.num_nanoseconds());
        assert_eq!(shown("1h30m").unwrap(), 5_400_000_000_000);
        assert_eq!(shown("-1.5s").unwrap(), -1_500_000_000);
        assert_eq!(shown(".5ms").unwrap(), 500_000);
        assert_eq!(shown("1d"), None);
        assert_eq!(shown("."), None);
        assert_eq!(shown("9223372036854775807ns").unwrap(), i64::MAX);
        assert_eq!(shown("9223372036854775808ns"), None);
    }

    #[test]
    fn durations_in_words_are_summed() {
        assert_eq!(duration("2 days 3 hours"), Some(TimeDelta::hours(51)));
        assert_eq!(duration("-1 day"), Some(TimeDelta::days(1)));
        assert_eq!(duration("1 month"), None);
    }
}
