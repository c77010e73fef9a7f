//! Requests to renew a claim: the same claim for longer.

use portico_api::Submission;
use portico_domain::authz;
use portico_domain::claim::ClaimRef;
use portico_domain::names::RequestId;

use super::submit_request::{SubmitOutcome, SubmitRequest};
use crate::draft::input::{RequestInput, RequestTarget};
use crate::permissions::Attempt;
use crate::{Caller, Conflict, Portal, PortalError, Result};

/// Asks for a claim to be kept for another lifetime of its offering, counted from now.
#[derive(Debug)]
pub struct RenewClaim<'a> {
    /// The claim.
    pub claim: &'a ClaimRef,
    /// The request's id, chosen by the sender: sending it twice makes one request.
    pub id: Option<RequestId>,
    /// A note for the approvers.
    pub note: String,
}

impl Portal {
    /// Submits a renewal. Nothing else about the claim changes. Policy decides on it as on any request.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] when there is no such claim for the viewer, [`PortalError::Forbidden`] when they may
    /// not change it, [`PortalError::Conflict`] when it needs no renewing, when another request about it is under
    /// way, or when policy or the control plane refuses it.
    pub async fn renew(&self, caller: Caller<'_>, command: RenewClaim<'_>) -> Result<Submission> {
        let (viewer, reference) = (caller.viewer, command.claim);
        if let Some(known) = self.sent_before(viewer, command.id).await? {
            return Ok(known);
        }
        let claim = self.visible_claim(viewer, reference)?;
        let configuration = self.configuration();
        authz::may_change(viewer, &claim).map_err(Attempt::Change(&configuration).error())?;
        let catalog = self.planes().catalog();
        if catalog
            .get(&reference.offering)
            .is_none_or(|offered| offered.lifetime_days.is_none())
        {
            return Err(PortalError::Conflict(Conflict::NotRenewable));
        }
        let submission = SubmitRequest {
            target: RequestTarget::Renew(reference),
            workspace: None,
            input: RequestInput {
                id: command.id,
                note: command.note,
                ..RequestInput::default()
            },
        };
        match self.submit(caller, submission).await? {
            SubmitOutcome::Created(submission) => Ok(submission),
            SubmitOutcome::DryRunFailed(_, error) => Err(error.into()),
            SubmitOutcome::Conflict(_, conflict) => Err(PortalError::Conflict(conflict)),
            SubmitOutcome::Invalid(page) => Err(PortalError::Conflict(Conflict::ClaimInvalid {
                problems: page.problems,
            })),
        }
    }
}

#[cfg(test)]
mod tests {
    use portico_domain::request::State;

    use super::*;
    use crate::testing::{TestApp, caller, developer, everyone};

    fn renewal(claim: &ClaimRef) -> RenewClaim<'_> {
        RenewClaim {
            claim,
            id: None,
            note: "Still needed.".to_owned(),
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_renewal_moves_the_end_and_nothing_else() {
        let app = TestApp::new().await;
        let claim = app.bucket("t0-sandbox", "files").await;
        let sent = app
            .portal
            .renew(caller(&developer(0)), renewal(&claim))
            .await
            .unwrap();
        assert_eq!(sent.state, State::Approved);
        let page = app.portal.request(&developer(0), sent.id).await.unwrap();
        assert!(
            page.manifest.contains("portico.dev/expires: "),
            "{}",
            page.manifest
        );
        assert!(page.manifest.contains("sizeGb: 5"), "{}", page.manifest);
        let second = app.portal.renew(caller(&developer(0)), renewal(&claim)).await;
        assert!(
            matches!(second, Err(PortalError::Conflict(..))),
            "one at a time: {second:?}"
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn developers_of_the_tenant_may_and_nobody_else() {
        let app = TestApp::new().await;
        for (who, viewer) in everyone() {
            let claim = app.bucket("t0-sandbox", &who.replace(' ', "-")).await;
            let sent = app.portal.renew(caller(&viewer), renewal(&claim)).await;
            match who {
                "developer" | "tenant admin" => assert!(sent.is_ok(), "{who}: {sent:?}"),
                _ => assert!(
                    matches!(sent, Err(PortalError::Forbidden(_) | PortalError::NotFound)),
                    "{who}: {sent:?}"
                ),
            }
        }
    }
}
