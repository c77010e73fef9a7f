//! Reviews the rights that Portico needs on a control plane, periodically, and names those that are missing.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use portico_domain::claim::ClaimKind;

use super::context::PlaneContext;
use crate::client::Call;
use crate::error::PlaneError;
use crate::ops::has_right;
use crate::required_rights::{RequestableKind, RequiredRight, in_workspace, required_rights};
use crate::rights::{Reviewed, Right};
use crate::shared::Change;

/// Shortest interval between reviews of all rights.
const REVIEW_INTERVAL: Duration = Duration::from_mins(1);
/// Interval per access review: a control plane answers at most ten a second on average.
const INTERVAL_PER_REVIEW: Duration = Duration::from_millis(100);
/// While a right is missing, somebody may be about to grant it.
const REVIEW_INTERVAL_WHILE_MISSING: Duration = Duration::from_secs(10);
/// Then a control plane answers at most two a second on average.
const INTERVAL_PER_REVIEW_WHILE_MISSING: Duration = Duration::from_millis(500);
/// Delay of the next review after a refusal or a newly offered kind.
const REVIEW_DELAY: Duration = Duration::from_millis(500);
/// Access reviews in flight at once.
const CONCURRENT_REVIEWS: usize = 8;

/// A required right: cluster-wide, or in each of these namespaces.
struct ReviewedRight {
    right: Right,
    namespaces: Option<BTreeSet<String>>,
}

impl From<RequiredRight> for ReviewedRight {
    fn from(required: RequiredRight) -> Self {
        Self {
            right: Right {
                group: required.group,
                resource: required.resource,
                namespace: None,
                name: required.name,
                verb: required.verb,
            },
            namespaces: required.namespaces,
        }
    }
}

/// Reviews the rights for as long as the future is polled.
pub(super) async fn review(context: &PlaneContext) {
    let rights = &context.plane.rights;
    let mut configured = context.shared.configured.subscribe();
    loop {
        configured.mark_unchanged();
        let (reviewed, reviews) = review_all(context).await;
        let has_changed = {
            let mut known = rights.known.lock();
            let next = match reviewed {
                Ok(missing) => Reviewed {
                    missing,
                    at: Some(Timestamp::now()),
                    failed: None,
                },
                Err(error) => Reviewed {
                    failed: Some(error.admin_message()),
                    ..known.clone()
                },
            };
            let has_changed = next.missing != known.missing || next.failed != known.failed;
            *known = next;
            has_changed
        };
        if rights.known.lock().failed.is_none() {
            rights.reviewed.send_replace(());
        }
        if has_changed {
            let status = rights.status();
            tracing::info!(plane = %context.plane.name, missing = ?status.missing, failed = ?status.failed, "reviewed Portico's rights");
            context.shared.publish(Change::Plane(context.plane.name.clone()));
        }
        let started = tokio::time::Instant::now();
        let is_missing = !rights.known.lock().missing.is_empty();
        let due = started + interval(is_missing, reviews);
        tokio::select! {
            () = tokio::time::sleep_until(due) => {}
            // A refusal, or a newly offered kind.
            () = rights.review_requested.notified() => tokio::time::sleep(REVIEW_DELAY).await,
            changed = configured.changed() => if changed.is_err() { return },
        }
    }
}

/// The time until the next review, after one that took this many access reviews.
fn interval(is_missing: bool, reviews: u32) -> Duration {
    let usual = REVIEW_INTERVAL.max(INTERVAL_PER_REVIEW * reviews);
    if is_missing {
        usual.min(REVIEW_INTERVAL_WHILE_MISSING.max(INTERVAL_PER_REVIEW_WHILE_MISSING * reviews))
    } else {
        usual
    }
}

/// Reviews all rights once. Also returns the number of access reviews.
async fn review_all(context: &PlaneContext) -> (Result<BTreeSet<Right>, PlaneError>, u32) {
    let everything = Right::new("*", "*", "*");
    match has_right(&context.client, None, &everything).await {
        Ok(true) => return (Ok(BTreeSet::new()), 1),
        Ok(false) => {}
        Err(error) => return (Err(error), 1),
    }
    let needs = rights_to_review(context, has_crossplane(context).await);
    let answers: Vec<_> = stream::iter(needs)
        .map(|need| missing_part(context, need))
        .buffer_unordered(CONCURRENT_REVIEWS)
        .collect()
        .await;
    let mut missing = BTreeSet::new();
    let mut reviews = 1;
    for answer in answers {
        match answer {
            Ok((lacking, times)) => {
                missing.extend(lacking);
                reviews += times;
            }
            Err(error) => return (Err(error), reviews),
        }
    }
    (Ok(missing), reviews)
}

/// The missing part of a need, and the number of access reviews.
async fn missing_part(context: &PlaneContext, need: ReviewedRight) -> Result<(Vec<Right>, u32), PlaneError> {
    if has_right(&context.client, None, &need.right).await? {
        return Ok((Vec::new(), 1));
    }
    let Some(namespaces) = need.namespaces else {
        return Ok((vec![need.right], 1));
    };
    let mut missing = Vec::new();
    let mut reviews = 1;
    for namespace in namespaces {
        let mut right = need.right.in_namespace(&namespace);
        if right.resource == "namespaces" {
            // A namespace is the object and the namespace of the review.
            right.name = Some(namespace);
        }
        reviews += 1;
        if !has_right(&context.client, None, &right).await? {
            right.name = None;
            missing.push(right);
        }
    }
    Ok((missing, reviews))
}

async fn has_crossplane(context: &PlaneContext) -> bool {
    let group = Call::get("/apis/apiextensions.crossplane.io".to_owned());
    context.client.request_json(group).await.is_ok()
}

/// All rights that Portico needs on its own behalf.
fn rights_to_review(context: &PlaneContext, crossplane: bool) -> Vec<ReviewedRight> {
    let desired = context.shared.desired.load();
    let namespaces: BTreeSet<String> = desired
        .ownership
        .namespaces(&context.plane.name)
        .into_iter()
        .map(str::to_owned)
        .collect();
    let kinds = context.plane.offer.kinds.load();
    let kinds = kinds
        .values()
        .map(|kind| RequestableKind {
            group: kind.resource.group.clone(),
            plural: kind.resource.plural.clone(),
            namespaced: kind.resource.namespaced,
            legacy_claim: kind.claim_kind == ClaimKind::LegacyClaim,
        })
        .collect();
    let document = context.plane.offer.document.load_full();
    let rights = required_rights(&document.spec.act_as, &kinds, &namespaces, crossplane);
    let rights = match &document.spec.kcp {
        Some(kcp) => in_workspace(rights, kcp),
        None => rights,
    };
    rights.into_iter().map(ReviewedRight::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_rights_are_reviewed_more_often_and_no_control_plane_is_flooded() {
        let seconds = |is_missing, reviews| interval(is_missing, reviews).as_secs();
        assert_eq!((seconds(false, 1), seconds(true, 1)), (60, 10));
        assert_eq!((seconds(false, 100), seconds(true, 100)), (60, 50));
        assert_eq!((seconds(false, 1000), seconds(true, 1000)), (100, 100));
    }
}
