//! The viewer.

use axum::Json;
use axum::extract::State;
use portico_api::HomePage;
use portico_domain::tenancy::Viewer;

use super::super::app::App;
use super::super::problem::Problem;
use super::problems::{Problems, Viewing};
use super::{ApiContext, WorkspaceParams};

/// Returns the signed-in person with tenants and roles.
#[utoipa::path(
    get,
    path = "/api/v1/viewer",
    operation_id = "getViewer",
    tag = "Viewer",
    responses((status = 200, description = "The viewer.", body = Viewer), Problems<Viewing>),
)]
pub(in super::super) async fn viewer(context: ApiContext) -> Json<Viewer> {
    Json((*context.current.viewer).clone())
}

/// Returns what needs the viewer’s attention: unhealthy claims, requests that wait, recent changes.
#[utoipa::path(
    get,
    path = "/api/v1/home",
    operation_id = "getHome",
    tag = "Viewer",
    params(WorkspaceParams),
    responses((status = 200, description = "The home page’s content.", body = HomePage), Problems<Viewing>),
)]
pub(in super::super) async fn home(
    State(app): State<App>,
    context: ApiContext,
) -> Result<Json<HomePage>, Problem> {
    Ok(Json(
        app.portal
            .home(&context.current.viewer, context.workspace.as_ref())
            .await?,
    ))
}
