//! Status conditions.

use jiff::Timestamp;
use serde_json::{Value, json};

/// A condition to set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    kind: &'static str,
    status: bool,
    reason: &'static str,
    message: String,
}

impl Condition {
    pub(super) fn synced() -> Self {
        Self {
            kind: "Synced",
            status: true,
            reason: "ReconcileSuccess",
            message: String::new(),
        }
    }

    pub(super) fn not_synced(reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind: "Synced",
            status: false,
            reason,
            message: message.into(),
        }
    }

    pub(super) fn ready() -> Self {
        Self {
            kind: "Ready",
            status: true,
            reason: "Available",
            message: String::new(),
        }
    }

    pub(super) fn not_ready(reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind: "Ready",
            status: false,
            reason,
            message: message.into(),
        }
    }
}

/// The object's conditions with these set. `lastTransitionTime` changes only with the status.
pub(super) fn with(object: &Value, set: &[Condition], now: Timestamp) -> Value {
    let generation = &object["metadata"]["generation"];
    let before = object["status"]["conditions"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let mut after: Vec<Value> = before
        .iter()
        .filter(|old| !set.iter().any(|new| old["type"] == new.kind))
        .cloned()
        .collect();
    for new in set {
        let status = if new.status { "True" } else { "False" };
        let since = before
            .iter()
            .find(|old| old["type"] == new.kind && old["status"] == status)
            .map_or_else(
                || json!(now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
                |old| old["lastTransitionTime"].clone(),
            );
        let mut condition = json!({
            "type": new.kind, "status": status, "reason": new.reason,
            "lastTransitionTime": since, "observedGeneration": generation,
        });
        if !new.message.is_empty() {
            condition["message"] = json!(new.message);
        }
        after.push(condition);
    }
    Value::Array(after)
}

/// Whether the condition `Ready` is true.
pub(super) fn is_ready(object: &Value) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    conditions
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}
