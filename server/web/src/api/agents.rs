//! Agents of control planes. For platform admins.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use portico_api::CreatedEnrolment;
use portico_app::{EnrolAgent, RevokeAgent};
use portico_domain::names::PlaneName;

use super::super::app::App;
use super::super::path_params::{AgentPath, ResourceId};
use super::super::problem::Problem;
use super::ApiContext;
use super::problems::{Changing, Enrolling, Problems, Viewing};

/// Creates a token with which one agent of the control plane enrols, once and within 15 minutes. For platform admins.
#[utoipa::path(
    post,
    path = "/api/v1/control-planes/{plane}/enrolments",
    operation_id = "createAgentEnrolment",
    tag = "Administration",
    params(("plane" = PlaneName, Path, description = "The control plane, which is reached through an agent.")),
    responses((status = 201, description = "The token. It is shown only here.", body = CreatedEnrolment), Problems<(Viewing, Changing, Enrolling)>),
)]
pub(in super::super) async fn enrol(
    State(app): State<App>,
    context: ApiContext,
    ResourceId(name): ResourceId<PlaneName>,
) -> Result<Response, Problem> {
    let command = EnrolAgent { plane: &name };
    let created = app.portal.enrol_agent(context.caller(), command).await?;
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((StatusCode::CREATED, no_store, Json(created)).into_response())
}

/// Revokes an agent of the control plane for good: its connections end, and its certificate is refused. For platform
/// admins.
#[utoipa::path(
    delete,
    path = "/api/v1/control-planes/{plane}/agents/{agent}",
    operation_id = "revokeAgent",
    tag = "Administration",
    params(
        ("plane" = PlaneName, Path, description = "The control plane."),
        ("agent" = uuid::Uuid, Path, description = "The agent."),
    ),
    responses((status = 204, description = "The agent is revoked."), Problems<(Viewing, Changing)>),
)]
pub(in super::super) async fn revoke(
    State(app): State<App>,
    context: ApiContext,
    AgentPath(plane, agent): AgentPath,
) -> Result<StatusCode, Problem> {
    let command = RevokeAgent { plane: &plane, agent };
    app.portal.revoke_agent(context.caller(), command).await?;
    Ok(StatusCode::NO_CONTENT)
}
