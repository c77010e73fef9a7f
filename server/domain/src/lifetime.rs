//! Lifetimes of claims.

use std::num::NonZeroU16;

use jiff::{SignedDuration, Timestamp};

/// Returns when a claim with a lifetime of `days` from now must be renewed, to the second; `None` without a lifetime.
#[must_use]
pub fn end_of_life(now: Timestamp, days: Option<NonZeroU16>) -> Option<Timestamp> {
    let days = days?.get();
    let now = Timestamp::from_second(now.as_second()).ok()?;
    now.checked_add(SignedDuration::from_hours(24 * i64::from(days)))
        .ok()
}
