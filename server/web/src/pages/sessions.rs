//! Sessions: the viewer's own.

use axum::response::{IntoResponse, Response};
use portico_api::Link;
use portico_app::EndOwnAccess;
use portico_store::{Access, session_key};
use tower_sessions::Session;

use super::super::address::ClientAddress;
use super::super::frame::FlashMessage;
use super::super::path_params::ResourceId;
use super::super::problem::Problem;
use super::super::viewer::{Page, Posted};
use super::redirect;

/// `GET /sessions`.
pub(in super::super) async fn list(Page(context): Page, session: Session) -> Result<Response, Problem> {
    let current = current(&session);
    let page = context
        .app
        .portal
        .own_sessions(context.viewer(), current.as_deref())
        .await?;
    context
        .page("Sessions", &[], |frame| {
            portico_frontend::pages::sessions(frame, &page)
        })
        .await
}

/// `POST /sessions/{id}/end`; with the id `others`, all but the one that asks.
pub(in super::super) async fn end(
    ClientAddress(address): ClientAddress,
    ResourceId(id): ResourceId<String>,
    session: Session,
    form: Posted,
) -> Result<Response, Problem> {
    let current = current(&session).unwrap_or_default();
    let access = if id == "others" {
        Access::OtherSessions(&current)
    } else {
        Access::Session(&id)
    };
    let context = &form.context;
    let remote = address.to_string();
    context
        .app
        .portal
        .end_own_access(context.caller(&remote), EndOwnAccess { access })
        .await?;
    context.app.viewers.forget_all();
    Ok(FlashMessage::Ended.add_to(redirect(&Link::Sessions).into_response()))
}

/// The session that asks, as it is listed.
pub(in super::super) fn current(session: &Session) -> Option<String> {
    session.id().map(|id| session_key(&id))
}
