//! A claim's composed resources and events. Where the control plane does not answer: what was last read, and its age.

use std::time::Duration;

use portico_api::words::TreeProblem;
use portico_domain::claim::{Claim, ClaimEvent, ClaimRef, Health, ResourceTree};
use portico_domain::tenancy::Viewer;
use portico_planes::{Actor, PlaneError};
use tokio::sync::watch;

use super::Portal;

/// How long the page waits for the control plane. After that it is rendered without this part, and says so.
const READ_TIMEOUT: Duration = Duration::from_millis(700);

/// The composed resources and events of a claim.
#[derive(Debug, Default)]
pub(super) struct Composition {
    /// `None` if unknown.
    pub(super) tree: Option<ResourceTree>,
    /// Why there is no tree, how old it is, or that it is incomplete.
    pub(super) problem: Option<TreeProblem>,
    pub(super) events: Vec<ClaimEvent>,
}

impl Portal {
    /// Follows what stands behind a claim, for as long as the receiver is kept. It hears once when what is there has been
    /// read for the first time, so that whoever read it before reads it again, and then of every change. `None` when
    /// too much is followed already.
    pub(super) fn subscribe(&self, viewer: &Viewer, claim: &ClaimRef) -> Option<watch::Receiver<u64>> {
        // What stands behind a claim of another tenant's service is that tenant's.
        if self.configuration().service_of(claim).is_some() {
            return None;
        }
        self.planes().observe(&Actor::from(viewer), claim)
    }

    /// Reads the composed resources and events of a claim that the viewer may see.
    pub(super) async fn composition(&self, viewer: &Viewer, claim: &Claim) -> Composition {
        // What its controller composed for another tenant's service is that tenant's.
        if self.configuration().service_of(&claim.reference).is_some() {
            return Composition::default();
        }
        let actor = Actor::from(viewer);
        if claim.status.health == Health::Unreachable {
            return self.last_known(&actor, claim, TreeProblem::Unreachable);
        }
        let (tree, events) = tokio::join!(
            tokio::time::timeout(READ_TIMEOUT, self.planes().tree(&actor, claim)),
            tokio::time::timeout(READ_TIMEOUT, self.planes().events(&actor, claim)),
        );
        let tree = match tree {
            Ok(Ok(tree)) => tree,
            Ok(Err(error @ (PlaneError::Unreachable { .. } | PlaneError::Timeout { .. }))) => {
                let error = error.to_string();
                return self.last_known(&actor, claim, TreeProblem::NotAsked { error });
            }
            Ok(Err(error)) => {
                return Composition {
                    problem: Some(TreeProblem::Refused {
                        error: error.to_string(),
                    }),
                    ..Composition::default()
                };
            }
            Err(_) => {
                return self.last_known(&actor, claim, TreeProblem::Slow);
            }
        };
        Composition {
            problem: tree.truncated.then_some(TreeProblem::Truncated),
            tree: Some(tree),
            events: events.ok().and_then(Result::ok).unwrap_or_default(),
        }
    }

    /// Returns what was last read, as the viewer where the control plane distinguishes people, and why there is nothing
    /// newer.
    fn last_known(&self, actor: &Actor, claim: &Claim, why: TreeProblem) -> Composition {
        let Some(last) = self.planes().last_known(actor, &claim.reference) else {
            return Composition {
                problem: Some(why),
                ..Composition::default()
            };
        };
        Composition {
            tree: Some(last.tree),
            problem: Some(TreeProblem::Old {
                why: Box::new(why),
                now: self.now(),
                read_at: last.read_at,
            }),
            events: last.events,
        }
    }
}
