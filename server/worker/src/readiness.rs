//! How long claims take to become ready, noted once for each: what the catalog calls typical.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use portico_domain::claim::{Claim, Health};
use portico_store::StoreError;

use super::Bench;

/// Claims that take longer say nothing about what is typical.
const LONGEST: SignedDuration = SignedDuration::from_hours(72);

pub(super) async fn run(bench: Bench) {
    loop {
        if let Err(error) = bench.note_readiness().await {
            tracing::warn!(%error, "times to ready cannot be noted");
        }
        tokio::time::sleep(bench.settings.readiness_every).await;
    }
}

impl Bench {
    /// Notes the claims that turned ready; how many.
    pub(super) async fn note_readiness(&self) -> Result<usize, StoreError> {
        let mut noted = 0;
        for request in self.store.awaiting_readiness(self.now() - LONGEST).await? {
            let Some(claim) = self.planes.claim(&self.authority.scope(), &request.claim) else {
                continue;
            };
            if claim.status.health != Health::Ready
                || request.uid.as_ref().is_some_and(|uid| *uid != claim.uid)
            {
                continue;
            }
            let took =
                Duration::try_from(ready_at(&claim).duration_since(claim.created_at)).unwrap_or_default();
            self.store
                .note_ready(request.id, &request.claim.offering, took, self.now())
                .await?;
            noted += 1;
        }
        Ok(noted)
    }
}

/// When it turned ready, by its conditions; else when it was seen so.
fn ready_at(claim: &Claim) -> Timestamp {
    let said = claim
        .status
        .conditions
        .iter()
        .filter(|condition| condition.status == "True")
        .filter_map(|condition| condition.since)
        .max();
    said.unwrap_or(claim.observed_at)
}
