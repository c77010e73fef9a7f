//! Claims.

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use portico_app::{FormData, FormTarget, SubmitOutcome};
use portico_domain::claim::Health;
use portico_domain::view::{ClaimPage, ClaimsFilter, ClaimsPage, names};
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::app::App;
use super::super::path_params::ClaimPath;
use super::super::problem::Problem;
use super::super::viewer::Body;
use super::Asker;
use super::requests::{AskFor, accepted, answer, identity};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct Wanted {
    q: String,
    environment_of: Option<String>,
    offering: Option<String>,
    plane: Option<String>,
    health: Option<String>,
    mine: Option<String>,
    sort: Option<String>,
    page: usize,
}

/// `GET /api/v1/claims`.
pub(in super::super) async fn list(
    State(app): State<App>,
    asker: Asker,
    Query(wanted): Query<Wanted>,
) -> Result<Json<ClaimsPage>, Problem> {
    let filter = ClaimsFilter {
        query: wanted.q,
        tenant: None,
        environment: wanted
            .environment_of
            .and_then(|environment| environment.parse().ok()),
        offering: wanted.offering.and_then(|offering| offering.parse().ok()),
        plane: wanted.plane.and_then(|plane| plane.parse().ok()),
        health: wanted.health.as_deref().and_then(Health::from_slug),
        mine: wanted.mine.is_some_and(|mine| mine == "true" || mine == "1"),
        sort: wanted.sort,
    };
    Ok(Json(app.portal.claims(
        &asker.current.viewer,
        asker.work.as_ref(),
        filter,
        wanted.page,
    )))
}

/// `GET /api/v1/claims/{plane}/{offering}/{namespace}/{name}`.
pub(in super::super) async fn one(
    State(app): State<App>,
    asker: Asker,
    ClaimPath(claim): ClaimPath,
) -> Result<Json<ClaimPage>, Problem> {
    Ok(Json(app.portal.claim(&asker.current.viewer, &claim).await?))
}

/// `POST …/change`: asks for another specification.
pub(in super::super) async fn change(
    State(app): State<App>,
    asker: Asker,
    ClaimPath(claim): ClaimPath,
    Body(wish): Body<AskFor>,
) -> Result<Response, Problem> {
    let posted = wish.posted("submit")?;
    let sent = app
        .portal
        .submit(
            &asker.current.viewer,
            asker.remote.as_deref(),
            asker.work.as_ref(),
            FormTarget::Change(&claim),
            &posted,
        )
        .await?;
    answer(sent)
}

/// The same claim for longer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct Renew {
    /// What to tell the approver.
    #[serde(default)]
    note: Option<String>,
    /// An identity of the caller's making (a UUID): asking twice with the same one asks once.
    #[serde(default)]
    request_id: Option<String>,
}

/// `POST …/renewal`.
pub(in super::super) async fn renew(
    State(app): State<App>,
    asker: Asker,
    ClaimPath(claim): ClaimPath,
    Body(wish): Body<Renew>,
) -> Result<Response, Problem> {
    let mut pairs = Vec::new();
    pairs.extend(wish.note.map(|note| (names::NOTE.to_owned(), note)));
    pairs.extend(identity(wish.request_id)?);
    let posted = FormData { pairs };
    let submission = app
        .portal
        .renew(&asker.current.viewer, asker.remote.as_deref(), &claim, &posted)
        .await?;
    Ok(accepted(submission))
}

/// The end of a claim.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct Delete {
    /// The claim's name once more, so that nothing is deleted by a slip.
    confirm: String,
    /// What to tell the approver.
    #[serde(default)]
    note: Option<String>,
    /// An identity of the caller's making (a UUID): asking twice with the same one asks once.
    #[serde(default)]
    request_id: Option<String>,
    /// `metadata.uid` of the claim that is meant: another of its name is left alone.
    #[serde(default)]
    uid: Option<String>,
}

/// `POST …/deletion`: asks for its end.
pub(in super::super) async fn delete(
    State(app): State<App>,
    asker: Asker,
    ClaimPath(claim): ClaimPath,
    Body(wish): Body<Delete>,
) -> Result<Response, Problem> {
    let mut pairs = vec![(names::CONFIRM.to_owned(), wish.confirm)];
    pairs.extend(wish.note.map(|note| (names::NOTE.to_owned(), note)));
    pairs.extend(wish.uid.map(|uid| (names::UID.to_owned(), uid)));
    pairs.extend(identity(wish.request_id)?);
    let sent = app
        .portal
        .submit_delete(
            &asker.current.viewer,
            asker.remote.as_deref(),
            &claim,
            &FormData { pairs },
        )
        .await?;
    match sent {
        SubmitOutcome::Created(submission) => Ok((StatusCode::CREATED, Json(submission)).into_response()),
        SubmitOutcome::Invalid(page) | SubmitOutcome::DryRunFailed(page, _) => {
            let mut problem = Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid-request",
                "The request was not sent",
                "See what is wrong with it; nothing was kept.",
            );
            problem.fields = page.problems.into();
            Err(problem)
        }
    }
}

/// Which key of the connection secret.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct Reveal {
    /// The key.
    key: String,
}

/// `POST …/reveal`: one key of the connection secret, read now and recorded.
pub(in super::super) async fn reveal(
    State(app): State<App>,
    asker: Asker,
    ClaimPath(claim): ClaimPath,
    Body(wanted): Body<Reveal>,
) -> Result<Response, Problem> {
    let revealed = app
        .portal
        .reveal(
            &asker.current.viewer,
            asker.remote.as_deref(),
            &claim,
            &wanted.key,
        )
        .await?;
    let mut response = Json(revealed).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
