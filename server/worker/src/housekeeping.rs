//! Removes expired sessions.

use super::WorkerContext;

pub(super) async fn run(context: WorkerContext) {
    loop {
        match context.store.sweep_sessions(context.now()).await {
            Ok(0) => {}
            Ok(swept) => tracing::debug!(swept, "expired sessions removed"),
            Err(error) => tracing::warn!(%error, "expired sessions cannot be removed"),
        }
        tokio::time::sleep(context.settings.housekeeping_every).await;
    }
}
