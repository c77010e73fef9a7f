//! Requests: the list, one, and what is done with it.

use axum::response::{IntoResponse, Redirect, Response};
use portico_api::{Link, message, names};
use portico_app::{Decide, PostComment, RequestsQuery, UndoDecision, Withdraw};
use portico_domain::names::RequestId;
use portico_domain::request::State;

use super::super::address::ClientAddress;
use super::super::frame::FlashMessage;
use super::super::path_params::ResourceId;
use super::super::problem::Problem;
use super::super::query::QueryParams;
use super::super::viewer::{Page, Posted};
use super::redirect;
use crate::auth::ReturnTo;

/// `GET /requests`.
pub(in super::super) async fn list(Page(context): Page, params: QueryParams) -> Result<Response, Problem> {
    let page = context
        .app
        .portal
        .requests(context.viewer(), context.workspace(), &query(&params))
        .await?;
    context
        .page(message!("requests"), &[], |frame| {
            portico_frontend::pages::requests(frame, &page)
        })
        .await
}

/// `GET /requests/{id}`.
pub(in super::super) async fn one(
    Page(context): Page,
    ResourceId(id): ResourceId<RequestId>,
) -> Result<Response, Problem> {
    let page = context.app.portal.request(context.viewer(), id).await?;
    let title = format!("{} {}", page.row.offering_title, page.row.claim.name);
    context
        .page(&title, &[("Requests", Link::Requests)], |frame| {
            portico_frontend::pages::request(frame, &page)
        })
        .await
}

/// `POST /requests/{id}/decide`.
pub(in super::super) async fn decide(
    ClientAddress(address): ClientAddress,
    ResourceId(id): ResourceId<RequestId>,
    form: Posted,
) -> Result<Response, Problem> {
    let approved = match form.field(names::DECISION) {
        "approve" => true,
        "reject" => false,
        _ => {
            return Err(Problem::bad_request(
                "Say yes or no: the form has a button for each.",
            ));
        }
    };
    let revision = form.field(names::REVISION).parse().map_err(|_| {
        Problem::bad_request(
            "The form does not say which version of the request it is about. Reload the page.",
        )
    })?;
    let remote = address.to_string();
    let caller = form.context.caller(&remote);
    let command = Decide {
        request: id,
        revision,
        approve: approved,
        comment: Some(form.field(names::COMMENT).to_owned()),
    };
    form.context.app.portal.decide(caller, command).await?;
    let done = if approved {
        FlashMessage::Approved
    } else {
        FlashMessage::Rejected
    };
    Ok(done.add_undoable_to(back(&form, id).into_response(), id))
}

/// `POST /requests/{id}/undo`: takes the decision back, and opens the request again.
pub(in super::super) async fn undo(
    ClientAddress(address): ClientAddress,
    ResourceId(id): ResourceId<RequestId>,
    form: Posted,
) -> Result<Response, Problem> {
    let remote = address.to_string();
    let caller = form.context.caller(&remote);
    let command = UndoDecision { request: id };
    form.context.app.portal.undo_decision(caller, command).await?;
    let request = id.to_string();
    let address = Link::Approvals.with_query([("request", request.as_str())]);
    Ok(FlashMessage::Undone.add_to(Redirect::to(&address).into_response()))
}

/// `POST /requests/{id}/withdraw`.
pub(in super::super) async fn withdraw(
    ClientAddress(address): ClientAddress,
    ResourceId(id): ResourceId<RequestId>,
    form: Posted,
) -> Result<Response, Problem> {
    let remote = address.to_string();
    let caller = form.context.caller(&remote);
    let portal = &form.context.app.portal;
    portal.withdraw(caller, Withdraw { request: id }).await?;
    Ok(FlashMessage::Withdrawn.add_to(back(&form, id).into_response()))
}

/// `POST /requests/{id}/comment`.
pub(in super::super) async fn comment(
    ClientAddress(address): ClientAddress,
    ResourceId(id): ResourceId<RequestId>,
    form: Posted,
) -> Result<Response, Problem> {
    let remote = address.to_string();
    let caller = form.context.caller(&remote);
    let command = PostComment {
        request: id,
        text: form.field(names::COMMENT).to_owned(),
    };
    form.context.app.portal.comment(caller, command).await?;
    Ok(FlashMessage::Commented.add_to(back(&form, id).into_response()))
}

/// Where the form wants to go; else to the request.
fn back(form: &Posted, id: portico_domain::names::RequestId) -> Redirect {
    match form.field(names::RETURN_TO) {
        "" => redirect(&Link::Request(id)),
        path => Redirect::to(ReturnTo::parse(path).as_str()),
    }
}

pub(in super::super) fn query(params: &QueryParams) -> RequestsQuery {
    RequestsQuery {
        state: params.text("state").and_then(State::from_slug),
        offering: params.parsed("offering"),
        mine: params.is_true("mine"),
        before: params.parsed("before"),
    }
}
