//! Kubernetes events of a claim.

use portico_domain::claim::{Claim, ClaimEvent};
use serde_json::Value;

use super::tree::composite_of;
use crate::actor::Actor;
use crate::claim_events::MAX_EVENTS;
use crate::client::ApiClient;
use crate::error::PlaneError;
use crate::informers::{Reader, Wanted};
use crate::registry::Planes;

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
