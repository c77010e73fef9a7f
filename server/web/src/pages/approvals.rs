//! The approval queue.

use axum::response::Response;
use portico_api::message;
use portico_domain::names::RequestId;

use super::super::problem::Problem;
use super::super::query::QueryParams;
use super::super::viewer::Page;

/// `GET /approvals`. `request` is the request to open. A page that opened the first by itself and is updated in place
/// sends it as `opened`, so that another does not take its place while somebody reads it.
pub(in super::super) async fn list(Page(context): Page, query: QueryParams) -> Result<Response, Problem> {
    let chosen: Option<RequestId> = query.parsed("request");
    let opened = chosen.or_else(|| query.parsed("opened"));
    let portal = &context.app.portal;
    let mut page = portal.inbox(context.viewer(), query.page(), opened).await?;
    page.chosen = chosen.is_some();
    context
        .page(message!("approvals"), &[], |frame| {
            portico_frontend::pages::approvals(frame, &page)
        })
        .await
}
