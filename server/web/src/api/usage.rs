//! What tenants used over time.

use axum::Json;
use axum::extract::{Query, State};
use portico_api::UsagePage;
use portico_app::UsageQuery;
use portico_domain::names::TenantName;
use serde::Deserialize;
use utoipa::IntoParams;

use super::super::app::App;
use super::super::problem::Problem;
use super::ApiContext;
use super::problems::{Choosing, Problems, Viewing};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
pub(in super::super) struct UsageParams {
    /// The tenant. Default: for platform admins all tenants together, for others the one that the browser remembers, else
    /// the viewer's first.
    #[param(value_type = Option<TenantName>)]
    tenant: Option<String>,
    /// The period in days until now: 7, 30 or 90. Default: 30.
    #[param(value_type = Option<u32>)]
    days: Option<String>,
}

/// Returns what a tenant used over time: claims by health, quota, time to ready, cost.
#[utoipa::path(
    get,
    path = "/api/v1/usage",
    operation_id = "getUsage",
    tag = "Usage",
    responses((status = 200, description = "The usage.", body = UsagePage), Problems<(Viewing, Choosing)>),
)]
pub(in super::super) async fn usage(
    State(app): State<App>,
    context: ApiContext,
    Query(wanted): Query<UsageParams>,
) -> Result<Json<UsagePage>, Problem> {
    let query = UsageQuery {
        tenant: wanted.tenant,
        days: wanted.days,
    };
    let viewer = &context.current.viewer;
    Ok(Json(
        app.portal
            .usage_page(viewer, context.workspace.as_ref(), &query)
            .await?,
    ))
}
