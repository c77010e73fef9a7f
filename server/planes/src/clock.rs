//! How far the clock of a control plane is from Portico's, by the `Date` of its responses (RFC 9110, section 6.6.1).

use std::sync::atomic::{AtomicI64, Ordering};

use http::{HeaderMap, header};
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};

/// The offset of a clock in seconds, as the last response that said the time had it.
#[derive(Debug, Default)]
pub(crate) struct ClockOffset(AtomicI64);

impl ClockOffset {
    /// Notes what a response says that was asked for at `sent` and came at `received`.
    pub(crate) fn note(&self, headers: &HeaderMap, sent: Timestamp, received: Timestamp) {
        let date = headers.get(header::DATE).and_then(|date| date.to_str().ok());
        let Some(date) = date.and_then(|date| rfc2822::parse(date).ok()) else {
            return;
        };
        let offset = offset(date.timestamp(), sent, received);
        self.0.store(offset.as_secs(), Ordering::Relaxed);
    }

    /// Returns how far ahead of Portico's clock it is; negative if it is behind. Zero if that is not known.
    pub(crate) fn get(&self) -> SignedDuration {
        SignedDuration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

/// The least offset that explains the date: it was written, in whole seconds, between `sent` and `received`.
fn offset(date: Timestamp, sent: Timestamp, received: Timestamp) -> SignedDuration {
    let earliest = sent - SignedDuration::from_secs(1);
    if date > received {
        date.duration_since(received)
    } else if date < earliest {
        date.duration_since(earliest)
    } else {
        SignedDuration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_slow_answer_is_no_offset() {
        for (date, sent, received, expected) in [
            (0, 0, 0, 0),
            (0, 0, 30, 0),
            (30, 0, 30, 0),
            // Whole seconds are rounded down.
            (-1, 0, 0, 0),
            (400, 0, 30, 370),
            (-400, 0, 30, -399),
        ] {
            assert_eq!(
                offset(at(date), at(sent), at(received)),
                SignedDuration::from_secs(expected),
                "{date} {sent} {received}"
            );
        }
    }

    #[test]
    fn a_response_without_a_date_changes_nothing() {
        let clock = ClockOffset::default();
        let mut headers = HeaderMap::new();
        let now: Timestamp = "2026-11-30T10:00:00Z".parse().unwrap();
        headers.insert(header::DATE, "Mon, 30 Nov 2026 10:07:00 GMT".parse().unwrap());
        clock.note(&headers, now, now);
        assert_eq!(clock.get(), SignedDuration::from_mins(7));
        for other in ["yesterday", ""] {
            headers.insert(header::DATE, other.parse().unwrap());
            clock.note(&headers, now, now);
        }
        clock.note(&HeaderMap::new(), now, now);
        assert_eq!(clock.get(), SignedDuration::from_mins(7));
    }
}
