//! The form for a new claim, and for a change to one.

use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderValue, StatusCode, header};
use portico_domain::claim::ClaimRef;
use portico_domain::names::OfferingName;
use portico_domain::view::{RequestFormPage, names};

use super::super::address::ClientAddress;
use super::super::asked::Asked;
use super::super::frame::{Around, Done};
use super::super::problem::Problem;
use super::super::subject::{ClaimPath, Named};
use super::super::viewer::{Page, Posted};
use crate::portal::{self, FormTarget, Sent};

/// `GET /catalog/{offering}/request`.
pub(in super::super) async fn open(
    Page(around): Page,
    Named(name): Named<OfferingName>,
    asked: Asked,
) -> Result<Response, Problem> {
    show(around, FormTarget::New(&name), &choices(&asked)).await
}

/// `POST /catalog/{offering}/request`.
pub(in super::super) async fn send(
    ClientAddress(address): ClientAddress,
    Named(name): Named<OfferingName>,
    form: Posted,
) -> Result<Response, Problem> {
    post(address, FormTarget::New(&name), form).await
}

/// `GET …/change` of a claim.
pub(in super::super) async fn open_change(
    Page(around): Page,
    ClaimPath(claim): ClaimPath,
) -> Result<Response, Problem> {
    show(around, FormTarget::Change(&claim), &portal::Posted::default()).await
}

/// `POST …/change` of a claim.
pub(in super::super) async fn send_change(
    ClientAddress(address): ClientAddress,
    ClaimPath(claim): ClaimPath,
    form: Posted,
) -> Result<Response, Problem> {
    post(address, FormTarget::Change(&claim), form).await
}

/// What a link to the form may choose beforehand: never the fields themselves, which are nobody else's to fill in.
fn choices(asked: &Asked) -> portal::Posted {
    let known = |name: &str| {
        [names::PLAN, names::REGION, names::PLANE].contains(&name) || name.starts_with(names::LABEL)
    };
    portal::Posted {
        pairs: asked
            .pairs()
            .iter()
            .filter(|(name, _)| known(name))
            .cloned()
            .collect(),
    }
}

async fn show(around: Around, target: FormTarget<'_>, posted: &portal::Posted) -> Result<Response, Problem> {
    let page = around
        .app
        .portal
        .form(around.viewer(), around.work(), target, posted)
        .await?;
    render(&around, target, &page).await
}

async fn post(address: std::net::IpAddr, target: FormTarget<'_>, form: Posted) -> Result<Response, Problem> {
    let Posted { around, fields } = form;
    let posted = portal::Posted { pairs: fields };
    if posted.get(names::DO) != Some("submit") {
        return show(around, target, &posted).await;
    }
    let remote = address.to_string();
    let portal = &around.app.portal;
    match portal
        .submit(around.viewer(), Some(&remote), around.work(), target, &posted)
        .await?
    {
        Sent::Accepted(submission) => {
            Ok(Done::Submitted.tell(Redirect::to(&submission.href).into_response()))
        }
        Sent::Refused(page) => {
            let mut response = render(&around, target, &page).await?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        Sent::NotTaken(page, error) => {
            let problem = Problem::from(error);
            let mut response = render(&around, target, &page).await?;
            *response.status_mut() = problem.status;
            if let Some(wait) = problem.retry_after {
                let wait = HeaderValue::from(wait.as_secs().max(1));
                response.headers_mut().insert(header::RETRY_AFTER, wait);
            }
            Ok(response)
        }
    }
}

async fn render(
    around: &Around,
    target: FormTarget<'_>,
    page: &RequestFormPage,
) -> Result<Response, Problem> {
    let offering = (
        page.offering.title.as_str(),
        format!("/catalog/{}", page.offering.name),
    );
    let (title, crumbs) = match target {
        FormTarget::New(_) => (
            format!("Request {}", page.offering.title),
            vec![("Catalog", "/catalog".to_owned()), offering],
        ),
        FormTarget::Change(claim) | FormTarget::Renew(claim) => (
            format!("Change {}", page.name),
            vec![
                ("My claims", "/claims".to_owned()),
                (page.name.as_str(), claim_path(claim)),
            ],
        ),
    };
    let crumbs: Vec<(&str, &str)> = crumbs
        .iter()
        .map(|(title, href)| (*title, href.as_str()))
        .collect();
    around
        .page(&title, &crumbs, |frame| {
            portico_frontend::pages::request_form(frame, page)
        })
        .await
}

pub(in super::super) fn claim_path(claim: &ClaimRef) -> String {
    let namespace = claim.namespace.as_deref().unwrap_or("-");
    format!(
        "/claims/{}/{}/{namespace}/{}",
        claim.plane, claim.offering, claim.name
    )
}
