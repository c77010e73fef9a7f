//! What a request waits for may happen before its pause is over: watches tell, and it is taken up
//! at once.

use portico_planes::{Change, PlaneState};
use tokio::sync::broadcast::error::RecvError;

use super::Bench;

pub(super) async fn run(bench: Bench) {
    let mut changes = bench.planes.subscribe();
    loop {
        match changes.recv().await {
            Ok(change) => bench.heard_of(&change).await,
            // What was missed comes due by itself.
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

impl Bench {
    async fn heard_of(&self, change: &Change) {
        let hurried = match change {
            // A claim that was being deleted is gone.
            Change::Claim {
                reference,
                deleted: true,
                ..
            } => self.store.hurry_claim(reference, self.now()).await,
            // A control plane that did not answer does again.
            Change::Plane(name) if self.answers(name) => self.store.hurry_plane(name, self.now()).await,
            _ => return,
        };
        match hurried {
            Ok(0) => {}
            Ok(_) => self.work_to_do.notify_one(),
            Err(error) => {
                tracing::warn!(%error, "waiting requests could not be hurried; they come due by themselves");
            }
        }
    }

    fn answers(&self, plane: &portico_domain::names::PlaneName) -> bool {
        self.planes
            .status(plane)
            .is_some_and(|status| status.state == PlaneState::Ready)
    }
}
