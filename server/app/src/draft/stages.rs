//! The stages of a request in the making: filled in, checked, tried by a dry run, frozen.
//!
//! Each stage is made only from the one before, and only a frozen request can be sent, so no check can be left out.
//! A preview takes the same steps as a submission and stops before the last.

use std::sync::Arc;

use jiff::Timestamp;
use portico_api::words::DraftProblem;
use portico_api::{DryRunResult, RequestFormPage};
use portico_domain::authz::{Granted, Submission, Submit};
use portico_domain::claim::{Claim, ClaimRef};
use portico_domain::documents::ResourceRef;
use portico_domain::placement::Placement;
use portico_domain::policy::PolicyDecision;
use portico_domain::request::{Abandoned, Request, State, manifest_hash};
use portico_domain::tenancy::Viewer;
use portico_planes::{AdoptionPreview, PlaneError};
use serde_json::Value;

use super::input::{FormCommand, RequestInput, RequestTarget};
use super::{RequestDraft, too_many_values, within_bounds};
use crate::{Conflict, Portal, Result, Workspace};

/// Why a draft is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To show its form.
    Show(FormCommand),
    /// To send it.
    Submit,
}

impl Purpose {
    /// True if the user has finished: all checks run, and all problems are listed.
    pub(crate) fn checks_everything(self) -> bool {
        matches!(self, Self::Submit | Self::Show(FormCommand::Review))
    }
}

/// A draft that is placed and filled in, without checks.
pub(crate) struct Filled(RequestDraft);

/// A draft checked by schema, policy, quota and name.
pub(crate) struct Checked(RequestDraft);

/// A checked draft after the dry run, which runs only if the checks found nothing.
pub(crate) struct DryRun {
    draft: RequestDraft,
    result: Option<DryRunResult>,
}

/// A request with its exact manifest and the policy's decision.
pub(crate) struct Frozen<'a> {
    pub(crate) request: Request,
    pub(crate) grant: &'a Granted<Submission, Submit>,
    pub(crate) decision: &'a PolicyDecision,
    // Not made elsewhere.
    _private: (),
}

impl Portal {
    /// Places the request and fills it in.
    pub(crate) async fn fill(
        &self,
        viewer: &Viewer,
        workspace: Option<&Workspace>,
        target: RequestTarget<'_>,
        input: &RequestInput,
        purpose: Purpose,
    ) -> Result<Filled> {
        let mut draft = self.place_request(viewer, workspace, target, input).await?;
        draft.read_definitions(input).await;
        let input = input.clone();
        let fill = move || {
            draft.fill_in(&input, purpose);
            // Larger objects are not checked at all.
            within_bounds(&draft.object).then_some(draft)
        };
        let filled = self.shared.judging.run(&viewer.person().subject, fill).await?;
        Ok(Filled(filled.ok_or_else(too_many_values)?))
    }

    /// Runs every check except the dry run. `input` is that of [`Portal::fill`].
    pub(crate) async fn check(
        &self,
        viewer: &Viewer,
        filled: Filled,
        input: &RequestInput,
        purpose: Purpose,
    ) -> Result<Checked> {
        let Filled(mut draft) = filled;
        let requester = viewer.clone();
        let check = move || {
            draft.check_schema(&requester);
            draft
        };
        let mut draft = self.shared.judging.run(&viewer.person().subject, check).await?;
        draft.check_claimed_tenant(viewer);
        self.check_policy(&mut draft, viewer)?;
        self.check_quota(&mut draft).await?;
        self.check_name(&mut draft, viewer).await?;
        let is_complete = purpose.checks_everything() && !(input.is_fresh() && purpose != Purpose::Submit);
        if is_complete {
            draft.check_form_is_current(input);
        }
        draft.check_claim_is_unchanged(input, is_complete);
        if is_complete {
            draft.check_changes_something();
        }
        Ok(Checked(draft))
    }

    /// Runs the control plane's dry run if there are no problems so far.
    pub(crate) async fn dry_run(&self, checked: Checked) -> DryRun {
        let Checked(mut draft) = checked;
        let result = match draft.problem_count() {
            0 => Some(self.ask_control_plane(&mut draft).await.into()),
            _ => None,
        };
        DryRun { draft, result }
    }

    /// As [`Portal::dry_run`] for an adoption: what it would do. `None` if there are problems.
    pub(crate) async fn dry_run_adoption(&self, checked: Checked) -> (DryRun, Option<AdoptionPreview>) {
        let Checked(mut draft) = checked;
        let preview = match draft.problem_count() {
            0 => self.preview_adoption(&mut draft).await,
            _ => None,
        };
        (DryRun { draft, result: None }, preview)
    }

    /// Checks quota and name again, since other requests may have used them, and freezes the request. `None` if there
    /// is a problem, which the form shows. The caller must hold the tenant's lock.
    pub(crate) async fn freeze<'a>(
        &self,
        tried: &'a mut DryRun,
        viewer: &Viewer,
    ) -> Result<Option<Frozen<'a>>> {
        let draft = &mut tried.draft;
        if draft.problem_count() == 0 {
            self.check_quota(draft).await?;
            self.check_name(draft, viewer).await?;
        }
        let (Some(claim), Some(resource), Some(manifest), 0) = (
            draft.claim_ref(),
            draft.resource().cloned(),
            draft.manifest.clone(),
            draft.problem_count(),
        ) else {
            return Ok(None);
        };
        let request = Request {
            plan: draft.plan_name().cloned(),
            schema_hash: draft.schema_hash().map(str::to_owned),
            previous: draft.previous(),
            // Only what is in its way now: nothing is taken that nobody was asked about.
            take_over: draft
                .conflicts
                .iter()
                .map(|conflict| conflict.field.clone())
                .collect(),
            uid: draft.claim.as_ref().map(|claim| claim.uid.clone()),
            note: note(&draft.note),
            ..new_request(
                &draft.grant,
                claim,
                resource,
                manifest,
                draft.placement.clone(),
                self.now(),
            )
        };
        Ok(Some(Frozen {
            request,
            grant: &draft.grant,
            decision: &draft.decision,
            _private: (),
        }))
    }
}

impl Checked {
    /// Returns the form's page without a dry run.
    pub(crate) fn page(&self, portal: &Portal, fresh: bool) -> Result<RequestFormPage> {
        portal.form_page(&self.0, None, false, fresh)
    }
}

impl DryRun {
    /// Takes the control plane's error if it belongs to no field.
    pub(crate) fn take_failure(&mut self) -> Option<PlaneError> {
        self.draft.trouble.take()
    }

    /// Returns the draft.
    pub(crate) fn draft(&self) -> &RequestDraft {
        &self.draft
    }

    /// Returns the workspace of the request.
    pub(crate) fn workspace(&self) -> &Workspace {
        &self.draft.workspace
    }

    /// Adds a conflict that prevents sending it.
    pub(crate) fn add_conflict(&mut self, conflict: &Conflict) {
        self.draft.problem(DraftProblem::Conflict {
            message: conflict.to_string(),
        });
    }

    /// Returns the form's page. `reviewed` says that it can be sent, if there are no problems.
    pub(crate) fn page(&self, portal: &Portal, reviewed: bool) -> Result<RequestFormPage> {
        let reviewed = reviewed && self.draft.problem_count() == 0;
        portal.form_page(&self.draft, self.result.clone(), reviewed, false)
    }
}

impl<'a> Frozen<'a> {
    /// Makes the request that deletes the claim as it is now. It needs no input and no dry run.
    pub(crate) fn deletion(
        grant: &'a Granted<Submission, Submit>,
        decision: &'a PolicyDecision,
        claim: &Arc<Claim>,
        manifest: Value,
        placement: Placement,
        (note_text, abandons): (&str, Option<Abandoned>),
        now: Timestamp,
    ) -> Self {
        let (reference, resource) = (claim.reference.clone(), ResourceRef::clone(&claim.resource));
        let request = Request {
            plan: claim.plan.clone(),
            uid: Some(claim.uid.clone()),
            note: note(note_text),
            abandons,
            ..new_request(grant, reference, resource, manifest, placement, now)
        };
        Self {
            request,
            grant,
            decision,
            _private: (),
        }
    }
}

fn new_request(
    grant: &Granted<Submission, Submit>,
    claim: ClaimRef,
    resource: ResourceRef,
    manifest: Value,
    placement: Placement,
    now: Timestamp,
) -> Request {
    let submission = grant.target();
    Request {
        id: submission.id,
        action: submission.action,
        state: State::Draft,
        tenant: submission.tenant.clone(),
        environment: submission.environment.clone(),
        claim,
        resource,
        plan: None,
        manifest_hash: manifest_hash(&manifest),
        manifest,
        schema_hash: None,
        previous: None,
        uid: None,
        take_over: Vec::new(),
        abandons: None,
        placement,
        requester: grant.person().clone(),
        requester_groups: grant.groups().clone(),
        note: None,
        approval: None,
        decisions: Vec::new(),
        attempts: 0,
        next_attempt_at: None,
        waiting_for: None,
        failure: None,
        traceparent: crate::trace::current().map(|parent| parent.to_string()),
        created_at: now,
        updated_at: now,
        revision: 1,
    }
}

fn note(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}
