//! The home page.

use axum::response::Response;

use super::super::problem::Problem;
use super::super::viewer::Page;

/// `GET /`.
pub(in super::super) async fn page(Page(around): Page) -> Result<Response, Problem> {
    let page = around.app.portal.home(around.viewer(), around.work()).await?;
    around
        .page("Home", &[], |frame| portico_frontend::pages::home(frame, &page))
        .await
}
