//! Claims: the list, one, its secrets, its end.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use portico_api::{AdoptPage, ClaimsFilter, DeletePage, Link, message, names};
use portico_app::{
    AdoptClaim, DeleteClaim, PortalError, RenewClaim, RevealSecret, SecretKeys, SubmitOutcome,
};
use portico_domain::claim::{ClaimRef, Health};

use super::super::address::ClientAddress;
use super::super::frame::{FlashMessage, PageContext};
use super::super::path_params::ClaimPath;
use super::super::problem::Problem;
use super::super::query::QueryParams;
use super::super::viewer::{Page, Posted};
use super::claims_views;
use super::form::outcome_link;
use super::redirect;

/// `GET /claims`.
pub(in super::super) async fn list(
    Page(context): Page,
    params: QueryParams,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let portal = &context.app.portal;
    let filter = filter(&params);
    let page = portal.claims(
        context.viewer(),
        context.workspace(),
        filter.clone(),
        params.page(),
    );
    let views = claims_views::views(&context, &headers).await?;
    let mut response = context
        .page(message!("claims"), &[], |frame| {
            portico_frontend::pages::claims(frame, &page, &views)
        })
        .await?;
    claims_views::remember(&context, &headers, &filter, &mut response);
    Ok(response)
}

/// `GET /claims/{plane}/{offering}/{namespace}/{name}`.
pub(in super::super) async fn one(
    Page(context): Page,
    ClaimPath(claim): ClaimPath,
) -> Result<Response, Problem> {
    let portal = &context.app.portal;
    let page = match portal.claim(context.viewer(), &claim).await {
        // What was deleted is told as that to those who may see its history.
        Err(PortalError::NotFound) => portal
            .gone_claim(context.viewer(), &claim)
            .await?
            .ok_or(PortalError::NotFound)?,
        found => found?,
    };
    context
        .page(claim.name.as_str(), &[("Claims", Link::Claims)], |frame| {
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
    let context = &form.context;
    let viewer = context.viewer();
    let page = context.app.portal.claim(viewer, &claim).await?;
    let remote = address.to_string();
    let keys = match form.field(names::KEY) {
        names::ALL_KEYS => SecretKeys::All,
        names::ADDRESS_KEY => SecretKeys::Address,
        key => SecretKeys::One(key.to_owned()),
    };
    let command = RevealSecret { claim: &claim, keys };
    let portal = &context.app.portal;
    let revealed = portal.reveal(context.caller(&remote), command).await?;
    let crumbs = crumbs(&claim);
    let mut response = context
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
    let context = &form.context;
    let submission = context.app.portal.renew(context.caller(&remote), command).await?;
    Ok(FlashMessage::Submitted.add_to(redirect(outcome_link(&submission)).into_response()))
}

/// `GET …/adopt`.
pub(in super::super) async fn open_adopt(
    Page(context): Page,
    ClaimPath(claim): ClaimPath,
) -> Result<Response, Problem> {
    let command = AdoptClaim::of(&claim);
    let page = context.app.portal.adopt_page(context.viewer(), &command).await?;
    render_adopt(&context, &claim, &page, "").await
}

/// `POST …/adopt`.
pub(in super::super) async fn adopt(
    ClientAddress(address): ClientAddress,
    ClaimPath(claim): ClaimPath,
    form: Posted,
) -> Result<Response, Problem> {
    let remote = address.to_string();
    let filled = |name| Some(form.field(name).trim().to_owned()).filter(|text| !text.is_empty());
    let command = AdoptClaim {
        claim: &claim,
        id: form.field(names::REQUEST).parse().ok(),
        note: form.field(names::NOTE).to_owned(),
        uid: filled(names::UID),
        seen: filled(names::LIVE),
    };
    let context = &form.context;
    let portal = &context.app.portal;
    let (page, status) = match portal.submit_adoption(context.caller(&remote), &command).await? {
        SubmitOutcome::Created(submission) => {
            return Ok(FlashMessage::Submitted.add_to(redirect(outcome_link(&submission)).into_response()));
        }
        SubmitOutcome::Invalid(page) | SubmitOutcome::Conflict(page, ..) => {
            (page, StatusCode::UNPROCESSABLE_ENTITY)
        }
        SubmitOutcome::DryRunFailed(page, error) => (page, Problem::from(error).status),
    };
    let mut response = render_adopt(context, &claim, &page, "Error: ").await?;
    *response.status_mut() = status;
    Ok(response)
}

async fn render_adopt(
    context: &PageContext,
    claim: &ClaimRef,
    page: &AdoptPage,
    error: &str,
) -> Result<Response, Problem> {
    let title = format!("{error}Adopt {}", claim.name);
    context
        .page(&title, &crumbs(claim), |frame| {
            portico_frontend::pages::adopt_claim(frame, page)
        })
        .await
}

/// `GET …/delete`.
pub(in super::super) async fn open_delete(
    Page(context): Page,
    ClaimPath(claim): ClaimPath,
) -> Result<Response, Problem> {
    let page = context
        .app
        .portal
        .delete_page(context.viewer(), &DeleteClaim::of(&claim))
        .await?;
    render_delete(&context, &claim, &page).await
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
        abandon: !form.field(names::ABANDON).is_empty(),
        seen: Some(form.field(names::RESIDENTS).to_owned()),
    };
    let context = &form.context;
    let portal = &context.app.portal;
    match portal.submit_delete(context.caller(&remote), &command).await? {
        SubmitOutcome::Created(submission) => {
            Ok(FlashMessage::Submitted.add_to(redirect(outcome_link(&submission)).into_response()))
        }
        SubmitOutcome::Invalid(page)
        | SubmitOutcome::DryRunFailed(page, _)
        | SubmitOutcome::Conflict(page, ..) => {
            let mut response = render_delete(context, &claim, &page).await?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
    }
}

async fn render_delete(
    context: &PageContext,
    claim: &ClaimRef,
    page: &DeletePage,
) -> Result<Response, Problem> {
    let crumbs = crumbs(claim);
    let error = if page.problems.is_empty() { "" } else { "Error: " };
    let title = format!("{error}Delete {}", claim.name);
    context
        .page(&title, &crumbs, |frame| {
            portico_frontend::pages::delete_claim(frame, page)
        })
        .await
}

/// The breadcrumbs of a page below a claim's.
fn crumbs(claim: &ClaimRef) -> [(&str, Link); 2] {
    [
        ("Claims", Link::Claims),
        (claim.name.as_str(), Link::Claim(claim.clone())),
    ]
}

pub(in super::super) fn filter(params: &QueryParams) -> ClaimsFilter {
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
        query: params.text("q").unwrap_or_default().to_owned(),
        tenant: params.parsed("tenant"),
        environment: params.parsed("environment"),
        offering: params.parsed("offering"),
        plane: params.parsed("plane"),
        health: params
            .text("health")
            .and_then(|slug| HEALTHS.into_iter().find(|health| health.slug() == slug)),
        mine: params.is_true("mine"),
        sort: params.text("sort").map(str::to_owned),
    }
}
