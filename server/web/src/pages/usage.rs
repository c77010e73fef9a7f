//! What tenants used over time.

use axum::response::Response;
use portico_app::UsageQuery;

use super::super::problem::Problem;
use super::super::query::QueryParams;
use super::super::viewer::Page;

/// `GET /usage`.
pub(in super::super) async fn page(Page(context): Page, params: QueryParams) -> Result<Response, Problem> {
    let query = UsageQuery {
        tenant: params.text("tenant").map(str::to_owned),
        days: params.text("days").map(str::to_owned),
    };
    let page = context
        .app
        .portal
        .usage_page(context.viewer(), context.workspace(), &query)
        .await?;
    context
        .page("Usage", &[], |frame| portico_frontend::pages::usage(frame, &page))
        .await
}
