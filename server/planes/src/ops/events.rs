//! Kubernetes events of a claim.

use portico_domain::claim::{Claim, ClaimEvent};
use portico_domain::text::sanitize;
use serde_json::Value;

use super::tree::composite_of;
use crate::actor::Actor;
use crate::client::ApiClient;
use crate::error::PlaneError;
use crate::informers::{Reader, Wanted};
use crate::registry::Planes;

/// Events shown for a claim.
const MAX_EVENTS: usize = 100;

impl Planes {
    /// The events of the claim and, for a legacy claim, of its composite; newest first.
    ///
    /// # Errors
    /// Any [`PlaneError`].
    pub async fn events(&self, actor: &Actor, claim: &Claim) -> Result<Vec<ClaimEvent>, PlaneError> {
        let plane = self.plane(&claim.reference.plane)?;
        self.events_by(&Reader::for_page(&plane), actor, claim).await
    }

    pub(crate) async fn events_by(
        &self,
        reader: &Reader<'_>,
        actor: &Actor,
        claim: &Claim,
    ) -> Result<Vec<ClaimEvent>, PlaneError> {
        let plane = self.plane(&claim.reference.plane)?;
        let client = plane.client()?;
        // Events of cluster-scoped objects are in the namespace `default`.
        let namespace = claim.reference.namespace.as_deref().unwrap_or("default");
        let mut events = events_of(&client, reader, actor, namespace, &claim.uid).await?;
        if let Some(composite) = composite_of(&plane, &client, reader, actor, claim).await
            && let Some(uid) = composite.pointer("/metadata/uid").and_then(Value::as_str)
        {
            // Errors here must not hide the claim's own events.
            let of_composite = events_of(&client, reader, actor, "default", uid).await;
            events.extend(of_composite.unwrap_or_default());
        }
        events.sort_by_key(|event| std::cmp::Reverse(event.at));
        events.truncate(MAX_EVENTS);
        Ok(events)
    }
}

async fn events_of(
    client: &ApiClient,
    reader: &Reader<'_>,
    actor: &Actor,
    namespace: &str,
    uid: &str,
) -> Result<Vec<ClaimEvent>, PlaneError> {
    let wanted = Wanted::events_about(namespace, uid);
    let events = reader.read(client, actor, &wanted).await?;
    serde_json::from_value(events).map_err(|error| client.not_json(&error))
}

/// The events about the object with that uid, newest first. `None` if this is not a list.
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
