//! Sessions, one's own; and people with all that can be done in their name, for platform admins.

use axum::Json;
use axum::extract::{Query, State};
use http::StatusCode;
use portico_domain::view::{PeoplePage, PersonPage, SessionsPage};
use portico_store::Access;
use serde::Deserialize;
use tower_sessions::Session;
use uuid::Uuid;

use super::super::app::App;
use super::super::pages::people::access;
use super::super::pages::sessions::current;
use super::super::path_params::ResourceId;
use super::super::problem::Problem;
use super::Asker;

/// `GET /api/v1/sessions`.
pub(in super::super) async fn sessions(
    State(app): State<App>,
    asker: Asker,
    session: Session,
) -> Result<Json<SessionsPage>, Problem> {
    let current = current(&session);
    let page = app
        .portal
        .own_sessions(&asker.current.viewer, current.as_deref())
        .await?;
    Ok(Json(page))
}

/// `DELETE /api/v1/sessions/{id}`.
pub(in super::super) async fn end_session(
    State(app): State<App>,
    asker: Asker,
    ResourceId(id): ResourceId<String>,
) -> Result<StatusCode, Problem> {
    app.portal
        .end_own_access(
            &asker.current.viewer,
            asker.remote.as_deref(),
            Access::Session(&id),
        )
        .await?;
    app.viewers.forget_all();
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct Wanted {
    q: String,
}

/// `GET /api/v1/people`.
pub(in super::super) async fn people(
    State(app): State<App>,
    asker: Asker,
    Query(wanted): Query<Wanted>,
) -> Result<Json<PeoplePage>, Problem> {
    Ok(Json(
        app.portal.people_page(&asker.current.viewer, &wanted.q).await?,
    ))
}

/// `GET /api/v1/people/{id}`.
pub(in super::super) async fn person(
    State(app): State<App>,
    asker: Asker,
    ResourceId(id): ResourceId<Uuid>,
    session: Session,
) -> Result<Json<PersonPage>, Problem> {
    let current = current(&session);
    let page = app
        .portal
        .person_page(&asker.current.viewer, id, current.as_deref())
        .await?;
    Ok(Json(page))
}

/// What is to end; without either, everything.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct Which {
    session: String,
    token: String,
}

/// `DELETE /api/v1/people/{id}/access`.
pub(in super::super) async fn end(
    State(app): State<App>,
    asker: Asker,
    ResourceId(id): ResourceId<Uuid>,
    Query(which): Query<Which>,
) -> Result<StatusCode, Problem> {
    app.portal
        .end_access(
            &asker.current.viewer,
            asker.remote.as_deref(),
            id,
            access(&which.session, &which.token)?,
        )
        .await?;
    app.viewers.forget_all();
    app.tokens.forget();
    Ok(StatusCode::NO_CONTENT)
}
