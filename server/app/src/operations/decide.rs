//! Approves or rejects a request. An approval is checked again by the current rules.

use jiff::{SignedDuration, Timestamp};
use portico_domain::authz::{self, Decide as MayDecide, DecisionOutcome, Disclosure, Granted, Visible};
use portico_domain::documents::{Configuration, Permission};
use portico_domain::names::RequestId;
use portico_domain::permission::ApplyPermission;
use portico_domain::request::{
    ApprovalNeed, Decision, MAX_COMMENT_CHARACTERS, Request, RuleNeed, State, Transition, policy_hash,
};
use portico_domain::tenancy::{Role, Viewer};
use serde_json::json;

use crate::cut::{Cut, requester_name};
use crate::permissions::Attempt;
use crate::permit::Moment;
use crate::{Caller, Conflict, Portal, PortalError, Result};

/// Approves or rejects a request.
#[derive(Debug)]
pub struct Decide {
    /// The request.
    pub request: RequestId,
    /// The revision that the approver saw.
    pub revision: i64,
    /// True approves, false rejects.
    pub approve: bool,
    /// A comment for the requester. A rejection needs one.
    pub comment: Option<String>,
}

impl Portal {
    /// Approves or rejects a request. Of two approvers who decide at once, the slower gets a conflict.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] when there is no such request for the viewer, [`PortalError::Forbidden`] when
    /// it is not theirs to decide, [`PortalError::Conflict`] when it was decided or changed meanwhile,
    /// [`PortalError::ReasonRequired`] for a rejection without a comment.
    pub async fn decide(&self, caller: Caller<'_>, command: Decide) -> Result<State> {
        let (viewer, remote) = (caller.viewer, caller.remote);
        let approved = command.approve;
        let visible = self.visible_request(viewer, command.request).await?;
        let configuration = self.configuration_now().await?;
        still_decides(viewer, &configuration, &visible)?;
        let now = self.now();
        let requester = requester_name(viewer, &configuration, &visible);
        let grant = decidable(viewer, visible, command.revision, approved, &requester, now)?;
        let mut request = grant.target().clone();
        let comment: Option<String> = command
            .comment
            .as_deref()
            .map(str::trim)
            .filter(|comment| !comment.is_empty())
            .map(|comment| comment.chars().take(MAX_COMMENT_CHARACTERS).collect());
        if !approved && comment.is_none() {
            return Err(PortalError::ReasonRequired);
        }
        let rules = request
            .approval
            .as_ref()
            .map(|need| need.rules.clone())
            .unwrap_or_default();
        request.decisions.push(Decision {
            by: grant.person().clone(),
            provider: Some(grant.provider().to_owned()),
            groups: grant.groups().iter().cloned().collect(),
            tenant_approver: viewer.may(&request.tenant, Role::Approver),
            approved,
            comment: comment.clone(),
            at: now,
            digest: Some(request.digest()),
            policy: Some(policy_hash(&rules)),
            void: false,
            undone_at: None,
        });
        let (step, outcome) = if approved {
            match self.permit(&request, Moment::Decision).await? {
                ApplyPermission::Granted { .. } => (Some(Transition::Approve), DecisionOutcome::Approved),
                ApplyPermission::NeedsApproval {
                    rules: asked,
                    expires_after_hours,
                    schema_hash,
                } => {
                    let same_schema = schema_hash.is_none() || request.schema_hash == schema_hash;
                    if asked != rules || !same_schema {
                        request.decisions.pop();
                        self.put_up_again(&grant, remote, request, asked, expires_after_hours, schema_hash)
                            .await?;
                        return Err(PortalError::Conflict(Conflict::ApprovalOutdated));
                    }
                    (None, DecisionOutcome::Agreed)
                }
                // It stays as it is: the reason may pass, or an approver rejects it.
                ApplyPermission::Refused(obstacle) => {
                    let cut = Cut::of(viewer, &configuration, grant.target());
                    return Err(PortalError::Conflict(cut.conflict(obstacle)));
                }
            }
        } else {
            (Some(Transition::Reject), DecisionOutcome::Rejected)
        };
        if let Some(step) = step {
            request.state = request
                .state
                .apply(step)
                .map_err(|error| PortalError::Conflict(Conflict::WrongState(error)))?;
        }
        if request.state == State::Approved {
            // Until then nothing is applied, so that the approver can still take it back.
            let window = configuration.portal.spec.approvals.undo_window();
            request.next_attempt_at = (!window.is_zero())
                .then(|| now.saturating_add(window).ok())
                .flatten();
            request.waiting_for = None;
        }
        request.updated_at = now;
        let event = grant.audit(outcome, now, remote).with_details(json!({
            "claim": request.claim.to_string(),
            "comment": comment,
            "manifestHash": request.manifest_hash,
            "digest": request.digest(),
            "policy": policy_hash(&rules),
        }));
        let saved = self.store().update_request(&grant, &request, &[event]).await?;
        if saved.state == State::Approved {
            self.work_to_do();
        }
        Ok(saved.state)
    }

    /// Updates the required approvals to the current policy.
    async fn put_up_again(
        &self,
        grant: &Granted<Request, MayDecide>,
        remote: Option<&str>,
        mut request: Request,
        rules: Vec<RuleNeed>,
        expires_after_hours: u32,
        schema_hash: Option<String>,
    ) -> Result<()> {
        let now = self.now();
        let details = json!({ "claim": request.claim.to_string(), "policy": policy_hash(&rules) });
        let event = grant
            .audit(DecisionOutcome::AwaitsOthers, now, remote)
            .with_details(details);
        let expires_at = now + SignedDuration::from_hours(i64::from(expires_after_hours));
        request.require_approval_again(ApprovalNeed { rules, expires_at }, schema_hash);
        request.updated_at = now;
        self.store().update_request(grant, &request, &[event]).await?;
        Ok(())
    }
}

/// Checks whether approvers of a publisher still decide: a permission may have been taken back since the viewer's groups
/// were looked at.
///
/// # Errors
/// [`PortalError::NotFound`].
fn still_decides(viewer: &Viewer, configuration: &Configuration, request: &Request) -> Result<()> {
    let Disclosure::Service(_) = authz::disclosure(viewer, request) else {
        return Ok(());
    };
    let rules = request.approval.iter().flat_map(|need| &need.rules);
    let mut publications = rules.filter_map(|rule| rule.publication.as_ref());
    let decides = publications.any(|publication| {
        viewer.decides_for(publication, &request.tenant).is_some()
            && configuration
                .service(publication)
                .is_some_and(|service| service.holds(Permission::Decide, &request.tenant))
    });
    if decides {
        Ok(())
    } else {
        Err(PortalError::NotFound)
    }
}

/// Returns the grant to decide on the request at the revision that the viewer saw.
fn decidable(
    viewer: &Viewer,
    request: Visible<Request>,
    revision: i64,
    approved: bool,
    requester: &str,
    now: Timestamp,
) -> Result<Granted<Request, MayDecide>> {
    if request.state != State::AwaitingApproval {
        let step = if approved {
            Transition::Approve
        } else {
            Transition::Reject
        };
        return Err(PortalError::Conflict(match request.state.apply(step) {
            Ok(_) => Conflict::AlreadyDecided,
            Err(error) => Conflict::WrongState(error),
        }));
    }
    let grant = authz::decide(viewer, request).map_err(Attempt::Request(requester).error())?;
    let request = grant.target();
    if request.revision != revision {
        return Err(PortalError::Conflict(Conflict::RequestChanged));
    }
    if request
        .approval
        .as_ref()
        .is_some_and(|need| need.expires_at <= now)
    {
        return Err(PortalError::Conflict(Conflict::Expired));
    }
    Ok(grant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestApp, caller, developer, everyone, lead, member};

    fn decision(request: RequestId, approve: bool) -> Decide {
        Decide {
            request,
            revision: 1,
            approve,
            comment: Some(" Fine. ".to_owned()),
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_approver_approves_or_rejects() {
        let app = TestApp::new().await;
        for (approve, state, verb) in [
            (true, State::Approved, "request.approved"),
            (false, State::Rejected, "request.rejected"),
        ] {
            let id = app.submitted(&developer(0), &format!("files-{approve}")).await;
            let decided = app.portal.decide(caller(&lead()), decision(id, approve)).await;
            assert_eq!(decided.unwrap(), state);
            let audited = app.audited(Some(id)).await;
            assert_eq!(audited.last().unwrap().0, verb);
            let again = app.portal.decide(caller(&lead()), decision(id, approve)).await;
            assert!(
                matches!(again, Err(PortalError::Conflict(Conflict::WrongState(_)))),
                "{again:?}"
            );
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_rejection_needs_a_reason() {
        let app = TestApp::new().await;
        let id = app.submitted(&developer(0), "files").await;
        let without = |approve, comment: Option<&str>| Decide {
            comment: comment.map(str::to_owned),
            ..decision(id, approve)
        };
        for comment in [None, Some(""), Some(" \r\n ")] {
            let refused = app.portal.decide(caller(&lead()), without(false, comment)).await;
            assert!(matches!(refused, Err(PortalError::ReasonRequired)), "{refused:?}");
        }
        // Who may not decide learns only that.
        let refused = app
            .portal
            .decide(caller(&developer(0)), without(false, None))
            .await;
        assert!(matches!(refused, Err(PortalError::Forbidden(_))), "{refused:?}");
        let approved = app.portal.decide(caller(&lead()), without(true, None)).await;
        assert_eq!(approved.unwrap(), State::Approved);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn one_decides_on_what_one_saw_and_in_time() {
        let app = TestApp::new().await;
        let id = app.submitted(&developer(0), "files").await;
        let seen_before = Decide {
            revision: 7,
            ..decision(id, true)
        };
        let stale = app.portal.decide(caller(&lead()), seen_before).await;
        assert!(
            matches!(stale, Err(PortalError::Conflict(Conflict::RequestChanged))),
            "{stale:?}"
        );
        app.advance(SignedDuration::from_hours(24 * 365));
        let late = app.portal.decide(caller(&lead()), decision(id, true)).await;
        assert!(
            matches!(late, Err(PortalError::Conflict(Conflict::Expired))),
            "{late:?}"
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn only_those_whom_the_policy_names_decide_and_nobody_on_their_own() {
        let app = TestApp::new().await;
        let both = developer(0).with_groups(["t0-developers", "leads"]);
        let own = app.submitted(&both, "own").await;
        let refused = app.portal.decide(caller(&both), decision(own, true)).await;
        assert!(matches!(refused, Err(PortalError::Forbidden(_))), "{refused:?}");
        for (who, viewer) in everyone() {
            let id = app.submitted(&developer(0), &who.replace(' ', "-")).await;
            let decided = app.portal.decide(caller(&viewer), decision(id, true)).await;
            match who {
                "lead" => assert_eq!(decided.unwrap(), State::Approved),
                "of another tenant" => {
                    assert!(
                        matches!(decided, Err(PortalError::NotFound)),
                        "{who}: {decided:?}"
                    );
                }
                _ => assert!(
                    matches!(decided, Err(PortalError::Forbidden(_))),
                    "{who}: {decided:?}"
                ),
            }
        }
        let approver = member(Role::Approver);
        assert!(
            app.portal
                .approvals(&approver, 1)
                .await
                .unwrap()
                .rows
                .items
                .is_empty()
        );
    }
}
