//! What tenants publish to other tenants.

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use portico_api::{PublicationPage, PublicationsPage};
use portico_app::DecidePermission;
use portico_domain::documents::Permission;
use portico_domain::names::PublicationName;
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::app::App;
use super::super::path_params::ResourceId;
use super::super::problem::Problem;
use super::super::viewer::Body;
use super::ApiContext;
use super::problems::{Changing, DecidingPermission, Problems, Viewing};

/// Lists the publications of tenants, those that wait for a decision first. For platform admins; members of a tenant that
/// publishes see its own.
#[utoipa::path(
    get,
    path = "/api/v1/publications",
    operation_id = "listPublications",
    tag = "Publications",
    responses((status = 200, description = "The publications.", body = PublicationsPage), Problems<Viewing>),
)]
pub(in super::super) async fn list(
    State(app): State<App>,
    context: ApiContext,
) -> Result<Json<PublicationsPage>, Problem> {
    Ok(Json(app.portal.publications(&context.current.viewer).await?))
}

/// Returns a publication: what it asks for, what was decided, and the claims of its consumers. For platform admins and
/// members of the publisher.
#[utoipa::path(
    get,
    path = "/api/v1/publications/{publication}",
    operation_id = "getPublication",
    tag = "Publications",
    params(("publication" = PublicationName, Path, description = "The publication.")),
    responses((status = 200, description = "The publication.", body = PublicationPage), Problems<Viewing>),
)]
pub(in super::super) async fn one(
    State(app): State<App>,
    context: ApiContext,
    ResourceId(name): ResourceId<PublicationName>,
) -> Result<Json<PublicationPage>, Problem> {
    Ok(Json(
        app.portal.publication(&context.current.viewer, &name).await?,
    ))
}

/// A decision on a permission.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct PermissionDecisionRequest {
    /// True accepts it, false refuses it.
    accept: bool,
    /// `asked` of the permission as it was read: a decision on something else is refused.
    asked: String,
}

/// Accepts or refuses a permission that a publication asks for. It takes effect with the next use. For platform admins.
#[utoipa::path(
    post,
    path = "/api/v1/publications/{publication}/permissions/{permission}/decision",
    operation_id = "decidePermission",
    tag = "Publications",
    request_body = PermissionDecisionRequest,
    params(
        ("publication" = PublicationName, Path, description = "The publication."),
        ("permission" = Permission, Path, description = "The permission."),
    ),
    responses((status = 204, description = "It is decided."), Problems<(Viewing, Changing, DecidingPermission)>),
)]
pub(in super::super) async fn decide(
    State(app): State<App>,
    context: ApiContext,
    Path((publication, permission)): Path<(String, String)>,
    Body(decision): Body<PermissionDecisionRequest>,
) -> Result<StatusCode, Problem> {
    let publication: PublicationName = publication.parse().map_err(|_| Problem::not_found())?;
    let permission = Permission::from_slug(&permission).ok_or_else(Problem::not_found)?;
    let command = DecidePermission {
        publication: &publication,
        permission,
        accept: decision.accept,
        asked: &decision.asked,
    };
    app.portal.decide_permission(context.caller(), command).await?;
    Ok(StatusCode::NO_CONTENT)
}
