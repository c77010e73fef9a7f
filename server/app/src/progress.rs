//! How far the creation of a claim is.

use std::time::Duration;

use jiff::Timestamp;
use portico_api::words::ProgressTitle;
use portico_api::{Progress, ProgressStep, TreeNode};
use portico_domain::claim::Health;
use portico_domain::request::{Request, State};

/// The progress of a claim that `request` creates. `created_at` is when it was created on its control plane, `tree` what it
/// is composed of, and `usual` how long other claims of its offering took.
pub(super) fn progress(
    request: &Request,
    created_at: Timestamp,
    tree: Option<&TreeNode>,
    usual: Option<Duration>,
    plane: &str,
    now: Timestamp,
) -> Progress {
    let applied = (request.state == State::Fulfilled).then_some(created_at);
    let approved = request
        .decisions
        .iter()
        .filter(|decision| decision.approved && !decision.void)
        .map(|decision| decision.at)
        .max();

    let mut done = vec![(ProgressTitle::Requested, Some(request.created_at))];
    if approved.is_some() {
        done.push((ProgressTitle::Approved, approved));
    }
    done.push((ProgressTitle::Applied { plane }, applied));
    let current = done.iter().filter(|(_, at)| at.is_some()).count();
    let parts = tree.map(|tree| tree.children.as_slice()).unwrap_or_default();
    if applied.is_some() && !parts.is_empty() {
        let ready = parts.iter().filter(|part| part.health == Health::Ready).count();
        let all = parts.len();
        done.push((ProgressTitle::Parts { ready, all }, None));
    }
    done.push((ProgressTitle::Ready, None));

    let mut before = None;
    let steps = done.into_iter().map(|(title, at)| {
        let seconds = before.zip(at).map(|(before, at)| seconds(before, at));
        before = at;
        ProgressStep {
            title: title.to_string(),
            at,
            seconds,
        }
    });
    Progress {
        steps: steps.collect(),
        current,
        elapsed_seconds: applied.map_or(0, |at| seconds(at, now)),
        usual_seconds: usual.map(|usual| usual.as_secs()),
    }
}

/// Whole seconds from one instant to another. The clocks of a control plane and of Portico can differ: never negative.
fn seconds(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.duration_since(from).as_secs()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use portico_domain::request::Decision;

    use super::*;

    fn part(health: Health) -> TreeNode {
        TreeNode {
            kind: "Volume".to_owned(),
            api_version: "v1".to_owned(),
            namespace: None,
            name: "data".to_owned(),
            health,
            reason: String::new(),
            children: Vec::new(),
        }
    }

    fn after(request: &Request, seconds: i64) -> Timestamp {
        request.created_at + SignedDuration::from_secs(seconds)
    }

    fn titles(progress: &Progress) -> Vec<(&str, Option<u64>)> {
        let steps = progress.steps.iter();
        steps.map(|step| (step.title.as_str(), step.seconds)).collect()
    }

    #[test]
    fn an_applied_claim_waits_for_its_parts() {
        let mut request = portico_store::testing::request("payments", "orders", State::Fulfilled);
        request.decisions = vec![Decision {
            by: request.requester.clone(),
            at: after(&request, 300),
            approved: true,
            comment: None,
            provider: None,
            groups: Vec::new(),
            tenant_approver: true,
            digest: None,
            policy: None,
            void: false,
            undone_at: None,
        }];
        let mut tree = part(Health::Pending);
        tree.children = vec![part(Health::Ready), part(Health::Pending), part(Health::Gone)];
        let created_at = after(&request, 302);
        let now = after(&request, 320);
        let usual = Some(Duration::from_secs(41));
        let progress = progress(&request, created_at, Some(&tree), usual, "EU", now);
        assert_eq!(
            titles(&progress),
            [
                ("Requested", None),
                ("Approved", Some(300)),
                ("Applied to EU", Some(2)),
                ("1 of 3 parts ready", None),
                ("Ready", None),
            ]
        );
        assert_eq!((progress.current, progress.elapsed_seconds), (3, 18));
        assert_eq!(progress.usual_seconds, Some(41));
    }

    #[test]
    fn what_is_not_applied_yet_has_no_parts_and_no_time() {
        let request = portico_store::testing::request("payments", "orders", State::Approved);
        let now = after(&request, 7);
        let progress = progress(&request, now, None, None, "EU", now);
        assert_eq!(
            titles(&progress),
            [("Requested", None), ("Applied to EU", None), ("Ready", None)]
        );
        assert_eq!((progress.current, progress.elapsed_seconds), (1, 0));
    }

    #[test]
    fn a_control_planes_clock_may_be_behind() {
        let request = portico_store::testing::request("payments", "orders", State::Fulfilled);
        let earlier = after(&request, -3);
        let progress = progress(&request, earlier, None, None, "EU", earlier);
        assert_eq!(progress.steps[1].seconds, Some(0));
        assert_eq!(progress.elapsed_seconds, 0);
    }
}
