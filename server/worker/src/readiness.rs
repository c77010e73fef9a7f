//! Records once for each claim how long it took to become ready: the catalog shows the median.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use portico_domain::claim::{Claim, Health};
use portico_store::StoreError;

use super::WorkerContext;
use super::span::request_span;

/// Claims that take longer to become ready are not counted.
const MAX_READY_TIME: SignedDuration = SignedDuration::from_hours(72);

pub(super) async fn run(context: WorkerContext) {
    loop {
        if let Err(error) = context.note_readiness().await {
            tracing::warn!(%error, "times to ready cannot be noted");
        }
        tokio::time::sleep(context.settings.readiness_every).await;
    }
}

impl WorkerContext {
    /// Records the claims that became ready, and returns how many.
    pub(super) async fn note_readiness(&self) -> Result<usize, StoreError> {
        let mut noted = 0;
        for request in self.store.awaiting_readiness(self.now() - MAX_READY_TIME).await? {
            let Some(claim) = self.planes.claim(&self.authority.scope(), &request.claim) else {
                continue;
            };
            if claim.status.health != Health::Ready
                || request.uid.as_ref().is_some_and(|uid| *uid != claim.uid)
            {
                continue;
            }
            let duration =
                Duration::try_from(ready_at(&claim).duration_since(claim.created_at)).unwrap_or_default();
            self.store
                .note_ready(request.id, &request.claim.offering, duration, self.now())
                .await?;
            request_span(&request).in_scope(|| {
                let _watch = tracing::info_span!("watch").entered();
                tracing::info!(took_seconds = duration.as_secs(), "the claim is ready");
            });
            noted += 1;
        }
        Ok(noted)
    }
}

/// When the claim became ready: the last transition of its conditions, else when it was observed.
fn ready_at(claim: &Claim) -> Timestamp {
    let last_transition = claim
        .status
        .conditions
        .iter()
        .filter(|condition| condition.status == "True")
        .filter_map(|condition| condition.since)
        .max();
    last_transition.unwrap_or(claim.observed_at)
}
