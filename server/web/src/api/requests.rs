//! Requests and approvals.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use portico_app::{FormData, FormTarget, RequestsQuery, SubmitOutcome, bounded};
use portico_domain::names::RequestId;
use portico_domain::request::State as RequestState;
use portico_domain::view::{
    ApprovalsPage, Commented, Problem as FieldProblem, RequestFormPage, RequestPage, RequestsPage,
    Submission, names,
};
use portico_form::Form;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::super::app::App;
use super::super::path_params::ResourceId;
use super::super::problem::Problem;
use super::super::viewer::Body;
use super::Asker;

/// What is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct AskFor {
    /// The offering: `<plural>.<group>`.
    #[serde(default)]
    pub(super) offering: String,
    /// The claim's name.
    #[serde(default)]
    name: String,
    /// The plan; the first where there is none.
    #[serde(default)]
    plan: Option<String>,
    /// The region it should run in.
    #[serde(default)]
    region: Option<String>,
    /// The control plane it should run on.
    #[serde(default)]
    control_plane: Option<String>,
    /// Labels that the control plane must have.
    #[serde(default)]
    control_plane_labels: BTreeMap<String, String>,
    /// What to tell the approver.
    #[serde(default)]
    note: Option<String>,
    /// What a person sets of the object: `{"spec": {…}}`. Without it, what the plan and the defaults say.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    object: Option<Value>,
    /// An identity of the caller's making (a UUID): asking twice with the same one asks once.
    #[serde(default)]
    request_id: Option<String>,
    /// With a change: `liveHash` of the claim as it was read. When it is another by now, the change is not sent.
    #[serde(default)]
    live_hash: Option<String>,
}

impl AskFor {
    /// The same as a form would post it, its object by the YAML tab: JSON is YAML.
    pub(super) fn posted(&self, command: &str) -> Result<FormData, Problem> {
        let mut pairs = Vec::new();
        let mut put = |name: &str, value: &str| pairs.push((name.to_owned(), value.to_owned()));
        put(names::NAME, &self.name);
        put(names::DO, command);
        for (name, value) in [
            (names::PLAN, &self.plan),
            (names::REGION, &self.region),
            (names::PLANE, &self.control_plane),
            (names::NOTE, &self.note),
            (names::LIVE, &self.live_hash),
        ] {
            if let Some(value) = value {
                put(name, value);
            }
        }
        for (key, value) in &self.control_plane_labels {
            put(&format!("{}{key}", names::LABEL), value);
        }
        if let Some(object) = &self.object {
            bounded(object)?;
            put(names::TAB, "yaml");
            put(names::YAML, &object.to_string());
        }
        pairs.extend(identity(self.request_id.clone())?);
        Ok(FormData { pairs })
    }
}

/// The identity that a caller gives a request, as a form would post it.
pub(super) fn identity(id: Option<String>) -> Result<Option<(String, String)>, Problem> {
    match id {
        Some(id) if id.parse::<uuid::Uuid>().is_err() => {
            Err(Problem::bad_request("requestId must be a UUID."))
        }
        id => Ok(id.map(|id| (names::REQUEST.to_owned(), id))),
    }
}

/// `POST /api/v1/requests`.
pub(in super::super) async fn create(
    State(app): State<App>,
    asker: Asker,
    Body(wish): Body<AskFor>,
) -> Result<Response, Problem> {
    let offering = wish.offering.parse().map_err(|_| Problem::not_found())?;
    let posted = wish.posted("submit")?;
    let sent = app
        .portal
        .submit(
            &asker.current.viewer,
            asker.remote.as_deref(),
            asker.work.as_ref(),
            FormTarget::New(&offering),
            &posted,
        )
        .await?;
    answer(sent)
}

/// What became of sending a request: 201 with where it is, 422 with all that is wrong with it, or what the control
/// plane said.
pub(super) fn answer(sent: SubmitOutcome<RequestFormPage>) -> Result<Response, Problem> {
    match sent {
        SubmitOutcome::Created(submission) => Ok(accepted(submission)),
        SubmitOutcome::DryRunFailed(_, error) => Err(error.into()),
        SubmitOutcome::Invalid(page) => {
            let mut problem = Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid-request",
                "The request was not sent",
                "Something is wrong with it: see the fields. Mend it and send it again; nothing was kept.",
            );
            problem.fields = problems(*page).into();
            Err(problem)
        }
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
    found.extend(page.name_problems.into_iter().map(|message| FieldProblem {
        field: "metadata.name".to_owned(),
        message,
    }));
    found.extend(page.yaml_problem.map(|message| FieldProblem {
        field: String::new(),
        message,
    }));
    if let Some(form) = page.form {
        of_form(form, &mut found);
    }
    found
}

fn of_form(form: Form, found: &mut Vec<FieldProblem>) {
    found.extend(form.problems.into_iter().map(|message| FieldProblem {
        field: String::new(),
        message,
    }));
    let fields = form
        .main
        .into_iter()
        .chain(form.sections.into_iter().flat_map(|section| section.fields));
    for field in fields {
        field.each(&mut |field| {
            let path = field.name.trim_start_matches('/').replace('/', ".");
            found.extend(field.problems.iter().map(|message| FieldProblem {
                field: path.clone(),
                message: message.clone(),
            }));
        });
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct Wanted {
    state: Option<String>,
    offering: Option<String>,
    mine: Option<String>,
    before: Option<String>,
}

/// `GET /api/v1/requests`.
pub(in super::super) async fn list(
    State(app): State<App>,
    asker: Asker,
    Query(wanted): Query<Wanted>,
) -> Result<Json<RequestsPage>, Problem> {
    let query = RequestsQuery {
        state: wanted.state.as_deref().and_then(RequestState::from_slug),
        offering: wanted.offering.and_then(|offering| offering.parse().ok()),
        mine: wanted.mine.is_some_and(|mine| mine == "true" || mine == "1"),
        before: wanted.before.and_then(|before| before.parse().ok()),
    };
    Ok(Json(
        app.portal
            .requests(&asker.current.viewer, asker.work.as_ref(), &query)
            .await?,
    ))
}

/// `GET /api/v1/requests/{id}`.
pub(in super::super) async fn one(
    State(app): State<App>,
    asker: Asker,
    ResourceId(id): ResourceId<RequestId>,
) -> Result<Json<RequestPage>, Problem> {
    Ok(Json(app.portal.request(&asker.current.viewer, id).await?))
}

/// A decision.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct Decide {
    /// Yes or no.
    approve: bool,
    /// `revision` of the request as it was read: one decides on what one saw.
    revision: i64,
    /// In the approver's words.
    #[serde(default)]
    comment: Option<String>,
}

/// Where a request is now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Standing {
    /// The state.
    #[schema(value_type = String)]
    state: RequestState,
}

/// `POST /api/v1/requests/{id}/decision`.
pub(in super::super) async fn decide(
    State(app): State<App>,
    asker: Asker,
    ResourceId(id): ResourceId<RequestId>,
    Body(decision): Body<Decide>,
) -> Result<Json<Standing>, Problem> {
    let state = app
        .portal
        .decide(
            &asker.current.viewer,
            asker.remote.as_deref(),
            id,
            decision.revision,
            decision.approve,
            decision.comment.as_deref(),
        )
        .await?;
    Ok(Json(Standing { state }))
}

/// `POST /api/v1/requests/{id}/withdrawal`.
pub(in super::super) async fn withdraw(
    State(app): State<App>,
    asker: Asker,
    ResourceId(id): ResourceId<RequestId>,
) -> Result<StatusCode, Problem> {
    app.portal
        .withdraw(&asker.current.viewer, asker.remote.as_deref(), id)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A comment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct Say {
    /// What to say: 1 to 2000 characters.
    text: String,
}

/// `POST /api/v1/requests/{id}/comments`.
pub(in super::super) async fn comment(
    State(app): State<App>,
    asker: Asker,
    ResourceId(id): ResourceId<RequestId>,
    Body(say): Body<Say>,
) -> Result<(StatusCode, Json<Commented>), Problem> {
    let comment = app
        .portal
        .comment(&asker.current.viewer, asker.remote.as_deref(), id, &say.text)
        .await?;
    Ok((StatusCode::CREATED, Json(comment)))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct PageOf {
    page: usize,
}

/// `GET /api/v1/approvals`.
pub(in super::super) async fn approvals(
    State(app): State<App>,
    asker: Asker,
    Query(wanted): Query<PageOf>,
) -> Result<Json<ApprovalsPage>, Problem> {
    Ok(Json(
        app.portal.approvals(&asker.current.viewer, wanted.page).await?,
    ))
}
