//! Requests that nobody decided on in time expire.

use portico_domain::request::{Request, Transition};
use portico_store::StoreError;
use serde_json::json;

use super::Bench;

pub(super) async fn run(bench: Bench) {
    loop {
        if let Err(error) = bench.expire().await {
            tracing::warn!(%error, "expired requests cannot be read");
        }
        tokio::time::sleep(bench.settings.expiry_every).await;
    }
}

impl Bench {
    /// Ends what is overdue; how many.
    pub(super) async fn expire(&self) -> Result<usize, StoreError> {
        let mut expired = 0;
        for request in self.store.expired(self.now()).await? {
            let why = "Nobody decided in time. Ask again if it is still needed.".to_owned();
            let ended = Request {
                failure: Some(why),
                ..request
            };
            match self.take(&ended, Transition::Expire, json!({})).await {
                Ok(_) => expired += 1,
                // Decided at the last moment.
                Err(error) if error.is_overtaken() => {}
                Err(error) => {
                    tracing::warn!(request = %ended.id, %error, "a request could not be let expire");
                }
            }
        }
        Ok(expired)
    }
}
