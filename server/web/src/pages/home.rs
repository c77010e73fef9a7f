//! The home page.

use axum::response::Response;
use portico_api::message;

use super::super::problem::Problem;
use super::super::viewer::Page;

/// `GET /`.
pub(in super::super) async fn page(Page(context): Page) -> Result<Response, Problem> {
    let page = context
        .app
        .portal
        .home(context.viewer(), context.workspace())
        .await?;
    context
        .page(message!("home"), &[], |frame| {
            portico_frontend::pages::home(frame, &page)
        })
        .await
}
