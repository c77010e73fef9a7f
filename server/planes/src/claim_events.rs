//! Parses Kubernetes events about a claim.

use portico_domain::claim::ClaimEvent;
use portico_domain::text::sanitize;
use serde_json::Value;

/// Events shown for a claim.
pub(crate) const MAX_EVENTS: usize = 100;

/// Returns the events about the object with that uid, newest first. `None` if this is not a list.
pub(crate) fn claim_events(list: &Value, uid: &str) -> Option<Vec<ClaimEvent>> {
    let items = match list.get("items")? {
        Value::Array(items) => items.as_slice(),
        // Go encodes an empty list as null.
        Value::Null => &[],
        _ => return None,
    };
    // A control plane that ignores the selector must not leak events of other objects.
    let own = items
        .iter()
        .filter(|item| item.pointer("/involvedObject/uid").and_then(Value::as_str) == Some(uid));
    let mut events: Vec<ClaimEvent> = own.map(event).collect();
    events.sort_by_key(|event| std::cmp::Reverse(event.at));
    events.truncate(MAX_EVENTS);
    Some(events)
}

fn event(item: &Value) -> ClaimEvent {
    let text = |pointer: &str| {
        item.pointer(pointer)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let times = [
        "/series/lastObservedTime",
        "/lastTimestamp",
        "/eventTime",
        "/firstTimestamp",
        "/metadata/creationTimestamp",
    ];
    let count = ["/series/count", "/count"]
        .iter()
        .find_map(|at| item.pointer(at)?.as_u64())
        .unwrap_or(1);
    let (kind, name) = (text("/involvedObject/kind"), text("/involvedObject/name"));
    ClaimEvent {
        warning: text("/type") == Some("Warning"),
        reason: sanitize(text("/reason").unwrap_or_default()),
        message: sanitize(text("/message").unwrap_or_default()),
        count: u32::try_from(count).unwrap_or(u32::MAX),
        at: times
            .iter()
            .filter_map(|at| text(at))
            .find_map(|at| at.parse().ok()),
        source: text("/source/component")
            .or(text("/reportingComponent"))
            .map(sanitize),
        about: sanitize(&format!(
            "{}/{}",
            kind.unwrap_or_default(),
            name.unwrap_or_default()
        )),
    }
}
