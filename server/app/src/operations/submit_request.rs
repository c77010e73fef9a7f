//! Submits a request: freezes the manifest, asks the policies, and hands it to the worker or to approvers.

use jiff::SignedDuration;
use portico_api::{RequestFormPage, Submission};
use portico_domain::authz::{Granted, Submission as Submitted, Submit};
use portico_domain::names::RequestId;
use portico_domain::policy::PolicyDecision;
use portico_domain::request::{Action, ApprovalNeed, Request, State, Transition, manifest_hash};
use portico_domain::tenancy::{Person, Scope, Viewer};
use portico_planes::PlaneError;
use portico_store::StoreError;
use serde_json::json;

use super::form_data::{FormData, FormTarget};
use super::names::{claim_href, request_href};
use super::{Conflict, Portal, PortalError, Result, Workspace};

/// Outcome of submitting a form.
#[derive(Debug)]
pub enum SubmitOutcome<Page> {
    /// The request exists.
    Created(Submission),
    /// There is no request: the form with what was typed and its problems.
    Invalid(Box<Page>),
    /// There is no request, and it may not be the form's fault: the control plane refused the dry run or did not answer.
    DryRunFailed(Box<Page>, PlaneError),
    /// There is no request, because something stands against it: the form, and why.
    Conflict(Box<Page>, Conflict, String),
}

impl Portal {
    /// Sends the form for a new claim or a change.
    ///
    /// # Errors
    /// As [`Portal::form`]. What is wrong with what was typed is no error but the form again.
    pub async fn submit(
        &self,
        viewer: &Viewer,
        remote: Option<&str>,
        work: Option<&Workspace>,
        target: FormTarget<'_>,
        posted: &FormData,
    ) -> Result<SubmitOutcome<RequestFormPage>> {
        if let Some(known) = self.sent_before(viewer, posted).await? {
            return Ok(SubmitOutcome::Created(known));
        }
        let mut draft = self.draft(viewer, work, target, posted).await?;
        draft.notice_stale(posted);
        draft.notice_change(posted, true);
        draft.notice_nothing();
        let mut dry_run = None;
        if draft.problem_count() == 0 {
            dry_run = Some(self.dry_run(&mut draft).await);
        }
        if let Some(error) = draft.trouble.take() {
            let page = self.form_page(&draft, dry_run, false, false)?;
            return Ok(SubmitOutcome::DryRunFailed(Box::new(page), error));
        }
        // Of two that a tenant sends at once, the second sees what the first takes: quota and name. Nobody waits here
        // for a control plane.
        let _one_at_a_time = self.shared.submitting.lock(&draft.work.tenant).await;
        let _of_all_replicas = self.store().lock(draft.work.tenant.as_str()).await?;
        if draft.problem_count() == 0 {
            self.check_quota(&mut draft).await?;
            self.check_name(&mut draft, viewer).await?;
        }
        let (Some(claim), Some(resource), Some(manifest), 0) = (
            draft.claim_ref(),
            draft.resource().cloned(),
            draft.manifest.clone(),
            draft.problem_count(),
        ) else {
            return Ok(SubmitOutcome::Invalid(Box::new(
                self.form_page(&draft, dry_run, false, false)?,
            )));
        };
        let now = self.now();
        let request = Request {
            id: draft.id,
            action: draft.action,
            state: State::Draft,
            tenant: draft.work.tenant.clone(),
            environment: draft.work.environment.clone(),
            claim,
            resource,
            plan: draft.plan_name().cloned(),
            manifest_hash: manifest_hash(&manifest),
            manifest,
            schema_hash: draft
                .served
                .as_ref()
                .map(|(_, served)| served.schema_hash.clone()),
            previous: draft.unchanged.clone().filter(|_| draft.claim.is_some()),
            uid: draft.claim.as_ref().map(|claim| claim.uid.clone()),
            placement: draft.placement.clone(),
            requester: draft.grant.person().clone(),
            requester_groups: draft.grant.groups().clone(),
            note: Some(draft.note.trim().to_owned()).filter(|note| !note.is_empty()),
            approval: None,
            decisions: Vec::new(),
            attempts: 0,
            next_attempt_at: None,
            waiting_for: None,
            failure: None,
            traceparent: super::trace::current().map(|parent| parent.to_string()),
            created_at: now,
            updated_at: now,
            revision: 1,
        };
        match self.send(&draft.grant, remote, request, &draft.ruling).await {
            Ok(submission) => Ok(SubmitOutcome::Created(submission)),
            Err(PortalError::Conflict(reason, why)) => {
                draft.problem("", why.clone());
                let page = Box::new(self.form_page(&draft, dry_run, false, false)?);
                Ok(SubmitOutcome::Conflict(page, reason, why))
            }
            Err(error) => Err(error),
        }
    }

    /// Puts a request in, as the policy rules: straight to the worker, or to those who must agree.
    pub(super) async fn send(
        &self,
        grant: &Granted<Submitted, Submit>,
        remote: Option<&str>,
        mut request: Request,
        ruling: &PolicyDecision,
    ) -> Result<Submission> {
        let step = |state: State, step: Transition| {
            state
                .apply(step)
                .map_err(|error| PortalError::Conflict(Conflict::WrongState, error.to_string()))
        };
        request.state = step(request.state, Transition::Submit)?;
        match ruling {
            PolicyDecision::Deny(reasons) => return Err(PortalError::PolicyDenied(reasons.join(" "))),
            PolicyDecision::Allow => request.state = step(request.state, Transition::Approve)?,
            PolicyDecision::RequireApproval {
                rules,
                expires_after_hours,
            } => {
                request.state = step(request.state, Transition::RequireApproval)?;
                let expires_at = self.now() + SignedDuration::from_hours(i64::from(*expires_after_hours));
                request.approval = Some(ApprovalNeed {
                    rules: rules.clone(),
                    expires_at,
                });
            }
        }
        let event = grant.audit(self.now(), remote).with_details(json!({
            "action": request.action.slug(),
            "claim": request.claim.to_string(),
            "manifestHash": request.manifest_hash,
            "state": request.state.slug(),
        }));
        let submission = submission(&request);
        match self.store().insert_request(grant, &request, &[event]).await {
            Ok(()) => {}
            // The same form, sent twice at once.
            Err(StoreError::Duplicate(_)) => {
                let scope = self.rules().of_tenant(&grant.target().tenant);
                let sent = self.sent_as(&scope, grant.person(), request.id).await?;
                return sent.ok_or_else(|| {
                    PortalError::Conflict(
                        Conflict::DuplicateRequest,
                        "This form was already sent. Open a new one to request another.".to_owned(),
                    )
                });
            }
            Err(error) => return Err(error.into()),
        }
        let (id, claim, state) = (&request.id, &request.claim, request.state.slug());
        tracing::info!(request = %id, %claim, state, "a request was submitted");
        if request.state == State::Approved {
            self.work_to_do();
        }
        Ok(submission)
    }

    /// What was made of this very form before, when the viewer sent it. To be asked before anything else about the
    /// form: what it was about may have moved on since, by its being sent.
    pub(super) async fn sent_before(&self, viewer: &Viewer, posted: &FormData) -> Result<Option<Submission>> {
        match posted.given_id() {
            Some(id) => self.sent_as(&viewer.scope(), &viewer.person, id).await,
            None => Ok(None),
        }
    }

    async fn sent_as(&self, scope: &Scope, person: &Person, id: RequestId) -> Result<Option<Submission>> {
        let known = self.store().request(scope, id).await?;
        Ok(known
            .filter(|request| request.requester.subject == person.subject)
            .map(|request| submission(&request)))
    }
}

/// Where a request is, and where one sees what comes of it.
fn submission(request: &Request) -> Submission {
    let goes_on = matches!(
        request.state,
        State::Approved | State::Applying | State::Fulfilled
    );
    let at_once = request.approval.is_none() && request.action != Action::Delete;
    Submission {
        id: request.id,
        href: request_href(request.id),
        claim_href: (goes_on && at_once).then(|| claim_href(&request.claim)),
        state: request.state,
    }
}
