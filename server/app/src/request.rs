//! A request's page: its state, and whom it waits for.

use std::collections::BTreeMap;
use std::sync::Arc;

use kube_schema::yaml;
use portico_api::words::{Baseline, CannotApply, RequestSentence, Step, lifecycle_text, track_record};
use portico_api::{Link, PriceQuote, QuotaLine, RequestPage, RequestStep, Text};
use portico_domain::authz::{self, Denied, Visible};
use portico_domain::claim::{Claim, Health, labels};
use portico_domain::documents::{Configuration, Phase};
use portico_domain::manifest::expires_at;
use portico_domain::names::RequestId;
use portico_domain::obstacle::Obstacle;
use portico_domain::permission::ApplyPermission;
use portico_domain::policy::{approvers_in_words, quota_consumption, unmet};
use portico_domain::request::{Action, Comment, Request, State};
use portico_domain::tenancy::Viewer;
use portico_planes::Catalog;
use serde_json::Value;

use super::cut::Cut;
use super::lookups::{Lookups, takes_of_quota};
use super::names::claim_place;
use super::offering::plan_title;
use super::permissions::Attempt;
use super::permit::Moment;
use super::quota_lines::Effect;
use super::review_diff::{difference, review_diff};
use super::usage::{cost, plan, plans, price};
use super::{Denial, Portal, PortalError, Result, rows};

impl Portal {
    /// Returns a request's page.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] when there is no such request for the viewer; when the database fails.
    pub async fn request(&self, viewer: &Viewer, id: RequestId) -> Result<RequestPage> {
        let whole = self.visible_request(viewer, id).await?;
        let configuration = self.configuration_now().await?;
        let catalog = self.planes().catalog();
        let (may_decide, may_not_decide) = may_decide(viewer, &whole);
        let claim = self.planes().claim(&viewer.scope(), &whole.claim);
        let lookups = self.lookups(&configuration, std::slice::from_ref(&whole)).await?;
        let in_the_way = self.in_the_way(&configuration, &lookups, &whole)?;
        let cut = Cut::of(viewer, &configuration, &whole);
        let comments = cut.comments(self.store().comments_of(&whole).await?, viewer);
        let request = &*cut.request;
        let mut row = rows::request(&catalog, request);
        let mut steps = steps(&configuration, request);
        if let Some(why) = self.cannot_be_applied(&configuration, &catalog, request) {
            for step in steps.iter_mut().filter(|step| step.current) {
                let before = step.comment.take().into_iter();
                let both = before.chain([why.to_string().into()]).collect();
                step.comment = Some(Text::Joined(both, " "));
            }
            row.status = match row.status.to_string().trim_end_matches('.') {
                "" => why.to_string().into(),
                status => format!("{status}. {why}").into(),
            };
        }
        let mut steps = with_comments(steps, comments);
        steps.extend(in_the_way.map(|obstacle| RequestStep {
            comment: Some(cut.obstacle(&obstacle).into()),
            current: true,
            bad: true,
            ..Step::Blocked.into()
        }));
        let (diff, against) = if request.state == State::AwaitingApproval {
            review_diff(&catalog, &lookups, request)
        } else {
            (difference(request), Baseline::WasLive)
        };
        let price = price_of(&catalog, request);
        Ok(RequestPage {
            row,
            deprecation: self.deprecation_of(&catalog, request),
            offering_href: rows::offering_href(&catalog, viewer.audience(), &request.claim.offering),
            claim_href: claim.map(|claim| Link::Claim(claim.reference.clone())),
            steps,
            sentence: sentence_of(&configuration, &catalog, request),
            manifest: yaml::print(&request.manifest),
            manifest_hash: request.manifest_hash.clone(),
            take_over: request.take_over.clone(),
            diff,
            against: against.text(),
            again: again(viewer, request),
            placement: (&request.placement).into(),
            expires_at: request
                .approval
                .as_ref()
                .filter(|_| request.state == State::AwaitingApproval)
                .map(|need| need.expires_at),
            note: request.note.clone(),
            rules: request
                .approval
                .iter()
                .flat_map(|need| &need.rules)
                .map(|rule| (rule.policy.clone(), rule.rule.clone(), rule.reason.clone()))
                .collect(),
            quota: if cut.is_whole() {
                quota_lines(&configuration, &catalog, &lookups, request)
            } else {
                Vec::new()
            },
            cost: cost(price.as_ref()),
            price,
            may_decide,
            may_not_decide: may_not_decide.map(|denial| denial.text()),
            undo_until: self.undo_until_of(viewer, &whole),
            may_withdraw: authz::may_withdraw(viewer, &whole).is_ok(),
            may_comment: authz::may_comment(viewer, &whole).is_ok(),
            revision: request.revision,
        })
    }

    /// Returns why a pending request could not be approved now, for requester and approver.
    pub(super) fn in_the_way(
        &self,
        configuration: &Configuration,
        lookups: &Lookups,
        request: &Request,
    ) -> Result<Option<Obstacle>> {
        if request.state != State::AwaitingApproval {
            return Ok(None);
        }
        let verdict = self.permit_by(configuration, lookups, request, Moment::Decision)?;
        Ok(match verdict {
            ApplyPermission::Refused(obstacle) => Some(obstacle),
            ApplyPermission::Granted { .. } | ApplyPermission::NeedsApproval { .. } => None,
        })
    }

    /// Returns that the offering of an open request for a new claim is deprecated, as a sentence. After its sunset date an
    /// obstacle says so.
    pub(super) fn deprecation_of(&self, catalog: &Catalog, request: &Request) -> Option<Text> {
        if request.state.is_end() || request.action != Action::Create {
            return None;
        }
        let offered = catalog.get(&request.claim.offering)?;
        let deprecation = offered.lifecycle.deprecation()?;
        let phase = deprecation.phase(self.now());
        lifecycle_text(&offered.title, phase, deprecation.sunset).filter(|_| phase != Phase::Ended)
    }

    /// Returns the request if it exists for the viewer: a member of its tenant, or an approver that it needs.
    pub(super) async fn visible_request(&self, viewer: &Viewer, id: RequestId) -> Result<Visible<Request>> {
        let request = self.store().visible_request(viewer, id).await?;
        request.ok_or(PortalError::NotFound)
    }

    /// Returns why an open request could not be applied now: its control plane does not serve the kind, or
    /// serves it in a form that cannot be used.
    fn cannot_be_applied(
        &self,
        configuration: &Configuration,
        catalog: &Catalog,
        request: &Request,
    ) -> Option<CannotApply> {
        let claim = &request.claim;
        if request.state.is_end() || request.action == Action::Delete {
            return None;
        }
        let plane = claim_place(configuration, claim);
        match catalog.served(&claim.offering, &claim.plane) {
            Some(served) => {
                let problem = served
                    .problem
                    .as_ref()
                    .filter(|_| request.action == Action::Create)?;
                Some(CannotApply::KindUnusable {
                    plane,
                    problem: problem.clone(),
                })
            }
            None if self.planes().offerings_synced(&claim.plane) => Some(CannotApply::NotServed {
                plane,
                offering: claim.offering.clone(),
            }),
            None => None,
        }
    }
}

/// Returns the fields of an unsuccessful request as YAML, for its requester to fill in the form again.
fn again(viewer: &Viewer, request: &Request) -> Option<String> {
    let ended = matches!(
        request.state,
        State::Rejected | State::Withdrawn | State::Expired | State::Failed
    );
    let fields = matches!(request.action, Action::Create | Action::Change);
    if !ended || !fields || request.requester.subject != viewer.person().subject {
        return None;
    }
    let mut object = request.manifest.as_object()?.clone();
    object.retain(|key, _| !["apiVersion", "kind", "metadata", "status"].contains(&key.as_str()));
    Some(yaml::print(&Value::Object(object)))
}

/// Returns the request's effect on the quotas of its tenant and of those above it.
pub(super) fn quota_lines(
    configuration: &Configuration,
    catalog: &Catalog,
    lookups: &Lookups,
    request: &Request,
) -> Vec<QuotaLine> {
    let Some(tenant) = configuration.tenants.get(&request.tenant) else {
        return Vec::new();
    };
    if request.state.is_end() || !takes_of_quota(configuration, request) {
        return Vec::new();
    }
    let plans = plans(catalog, &request.claim.offering);
    let after = quota_consumption(plans, request.plan.as_ref(), &request.manifest);
    let effect = Effect {
        claim: Some(&request.claim),
        exists: request.action == Action::Change,
        after: &after,
    };
    let lines = if request.state == State::AwaitingApproval {
        effect.lines_with_others(configuration, tenant, lookups.usage())
    } else {
        effect.lines(configuration, tenant, lookups.usage())
    };
    lines.unwrap_or_default()
}

/// Returns the price of a request; for a change compared with the price that is paid until it is applied.
pub(super) fn price_of(catalog: &Catalog, request: &Request) -> Option<PriceQuote> {
    let offering = &request.claim.offering;
    let asked = plan(catalog, offering, request.plan.as_ref());
    match request.action {
        Action::Create | Action::Renew | Action::Adopt => price(asked, None),
        Action::Change => {
            let label = request.previous.as_ref().and_then(|previous| {
                let labels = previous.get("metadata")?.get("labels")?;
                labels.get(labels::PLAN)?.as_str()?.parse().ok()
            });
            price(asked, plan(catalog, offering, label.as_ref()))
        }
        Action::Delete => price(asked, None).map(PriceQuote::ended),
    }
}

/// Returns the request as a sentence.
pub(super) fn sentence_of(configuration: &Configuration, catalog: &Catalog, request: &Request) -> Text {
    let looks = rows::display(catalog, &request.claim.offering);
    RequestSentence {
        action: request.action,
        offering: &looks.title,
        plan: plan(catalog, &request.claim.offering, request.plan.as_ref()).map(plan_title),
        name: request.claim.name.as_str(),
        tenant: request.tenant.as_str(),
        environment: request.environment.as_str(),
        plane: Some(&claim_place(configuration, &request.claim)),
        until: expires_at(&request.manifest).filter(|_| request.action == Action::Renew),
    }
    .text()
}

/// Returns whether the viewer may decide; if not, but they might expect to, why.
pub(super) fn may_decide(viewer: &Viewer, request: &Request) -> (bool, Option<Denial>) {
    match authz::may_decide(viewer, request) {
        Ok(_) => (true, None),
        Err(Denied::NotAnApprover) => (false, None),
        Err(denied) => (
            false,
            Some(Attempt::Request(&request.requester.name).denial(denied)),
        ),
    }
}

fn steps(configuration: &Configuration, request: &Request) -> Vec<RequestStep> {
    let mut steps = vec![RequestStep {
        who: Some(request.requester.name.clone()),
        at: Some(request.created_at),
        comment: request.note.as_ref().map(Text::from),
        done: true,
        ..Step::Requested.into()
    }];
    steps.extend(request.decisions.iter().map(|decision| {
        RequestStep {
            who: Some(decision.by.name.clone()),
            at: Some(decision.at),
            comment: decision.comment.as_ref().map(Text::from),
            done: true,
            bad: !decision.approved && decision.undone_at.is_none(),
            ..match (decision.approved, decision.undone_at) {
                (true, None) => Step::Approved,
                (false, None) => Step::Rejected,
                (true, Some(_)) => Step::ApprovalUndone,
                (false, Some(_)) => Step::RejectionUndone,
            }
            .into()
        }
    }));
    let end = |step: Step, bad: bool| RequestStep {
        at: Some(request.updated_at),
        comment: request.failure.as_ref().map(|reason| reason.to_string().into()),
        done: true,
        bad,
        ..step.into()
    };
    let (apply, applied) = if request.action == Action::Delete {
        (Step::Delete, Step::Deleted)
    } else {
        (Step::Apply, Step::Applied)
    };
    match request.state {
        State::AwaitingApproval => {
            let tenant = configuration
                .tenants
                .get(&request.tenant)
                .map_or(request.tenant.as_str(), |tenant| tenant.title());
            for rule in request
                .approval
                .iter()
                .flat_map(|need| unmet(&need.rules, &request.decisions))
            {
                steps.push(RequestStep {
                    who: Some(approvers_in_words(&rule.approvers, tenant, rule.count)),
                    comment: Some(Text::from(&rule.reason)),
                    current: true,
                    ..Step::WaitsForApproval.into()
                });
            }
            steps.push(apply.into());
        }
        State::Draft | State::Submitted | State::Approved | State::Applying => steps.push(RequestStep {
            comment: request
                .waiting_for
                .as_ref()
                .map(|reason| reason.to_string().into()),
            current: true,
            ..apply.into()
        }),
        State::Fulfilled => steps.push(end(applied, false)),
        State::Rejected if request.decisions.iter().any(|decision| !decision.approved) => {
            if let Some(last) = steps.last_mut() {
                last.current = true;
            }
        }
        State::Rejected => steps.push(end(Step::RefusedByPolicy, true)),
        State::Withdrawn => steps.push(end(Step::Withdrawn, true)),
        State::Expired => steps.push(end(Step::Expired, true)),
        State::Failed => steps.push(end(Step::Failed, true)),
    }
    steps
}

/// Inserts the comments into the steps. Future steps stay at the end.
fn with_comments(mut steps: Vec<RequestStep>, comments: Vec<Comment>) -> Vec<RequestStep> {
    for comment in comments {
        let place = steps
            .iter()
            .position(|step| step.at.is_none_or(|at| at > comment.at))
            .unwrap_or(steps.len());
        let step = RequestStep {
            who: Some(comment.by.name),
            at: Some(comment.at),
            comment: Some(comment.text.into()),
            remark: true,
            done: true,
            ..Step::Commented.into()
        };
        steps.insert(place, step);
    }
    steps
}

/// Returns how a requester's earlier requests ended, and the health of their claims.
pub(super) fn track(name: &str, counts: &BTreeMap<State, u64>, claims: &[Arc<Claim>]) -> Text {
    let mut healths: BTreeMap<Health, usize> = BTreeMap::new();
    for claim in claims {
        *healths.entry(claim.status.health).or_default() += 1;
    }
    track_record(name, counts, &healths)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use portico_domain::documents::Approvers;
    use portico_domain::request::{ApprovalNeed, RuleNeed, State};
    use portico_domain::tenancy::{Person, Role, Viewer};

    use super::may_decide;

    fn approver(subject: &str, email: Option<&str>) -> Viewer {
        let person = Person {
            subject: subject.to_owned(),
            name: "Ada".to_owned(),
            email: email.map(str::to_owned),
        };
        Viewer::for_tests(person)
            .with_provider("partner")
            .with_role("payments".parse().unwrap(), Role::Approver)
    }

    #[test]
    fn nobody_decides_on_their_own_request_by_another_account() {
        let mut request = portico_store::testing::request("payments", "x", State::AwaitingApproval);
        request.approval = Some(ApprovalNeed {
            rules: vec![RuleNeed {
                policy: "p".to_owned(),
                rule: "r".to_owned(),
                reason: "why".to_owned(),
                approvers: Approvers::TenantApprovers {},
                count: 1,
                publication: None,
            }],
            expires_at: Timestamp::MAX,
        });
        let own = request.requester.clone();
        for (viewer, may) in [
            (approver(&own.subject, None), false),
            (approver("https://partner.example#7", own.email.as_deref()), false),
            (
                approver("https://partner.example#7", Some("DANA@example.com")),
                false,
            ),
            (approver("https://partner.example#7", None), true),
            (
                approver("https://partner.example#7", Some("ada@example.com")),
                true,
            ),
        ] {
            assert_eq!(may_decide(&viewer, &request).0, may, "{viewer:?}");
        }
    }
}
