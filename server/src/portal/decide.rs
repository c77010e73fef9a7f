//! Deciding on a request: yes or no, once, by somebody else than who asked.

use portico_domain::names::RequestId;
use portico_domain::policy::unmet;
use portico_domain::request::{Decision, State, Step};
use portico_domain::tenancy::{Role, Viewer};
use serde_json::json;

use super::request::may_decide;
use super::requests::sentence;
use super::{Portal, PortalError, Result};

/// Characters of a comment that are kept.
const COMMENT: usize = 2000;

impl Portal {
    /// Agrees to a request or rejects it. `revision` is the request's as the approver saw it: one decides on
    /// what one saw. Of two that decide at once, one is told that the other was faster.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] when there is no such request for the viewer, [`PortalError::Forbidden`] when
    /// it is not theirs to decide, [`PortalError::Conflict`] when it was decided or changed meanwhile.
    pub async fn decide(
        &self,
        viewer: &Viewer,
        remote: Option<&str>,
        id: RequestId,
        revision: i64,
        approved: bool,
        comment: Option<&str>,
    ) -> Result<State> {
        let mut request = self.seen_request(viewer, id).await?;
        if request.state != State::AwaitingApproval {
            let step = if approved { Step::Approve } else { Step::Reject };
            let why = request.state.after(step).err().map_or_else(
                || "It is already decided.".to_owned(),
                |error| sentence(&error.to_string()),
            );
            return Err(PortalError::Conflict(why));
        }
        let (may, why_not) = may_decide(viewer, &request);
        if !may {
            let why = why_not
                .unwrap_or_else(|| "It is not for you to decide: the policy asks for others.".to_owned());
            return Err(PortalError::Forbidden(why));
        }
        if request.revision != revision {
            return Err(PortalError::Conflict(
                "The request has changed since you opened it. Look at it again, then decide.".to_owned(),
            ));
        }
        let now = self.now();
        if request
            .approval
            .as_ref()
            .is_some_and(|need| need.expires_at <= now)
        {
            return Err(PortalError::Conflict(
                "It has expired: nobody decided in time.".to_owned(),
            ));
        }
        let comment: Option<String> = comment
            .map(str::trim)
            .filter(|comment| !comment.is_empty())
            .map(|comment| comment.chars().take(COMMENT).collect());
        request.decisions.push(Decision {
            by: viewer.person.clone(),
            provider: Some(viewer.provider.clone()),
            groups: viewer.groups.iter().cloned().collect(),
            tenant_approver: viewer.may(&request.tenant, Role::Approver),
            approved,
            comment: comment.clone(),
            at: now,
        });
        let rules = request
            .approval
            .as_ref()
            .map(|need| need.rules.clone())
            .unwrap_or_default();
        let complete = unmet(&rules, &request.decisions).is_empty();
        let (step, verb) = match (approved, complete) {
            (false, _) => (Some(Step::Reject), "request.rejected"),
            (true, true) => (Some(Step::Approve), "request.approved"),
            (true, false) => (None, "request.agreed"),
        };
        if let Some(step) = step {
            request.state = request
                .state
                .after(step)
                .map_err(|error| PortalError::Conflict(sentence(&error.to_string())))?;
        }
        request.updated_at = now;
        let mut event = self.event(viewer, remote, verb, id.to_string());
        event.tenant = Some(request.tenant.clone());
        event.request = Some(id);
        event.details = json!({
            "claim": request.claim.to_string(),
            "comment": comment,
            "manifestHash": request.manifest_hash,
        });
        let saved = self.store().update_request(&request, &[event]).await?;
        if saved.state == State::Approved {
            self.work_to_do();
        }
        Ok(saved.state)
    }
}
