//! Who asks.

use axum::Json;
use axum::extract::State;
use portico_domain::tenancy::Viewer;
use portico_domain::view::HomePage;

use super::super::app::App;
use super::super::problem::Problem;
use super::Asker;

/// `GET /api/v1/viewer`.
pub(in super::super) async fn viewer(asker: Asker) -> Json<Viewer> {
    Json((*asker.current.viewer).clone())
}

/// `GET /api/v1/home`.
pub(in super::super) async fn home(State(app): State<App>, asker: Asker) -> Result<Json<HomePage>, Problem> {
    Ok(Json(
        app.portal
            .home(&asker.current.viewer, asker.work.as_ref())
            .await?,
    ))
}
