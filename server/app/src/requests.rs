//! The list of requests, and withdrawing one.

use portico_api::{Paged, RequestsPage};
use portico_domain::names::{OfferingName, RequestId};
use portico_domain::request::State;
use portico_domain::tenancy::Viewer;
use portico_store::{Page, RequestFilter};

use super::{Portal, Result, Workspace, rows};

/// Requests on a page.
const PER_PAGE: u32 = 50;

/// Filters of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestsQuery {
    /// One state.
    pub state: Option<State>,
    /// One offering.
    pub offering: Option<OfferingName>,
    /// Only the viewer's own.
    pub mine: bool,
    /// Only requests older than this one.
    pub before: Option<RequestId>,
}

impl Portal {
    /// Returns the requests of the viewer's current tenant, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn requests(
        &self,
        viewer: &Viewer,
        workspace: Option<&Workspace>,
        query: &RequestsQuery,
    ) -> Result<RequestsPage> {
        let filter = RequestFilter {
            tenant: workspace.map(|workspace| workspace.tenant.clone()),
            states: query.state.into_iter().collect(),
            offering: query.offering.clone(),
            requester: query.mine.then(|| viewer.person().subject.clone()),
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
}
