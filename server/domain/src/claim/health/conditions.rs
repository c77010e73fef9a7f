//! The meaning of conditions.

use serde_json::Value;

use crate::claim::Condition;
use crate::claim::adapter::Adapter;
use crate::claim::words::{humanize, sounds_like_failure};
use crate::text::sanitize;

/// Condition types that mean "works" when true. Used where there is neither `Ready` nor `Available`.
const MEANS_WORKING: &[&str] = &[
    "Healthy",
    "Running",
    "Active",
    "Online",
    "Operational",
    "Succeeded",
    "Complete",
    "Completed",
    "Reconciled",
    "Synced",
    "Synchronized",
    "Applied",
    "Accepted",
    "Programmed",
    "Established",
    "Bound",
    "Provisioned",
    "Deployed",
    "Installed",
    "Created",
    "Configured",
    "Registered",
    "ReconcileSuccess",
    "UpToDate",
];
/// Suffixes of condition types that mean "broken" when true.
pub(super) const MEANS_BROKEN: &[&str] = &[
    "Stalled",
    "Degraded",
    "Failed",
    "Failing",
    "Failure",
    "Error",
    "Unhealthy",
    "Terminal",
];

/// A condition of an object.
pub(super) struct ObservedCondition {
    pub(super) condition: Condition,
    /// True if it was written for an older generation of the object.
    pub(super) is_stale: bool,
}

pub(super) fn read_condition(value: &Value) -> Option<Condition> {
    let text = |key: &str| {
        value
            .get(key)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    Some(Condition {
        kind: text("type")?,
        status: text("status").unwrap_or_else(|| "Unknown".to_owned()),
        reason: text("reason"),
        message: text("message").map(|message| sanitize(&message)),
        since: text("lastTransitionTime").and_then(|at| at.parse().ok()),
    })
}

/// Returns a condition's message, or its reason in words.
pub(super) fn explain(condition: &Condition, adapter: &Adapter) -> Option<String> {
    condition.message.clone().or_else(|| {
        condition
            .reason
            .as_deref()
            .map(|reason| words_of(reason, adapter))
    })
}

/// Translates a reason into plain words by the adapter's dictionary, else by the common one.
pub(super) fn words_of(reason: &str, adapter: &Adapter) -> String {
    adapter
        .words
        .get(reason)
        .cloned()
        .unwrap_or_else(|| humanize(reason))
}

/// True if a false condition reports a failure, judged by its reason or, without one, its message.
pub(super) fn reports_failure(condition: &Condition) -> bool {
    let said = condition.reason.as_deref().or(condition.message.as_deref());
    condition.status == "False" && said.is_some_and(sounds_like_failure)
}

/// True if a true condition of that type means that the object works. `loosely` also accepts suffixes.
pub(super) fn means_working(kind: &str, loosely: bool) -> bool {
    let is = |known: &&str| kind.eq_ignore_ascii_case(known);
    MEANS_WORKING.iter().any(is)
        || loosely
            && !is_negated(kind)
            && (ends_with_any(kind, MEANS_WORKING)
                || ends_with_any(kind, &["Ready", "Available", "Valid", "Satisfied"]))
}

pub(super) fn ends_with_any(kind: &str, ends: &[&str]) -> bool {
    ends.iter().any(|end| kind.ends_with(end))
}

/// True for negated types such as `NotSynced` and `NoFailure`.
pub(super) fn is_negated(kind: &str) -> bool {
    let starts = |with: &str| {
        kind.strip_prefix(with)
            .is_some_and(|rest| rest.starts_with(char::is_uppercase))
    };
    kind.contains("Not") || starts("No") || starts("Non")
}

/// Orders conditions: 0 is bad, 1 unknown, 2 good. Some types report trouble when true, and some only progress.
pub(super) fn severity(condition: &Condition) -> u8 {
    let kind = condition.kind.as_str();
    let reports_trouble = (ends_with_any(kind, MEANS_BROKEN)
        || ends_with_any(kind, &["NotReady", "Paused", "Warning"]))
        && (!is_negated(kind) || kind.ends_with("NotReady"));
    let is_course = ends_with_any(kind, &["Progressing", "Reconciling"]);
    match condition.status.as_str() {
        _ if is_course => 2,
        "True" if reports_trouble => 0,
        "False" if reports_trouble => 2,
        "True" => 2,
        // `Upgrading`, `ScalingUp`: false means that nothing of the kind is going on.
        "False" if kind.contains("ing") && !reports_failure(condition) => 2,
        "False" => 0,
        _ => 1,
    }
}
