//! The approval queue.

use axum::response::Response;

use super::super::problem::Problem;
use super::super::query::QueryParams;
use super::super::viewer::Page;

/// `GET /approvals`.
pub(in super::super) async fn list(Page(context): Page, query: QueryParams) -> Result<Response, Problem> {
    let page = context
        .app
        .portal
        .approvals(context.viewer(), query.page())
        .await?;
    context
        .page("Approvals", &[], |frame| {
            portico_frontend::pages::approvals(frame, &page)
        })
        .await
}
