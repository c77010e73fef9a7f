//! The list of requests, and withdrawing one.

use portico_api::{Paged, RequestsPage};
use portico_domain::authz;
use portico_domain::names::{OfferingName, RequestId};
use portico_domain::reason::FailureReason;
use portico_domain::request::{State, Transition};
use portico_domain::tenancy::Viewer;
use portico_store::{Page, RequestFilter};
use serde_json::json;

use super::permissions::Denial;
use super::{Conflict, Portal, PortalError, Result, Workspace, rows};

/// Requests on a page.
const PER_PAGE: u32 = 50;

/// What the list is limited to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestsQuery {
    /// One state.
    pub state: Option<State>,
    /// One offering.
    pub offering: Option<OfferingName>,
    /// Only the viewer's own.
    pub mine: bool,
    /// Only what is older than this one.
    pub before: Option<RequestId>,
}

impl Portal {
    /// Requests of the tenant that the viewer works in, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn requests(
        &self,
        viewer: &Viewer,
        work: Option<&Workspace>,
        query: &RequestsQuery,
    ) -> Result<RequestsPage> {
        let filter = RequestFilter {
            tenant: work.map(|work| work.tenant.clone()),
            states: query.state.into_iter().collect(),
            offering: query.offering.clone(),
            requester: query.mine.then(|| viewer.person.subject.clone()),
            ..RequestFilter::default()
        };
        let page = Page {
            limit: PER_PAGE,
            before: query.before,
        };
        let found = self.store().requests(&viewer.scope(), &filter, &page).await?;
        let catalog = self.planes().catalog();
        Ok(RequestsPage {
            state: query.state,
            offering: query.offering.clone(),
            mine: query.mine,
            rows: Paged {
                more: found.next.is_some(),
                items: found
                    .items
                    .iter()
                    .map(|request| rows::request(&catalog, request))
                    .collect(),
                total: None,
                page: 1,
                per_page: PER_PAGE as usize,
            },
        })
    }

    /// Takes a request back.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] when there is no such request for the viewer, [`PortalError::Forbidden`] when it
    /// is not theirs, [`PortalError::Conflict`] when it is too late or somebody else was faster.
    pub async fn withdraw(&self, viewer: &Viewer, remote: Option<&str>, id: RequestId) -> Result<()> {
        let visible = self.visible_request(viewer, id).await?;
        let mut request = visible.clone().into_inner();
        let step = request.cancel_transition().unwrap_or(Transition::Withdraw);
        let state = request
            .state
            .apply(step)
            .map_err(|error| PortalError::Conflict(Conflict::WrongState, sentence(&error.to_string())))?;
        let grant =
            authz::withdraw(viewer, visible).map_err(Denial::Request(&request.requester.name).error())?;
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
        let event = grant.audit(request.updated_at, remote).with_details(details);
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

/// An error's text as a sentence.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_uppercase(), letters.as_str())
    })
}
