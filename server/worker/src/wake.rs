//! Wakes requests early when a watch shows that what they wait for has happened.

use portico_planes::{Change, PlaneState};
use tokio::sync::broadcast::error::RecvError;

use super::WorkerContext;

pub(super) async fn run(context: WorkerContext) {
    let mut changes = context.planes.subscribe();
    loop {
        match changes.recv().await {
            Ok(change) => context.on_change(&change).await,
            // Missed changes cost nothing but time: the requests come due anyway.
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

impl WorkerContext {
    async fn on_change(&self, change: &Change) {
        let woken = match change {
            // A claim that was being deleted is gone.
            Change::Claim {
                reference,
                deleted: true,
                ..
            } => self.store.wake_waiting_for_claim(reference, self.now()).await,
            // A control plane that did not answer does again.
            Change::Plane(name) if self.answers(name) => {
                self.store.wake_waiting_for_plane(name, self.now()).await
            }
            _ => return,
        };
        match woken {
            Ok(0) => {}
            Ok(_) => self.work_to_do.notify_one(),
            Err(error) => {
                tracing::warn!(%error, "waiting requests could not be woken; they come due at their own time");
            }
        }
    }

    fn answers(&self, plane: &portico_domain::names::PlaneName) -> bool {
        self.planes
            .status(plane)
            .is_some_and(|status| status.state == PlaneState::Ready)
    }
}
