//! Events about objects, as `kubectl describe` shows them.

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

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
    // The same event has the same name, so that it is found again without a search.
    let identity = [object::uid(about), kind, reason, message].join("\0");
    let digest = hex::encode(&Sha256::digest(identity.as_bytes())[..8]);
    let name: String = object::name(about).chars().take(230).collect();
    let unique = format!("{}.{digest}", name.trim_end_matches(['-', '.']));
    if let Some(same) = objects.get(&events, &Key::namespaced(namespace, &unique)) {
        let count = same["count"].as_i64().unwrap_or(1) + 1;
        objects.patch(
            &events,
            &Key::of(&same),
            json!({"count": count, "lastTimestamp": now}),
        )?;
        return Ok(());
    }
    make_room(objects, &events);
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

/// Forgets the oldest tenth of the events, once there are too many.
fn make_room(objects: &Objects, events: &GroupKind) {
    if objects.count(events) < MAX_EVENTS {
        return;
    }
    let mut all = objects.list(events);
    all.sort_by_key(|event| object::revision(event));
    for event in all.iter().take(MAX_EVENTS / 10) {
        // Somebody else may have removed it meanwhile: as well.
        let _ = objects.delete(events, &Key::of(event));
    }
}
