//! Claims: the list, one, its secrets, its end.

use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderValue, StatusCode, header};
use portico_api::{ClaimsFilter, DeletePage, names};
use portico_app::{DeleteClaim, PortalError, RenewClaim, RevealSecret, SecretKeys, SubmitOutcome};
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
    let keys = match form.field(names::KEY) {
        names::ALL_KEYS => SecretKeys::All,
        names::ADDRESS_KEY => SecretKeys::Address,
        key => SecretKeys::One(key.to_owned()),
    };
    let command = RevealSecret { claim: &claim, keys };
    let portal = &around.app.portal;
    let revealed = portal.reveal(around.caller(&remote), command).await?;
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
    let remote = address.to_string();
    let command = RenewClaim {
        claim: &claim,
        id: form.field(names::REQUEST).parse().ok(),
        note: form.field(names::NOTE).to_owned(),
    };
    let around = &form.around;
    let submission = around.app.portal.renew(around.caller(&remote), command).await?;
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
        .delete_page(around.viewer(), &DeleteClaim::of(&claim))
        .await?;
    render_delete(&around, &claim, &page).await
}

/// `POST …/delete`.
pub(in super::super) async fn delete(
    ClientAddress(address): ClientAddress,
    ClaimPath(claim): ClaimPath,
    form: Posted,
) -> Result<Response, Problem> {
    let remote = address.to_string();
    let command = DeleteClaim {
        claim: &claim,
        id: form.field(names::REQUEST).parse().ok(),
        confirmation: form.field(names::CONFIRM).to_owned(),
        note: form.field(names::NOTE).to_owned(),
        uid: Some(form.field(names::UID).trim().to_owned()).filter(|uid| !uid.is_empty()),
    };
    let around = &form.around;
    let portal = &around.app.portal;
    match portal.submit_delete(around.caller(&remote), &command).await? {
        SubmitOutcome::Created(submission) => {
            Ok(FlashMessage::Submitted.tell(Redirect::to(seen_at(&submission)).into_response()))
        }
        SubmitOutcome::Invalid(page)
        | SubmitOutcome::DryRunFailed(page, _)
        | SubmitOutcome::Conflict(page, ..) => {
            let mut response = render_delete(around, &claim, &page).await?;
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
