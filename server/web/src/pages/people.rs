//! People who have signed in, for platform admins.

use axum::response::{IntoResponse, Response};
use portico_api::{Link, names};
use portico_app::EndAccess;
use portico_store::Access;
use tower_sessions::Session;
use uuid::Uuid;

use super::super::address::ClientAddress;
use super::super::frame::FlashMessage;
use super::super::path_params::ResourceId;
use super::super::problem::Problem;
use super::super::query::QueryParams;
use super::super::viewer::{Page, Posted};
use super::redirect;
use super::sessions::current;

/// `GET /admin/people`.
pub(in super::super) async fn list(Page(context): Page, params: QueryParams) -> Result<Response, Problem> {
    let query = params.text("q").unwrap_or_default();
    let page = context.app.portal.people_page(context.viewer(), query).await?;
    context
        .page("People", &[], |frame| {
            portico_frontend::pages::admin_people(frame, &page)
        })
        .await
}

/// `GET /admin/people/{id}`.
pub(in super::super) async fn one(
    Page(context): Page,
    ResourceId(id): ResourceId<Uuid>,
    session: Session,
) -> Result<Response, Problem> {
    let current = current(&session);
    let page = context
        .app
        .portal
        .person_page(context.viewer(), id, current.as_deref())
        .await?;
    let title = page.row.name.clone();
    context
        .page(&title, &[("People", Link::People)], |frame| {
            portico_frontend::pages::admin_person(frame, &page)
        })
        .await
}

/// `POST /admin/people/{id}/end`: a session or a token, where the form names one; else all of them.
pub(in super::super) async fn end(
    ClientAddress(address): ClientAddress,
    ResourceId(id): ResourceId<Uuid>,
    form: Posted,
) -> Result<Response, Problem> {
    let (session, token) = (form.field(names::SESSION), form.field(names::TOKEN));
    let access = access(session, token)?;
    let context = &form.context;
    let remote = address.to_string();
    let command = EndAccess { person: id, access };
    context
        .app
        .portal
        .end_access(context.caller(&remote), command)
        .await?;
    context.app.viewers.forget_all();
    context.app.tokens.forget();
    Ok(FlashMessage::Ended.add_to(redirect(&Link::Person(id)).into_response()))
}

/// What is to end, by what was named.
pub(in super::super) fn access<'a>(session: &'a str, token: &str) -> Result<Access<'a>, Problem> {
    match (session, token) {
        ("", "") => Ok(Access::Everything),
        (session, "") => Ok(Access::Session(session)),
        ("", token) => token.parse().map(Access::Token).map_err(|_| Problem::not_found()),
        _ => Err(Problem::bad_request("Name a session or a token, not both.")),
    }
}
