//! Expires requests that nobody decided on in time.

use portico_domain::reason::FailureReason;
use portico_domain::request::{Request, Transition};
use portico_store::StoreError;
use serde_json::json;

use super::WorkerContext;

pub(super) async fn run(context: WorkerContext) {
    loop {
        if let Err(error) = context.expire().await {
            tracing::warn!(%error, "expired requests cannot be read");
        }
        tokio::time::sleep(context.settings.expiry_every).await;
    }
}

impl WorkerContext {
    /// Expires the requests that are overdue, and returns how many.
    pub(super) async fn expire(&self) -> Result<usize, StoreError> {
        let mut expired = 0;
        for request in self.store.expired(self.now()).await? {
            let ended = Request {
                failure: Some(FailureReason::Expired),
                ..request
            };
            match self.transition(&ended, Transition::Expire, json!({})).await {
                Ok(_) => expired += 1,
                // Decided at the last moment.
                Err(error) if error.is_overtaken() => {}
                Err(error) => {
                    tracing::warn!(request = %ended.id, %error, "a request could not be marked as expired");
                }
            }
        }
        Ok(expired)
    }
}
