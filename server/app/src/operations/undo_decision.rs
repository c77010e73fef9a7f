//! Takes a decision on a request back, within seconds and before anything is applied.

use jiff::Timestamp;
use portico_domain::authz;
use portico_domain::names::RequestId;
use portico_domain::request::{Request, State, Transition};
use portico_domain::tenancy::Viewer;
use portico_store::StoreError;
use serde_json::json;

use crate::{Caller, Conflict, Portal, PortalError, Result};

/// Takes the caller's own decision on a request back, so that the request awaits approval again.
#[derive(Debug)]
pub struct UndoDecision {
    /// The request.
    pub request: RequestId,
}

impl Portal {
    /// Takes the caller's last decision on a request back. What was approved is not applied before the time for this is
    /// over, and a request that a worker has begun with stays as it is.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] when there is no such request for the viewer, [`PortalError::Conflict`] when it is too
    /// late or somebody else was faster.
    pub async fn undo_decision(&self, caller: Caller<'_>, command: UndoDecision) -> Result<()> {
        let visible = self.visible_request(caller.viewer, command.request).await?;
        let now = self.now();
        let window = self.configuration().portal.spec.approvals.undo_window();
        let too_late = || PortalError::Conflict(Conflict::TooLateToUndo);
        let grant = authz::undo_decision(caller.viewer, visible, now, window).map_err(|_| too_late())?;
        let mut request = grant.target().clone();
        if request.state != State::AwaitingApproval {
            request.state = request
                .state
                .apply(Transition::Undo)
                .map_err(|error| PortalError::Conflict(Conflict::WrongState(error)))?;
        }
        request.next_attempt_at = None;
        request.updated_at = now;
        let decision = request.decisions.last_mut().ok_or_else(too_late)?;
        decision.void = true;
        decision.undone_at = Some(now);
        let event = grant.audit(now, caller.remote).with_details(json!({
            "claim": request.claim.to_string(),
            "approved": decision.approved,
            "decidedAt": decision.at,
        }));
        // A worker that holds the request may be applying it.
        let saved = self
            .store()
            .update_idle_request(&grant, &request, now, &[event])
            .await;
        match saved {
            Ok(_) => Ok(()),
            Err(StoreError::Stale(_)) => Err(too_late()),
            // A rejected request is no longer open, and another about its claim may be.
            Err(error) => Err(error.into()),
        }
    }

    /// Returns until when the viewer can take their decision on the request back; `None` if they cannot.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn undo_until(&self, viewer: &Viewer, id: RequestId) -> Result<Option<Timestamp>> {
        let request = match self.visible_request(viewer, id).await {
            Ok(request) => request,
            Err(PortalError::NotFound) => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(self.undo_until_of(viewer, &request))
    }

    /// As [`Portal::undo_until`], of a request that the viewer may see.
    pub(crate) fn undo_until_of(&self, viewer: &Viewer, request: &Request) -> Option<Timestamp> {
        let window = self.configuration().portal.spec.approvals.undo_window();
        let index = request.undoable_decision(&viewer.person().subject, self.now(), window)?;
        request.decisions.get(index)?.at.saturating_add(window).ok()
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::Decide;
    use crate::testing::{TestApp, caller, developer, lead};

    async fn decided(app: &TestApp, name: &str, approve: bool) -> RequestId {
        let id = app.submitted(&developer(0), name).await;
        decide(app, id, 1, approve).await.unwrap();
        id
    }

    async fn decide(app: &TestApp, id: RequestId, revision: i64, approve: bool) -> Result<State> {
        let command = Decide {
            request: id,
            revision,
            approve,
            comment: Some("So be it.".to_owned()),
        };
        app.portal.decide(caller(&lead()), command).await
    }

    async fn undo(app: &TestApp, viewer: &Viewer, id: RequestId) -> Result<()> {
        app.portal
            .undo_decision(caller(viewer), UndoDecision { request: id })
            .await
    }

    fn is_too_late<T: std::fmt::Debug>(result: &Result<T>) -> bool {
        matches!(result, Err(PortalError::Conflict(Conflict::TooLateToUndo)))
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_decision_is_taken_back_within_ten_seconds_and_made_again() {
        let app = TestApp::new().await;
        for approve in [true, false] {
            let id = decided(&app, &format!("files-{approve}"), approve).await;
            app.advance(SignedDuration::from_secs(9));
            assert!(app.portal.undo_until(&lead(), id).await.unwrap().is_some());
            undo(&app, &lead(), id).await.unwrap();
            let page = app.portal.request(&lead(), id).await.unwrap();
            assert_eq!(page.row.state, State::AwaitingApproval);
            assert!(page.may_decide, "the approver can decide again");
            let verbs: Vec<_> = app
                .audited(Some(id))
                .await
                .into_iter()
                .map(|(verb, _)| verb)
                .collect();
            let decided = if approve {
                "request.approved"
            } else {
                "request.rejected"
            };
            assert_eq!(verbs[verbs.len() - 2..], [decided, "request.decision-undone"]);
            assert!(is_too_late(&undo(&app, &lead(), id).await), "once");
            decide(&app, id, page.revision, true).await.unwrap();
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nobody_else_takes_it_back_and_nobody_later() {
        let app = TestApp::new().await;
        let id = decided(&app, "files", true).await;
        assert!(is_too_late(&undo(&app, &developer(0), id).await));
        app.advance(SignedDuration::from_secs(10));
        assert_eq!(app.portal.undo_until(&lead(), id).await.unwrap(), None);
        assert!(is_too_late(&undo(&app, &lead(), id).await));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_rejection_stays_if_somebody_has_asked_again_since() {
        let app = TestApp::new().await;
        let id = decided(&app, "files", false).await;
        app.submitted(&developer(0), "files").await;
        let undone = undo(&app, &lead(), id).await;
        assert!(
            matches!(undone, Err(PortalError::Conflict(Conflict::RequestInProgress))),
            "{undone:?}"
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_worker_gets_it_after_the_time_and_then_it_stays() {
        let app = TestApp::new().await;
        let id = decided(&app, "files", true).await;
        let (store, minute) = (app.portal.store(), std::time::Duration::from_mins(1));
        let lease = || store.lease("worker", app.portal.now(), minute, 5, &[]);
        assert!(
            lease().await.unwrap().is_empty(),
            "not before ten seconds are over"
        );
        let claim = app.portal.request(&lead(), id).await.unwrap().row.claim;
        store
            .wake_waiting_for_claim(&claim, app.portal.now())
            .await
            .unwrap();
        store
            .wake_waiting_for_plane(&claim.plane, app.portal.now())
            .await
            .unwrap();
        assert!(
            lease().await.unwrap().is_empty(),
            "a change of the claim is no reason"
        );
        app.advance(SignedDuration::from_secs(10));
        assert_eq!(lease().await.unwrap().len(), 1);
        // Even by a clock that is behind.
        app.advance(SignedDuration::from_secs(-5));
        assert!(is_too_late(&undo(&app, &lead(), id).await));
    }
}
