//! Withdraws a request.

use portico_domain::authz;
use portico_domain::names::RequestId;
use portico_domain::reason::FailureReason;
use portico_domain::request::Transition;
use serde_json::json;

use crate::cut::requester_name;
use crate::permissions::Attempt;
use crate::{Caller, Conflict, Portal, PortalError, Result};

/// Withdraws a request. Its requester may, and admins of its tenant.
#[derive(Debug)]
pub struct Withdraw {
    /// The request.
    pub request: RequestId,
}

impl Portal {
    /// Withdraws a request, or gives up one that is stuck on its control plane.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] when there is no such request for the viewer, [`PortalError::Forbidden`] when it
    /// is not theirs, [`PortalError::Conflict`] when it is too late or somebody else was faster.
    pub async fn withdraw(&self, caller: Caller<'_>, command: Withdraw) -> Result<()> {
        let visible = self.visible_request(caller.viewer, command.request).await?;
        let mut request = visible.clone().into_inner();
        let step = request.cancel_transition().unwrap_or(Transition::Withdraw);
        let state = request
            .state
            .apply(step)
            .map_err(|error| PortalError::Conflict(Conflict::WrongState(error)))?;
        let requester = requester_name(caller.viewer, &self.configuration(), &request);
        let grant = authz::withdraw(caller.viewer, visible).map_err(Attempt::Request(&requester).error())?;
        if step == Transition::GiveUp {
            request.failure = Some(FailureReason::Abandoned {
                plane: request.claim.plane.to_string(),
            });
            request.next_attempt_at = None;
            request.waiting_for = None;
        }
        request.state = state;
        request.updated_at = self.now();
        let details = json!({ "claim": request.claim.to_string() });
        let event = grant
            .audit(request.updated_at, caller.remote)
            .with_details(details);
        if step == Transition::GiveUp {
            let now = request.updated_at;
            self.store()
                .update_idle_request(&grant, &request, now, &[event])
                .await?;
        } else {
            self.store().update_request(&grant, &request, &[event]).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use portico_domain::request::State;

    use super::*;
    use crate::testing::{TestApp, caller, developer, everyone};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_requester_withdraws_once() {
        let app = TestApp::new().await;
        let id = app.submitted(&developer(0), "files").await;
        let command = || Withdraw { request: id };
        app.portal
            .withdraw(caller(&developer(0)), command())
            .await
            .unwrap();
        let page = app.portal.request(&developer(0), id).await.unwrap();
        assert_eq!(page.row.state, State::Withdrawn);
        assert_eq!(app.audited(Some(id)).await.last().unwrap().0, "request.withdrawn");
        let again = app.portal.withdraw(caller(&developer(0)), command()).await;
        assert!(
            matches!(again, Err(PortalError::Conflict(Conflict::WrongState(_)))),
            "{again:?}"
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_others_only_tenant_admins_withdraw() {
        let app = TestApp::new().await;
        for (who, viewer) in everyone() {
            let id = app.submitted(&developer(0), &who.replace(' ', "-")).await;
            let withdrawn = app
                .portal
                .withdraw(caller(&viewer), Withdraw { request: id })
                .await;
            match who {
                "tenant admin" => assert!(withdrawn.is_ok(), "{withdrawn:?}"),
                "of another tenant" => {
                    assert!(matches!(withdrawn, Err(PortalError::NotFound)), "{withdrawn:?}");
                }
                _ => assert!(
                    matches!(withdrawn, Err(PortalError::Forbidden(_))),
                    "{who}: {withdrawn:?}"
                ),
            }
        }
    }
}
