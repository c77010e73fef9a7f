//! What stands behind a claim, looked at again and again while somebody has the claim's page open.
//!
//! Watches tell of the kinds that are offered. What a claim is composed of may be any kind, and its events are
//! many people's: neither is worth a watch of its own on every control plane. So one task for each claim that is
//! looked at, however many look, asks for them twice a second and tells when they differ; it ends when the last
//! one looks away.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use portico_domain::claim::{ClaimEvent, ClaimRef, Composed, Health, Tree};
use portico_domain::documents::ActAs;
use portico_domain::tenancy::{Scope, Viewer};
use portico_planes::{Actor, PlaneError, SecretError};
use tokio::sync::watch;

use super::Portal;

/// The pause between two looks at what a quick control plane answers.
const EVERY: Duration = Duration::from_millis(500);
/// The longest pause, when a control plane is slow or fails.
const LONGEST: Duration = Duration::from_secs(30);
/// What each resource behind the claim adds to the pause beyond the first few: no page costs a control plane more
/// than some fifty calls a second.
const PER_RESOURCE: Duration = Duration::from_millis(20);
/// Claims looked out for at once. Beyond that, pages learn of what stands behind a claim when they look again.
const MOST: usize = 256;

/// The claims that are looked out for.
#[derive(Default)]
pub(super) struct Lookouts(Mutex<HashMap<View, watch::Sender<u64>>>);

/// What is looked at, and in whose name where that makes a difference.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct View {
    claim: ClaimRef,
    actor: Actor,
}

/// What was seen of a claim.
#[derive(PartialEq)]
struct Sight {
    tree: Tree,
    events: Vec<ClaimEvent>,
    /// The version of its connection secret, if there is one.
    secret: Option<String>,
}

impl Portal {
    /// Looks out for what stands behind a claim, for as long as the receiver is kept. It hears once when what is
    /// there has been seen for the first time, so that whoever read it before reads it again, and then of every
    /// change. `None` when too much is looked at already.
    pub(super) fn look_out(&self, viewer: &Viewer, claim: &ClaimRef) -> Option<watch::Receiver<u64>> {
        let configuration = self.configuration();
        let document = configuration.control_planes.get(&claim.plane);
        let in_person = document.is_some_and(|plane| plane.spec.act_as != ActAs::Portico);
        let view = View {
            claim: claim.clone(),
            actor: if in_person {
                Actor::from(viewer)
            } else {
                Actor::portico()
            },
        };
        let mut lookouts = self.shared.lookouts.0.lock();
        if let Some(told) = lookouts.get(&view) {
            let mut news = told.subscribe();
            if *news.borrow() > 0 {
                news.mark_changed();
            }
            return Some(news);
        }
        if lookouts.len() >= MOST {
            return None;
        }
        let told = watch::Sender::new(0);
        let news = told.subscribe();
        lookouts.insert(view.clone(), told.clone());
        tokio::spawn(keep_looking(self.clone(), view, told));
        Some(news)
    }

    async fn sight(&self, view: &View) -> Result<Option<Sight>, PlaneError> {
        let claim = self.planes().claim(&Scope::system(), &view.claim);
        // Of what is gone or out of reach the watches tell.
        let Some(claim) = claim.filter(|claim| claim.verdict.health != Health::Unreachable) else {
            return Ok(None);
        };
        let secret = async {
            match self.planes().secret_version(&view.actor, &claim).await {
                Ok(version) => Ok(Some(version)),
                Err(
                    SecretError::NotThere
                    | SecretError::NotProven { .. }
                    | SecretError::Plane(PlaneError::Forbidden { .. }),
                ) => Ok(None),
                Err(SecretError::Plane(error)) => Err(error),
            }
        };
        let (tree, events, secret) = tokio::join!(
            self.planes().tree(&view.actor, &claim),
            self.planes().events(&view.actor, &claim),
            secret,
        );
        let events = match events {
            Err(PlaneError::Forbidden { .. }) => Vec::new(),
            events => events?,
        };
        Ok(Some(Sight {
            tree: tree?,
            events,
            secret: secret?,
        }))
    }
}

async fn keep_looking(portal: Portal, view: View, told: watch::Sender<u64>) {
    let mut last = None;
    let mut failures = 0;
    loop {
        let begun = Instant::now();
        let sight = tokio::select! {
            () = told.closed() => Ok(None),
            sight = portal.sight(&view) => sight,
        };
        let wait = if let Ok(Some(sight)) = sight {
            failures = 0;
            let wait = pause(begun.elapsed(), count(&sight.tree.children));
            if last.as_ref() != Some(&sight) {
                last = Some(sight);
                told.send_modify(|times| *times += 1);
            }
            wait
        } else {
            failures += 1;
            after_failures(failures)
        };
        tokio::select! {
            () = told.closed() => {}
            () = tokio::time::sleep(wait) => {}
        }
        let mut lookouts = portal.shared.lookouts.0.lock();
        if told.receiver_count() == 0 {
            lookouts.remove(&view);
            return;
        }
    }
}

/// How long to leave a control plane alone that took so long to show so many resources.
fn pause(took: Duration, resources: usize) -> Duration {
    let resources = u32::try_from(resources).unwrap_or(u32::MAX);
    EVERY
        .max(took.saturating_mul(3))
        .max(PER_RESOURCE.saturating_mul(resources))
        .min(LONGEST)
}

/// Likewise when it failed so often in a row.
fn after_failures(failures: u32) -> Duration {
    EVERY.saturating_mul(1 << failures.min(6)).min(LONGEST)
}

fn count(composed: &[Composed]) -> usize {
    composed.iter().map(|one| 1 + count(&one.children)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quick_is_looked_at_twice_a_second_and_what_is_not_is_left_alone() {
        assert_eq!(pause(Duration::from_millis(40), 12), EVERY);
        assert_eq!(pause(Duration::from_secs(1), 12), Duration::from_secs(3));
        assert_eq!(pause(Duration::from_millis(40), 200), Duration::from_secs(4));
        assert_eq!(pause(Duration::from_mins(1), 12), LONGEST);
        assert_eq!(after_failures(1), Duration::from_secs(1));
        assert_eq!(after_failures(500), LONGEST);
    }
}
