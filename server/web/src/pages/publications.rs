//! What tenants publish to other tenants.

use axum::response::{IntoResponse, Response};
use portico_api::{Link, names};
use portico_app::DecidePermission;
use portico_domain::documents::Permission;
use portico_domain::names::PublicationName;

use super::super::address::ClientAddress;
use super::super::frame::FlashMessage;
use super::super::path_params::ResourceId;
use super::super::problem::Problem;
use super::super::viewer::{Page, Posted};

/// `GET /admin/publications`.
pub(in super::super) async fn list(Page(context): Page) -> Result<Response, Problem> {
    let page = context.app.portal.publications(context.viewer()).await?;
    context
        .page("Publications", &[], |frame| {
            portico_frontend::pages::publications(frame, &page)
        })
        .await
}

/// `GET /admin/publications/{publication}`.
pub(in super::super) async fn one(
    Page(context): Page,
    ResourceId(name): ResourceId<PublicationName>,
) -> Result<Response, Problem> {
    let page = context.app.portal.publication(context.viewer(), &name).await?;
    let crumbs = [("Publications", Link::Publications)];
    context
        .page(&page.row.offering_title, &crumbs, |frame| {
            portico_frontend::pages::publication(frame, &page)
        })
        .await
}

/// `POST /admin/publications/{publication}/decide`.
pub(in super::super) async fn decide(
    ClientAddress(address): ClientAddress,
    ResourceId(name): ResourceId<PublicationName>,
    form: Posted,
) -> Result<Response, Problem> {
    let remote = address.to_string();
    let permission = Permission::from_slug(form.field(names::PERMISSION)).ok_or_else(Problem::not_found)?;
    let accept = match form.field(names::DECISION) {
        names::ACCEPT => true,
        names::REFUSE => false,
        _ => return Err(Problem::not_found()),
    };
    let command = DecidePermission {
        publication: &name,
        permission,
        accept,
        asked: form.field(names::ASKED),
    };
    let portal = &form.context.app.portal;
    portal
        .decide_permission(form.context.caller(&remote), command)
        .await?;
    let message = if accept {
        FlashMessage::PermissionAccepted
    } else {
        FlashMessage::PermissionRefused
    };
    // Back to the permission, where the keyboard was.
    let page = Link::Publication(name);
    let target = format!("{page}#{}", permission.slug());
    Ok(message.add_to(axum::response::Redirect::to(&target).into_response()))
}
