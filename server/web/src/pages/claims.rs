//! Claims: the list, one, its secrets, its end.

use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderValue, StatusCode, header};
use portico_api::{ClaimsFilter, DeletePage, names};
use portico_app::{PortalError, SubmitOutcome};
use portico_domain::claim::{ClaimRef, Health};

use super::super::address::ClientAddress;
use super::super::frame::{FlashMessage, PageContext};
use super::super::path_params::ClaimPath;
use super::super::problem::Problem;
use super::super::query::QueryParams;
use super::super::viewer::{Page, Posted};
use super::form::{claim_path, seen_at};

/// `GET /claims`.
pub(in super::super) async fn list(Page(around): Page, asked: QueryParams) -> Result<Response, Problem> {
    let page = around
        .app
        .portal
        .claims(around.viewer(), around.work(), filter(&asked), asked.page());
    around
        .page("My claims", &[], |frame| {
            portico_frontend::pages::claims(frame, &page)
        })
        .await
}

/// `GET /claims/{plane}/{offering}/{namespace}/{name}`.
pub(in super::super) async fn one(
    Page(around): Page,
    ClaimPath(claim): ClaimPath,
) -> Result<Response, Problem> {
    let portal = &around.app.portal;
    let page = match portal.claim(around.viewer(), &claim).await {
        // What was deleted is told as that to those who may see its history.
        Err(PortalError::NotFound) => portal
            .gone_claim(around.viewer(), &claim)
            .await?
            .ok_or(PortalError::NotFound)?,
        found => found?,
    };
    around
        .page(claim.name.as_str(), &[("My claims", "/claims")], |frame| {
            portico_frontend::pages::claim(frame, &page)
        })
        .await
}

/// `POST …/reveal`: what was asked for of the claim's secret, on a page that nothing keeps.
pub(in super::super) async fn reveal(
    ClientAddress(address): ClientAddress,
    ClaimPath(claim): ClaimPath,
    form: Posted,
) -> Result<Response, Problem> {
    let around = &form.around;
    let viewer = around.viewer();
    let page = around.app.portal.claim(viewer, &claim).await?;
    let remote = address.to_string();
    let connect = page.connect.as_ref().ok_or_else(Problem::not_found)?;
    let revealed = around
        .app
        .portal
        .reveal_of(viewer, Some(&remote), &claim, connect, form.field(names::KEY))
        .await?;
    let path = claim_path(&claim);
    let crumbs = [("My claims", "/claims"), (claim.name.as_str(), path.as_str())];
    let mut response = around
        .page("Connection secret", &crumbs, |frame| {
            portico_frontend::pages::revealed(frame, &page.row, &revealed)
        })
        .await?;
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// `POST …/renew`: the same claim for longer.
pub(in super::super) async fn renew(
    ClientAddress(address): ClientAddress,
    ClaimPath(claim): ClaimPath,
    form: Posted,
) -> Result<Response, Problem> {
    let Posted { around, fields } = form;
    let posted = portico_app::FormData { pairs: fields };
    let remote = address.to_string();
    let submission = around
        .app
        .portal
        .renew(around.viewer(), Some(&remote), &claim, &posted)
        .await?;
    Ok(FlashMessage::Submitted.tell(Redirect::to(seen_at(&submission)).into_response()))
}

/// `GET …/delete`.
pub(in super::super) async fn open_delete(
    Page(around): Page,
    ClaimPath(claim): ClaimPath,
) -> Result<Response, Problem> {
    let page = around
        .app
        .portal
        .delete_page(around.viewer(), &claim, &portico_app::FormData::default())
        .await?;
    render_delete(&around, &claim, &page).await
}

/// `POST …/delete`.
pub(in super::super) async fn delete(
    ClientAddress(address): ClientAddress,
    ClaimPath(claim): ClaimPath,
    form: Posted,
) -> Result<Response, Problem> {
    let Posted { around, fields } = form;
    let posted = portico_app::FormData { pairs: fields };
    let remote = address.to_string();
    match around
        .app
        .portal
        .submit_delete(around.viewer(), Some(&remote), &claim, &posted)
        .await?
    {
        SubmitOutcome::Created(submission) => {
            Ok(FlashMessage::Submitted.tell(Redirect::to(seen_at(&submission)).into_response()))
        }
        SubmitOutcome::Invalid(page)
        | SubmitOutcome::DryRunFailed(page, _)
        | SubmitOutcome::Conflict(page, ..) => {
            let mut response = render_delete(&around, &claim, &page).await?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
    }
}

async fn render_delete(
    around: &PageContext,
    claim: &ClaimRef,
    page: &DeletePage,
) -> Result<Response, Problem> {
    let path = claim_path(claim);
    let crumbs = [("My claims", "/claims"), (claim.name.as_str(), path.as_str())];
    let error = if page.problems.is_empty() { "" } else { "Error: " };
    let title = format!("{error}Delete {}", claim.name);
    around
        .page(&title, &crumbs, |frame| {
            portico_frontend::pages::delete_claim(frame, page)
        })
        .await
}

pub(in super::super) fn filter(asked: &QueryParams) -> ClaimsFilter {
    const HEALTHS: [Health; 8] = [
        Health::Pending,
        Health::Ready,
        Health::Degraded,
        Health::Paused,
        Health::Deleting,
        Health::Gone,
        Health::Unreachable,
        Health::Unknown,
    ];
    ClaimsFilter {
        query: asked.text("q").unwrap_or_default().to_owned(),
        tenant: asked.parsed("tenant"),
        environment: asked.parsed("environment"),
        offering: asked.parsed("offering"),
        plane: asked.parsed("plane"),
        health: asked
            .text("health")
            .and_then(|slug| HEALTHS.into_iter().find(|health| health.slug() == slug)),
        mine: asked.is_true("mine"),
        sort: asked.text("sort").map(str::to_owned),
    }
}
