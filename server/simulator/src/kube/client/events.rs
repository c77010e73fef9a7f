//! Events about objects, as `kubectl describe` shows them.

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::objects::Objects;
use crate::kube::types::error::ApiError;
use crate::kube::types::kind::GroupKind;
use crate::kube::types::object::{self, Key};

/// Events kept per control plane. A real API server drops them after an hour.
const MAX_EVENTS: usize = 5_000;

impl Objects {
    /// Records an event about an object, as `kubectl describe` shows it. The same reason and message again raise its
    /// count. `kind` is `Normal` or `Warning`.
    ///
    /// # Errors
    /// 404 when the object's namespace is gone.
    pub fn record_event(
        &self,
        about: &Value,
        kind: &str,
        reason: &str,
        message: &str,
    ) -> Result<(), ApiError> {
        let events = GroupKind::new("", "Event");
        // Events about cluster-scoped objects go to the namespace `default`.
        let namespace = if object::namespace(about).is_empty() {
            "default"
        } else {
            object::namespace(about)
        };
        let now = object::timestamp(Timestamp::now());
        // Derive the name from the content, so that a repeated event is found by name.
        let identity = [object::uid(about), kind, reason, message].join("\0");
        let digest = hex::encode(&Sha256::digest(identity.as_bytes())[..8]);
        let name: String = object::name(about).chars().take(230).collect();
        let unique = format!("{}.{digest}", name.trim_end_matches(['-', '.']));
        if let Some(same) = self.get(&events, &Key::namespaced(namespace, &unique)) {
            let count = same["count"].as_i64().unwrap_or(1) + 1;
            self.patch(
                &events,
                &Key::of(&same),
                json!({"count": count, "lastTimestamp": now}),
            )?;
            return Ok(());
        }
        make_room(self, &events);
        self.create(json!({
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
            "source": {"component": self.manager}, "reportingComponent": self.manager, "reportingInstance": "",
        }))?;
        Ok(())
    }
}

/// Deletes the oldest tenth of the events once there are too many.
fn make_room(objects: &Objects, events: &GroupKind) {
    if objects.count(events) < MAX_EVENTS {
        return;
    }
    let mut all = objects.list(events);
    all.sort_by_key(|event| object::revision(event));
    for event in all.iter().take(MAX_EVENTS / 10) {
        // Somebody else may have deleted it already.
        let _ = objects.delete(events, &Key::of(event));
    }
}
