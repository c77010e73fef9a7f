//! The form for a new claim, and for a change to one.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use portico_api::{Link, Notice, NoticeTone, RequestFormPage, Submission, message, names};
use portico_app::{FormCommand, RequestInput, RequestTarget, SubmitOutcome, SubmitRequest};
use portico_domain::names::OfferingName;

use super::super::address::ClientAddress;
use super::super::frame::{FlashMessage, PageContext};
use super::super::path_params::{ClaimPath, ResourceId};
use super::super::problem::Problem;
use super::super::query::QueryParams;
use super::super::viewer::{Page, Posted, Stale};
use super::form_input::{FormAction, decode};
use super::redirect;

/// `GET /catalog/{offering}/request`.
pub(in super::super) async fn open(
    Page(context): Page,
    ResourceId(name): ResourceId<OfferingName>,
    params: QueryParams,
) -> Result<Response, Problem> {
    let (input, _) = decode(&choices(&params));
    show(context, RequestTarget::New(&name), &input, FormCommand::Update).await
}

/// `POST /catalog/{offering}/request`.
pub(in super::super) async fn send(
    ClientAddress(address): ClientAddress,
    ResourceId(name): ResourceId<OfferingName>,
    form: Posted,
) -> Result<Response, Problem> {
    post(address, RequestTarget::New(&name), form).await
}

/// `POST /catalog/{offering}/request` with a form of another session.
pub(in super::super) async fn show_stale_request(
    ResourceId(name): ResourceId<OfferingName>,
    form: Stale,
) -> Result<Response, Problem> {
    show_stale(form, RequestTarget::New(&name)).await
}

/// `GET …/change` of a claim.
pub(in super::super) async fn open_change(
    Page(context): Page,
    ClaimPath(claim): ClaimPath,
) -> Result<Response, Problem> {
    show(
        context,
        RequestTarget::Change(&claim),
        &RequestInput::default(),
        FormCommand::Update,
    )
    .await
}

/// `POST …/change` of a claim.
pub(in super::super) async fn send_change(
    ClientAddress(address): ClientAddress,
    ClaimPath(claim): ClaimPath,
    form: Posted,
) -> Result<Response, Problem> {
    post(address, RequestTarget::Change(&claim), form).await
}

/// `POST …/change` of a claim with a form of another session.
pub(in super::super) async fn show_stale_change(
    ClaimPath(claim): ClaimPath,
    form: Stale,
) -> Result<Response, Problem> {
    show_stale(form, RequestTarget::Change(&claim)).await
}

/// What a link to the form may choose beforehand: never the fields themselves, which are nobody else's to fill in.
fn choices(params: &QueryParams) -> Vec<(String, String)> {
    let known = |name: &str| {
        [names::PLAN, names::REGION, names::PLANE, names::WORKSPACE].contains(&name)
            || name.starts_with(names::LABEL)
    };
    let known = params.pairs().iter().filter(|(name, _)| known(name));
    known.cloned().collect()
}

async fn show(
    context: PageContext,
    target: RequestTarget<'_>,
    input: &RequestInput,
    command: FormCommand,
) -> Result<Response, Problem> {
    let page = context
        .app
        .portal
        .form(context.viewer(), context.workspace(), target, input, command)
        .await?;
    render(&context, target, &page).await
}

async fn post(
    address: std::net::IpAddr,
    target: RequestTarget<'_>,
    form: Posted,
) -> Result<Response, Problem> {
    let Posted { context, fields } = form;
    let (input, action) = decode(&fields);
    if let FormAction::Show(command) = action {
        return show(context, target, &input, command).await;
    }
    let remote = address.to_string();
    let portal = &context.app.portal;
    let command = SubmitRequest {
        target,
        workspace: context.workspace(),
        input,
    };
    match portal.submit(context.caller(&remote), command).await? {
        SubmitOutcome::Created(submission) => {
            Ok(FlashMessage::Submitted.add_to(redirect(outcome_link(&submission)).into_response()))
        }
        SubmitOutcome::Invalid(page) | SubmitOutcome::Conflict(page, ..) => {
            let mut response = render(&context, target, &page).await?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        SubmitOutcome::DryRunFailed(page, error) => {
            let problem = Problem::from(error);
            let mut response = render(&context, target, &page).await?;
            *response.status_mut() = problem.status;
            if let Some(wait) = problem.retry_after {
                let wait = HeaderValue::from(wait.as_secs().max(1));
                response.headers_mut().insert(header::RETRY_AFTER, wait);
            }
            Ok(response)
        }
    }
}

/// Refuses a form that was made for a session that has ended since, and gives back what was typed, to be sent anew in
/// this one.
async fn show_stale(form: Stale, target: RequestTarget<'_>) -> Result<Response, Problem> {
    let Stale { context, mut fields } = form;
    fields.retain(|(name, _)| name != names::DO);
    let (input, _) = decode(&fields);
    let portal = &context.app.portal;
    let page = portal
        .form(
            context.viewer(),
            context.workspace(),
            target,
            &input,
            FormCommand::Update,
        )
        .await
        .map_err(|_| Problem::foreign_form())?;
    let notice = Notice {
        tone: NoticeTone::Plain,
        text: message!("form-of-old-session"),
        undo: None,
    };
    let mut response = render_with(&context, target, &page, Some(notice)).await?;
    *response.status_mut() = StatusCode::FORBIDDEN;
    Ok(response)
}

async fn render(
    context: &PageContext,
    target: RequestTarget<'_>,
    page: &RequestFormPage,
) -> Result<Response, Problem> {
    render_with(context, target, page, None).await
}

async fn render_with(
    context: &PageContext,
    target: RequestTarget<'_>,
    page: &RequestFormPage,
    notice: Option<Notice>,
) -> Result<Response, Problem> {
    let (title, crumbs) = match target {
        RequestTarget::New(_) => (
            format!("Request {}", page.offering.title),
            [
                ("Catalog", Link::Catalog),
                (
                    page.offering.title.as_str(),
                    Link::Offering(page.offering.name.clone()),
                ),
            ],
        ),
        RequestTarget::Change(claim) | RequestTarget::Renew(claim) | RequestTarget::Adopt(claim) => (
            format!("Change {}", page.name),
            [
                ("Claims", Link::Claims),
                (page.name.as_str(), Link::Claim(claim.clone())),
            ],
        ),
    };
    let title = if page.checked && page.problem_count > 0 {
        format!("Error: {title}")
    } else {
        title
    };
    context
        .page(&title, &crumbs, |frame| match notice {
            None => portico_frontend::pages::request_form(frame, page),
            Some(notice) => {
                let mut frame = frame.clone();
                frame.notices.push(notice);
                portico_frontend::pages::request_form(&frame, page)
            }
        })
        .await
}

/// Returns the page that shows the outcome of a request: the claim, or the request if it needs approval.
pub(in super::super) fn outcome_link(submission: &Submission) -> &Link {
    submission.claim_href.as_ref().unwrap_or(&submission.href)
}
