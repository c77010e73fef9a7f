//! Requests to adopt a claim that was made elsewhere: Portico manages it from then on, and no value of it changes.

use portico_api::words::DraftProblem;
use portico_api::{AdoptPage, Problem};
use portico_domain::claim::ClaimRef;
use portico_domain::names::RequestId;
use portico_domain::tenancy::Viewer;
use portico_planes::AdoptionPreview;

use super::submit_request::SubmitOutcome;
use crate::draft::input::{RequestInput, RequestTarget};
use crate::draft::stages::{DryRun, Purpose};
use crate::{Caller, Portal, PortalError, Result, rows};

/// Asks for a claim to be adopted.
#[derive(Debug, Clone)]
pub struct AdoptClaim<'a> {
    /// The claim.
    pub claim: &'a ClaimRef,
    /// The request's id, chosen by the sender: sending it twice makes one request.
    pub id: Option<RequestId>,
    /// A note for the approvers.
    pub note: String,
    /// The uid of the claim that the sender saw: another claim of the same name is not adopted.
    pub uid: Option<String>,
    /// The hash of the fields that the sender saw: a claim that changed since is not adopted.
    pub seen: Option<String>,
}

impl<'a> AdoptClaim<'a> {
    /// The adoption of a claim before anything is filled in.
    #[must_use]
    pub fn of(claim: &'a ClaimRef) -> Self {
        Self {
            claim,
            id: None,
            note: String::new(),
            uid: None,
            seen: None,
        }
    }
}

impl Portal {
    /// Returns the page that shows what the adoption changes.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] when there is no such claim for the viewer, [`PortalError::Forbidden`] when they may not
    /// adopt it, because another tool or Portico itself manages it, for example; when the database fails. What else stands
    /// against it is on the page.
    pub async fn adopt_page(&self, viewer: &Viewer, command: &AdoptClaim<'_>) -> Result<AdoptPage> {
        let (tried, preview) = self.try_adoption(viewer, command).await?;
        self.page_of_adoption(&tried, preview, command)
    }

    /// Submits an adoption. Policy decides on it as on any request.
    ///
    /// # Errors
    /// As [`Portal::adopt_page`].
    #[tracing::instrument(skip_all)]
    pub async fn submit_adoption(
        &self,
        caller: Caller<'_>,
        command: &AdoptClaim<'_>,
    ) -> Result<SubmitOutcome<AdoptPage>> {
        let viewer = caller.viewer;
        if let Some(known) = self.sent_before(viewer, command.id).await? {
            return Ok(SubmitOutcome::Created(known));
        }
        let (mut tried, preview) = self.try_adoption(viewer, command).await?;
        let failure = tried.take_failure();
        let page = self.page_of_adoption(&tried, preview, command)?;
        if let Some(error) = failure {
            return Ok(SubmitOutcome::DryRunFailed(Box::new(page), error));
        }
        if !page.problems.is_empty() {
            return Ok(SubmitOutcome::Invalid(Box::new(page)));
        }
        let tenant = self.configuration().outermost(&tried.workspace().tenant).clone();
        let _one_at_a_time = self.shared.submitting.lock(&tenant).await;
        let _of_all_replicas = self.store().lock(tenant.as_str()).await?;
        let Some(frozen) = self.freeze(&mut tried, viewer).await? else {
            let page = self.page_of_adoption(&tried, None, command)?;
            return Ok(SubmitOutcome::Invalid(Box::new(page)));
        };
        match self.send(caller, frozen).await {
            Ok(submission) => Ok(SubmitOutcome::Created(submission)),
            Err(PortalError::Conflict(conflict)) => {
                tried.add_conflict(&conflict);
                let page = self.page_of_adoption(&tried, None, command)?;
                Ok(SubmitOutcome::Conflict(Box::new(page), conflict))
            }
            Err(error) => Err(error),
        }
    }

    async fn try_adoption(
        &self,
        viewer: &Viewer,
        command: &AdoptClaim<'_>,
    ) -> Result<(DryRun, Option<AdoptionPreview>)> {
        let input = RequestInput {
            id: command.id,
            note: command.note.clone(),
            base_hash: command.seen.clone(),
            ..RequestInput::default()
        };
        let purpose = Purpose::Submit;
        let target = RequestTarget::Adopt(command.claim);
        let filled = self.fill(viewer, None, target, &input, purpose).await?;
        let checked = self.check(viewer, filled, &input, purpose).await?;
        Ok(self.dry_run_adoption(checked).await)
    }

    fn page_of_adoption(
        &self,
        tried: &DryRun,
        preview: Option<AdoptionPreview>,
        command: &AdoptClaim<'_>,
    ) -> Result<AdoptPage> {
        let draft = tried.draft();
        let claim = draft.claim.as_ref().ok_or(PortalError::NotFound)?;
        let mut problems = draft.problems.clone();
        let violations = draft.violations.iter();
        problems.extend(violations.map(|it| Problem::new(it.path.clone(), it.message.clone())));
        if command.uid.as_ref().is_some_and(|seen| *seen != claim.uid) {
            problems.push(DraftProblem::ClaimReplaced.of_whole());
        }
        let (given_up, kept) =
            preview.map_or_else(Default::default, |preview| (preview.given_up, preview.kept));
        Ok(AdoptPage {
            row: rows::claim(&draft.configuration, &self.planes().catalog(), claim),
            uid: claim.uid.clone(),
            live_hash: draft.live_hash.clone().unwrap_or_default(),
            request_id: draft.id,
            marks: draft.marks(),
            given_up,
            kept,
            approval: draft.approval.clone(),
            note: draft.note.clone(),
            problems,
        })
    }
}
