//! Requests to renew a claim: the same claim for longer.

use portico_api::Submission;
use portico_domain::authz;
use portico_domain::claim::ClaimRef;
use portico_domain::tenancy::Viewer;

use super::form_data::{FormData, FormTarget};
use super::permissions::Denial;
use super::submit::SubmitOutcome;
use super::{Conflict, Portal, PortalError, Result};

impl Portal {
    /// Asks for a claim to be kept for another lifetime of its offering, reckoned from now. Nothing else about it
    /// changes. Policy rules on it as on any request.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] when there is no such claim for the viewer, [`PortalError::Forbidden`] when they may
    /// not change it, [`PortalError::Conflict`] when it needs no renewing, when another request about it is under
    /// way, or when policy or the control plane refuses it.
    pub async fn renew(
        &self,
        viewer: &Viewer,
        remote: Option<&str>,
        reference: &ClaimRef,
        posted: &FormData,
    ) -> Result<Submission> {
        if let Some(known) = self.sent_before(viewer, posted).await? {
            return Ok(known);
        }
        let claim = self.visible_claim(viewer, reference)?;
        let configuration = self.configuration();
        authz::may_change(viewer, &claim).map_err(Denial::Change(&configuration).error())?;
        let catalog = self.planes().catalog();
        if catalog
            .get(&reference.offering)
            .is_none_or(|offered| offered.lifetime_days.is_none())
        {
            return Err(PortalError::Conflict(
                Conflict::NotRenewable,
                "It needs no renewing: its offering sets no end to it.".to_owned(),
            ));
        }
        match self
            .submit(viewer, remote, None, FormTarget::Renew(reference), posted)
            .await?
        {
            SubmitOutcome::Created(submission) => Ok(submission),
            SubmitOutcome::DryRunFailed(_, error) => Err(error.into()),
            SubmitOutcome::Conflict(_, reason, why) => Err(PortalError::Conflict(reason, why)),
            SubmitOutcome::Invalid(page) => {
                let said: Vec<String> = page.problems.into_iter().map(|problem| problem.message).collect();
                let why = if said.is_empty() {
                    "It does not hold as it is: open its form by Change to see what is wrong with it."
                        .to_owned()
                } else {
                    said.join(" ")
                };
                Err(PortalError::Conflict(Conflict::ClaimInvalid, why))
            }
        }
    }
}
