//! The approval queue.

use axum::response::Response;

use super::super::problem::Problem;
use super::super::query::QueryParams;
use super::super::viewer::Page;

/// `GET /approvals`.
pub(in super::super) async fn list(Page(around): Page, query: QueryParams) -> Result<Response, Problem> {
    let page = around.app.portal.approvals(around.viewer(), query.page()).await?;
    around
        .page("Approvals", &[], |frame| {
            portico_frontend::pages::approvals(frame, &page)
        })
        .await
}
