//! Claims.

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use portico_api::words::DraftProblem;
use portico_api::{AdoptPage, ClaimPage, ClaimsFilter, ClaimsPage, RevealedKey, Submission};
use portico_app::{
    AdoptClaim, DeleteClaim, RenewClaim, RequestTarget, RevealSecret, SecretKeys, SubmitOutcome,
    SubmitRequest,
};
use portico_domain::claim::Health;
use portico_domain::names::{ClaimName, EnvironmentName, OfferingName, PlaneName};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::super::app::App;
use super::super::path_params::ClaimPath;
use super::super::problem::{Problem, of_conflict};
use super::super::problem_types::ProblemType;
use super::super::viewer::Body;
use super::problems::{AskingPlane, Changing, Problems, Reading, Renewing, Revealing, Submitting, Viewing};
use super::requests::{CreateRequest, accepted, answer, request_id};
use super::{ApiContext, WorkspaceParams};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
pub(in super::super) struct ClaimsParams {
    /// Text that the name must contain.
    q: String,
    /// Only claims of this environment.
    #[param(value_type = Option<EnvironmentName>)]
    claim_environment: Option<String>,
    /// Only claims of this offering.
    #[param(value_type = Option<OfferingName>)]
    offering: Option<String>,
    /// Only claims on this control plane.
    #[param(value_type = Option<PlaneName>)]
    plane: Option<String>,
    /// Only claims of this health.
    #[param(value_type = Option<Health>)]
    health: Option<String>,
    /// Only claims that the viewer asked for: `true` or `1`.
    #[param(value_type = Option<bool>)]
    mine: Option<String>,
    /// `name`, `offering`, `health` or `age` (the youngest first). Default: those that need attention first.
    sort: Option<String>,
    /// The page, from 1.
    page: usize,
}

/// Lists claims.
#[utoipa::path(
    get,
    path = "/api/v1/claims",
    operation_id = "listClaims",
    tag = "Claims",
    params(WorkspaceParams),
    responses((status = 200, description = "A page of claims.", body = ClaimsPage), Problems<Viewing>),
)]
pub(in super::super) async fn list(
    State(app): State<App>,
    context: ApiContext,
    Query(wanted): Query<ClaimsParams>,
) -> Result<Json<ClaimsPage>, Problem> {
    let filter = ClaimsFilter {
        query: wanted.q,
        tenant: None,
        environment: wanted
            .claim_environment
            .and_then(|environment| environment.parse().ok()),
        offering: wanted.offering.and_then(|offering| offering.parse().ok()),
        plane: wanted.plane.and_then(|plane| plane.parse().ok()),
        health: wanted.health.as_deref().and_then(Health::from_slug),
        mine: wanted.mine.is_some_and(|mine| mine == "true" || mine == "1"),
        sort: wanted.sort,
    };
    Ok(Json(app.portal.claims(
        &context.current.viewer,
        context.workspace.as_ref(),
        filter,
        wanted.page,
    )))
}

/// Returns a claim with conditions, composed resources, events and connection details.
#[utoipa::path(
    get,
    path = "/api/v1/claims/{plane}/{offering}/{namespace}/{name}",
    operation_id = "getClaim",
    tag = "Claims",
    params(("plane" = PlaneName, Path, description = "The control plane."), ("offering" = OfferingName, Path, description = "The offering: `<plural>.<group>`."), ("namespace" = String, Path, description = "The namespace; `-` for a cluster-scoped kind."), ("name" = ClaimName, Path, description = "The claim’s name.")),
    responses((status = 200, description = "The claim.", body = ClaimPage), Problems<(Viewing, Reading)>),
)]
pub(in super::super) async fn one(
    State(app): State<App>,
    context: ApiContext,
    ClaimPath(claim): ClaimPath,
) -> Result<Json<ClaimPage>, Problem> {
    Ok(Json(app.portal.claim(&context.current.viewer, &claim).await?))
}

/// Submits a request to change a claim.
#[utoipa::path(
    post,
    path = "/api/v1/claims/{plane}/{offering}/{namespace}/{name}/change",
    operation_id = "changeClaim",
    tag = "Claims",
    request_body = CreateRequest,
    params(("plane" = PlaneName, Path, description = "The control plane."), ("offering" = OfferingName, Path, description = "The offering: `<plural>.<group>`."), ("namespace" = String, Path, description = "The namespace; `-` for a cluster-scoped kind."), ("name" = ClaimName, Path, description = "The claim’s name."), WorkspaceParams),
    responses((status = 201, description = "The request was submitted. `Location` is its path.", body = Submission), Problems<(Viewing, Reading, Changing, Submitting, AskingPlane)>),
)]
pub(in super::super) async fn change(
    State(app): State<App>,
    context: ApiContext,
    ClaimPath(claim): ClaimPath,
    Body(body): Body<CreateRequest>,
) -> Result<Response, Problem> {
    let command = SubmitRequest {
        target: RequestTarget::Change(&claim),
        workspace: context.workspace.as_ref(),
        input: body.into_input()?,
    };
    answer(app.portal.submit(context.caller(), command).await?)
}

/// A renewal of a claim.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct RenewalRequest {
    /// A note for the approvers.
    #[serde(default)]
    note: Option<String>,
    /// An id that the caller chooses (a UUID): sending it twice creates one request.
    #[serde(default)]
    request_id: Option<String>,
}

/// Submits a request to keep a claim for another lifetime.
#[utoipa::path(
    post,
    path = "/api/v1/claims/{plane}/{offering}/{namespace}/{name}/renewal",
    operation_id = "renewClaim",
    tag = "Claims",
    request_body = RenewalRequest,
    params(("plane" = PlaneName, Path, description = "The control plane."), ("offering" = OfferingName, Path, description = "The offering: `<plural>.<group>`."), ("namespace" = String, Path, description = "The namespace; `-` for a cluster-scoped kind."), ("name" = ClaimName, Path, description = "The claim’s name.")),
    responses((status = 201, description = "The request was submitted. `Location` is its path.", body = Submission), Problems<(Viewing, Changing, Submitting, AskingPlane, Renewing)>),
)]
pub(in super::super) async fn renew(
    State(app): State<App>,
    context: ApiContext,
    ClaimPath(claim): ClaimPath,
    Body(body): Body<RenewalRequest>,
) -> Result<Response, Problem> {
    let command = RenewClaim {
        claim: &claim,
        id: request_id(body.request_id)?,
        note: body.note.unwrap_or_default(),
    };
    Ok(accepted(app.portal.renew(context.caller(), command).await?))
}

/// Says what adopting a claim that was made elsewhere would change.
///
/// `problems` has what stands against it.
#[utoipa::path(
    get,
    path = "/api/v1/claims/{plane}/{offering}/{namespace}/{name}/adoption",
    operation_id = "previewAdoption",
    tag = "Claims",
    params(("plane" = PlaneName, Path, description = "The control plane."), ("offering" = OfferingName, Path, description = "The offering: `<plural>.<group>`."), ("namespace" = String, Path, description = "The namespace; `-` for a cluster-scoped kind."), ("name" = ClaimName, Path, description = "The claim’s name.")),
    responses((status = 200, description = "What it would change.", body = AdoptPage), Problems<(Viewing, Reading, Changing)>),
)]
pub(in super::super) async fn adoption(
    State(app): State<App>,
    context: ApiContext,
    ClaimPath(claim): ClaimPath,
) -> Result<Json<AdoptPage>, Problem> {
    let command = AdoptClaim::of(&claim);
    Ok(Json(
        app.portal.adopt_page(&context.current.viewer, &command).await?,
    ))
}

/// The adoption of a claim.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct AdoptionRequest {
    /// A note for the approvers.
    #[serde(default)]
    note: Option<String>,
    /// An id that the caller chooses (a UUID): sending it twice creates one request.
    #[serde(default)]
    request_id: Option<String>,
    /// `metadata.uid` of the claim to adopt: another claim of the same name is not adopted.
    #[serde(default)]
    uid: Option<String>,
    /// `liveHash` as it was read: a claim that changed since is not adopted.
    #[serde(default)]
    live_hash: Option<String>,
}

/// Submits a request to adopt a claim that was made elsewhere: Portico manages it from then on, and no value of it changes.
#[utoipa::path(
    post,
    path = "/api/v1/claims/{plane}/{offering}/{namespace}/{name}/adoption",
    operation_id = "adoptClaim",
    tag = "Claims",
    request_body = AdoptionRequest,
    params(("plane" = PlaneName, Path, description = "The control plane."), ("offering" = OfferingName, Path, description = "The offering: `<plural>.<group>`."), ("namespace" = String, Path, description = "The namespace; `-` for a cluster-scoped kind."), ("name" = ClaimName, Path, description = "The claim’s name.")),
    responses((status = 201, description = "The request was submitted. `Location` is its path.", body = Submission), Problems<(Viewing, Reading, Changing, Submitting, AskingPlane)>),
)]
pub(in super::super) async fn adopt(
    State(app): State<App>,
    context: ApiContext,
    ClaimPath(claim): ClaimPath,
    Body(body): Body<AdoptionRequest>,
) -> Result<Response, Problem> {
    let command = AdoptClaim {
        claim: &claim,
        id: request_id(body.request_id)?,
        note: body.note.unwrap_or_default(),
        uid: body.uid,
        seen: body.live_hash,
    };
    match app.portal.submit_adoption(context.caller(), &command).await? {
        SubmitOutcome::Created(submission) => Ok(accepted(submission)),
        SubmitOutcome::DryRunFailed(_, error) => Err(error.into()),
        SubmitOutcome::Conflict(_, conflict) => Err(Problem::new(
            of_conflict(&conflict),
            "The request was not sent",
            conflict.to_string(),
        )),
        SubmitOutcome::Invalid(page) => {
            let is =
                |reason: DraftProblem| page.problems.iter().any(|it| it.reason.as_ref() == Some(&reason));
            let kind = if page.approval.denied.is_some() {
                ProblemType::PolicyDenied
            } else if is(DraftProblem::RequestInProgress) {
                ProblemType::RequestInProgress
            } else {
                ProblemType::InvalidRequest
            };
            let mut problem = Problem::new(
                kind,
                "The request was not sent",
                "See what is wrong with it; nothing was saved.",
            );
            problem.fields = page.problems.into();
            Err(problem)
        }
    }
}

/// The deletion of a claim.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct DeletionRequest {
    /// The claim's name, to confirm.
    confirm: String,
    /// A note for the approvers.
    #[serde(default)]
    note: Option<String>,
    /// An id that the caller chooses (a UUID): sending it twice creates one request.
    #[serde(default)]
    request_id: Option<String>,
    /// `metadata.uid` of the claim to delete: another claim of the same name is not deleted.
    #[serde(default)]
    uid: Option<String>,
    /// For a claim that is a control plane: delete it although claims are on it. They go with it.
    #[serde(default)]
    abandon: bool,
    /// For a claim that is a control plane: `residents.hash` as it was read. The deletion is refused if something else is on it
    /// by now. Default: what is on it is abandoned, whatever it is.
    #[serde(default)]
    residents_hash: Option<String>,
}

/// Submits a request to delete a claim.
#[utoipa::path(
    post,
    path = "/api/v1/claims/{plane}/{offering}/{namespace}/{name}/deletion",
    operation_id = "deleteClaim",
    tag = "Claims",
    request_body = DeletionRequest,
    params(("plane" = PlaneName, Path, description = "The control plane."), ("offering" = OfferingName, Path, description = "The offering: `<plural>.<group>`."), ("namespace" = String, Path, description = "The namespace; `-` for a cluster-scoped kind."), ("name" = ClaimName, Path, description = "The claim’s name.")),
    responses((status = 201, description = "The request was submitted. `Location` is its path.", body = Submission), Problems<(Viewing, Reading, Changing, Submitting, AskingPlane)>),
)]
pub(in super::super) async fn delete(
    State(app): State<App>,
    context: ApiContext,
    ClaimPath(claim): ClaimPath,
    Body(body): Body<DeletionRequest>,
) -> Result<Response, Problem> {
    let command = DeleteClaim {
        claim: &claim,
        id: request_id(body.request_id)?,
        confirmation: body.confirm,
        note: body.note.unwrap_or_default(),
        uid: body.uid,
        abandon: body.abandon,
        seen: body.residents_hash,
    };
    match app.portal.submit_delete(context.caller(), &command).await? {
        SubmitOutcome::Created(submission) => Ok((StatusCode::CREATED, Json(submission)).into_response()),
        SubmitOutcome::DryRunFailed(_, error) => Err(error.into()),
        SubmitOutcome::Conflict(_, conflict) => Err(Problem::new(
            of_conflict(&conflict),
            "The request was not sent",
            conflict.to_string(),
        )),
        SubmitOutcome::Invalid(page) => {
            let kind = if page.approval.denied.is_some() {
                ProblemType::PolicyDenied
            } else if page.in_the_way.is_some() {
                ProblemType::RequestInProgress
            } else {
                ProblemType::InvalidRequest
            };
            let mut problem = Problem::new(
                kind,
                "The request was not sent",
                "See what is wrong with it; nothing was saved.",
            );
            problem.fields = page.problems.into();
            Err(problem)
        }
    }
}

/// The key to reveal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct RevealRequest {
    /// A key of the connection secret.
    key: String,
}

/// Reads one key of the claim’s connection secret.
///
/// Each call is in the audit log.
#[utoipa::path(
    post,
    path = "/api/v1/claims/{plane}/{offering}/{namespace}/{name}/reveal",
    operation_id = "revealKey",
    tag = "Claims",
    request_body = RevealRequest,
    params(("plane" = PlaneName, Path, description = "The control plane."), ("offering" = OfferingName, Path, description = "The offering: `<plural>.<group>`."), ("namespace" = String, Path, description = "The namespace; `-` for a cluster-scoped kind."), ("name" = ClaimName, Path, description = "The claim’s name.")),
    responses((status = 200, description = "The value.", body = RevealedKey), Problems<(Viewing, Reading, Changing, AskingPlane, Revealing)>),
)]
pub(in super::super) async fn reveal(
    State(app): State<App>,
    context: ApiContext,
    ClaimPath(claim): ClaimPath,
    Body(wanted): Body<RevealRequest>,
) -> Result<Response, Problem> {
    let command = RevealSecret {
        claim: &claim,
        keys: SecretKeys::One(wanted.key),
    };
    let revealed = app.portal.reveal(context.caller(), command).await?.pop();
    let revealed = revealed.ok_or_else(Problem::not_found)?;
    let mut response = Json(revealed).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
