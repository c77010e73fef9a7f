//! Requests and approvals.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use portico_api::{
    ApprovalsPage, CommentResult, Problem as FieldProblem, QuotaLine, RequestFormPage, RequestPage,
    RequestsPage, Submission,
};
use portico_app::{
    Content, Decide, PostComment, RequestInput, RequestTarget, RequestsQuery, SubmitOutcome, SubmitRequest,
    UndoDecision, Withdraw, bounded,
};
use portico_domain::names::{ClaimName, OfferingName, RequestId};
use portico_domain::request::State as RequestState;
use portico_form::Form;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::super::app::App;
use super::super::path_params::ResourceId;
use super::super::problem::{Problem, of_conflict};
use super::super::problem_types::ProblemType;
use super::super::viewer::Body;
use super::problems::{
    AskingPlane, Changing, Deciding, Limited, Problems, Reading, Submitting, Undoing, Viewing, Withdrawing,
};
use super::{ApiContext, WorkspaceParams};

/// A request for a new claim, or for a change to one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct CreateRequest {
    /// The offering: `<plural>.<group>`.
    #[serde(default)]
    pub(super) offering: String,
    /// The claim's name.
    #[serde(default)]
    name: String,
    /// The plan. Default: the offering's first.
    #[serde(default)]
    plan: Option<String>,
    /// The region to run in. Default: any.
    #[serde(default)]
    region: Option<String>,
    /// The control plane to run on. Default: Portico chooses.
    #[serde(default)]
    control_plane: Option<String>,
    /// Labels that the control plane must have.
    #[serde(default)]
    control_plane_labels: BTreeMap<String, String>,
    /// `placement.chosen` of an earlier check: it stays unless another is preferred or much less full.
    #[serde(default)]
    shown_control_plane: Option<String>,
    /// A note for the approvers.
    #[serde(default)]
    note: Option<String>,
    /// The fields to set: `{"spec": {…}}`. Default: what the plan and the schema's defaults set.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    object: Option<Value>,
    /// An id that the caller chooses (a UUID): sending it twice creates one request.
    #[serde(default)]
    request_id: Option<String>,
    /// For a change: `liveHash` of the claim as it was read. The change is refused if the claim has another by now.
    #[serde(default)]
    live_hash: Option<String>,
    /// For a change: fields to take over from other field managers, as a `field-conflict` names them. Any other conflict
    /// refuses it.
    #[serde(default)]
    take_over: Vec<String>,
}

impl CreateRequest {
    /// The input of the request.
    ///
    /// # Errors
    /// 400 when the id is no UUID or the object is too large.
    pub(super) fn into_input(self) -> Result<RequestInput, Problem> {
        let content = match self.object {
            Some(object) => {
                bounded(&object)?;
                Content::Object(object)
            }
            None => Content::Presets,
        };
        Ok(RequestInput {
            id: request_id(self.request_id)?,
            name: self.name,
            plan: self.plan,
            region: self.region,
            plane: self.control_plane,
            labels: self.control_plane_labels,
            shown_plane: self.shown_control_plane,
            note: self.note.unwrap_or_default(),
            base_hash: self.live_hash.filter(|hash| !hash.trim().is_empty()),
            take_over: self.take_over,
            content,
            ..RequestInput::default()
        })
    }
}

/// The id that a caller chose for a request.
///
/// # Errors
/// 400 when it is no UUID.
pub(super) fn request_id(id: Option<String>) -> Result<Option<RequestId>, Problem> {
    id.map(|id| {
        id.parse()
            .map_err(|_| Problem::bad_request("requestId must be a UUID."))
    })
    .transpose()
}

/// Submits a request for a new claim.
///
/// The control plane’s dry run must accept it. Sending the same `requestId` twice creates one request.
#[utoipa::path(
    post,
    path = "/api/v1/requests",
    operation_id = "createRequest",
    tag = "Requests",
    request_body = CreateRequest,
    params(WorkspaceParams),
    responses((status = 201, description = "The request was submitted. `Location` is its path.", body = Submission), Problems<(Viewing, Reading, Changing, Submitting, AskingPlane)>),
)]
pub(in super::super) async fn create(
    State(app): State<App>,
    context: ApiContext,
    Body(body): Body<CreateRequest>,
) -> Result<Response, Problem> {
    let offering = body.offering.parse().map_err(|_| Problem::not_found())?;
    let command = SubmitRequest {
        target: RequestTarget::New(&offering),
        workspace: context.workspace.as_ref(),
        input: body.into_input()?,
    };
    answer(app.portal.submit(context.caller(), command).await?)
}

/// What became of sending a request: 201 with where it is, 422 with all that is wrong with it, or what the control
/// plane said.
pub(super) fn answer(sent: SubmitOutcome<RequestFormPage>) -> Result<Response, Problem> {
    match sent {
        SubmitOutcome::Created(submission) => Ok(accepted(submission)),
        SubmitOutcome::DryRunFailed(_, error) => Err(error.into()),
        SubmitOutcome::Invalid(page) => {
            let mut problem = Problem::new(
                why_refused(&page),
                "The request was not sent",
                "Something is wrong with it: see the fields. Fix it and send it again; nothing was saved.",
            );
            problem.fields = problems(*page).into();
            Err(problem)
        }
        SubmitOutcome::Conflict(page, conflict) => {
            let mut problem = Problem::new(
                of_conflict(&conflict),
                "The request was not sent",
                conflict.to_string(),
            );
            problem.fields = problems(*page).into();
            Err(problem)
        }
    }
}

/// The type of what is wrong with a request: the first reason that is not about what was filled in.
fn why_refused(page: &RequestFormPage) -> ProblemType {
    let well_formed = page.name.parse::<ClaimName>().is_ok();
    if page.approval.denied.is_some() {
        ProblemType::PolicyDenied
    } else if page.placement.chosen.is_none() {
        ProblemType::NoControlPlane
    } else if page.quota.iter().any(QuotaLine::exceeds) {
        ProblemType::QuotaExceeded
    } else if well_formed && !page.name_problems.is_empty() {
        ProblemType::NameTaken
    } else {
        ProblemType::InvalidRequest
    }
}

/// 201, with where the request is.
pub(super) fn accepted(submission: Submission) -> Response {
    let location = format!("/api/v1{}", submission.href);
    let mut response = (StatusCode::CREATED, Json(submission)).into_response();
    if let Ok(location) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

fn problems(page: RequestFormPage) -> Vec<FieldProblem> {
    let mut found = page.problems;
    let of_name = |message| FieldProblem::new("metadata.name", message);
    found.extend(page.name_problems.into_iter().map(of_name));
    found.extend(page.yaml_problem.map(|message| FieldProblem::new("", message)));
    if let Some(form) = page.form {
        of_form(form, &mut found);
    }
    found
}

fn of_form(form: Form, found: &mut Vec<FieldProblem>) {
    let of_whole = |message| FieldProblem::new("", message);
    found.extend(form.problems.into_iter().map(of_whole));
    let fields = form
        .main
        .into_iter()
        .chain(form.sections.into_iter().flat_map(|section| section.fields));
    for field in fields {
        field.each(&mut |field| {
            let path = field.name.trim_start_matches('/').replace('/', ".");
            let of_field = |message: &String| FieldProblem::new(path.clone(), message.clone());
            found.extend(field.problems.iter().map(of_field));
        });
    }
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(in super::super) struct RequestsParams {
    /// Only requests in this state.
    #[param(value_type = Option<RequestState>)]
    state: Option<String>,
    /// Only requests for this offering.
    #[param(value_type = Option<OfferingName>)]
    offering: Option<String>,
    /// Only the viewer's own requests: `true` or `1`.
    #[param(value_type = Option<bool>)]
    mine: Option<String>,
    /// Only requests older than this one: `id` of the last row of the page before.
    #[param(value_type = Option<RequestId>)]
    before: Option<String>,
}

/// Lists requests, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/requests",
    operation_id = "listRequests",
    tag = "Requests",
    params(WorkspaceParams),
    responses((status = 200, description = "A page of requests.", body = RequestsPage), Problems<Viewing>),
)]
pub(in super::super) async fn list(
    State(app): State<App>,
    context: ApiContext,
    Query(wanted): Query<RequestsParams>,
) -> Result<Json<RequestsPage>, Problem> {
    let query = RequestsQuery {
        state: wanted.state.as_deref().and_then(RequestState::from_slug),
        offering: wanted.offering.and_then(|offering| offering.parse().ok()),
        mine: wanted.mine.is_some_and(|mine| mine == "true" || mine == "1"),
        before: wanted.before.and_then(|before| before.parse().ok()),
    };
    Ok(Json(
        app.portal
            .requests(&context.current.viewer, context.workspace.as_ref(), &query)
            .await?,
    ))
}

/// Returns a request.
#[utoipa::path(
    get,
    path = "/api/v1/requests/{id}",
    operation_id = "getRequest",
    tag = "Requests",
    params(("id" = RequestId, Path, description = "The request.")),
    responses((status = 200, description = "The request.", body = RequestPage), Problems<Viewing>),
)]
pub(in super::super) async fn one(
    State(app): State<App>,
    context: ApiContext,
    ResourceId(id): ResourceId<RequestId>,
) -> Result<Json<RequestPage>, Problem> {
    Ok(Json(app.portal.request(&context.current.viewer, id).await?))
}

/// A decision on a request.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct DecisionRequest {
    /// `true` approves, `false` rejects.
    approve: bool,
    /// `revision` of the request as it was read. The decision is refused if the request has another by now.
    revision: i64,
    /// A comment for the requester. A rejection needs one.
    #[serde(default)]
    comment: Option<String>,
}

/// The request after the decision.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct DecisionResult {
    /// Its state.
    state: RequestState,
    /// Until when the decision can be taken back. What was approved is not applied before.
    undo_until: Option<Timestamp>,
}

/// Approves or rejects a request.
#[utoipa::path(
    post,
    path = "/api/v1/requests/{id}/decision",
    operation_id = "decideRequest",
    tag = "Requests",
    request_body = DecisionRequest,
    params(("id" = RequestId, Path, description = "The request.")),
    responses((status = 200, description = "The decision was recorded.", body = DecisionResult), Problems<(Viewing, Changing, Deciding)>),
)]
pub(in super::super) async fn decide(
    State(app): State<App>,
    context: ApiContext,
    ResourceId(id): ResourceId<RequestId>,
    Body(decision): Body<DecisionRequest>,
) -> Result<Json<DecisionResult>, Problem> {
    let command = Decide {
        request: id,
        revision: decision.revision,
        approve: decision.approve,
        comment: decision.comment,
    };
    let state = app.portal.decide(context.caller(), command).await?;
    let undo_until = app.portal.undo_until(&context.current.viewer, id).await?;
    Ok(Json(DecisionResult { state, undo_until }))
}

/// Takes the viewer’s decision on a request back, while `undoUntil` has not passed and nothing has been applied.
#[utoipa::path(
    delete,
    path = "/api/v1/requests/{id}/decision",
    operation_id = "undoDecision",
    tag = "Requests",
    params(("id" = RequestId, Path, description = "The request.")),
    responses((status = 204, description = "The request awaits a decision again."), Problems<(Viewing, Changing, Undoing)>),
)]
pub(in super::super) async fn undo(
    State(app): State<App>,
    context: ApiContext,
    ResourceId(id): ResourceId<RequestId>,
) -> Result<StatusCode, Problem> {
    app.portal
        .undo_decision(context.caller(), UndoDecision { request: id })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Withdraws a request that the viewer submitted.
#[utoipa::path(
    post,
    path = "/api/v1/requests/{id}/withdrawal",
    operation_id = "withdrawRequest",
    tag = "Requests",
    params(("id" = RequestId, Path, description = "The request.")),
    responses((status = 204, description = "The request is withdrawn."), Problems<(Viewing, Changing, Withdrawing)>),
)]
pub(in super::super) async fn withdraw(
    State(app): State<App>,
    context: ApiContext,
    ResourceId(id): ResourceId<RequestId>,
) -> Result<StatusCode, Problem> {
    app.portal
        .withdraw(context.caller(), Withdraw { request: id })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A comment to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct CreateComment {
    /// The text, 1 to 2000 characters.
    text: String,
}

/// Comments on a request.
#[utoipa::path(
    post,
    path = "/api/v1/requests/{id}/comments",
    operation_id = "createComment",
    tag = "Requests",
    request_body = CreateComment,
    params(("id" = RequestId, Path, description = "The request.")),
    responses((status = 201, description = "The comment was added.", body = CommentResult), Problems<(Viewing, Changing, Limited)>),
)]
pub(in super::super) async fn comment(
    State(app): State<App>,
    context: ApiContext,
    ResourceId(id): ResourceId<RequestId>,
    Body(say): Body<CreateComment>,
) -> Result<(StatusCode, Json<CommentResult>), Problem> {
    let command = PostComment {
        request: id,
        text: say.text,
    };
    let comment = app.portal.comment(context.caller(), command).await?;
    Ok((StatusCode::CREATED, Json(comment)))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(in super::super) struct ApprovalsParams {
    /// The page, from 1.
    page: usize,
}

/// Lists the requests that wait for the viewer’s approval, the longest waiting first.
#[utoipa::path(
    get,
    path = "/api/v1/approvals",
    operation_id = "listApprovals",
    tag = "Requests",
    responses((status = 200, description = "A page of requests.", body = ApprovalsPage), Problems<Viewing>),
)]
pub(in super::super) async fn approvals(
    State(app): State<App>,
    context: ApiContext,
    Query(wanted): Query<ApprovalsParams>,
) -> Result<Json<ApprovalsPage>, Problem> {
    Ok(Json(
        app.portal.approvals(&context.current.viewer, wanted.page).await?,
    ))
}
