//! Timestamps and durations with Go's behavior. A timestamp keeps its offset; its accessors return the parts in UTC.

use cel::common::types::{CelDuration, CelTimestamp, DYN_TYPE};
use cel::common::value::CowVal;
use cel::{DeclarationError, Env, ExecutionError};
use chrono::{DateTime, Datelike as _, FixedOffset, SecondsFormat, TimeDelta, Utc};

use super::overload::{Args, Returned, failed};

/// `-`, which keeps the offset of a timestamp.
pub(in super::super) const SUBTRACT: &str = "kube_schema_subtract";
/// Converts a timestamp to UTC and passes any other value through.
pub(in super::super) const IN_UTC: &str = "kube_schema_in_utc";

/// Timestamp accessors, which return the parts in UTC unless given a time zone.
pub(in super::super) const PARTS: [&str; 10] = [
    "getFullYear",
    "getMonth",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getHours",
    "getMinutes",
    "getSeconds",
    "getMilliseconds",
];

type Time = DateTime<FixedOffset>;

pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    let binary = vec![DYN_TYPE, DYN_TYPE];
    env.add_overload(SUBTRACT, "kube_schema_subtract(dyn,dyn)", binary, subtract)?;
    env.add_overload(IN_UTC, "kube_schema_in_utc(dyn)", vec![DYN_TYPE], in_utc)
}

fn overflow() -> ExecutionError {
    failed("timestamp overflow")
}

/// Checks that a timestamp is within the allowed years.
fn bounded(time: Option<Time>) -> Result<CelTimestamp, ExecutionError> {
    time.filter(|time| (1..=9999).contains(&time.with_timezone(&Utc).year()))
        .map(CelTimestamp::from)
        .ok_or_else(overflow)
}

/// Adds a timestamp and a duration, in either order; `None` for other types.
pub(in super::super) fn add<'b, 'v>(
    left: &CowVal<'b, 'v>,
    right: &CowVal<'b, 'v>,
) -> Option<Returned<'b, 'v>> {
    let of = |time: &CowVal<'b, 'v>, span: &CowVal<'b, 'v>| {
        let time = *time.downcast_ref::<CelTimestamp>()?.inner();
        let span = *span.downcast_ref::<CelDuration>()?.inner();
        Some(bounded(time.checked_add_signed(span)).map(CowVal::owned))
    };
    of(left, right).or_else(|| of(right, left))
}

fn subtract<'b, 'v>(args: Args<'b, 'v>) -> Returned<'b, 'v> {
    let [left, right] = args.as_slice() else {
        return Err(ExecutionError::invalid_argument_count(2, args.len()));
    };
    if let (Some(time), Some(span)) = (
        left.downcast_ref::<CelTimestamp>(),
        right.downcast_ref::<CelDuration>(),
    ) {
        let earlier = time.inner().checked_sub_signed(*span.inner());
        return bounded(earlier).map(CowVal::owned);
    }
    let no_overload = || ExecutionError::no_such_overload("_-_", Vec::<String>::new());
    let subtractor = left.as_subtractor().ok_or_else(no_overload)?;
    let difference = subtractor.sub(right.as_ref())?;
    Ok(CowVal::Owned(difference.into_owned()))
}

fn in_utc<'b, 'v>(mut args: Args<'b, 'v>) -> Returned<'b, 'v> {
    let value = args
        .pop()
        .ok_or_else(ExecutionError::missing_argument_or_target)?;
    Ok(match value.downcast_ref::<CelTimestamp>() {
        Some(time) => CowVal::owned(CelTimestamp::from(time.inner().to_utc().fixed_offset())),
        None => value,
    })
}

/// The timestamp for seconds since 1970.
///
/// # Errors
/// If it is not within the years 1 to 9999.
pub(super) fn of_seconds(seconds: i64) -> Result<Time, ExecutionError> {
    let time = DateTime::from_timestamp(seconds, 0).map(|time| time.fixed_offset());
    bounded(time).map(CelTimestamp::into_inner)
}

/// Go's `t.Format(time.RFC3339Nano)`.
pub(in super::super) fn printed(time: &CelTimestamp) -> String {
    let time = time.inner();
    let text = time.to_rfc3339_opts(SecondsFormat::Nanos, true);
    let (before, after) = text.split_at(19);
    let (fraction, offset) = after.split_at(10);
    let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
    format!("{before}{fraction}{offset}")
}

/// Formats a duration in seconds, with as many digits as needed.
pub(super) fn duration_text(span: TimeDelta) -> String {
    #[expect(clippy::cast_precision_loss, reason = "as Go prints it")]
    let seconds = span.num_seconds() as f64 + f64::from(span.subsec_nanos()) / 1e9;
    format!("{seconds}s")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::go_timestamp;

    #[test]
    fn timestamps_keep_their_offset() {
        let shown = |text: &str| printed(&CelTimestamp::from(go_timestamp(text).unwrap()));
        assert_eq!(
            shown("2026-01-31T10:00:00.50+02:00"),
            "2026-01-31T10:00:00.5+02:00"
        );
        assert_eq!(shown("2026-01-31T10:00:00Z"), "2026-01-31T10:00:00Z");
        assert_eq!(shown("2026-01-31T10:00:00+00:00"), "2026-01-31T10:00:00Z");
    }
}
