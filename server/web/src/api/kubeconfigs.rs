//! Kubeconfigs for the viewer.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use portico_api::{FetchedKubeconfig, KubectlPage};
use portico_app::FetchKubeconfig;
use portico_domain::names::{EnvironmentName, PlaneName, TenantName};
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::app::App;
use super::super::problem::Problem;
use super::super::viewer::Body;
use super::ApiContext;
use super::problems::{AskingPlane, Changing, FetchingKubeconfig, Problems, Reading, Viewing};

/// Lists the namespaces that the viewer can fetch a kubeconfig for.
#[utoipa::path(
    get,
    path = "/api/v1/kubeconfigs",
    operation_id = "listKubeconfigs",
    tag = "Kubeconfigs",
    responses((status = 200, description = "The namespaces.", body = KubectlPage), Problems<Viewing>),
)]
pub(in super::super) async fn list(State(app): State<App>, context: ApiContext) -> Json<KubectlPage> {
    Json(app.portal.kubectl_page(&context.current.viewer))
}

/// The namespace that a kubeconfig is for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct KubeconfigRequest {
    /// The control plane.
    control_plane: PlaneName,
    /// The tenant.
    tenant: TenantName,
    /// The environment.
    environment: EnvironmentName,
}

/// Fetches a kubeconfig with the rights of the viewer’s role in the tenant, valid for some minutes.
///
/// Each call is in the audit log. The kubeconfig is kept nowhere.
#[utoipa::path(
    post,
    path = "/api/v1/kubeconfigs",
    operation_id = "fetchKubeconfig",
    tag = "Kubeconfigs",
    request_body = KubeconfigRequest,
    responses((status = 200, description = "The kubeconfig.", body = FetchedKubeconfig), Problems<(Viewing, Reading, Changing, AskingPlane, FetchingKubeconfig)>),
)]
pub(in super::super) async fn fetch(
    State(app): State<App>,
    context: ApiContext,
    Body(wanted): Body<KubeconfigRequest>,
) -> Result<Response, Problem> {
    let command = FetchKubeconfig {
        plane: wanted.control_plane,
        tenant: wanted.tenant,
        environment: wanted.environment,
    };
    let fetched = app.portal.fetch_kubeconfig(context.caller(), &command).await?;
    let headers = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((headers, Json(fetched)).into_response())
}
