//! Events about objects, as `kubectl describe` shows them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::error::ApiError;
use super::kinds::GroupKind;
use super::metadata;
use super::object::{self, Key};
use super::objects::Objects;

/// How many events a control plane keeps; real ones forget after an hour.
const MAX_EVENTS: usize = 5_000;

/// Records an event; the same again raises its count.
pub(super) fn record(
    objects: &Objects,
    source: &str,
    about: &Value,
    kind: &str,
    reason: &str,
    message: &str,
) -> Result<(), ApiError> {
    let events = GroupKind::new("", "Event");
    // What has no namespace has its events in the default one.
    let namespace = if object::namespace(about).is_empty() {
        "default"
    } else {
        object::namespace(about)
    };
    let now = metadata::seconds(Timestamp::now());
    let all = objects.list(&events);
    let same = all.iter().find(|event| {
        object::namespace(event) == namespace
            && event["involvedObject"]["uid"] == object::uid(about)
            && event["type"] == kind
            && event["reason"] == reason
            && event["message"] == message
    });
    if let Some(same) = same {
        let count = same["count"].as_i64().unwrap_or(1) + 1;
        objects.patch(
            &events,
            &Key::of(same),
            json!({"count": count, "lastTimestamp": now}),
        )?;
        return Ok(());
    }
    if all.len() >= MAX_EVENTS
        && let Some(oldest) = all.iter().min_by_key(|event| object::revision(event))
    {
        // Somebody else may have removed it meanwhile: as well.
        let _ = objects.delete(&events, &Key::of(oldest));
    }
    let unique = format!("{}.{:016x}", object::name(about), rand::random::<u64>());
    objects.create(json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": unique, "namespace": namespace},
        "involvedObject": {
            "apiVersion": about["apiVersion"], "kind": about["kind"], "name": object::name(about),
            "namespace": object::namespace(about), "uid": object::uid(about),
            "resourceVersion": object::meta(about, "resourceVersion"),
        },
        "type": kind, "reason": reason, "message": message, "count": 1,
        "firstTimestamp": now, "lastTimestamp": now, "eventTime": null,
        "source": {"component": source}, "reportingComponent": source, "reportingInstance": "",
    }))?;
    Ok(())
}
