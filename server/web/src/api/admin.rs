//! What administrators see.

use axum::Json;
use axum::extract::{Query, State};
use http::StatusCode;
use portico_api::{
    ConfigurationPage, DefinitionTrial, HealthTrial, PlaneDetail, PlanesPage, RecordPage, TenantPage,
    TenantsPage,
};
use portico_app::{AcceptCluster, AuditLogQuery, Cordon, TryDefinition, TryHealth, Uncordon};
use portico_domain::cluster::ClusterId;
use portico_domain::documents::HealthExpressions;
use portico_domain::names::{OfferingName, PlaneName, TenantName};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::super::app::App;
use super::super::path_params::ResourceId;
use super::super::problem::Problem;
use super::super::viewer::Body;
use super::ApiContext;
use super::problems::{
    AcceptingCluster, Acknowledging, Changing, Cordoning, Problems, Reading, Trying, Uncordoning, Viewing,
};

/// Lists control planes and what they serve. For platform admins.
#[utoipa::path(
    get,
    path = "/api/v1/control-planes",
    operation_id = "listControlPlanes",
    tag = "Administration",
    responses((status = 200, description = "The control planes.", body = PlanesPage), Problems<Viewing>),
)]
pub(in super::super) async fn planes(
    State(app): State<App>,
    context: ApiContext,
) -> Result<Json<PlanesPage>, Problem> {
    Ok(Json(app.portal.planes_page(&context.current.viewer).await?))
}

/// Returns a control plane. For platform admins.
#[utoipa::path(
    get,
    path = "/api/v1/control-planes/{plane}",
    operation_id = "getControlPlane",
    tag = "Administration",
    params(("plane" = PlaneName, Path, description = "The control plane.")),
    responses((status = 200, description = "The control plane.", body = PlaneDetail), Problems<Viewing>),
)]
pub(in super::super) async fn plane(
    State(app): State<App>,
    context: ApiContext,
    ResourceId(name): ResourceId<PlaneName>,
) -> Result<Json<PlaneDetail>, Problem> {
    Ok(Json(app.portal.plane_page(&context.current.viewer, &name).await?))
}

/// A cordon of a control plane.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct CordonRequest {
    /// Why, for people who would have used it.
    #[serde(default)]
    reason: Option<String>,
}

/// Cordons a control plane: it takes no new claims. For platform admins.
#[utoipa::path(
    post,
    path = "/api/v1/control-planes/{plane}/cordon",
    operation_id = "cordonControlPlane",
    tag = "Administration",
    request_body = CordonRequest,
    params(("plane" = PlaneName, Path, description = "The control plane.")),
    responses((status = 204, description = "The control plane takes no new claims."), Problems<(Viewing, Changing, Cordoning)>),
)]
pub(in super::super) async fn cordon(
    State(app): State<App>,
    context: ApiContext,
    ResourceId(name): ResourceId<PlaneName>,
    Body(close): Body<CordonRequest>,
) -> Result<StatusCode, Problem> {
    let command = Cordon {
        plane: &name,
        reason: close.reason.as_deref(),
    };
    app.portal.cordon(context.caller(), command).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The cluster to accept.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct AcceptClusterRequest {
    /// The cluster on record, as the page of the control plane has it (`cluster.recorded.id`).
    was: ClusterId,
    /// The one that answers now (`cluster.found`); null if it does not say who it is.
    is: Option<ClusterId>,
}

/// Accepts that another cluster answers for a control plane, since it was built anew. Its claims are shown in place of those
/// of the cluster before. For platform admins.
#[utoipa::path(
    post,
    path = "/api/v1/control-planes/{plane}/cluster",
    operation_id = "acceptCluster",
    tag = "Administration",
    request_body = AcceptClusterRequest,
    params(("plane" = PlaneName, Path, description = "The control plane.")),
    responses((status = 204, description = "The cluster is used within seconds."), Problems<(Viewing, Changing, AcceptingCluster)>),
)]
pub(in super::super) async fn accept_cluster(
    State(app): State<App>,
    context: ApiContext,
    ResourceId(name): ResourceId<PlaneName>,
    Body(accept): Body<AcceptClusterRequest>,
) -> Result<StatusCode, Problem> {
    let command = AcceptCluster {
        plane: &name,
        was: Some(&accept.was),
        now_is: accept.is.as_ref(),
    };
    app.portal.accept_cluster(context.caller(), command).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Uncordons a control plane: it takes new claims again. For platform admins.
#[utoipa::path(
    delete,
    path = "/api/v1/control-planes/{plane}/cordon",
    operation_id = "uncordonControlPlane",
    tag = "Administration",
    params(("plane" = PlaneName, Path, description = "The control plane.")),
    responses((status = 204, description = "The control plane takes new claims."), Problems<(Viewing, Changing, Uncordoning)>),
)]
pub(in super::super) async fn uncordon(
    State(app): State<App>,
    context: ApiContext,
    ResourceId(name): ResourceId<PlaneName>,
) -> Result<StatusCode, Problem> {
    app.portal
        .uncordon(context.caller(), Uncordon { plane: &name })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A changed definition.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct TryDefinitionRequest {
    /// A `CustomResourceDefinition` or `CompositeResourceDefinition`, as YAML or JSON in a string.
    definition: String,
}

/// Tries a changed definition against the live claims of all control planes that offer it: which would be refused,
/// defaulted otherwise, or pruned. Changes nothing. For platform admins.
#[utoipa::path(
    post,
    path = "/api/v1/definition-trials",
    operation_id = "tryDefinition",
    tag = "Administration",
    request_body = TryDefinitionRequest,
    responses((status = 200, description = "What the definition would do.", body = DefinitionTrial), Problems<(Viewing, Changing, Trying)>),
)]
pub(in super::super) async fn try_definition(
    State(app): State<App>,
    context: ApiContext,
    Body(body): Body<TryDefinitionRequest>,
) -> Result<Json<DefinitionTrial>, Problem> {
    let command = TryDefinition {
        document: &body.definition,
    };
    Ok(Json(app.portal.try_definition(context.caller(), command).await?))
}

/// Health rules of an offering: CEL expressions over `object`, the claim as its control plane returns it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct TryHealthRequest {
    /// True when the claim works.
    #[serde(default)]
    ready: Option<String>,
    /// True when something is wrong. Evaluated before `ready`.
    #[serde(default)]
    failed: Option<String>,
    /// A text that explains why it does not work.
    #[serde(default)]
    message: Option<String>,
}

/// Tries health rules of an offering against its live claims: what each shows and would show. Changes and stores nothing.
/// For platform admins.
#[utoipa::path(
    post,
    path = "/api/v1/offerings/{offering}/health-trials",
    operation_id = "tryHealth",
    tag = "Administration",
    request_body = TryHealthRequest,
    params(("offering" = OfferingName, Path, description = "The offering: `<plural>.<group>`.")),
    responses((status = 200, description = "What the claims would show, or why the rules cannot be used.", body = HealthTrial), Problems<(Viewing, Reading, Changing, Trying)>),
)]
pub(in super::super) async fn try_health(
    State(app): State<App>,
    context: ApiContext,
    ResourceId(offering): ResourceId<OfferingName>,
    Body(body): Body<TryHealthRequest>,
) -> Result<Json<HealthTrial>, Problem> {
    let command = TryHealth {
        offering: &offering,
        rules: HealthExpressions {
            ready: body.ready,
            failed: body.failed,
            message: body.message,
        },
    };
    let page = app.portal.try_health(context.caller().viewer, command).await?;
    page.trial.map(Json).ok_or_else(Problem::not_found)
}

/// Acknowledges all breaks of the audit log’s hash chain. For platform admins.
#[utoipa::path(
    post,
    path = "/api/v1/record/acknowledgement",
    operation_id = "acknowledgeBreaks",
    tag = "Audit log",
    responses((status = 204, description = "The breaks are acknowledged."), Problems<(Viewing, Changing, Acknowledging)>),
)]
pub(in super::super) async fn acknowledge(
    State(app): State<App>,
    context: ApiContext,
) -> Result<StatusCode, Problem> {
    app.portal.acknowledge_breaks(context.caller()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the tenants that the viewer administers.
#[utoipa::path(
    get,
    path = "/api/v1/tenants",
    operation_id = "listTenants",
    tag = "Administration",
    responses((status = 200, description = "The tenants.", body = TenantsPage), Problems<Viewing>),
)]
pub(in super::super) async fn tenants(
    State(app): State<App>,
    context: ApiContext,
) -> Result<Json<TenantsPage>, Problem> {
    Ok(Json(app.portal.tenants_page(&context.current.viewer).await?))
}

/// Returns a tenant that the viewer administers, with its environments on each control plane.
#[utoipa::path(
    get,
    path = "/api/v1/tenants/{tenant}",
    operation_id = "getTenant",
    tag = "Administration",
    params(("tenant" = TenantName, Path, description = "The tenant.")),
    responses((status = 200, description = "The tenant.", body = TenantPage), Problems<Viewing>),
)]
pub(in super::super) async fn tenant(
    State(app): State<App>,
    context: ApiContext,
    ResourceId(name): ResourceId<TenantName>,
) -> Result<Json<TenantPage>, Problem> {
    Ok(Json(
        app.portal.tenant_page(&context.current.viewer, &name).await?,
    ))
}

/// Returns the configuration in force and what is wrong with the newest files. For platform admins.
#[utoipa::path(
    get,
    path = "/api/v1/configuration",
    operation_id = "getConfiguration",
    tag = "Administration",
    responses((status = 200, description = "The configuration.", body = ConfigurationPage), Problems<Viewing>),
)]
pub(in super::super) async fn configuration(
    State(app): State<App>,
    context: ApiContext,
) -> Result<Json<ConfigurationPage>, Problem> {
    Ok(Json(app.portal.configuration_page(&context.current.viewer)?))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
pub(in super::super) struct RecordParams {
    /// Text that actor, verb or subject must contain.
    q: String,
    /// Only events of this verb, such as `request.approved`.
    verb: Option<String>,
    /// Only events of this tenant.
    #[param(value_type = Option<TenantName>)]
    event_tenant: Option<String>,
    /// Only events of this person, by subject.
    person: Option<String>,
    /// Only events from this day on (UTC), such as `2026-01-31`.
    #[param(format = Date)]
    since: Option<String>,
    /// Only events up to and including this day (UTC).
    #[param(format = Date)]
    until: Option<String>,
    /// Only events before this number: `before` of the page that came before.
    before: Option<i64>,
}

/// Lists events of the audit log, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/record",
    operation_id = "listEvents",
    tag = "Audit log",
    responses((status = 200, description = "A page of events.", body = RecordPage), Problems<Viewing>),
)]
pub(in super::super) async fn record(
    State(app): State<App>,
    context: ApiContext,
    Query(wanted): Query<RecordParams>,
) -> Result<Json<RecordPage>, Problem> {
    let query = AuditLogQuery {
        words: wanted.q,
        verb: wanted.verb,
        tenant: wanted.event_tenant.and_then(|tenant| tenant.parse().ok()),
        person: wanted.person,
        since: wanted.since.and_then(|day| day.parse().ok()),
        until: wanted.until.and_then(|day| day.parse().ok()),
        before: wanted.before,
    };
    Ok(Json(app.portal.audit_log(&context.current.viewer, &query).await?))
}
