//! The viewer's sessions; for platform admins, people with their sessions and tokens.

use axum::Json;
use axum::extract::{Query, State};
use http::StatusCode;
use portico_api::{PeoplePage, PersonPage, SessionsPage};
use portico_app::{EndAccess, EndOwnAccess};
use portico_store::Access;
use serde::Deserialize;
use tower_sessions::Session;
use utoipa::IntoParams;
use uuid::Uuid;

use super::super::app::App;
use super::super::pages::people::access;
use super::super::pages::sessions::current;
use super::super::path_params::ResourceId;
use super::super::problem::Problem;
use super::ApiContext;
use super::problems::{Changing, Problems, Viewing};

/// Lists the viewer’s sessions.
#[utoipa::path(
    get,
    path = "/api/v1/sessions",
    operation_id = "listSessions",
    tag = "Access",
    responses((status = 200, description = "The sessions.", body = SessionsPage), Problems<Viewing>),
)]
pub(in super::super) async fn sessions(
    State(app): State<App>,
    context: ApiContext,
    session: Session,
) -> Result<Json<SessionsPage>, Problem> {
    let current = current(&session);
    let page = app
        .portal
        .own_sessions(&context.current.viewer, current.as_deref())
        .await?;
    Ok(Json(page))
}

/// Ends one of the viewer’s sessions.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/{id}",
    operation_id = "endSession",
    tag = "Access",
    params(("id" = String, Path, description = "The session’s `id`.")),
    responses((status = 204, description = "The session has ended."), Problems<(Viewing, Changing)>),
)]
pub(in super::super) async fn end_session(
    State(app): State<App>,
    context: ApiContext,
    ResourceId(id): ResourceId<String>,
) -> Result<StatusCode, Problem> {
    let command = EndOwnAccess {
        access: Access::Session(&id),
    };
    app.portal.end_own_access(context.caller(), command).await?;
    app.viewers.forget_all();
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(in super::super) struct PeopleParams {
    /// Text that name, e-mail address or subject must contain.
    q: String,
}

/// Lists people who have signed in. For platform admins.
#[utoipa::path(
    get,
    path = "/api/v1/people",
    operation_id = "listPeople",
    tag = "Access",
    responses((status = 200, description = "People, those who signed in last first.", body = PeoplePage), Problems<Viewing>),
)]
pub(in super::super) async fn people(
    State(app): State<App>,
    context: ApiContext,
    Query(wanted): Query<PeopleParams>,
) -> Result<Json<PeoplePage>, Problem> {
    Ok(Json(
        app.portal.people_page(&context.current.viewer, &wanted.q).await?,
    ))
}

/// Returns a person with sessions and API tokens. For platform admins.
#[utoipa::path(
    get,
    path = "/api/v1/people/{id}",
    operation_id = "getPerson",
    tag = "Access",
    params(("id" = Uuid, Path, description = "The person’s `id`.")),
    responses((status = 200, description = "The person.", body = PersonPage), Problems<Viewing>),
)]
pub(in super::super) async fn person(
    State(app): State<App>,
    context: ApiContext,
    ResourceId(id): ResourceId<Uuid>,
    session: Session,
) -> Result<Json<PersonPage>, Problem> {
    let current = current(&session);
    let page = app
        .portal
        .person_page(&context.current.viewer, id, current.as_deref())
        .await?;
    Ok(Json(page))
}

/// What to end. Without either: all sessions and tokens.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(in super::super) struct EndAccessParams {
    /// Only this session.
    session: String,
    /// Only this API token.
    token: String,
}

/// Ends a person’s sessions and API tokens. For platform admins.
#[utoipa::path(
    delete,
    path = "/api/v1/people/{id}/access",
    operation_id = "endAccess",
    tag = "Access",
    params(("id" = Uuid, Path, description = "The person’s `id`.")),
    responses((status = 204, description = "The access has ended."), Problems<(Viewing, Changing)>),
)]
pub(in super::super) async fn end(
    State(app): State<App>,
    context: ApiContext,
    ResourceId(id): ResourceId<Uuid>,
    Query(which): Query<EndAccessParams>,
) -> Result<StatusCode, Problem> {
    let command = EndAccess {
        person: id,
        access: access(&which.session, &which.token)?,
    };
    app.portal.end_access(context.caller(), command).await?;
    app.viewers.forget_all();
    app.tokens.forget();
    Ok(StatusCode::NO_CONTENT)
}
