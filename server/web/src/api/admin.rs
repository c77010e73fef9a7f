//! What administrators see.

use axum::Json;
use axum::extract::{Query, State};
use http::StatusCode;
use portico_app::AuditLogQuery;
use portico_domain::names::PlaneName;
use portico_domain::view::{ConfigurationPage, PlaneDetail, PlanesPage, RecordPage, TenantsPage};
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::app::App;
use super::super::path_params::ResourceId;
use super::super::problem::Problem;
use super::super::viewer::Body;
use super::Asker;

/// `GET /api/v1/control-planes`.
pub(in super::super) async fn planes(
    State(app): State<App>,
    asker: Asker,
) -> Result<Json<PlanesPage>, Problem> {
    Ok(Json(app.portal.planes_page(&asker.current.viewer).await?))
}

/// `GET /api/v1/control-planes/{plane}`.
pub(in super::super) async fn plane(
    State(app): State<App>,
    asker: Asker,
    ResourceId(name): ResourceId<PlaneName>,
) -> Result<Json<PlaneDetail>, Problem> {
    Ok(Json(app.portal.plane_page(&asker.current.viewer, &name).await?))
}

/// Why a control plane shall take no new claims.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct Close {
    /// In words that those read who would have used it.
    #[serde(default)]
    reason: Option<String>,
}

/// `POST /api/v1/control-planes/{plane}/cordon`.
pub(in super::super) async fn cordon(
    State(app): State<App>,
    asker: Asker,
    ResourceId(name): ResourceId<PlaneName>,
    Body(close): Body<Close>,
) -> Result<StatusCode, Problem> {
    app.portal
        .cordon(
            &asker.current.viewer,
            asker.remote.as_deref(),
            &name,
            close.reason.as_deref(),
        )
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/v1/control-planes/{plane}/cordon`.
pub(in super::super) async fn uncordon(
    State(app): State<App>,
    asker: Asker,
    ResourceId(name): ResourceId<PlaneName>,
) -> Result<StatusCode, Problem> {
    app.portal
        .uncordon(&asker.current.viewer, asker.remote.as_deref(), &name)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/v1/record/acknowledgement`: takes note of the breaks of the record.
pub(in super::super) async fn acknowledge(
    State(app): State<App>,
    asker: Asker,
) -> Result<StatusCode, Problem> {
    app.portal
        .acknowledge_breaks(&asker.current.viewer, asker.remote.as_deref())
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/v1/tenants`.
pub(in super::super) async fn tenants(
    State(app): State<App>,
    asker: Asker,
) -> Result<Json<TenantsPage>, Problem> {
    Ok(Json(app.portal.tenants_page(&asker.current.viewer).await?))
}

/// `GET /api/v1/configuration`.
pub(in super::super) async fn configuration(
    State(app): State<App>,
    asker: Asker,
) -> Result<Json<ConfigurationPage>, Problem> {
    Ok(Json(app.portal.configuration_page(&asker.current.viewer)?))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct Wanted {
    q: String,
    verb: Option<String>,
    of_tenant: Option<String>,
    person: Option<String>,
    since: Option<String>,
    until: Option<String>,
    before: Option<i64>,
}

/// `GET /api/v1/record`.
pub(in super::super) async fn record(
    State(app): State<App>,
    asker: Asker,
    Query(wanted): Query<Wanted>,
) -> Result<Json<RecordPage>, Problem> {
    let query = AuditLogQuery {
        words: wanted.q,
        verb: wanted.verb,
        tenant: wanted.of_tenant.and_then(|tenant| tenant.parse().ok()),
        person: wanted.person,
        since: wanted.since.and_then(|day| day.parse().ok()),
        until: wanted.until.and_then(|day| day.parse().ok()),
        before: wanted.before,
    };
    Ok(Json(app.portal.record(&asker.current.viewer, &query).await?))
}
