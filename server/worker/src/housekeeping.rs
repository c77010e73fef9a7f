//! What is no longer needed is removed.

use super::Bench;

pub(super) async fn run(bench: Bench) {
    loop {
        match bench.store.sweep_sessions(bench.now()).await {
            Ok(0) => {}
            Ok(swept) => tracing::debug!(swept, "expired sessions removed"),
            Err(error) => tracing::warn!(%error, "expired sessions cannot be removed"),
        }
        tokio::time::sleep(bench.settings.housekeeping_every).await;
    }
}
