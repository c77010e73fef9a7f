//! What platform admins, and admins of tenants, look after.

use axum::response::Response;
use portico_domain::names::PlaneName;

use super::super::asked::Asked;
use super::super::problem::Problem;
use super::super::subject::Named;
use super::super::viewer::Page;
use crate::portal::RecordQuery;

/// `GET /admin/control-planes`.
pub(in super::super) async fn planes(Page(around): Page) -> Result<Response, Problem> {
    let page = around.app.portal.planes_page(around.viewer())?;
    around
        .page("Control planes", &[], |frame| {
            portico_frontend::pages::admin_planes(frame, &page)
        })
        .await
}

/// `GET /admin/control-planes/{plane}`.
pub(in super::super) async fn plane(
    Page(around): Page,
    Named(name): Named<PlaneName>,
) -> Result<Response, Problem> {
    let page = around.app.portal.plane_page(around.viewer(), &name)?;
    let title = page.row.plane.title.clone();
    let crumbs = [("Control planes", "/admin/control-planes")];
    around
        .page(&title, &crumbs, |frame| {
            portico_frontend::pages::admin_plane(frame, &page)
        })
        .await
}

/// `GET /admin/tenants`.
pub(in super::super) async fn tenants(Page(around): Page) -> Result<Response, Problem> {
    let page = around.app.portal.tenants_page(around.viewer()).await?;
    around
        .page("Tenants", &[], |frame| {
            portico_frontend::pages::admin_tenants(frame, &page)
        })
        .await
}

/// `GET /admin/record`.
pub(in super::super) async fn record(Page(around): Page, asked: Asked) -> Result<Response, Problem> {
    let page = around.app.portal.record(around.viewer(), &query(&asked)).await?;
    around
        .page("Record", &[], |frame| {
            portico_frontend::pages::admin_record(frame, &page)
        })
        .await
}

/// `GET /admin/configuration`.
pub(in super::super) async fn configuration(Page(around): Page) -> Result<Response, Problem> {
    let page = around.app.portal.configuration_page(around.viewer())?;
    around
        .page("Configuration", &[], |frame| {
            portico_frontend::pages::admin_configuration(frame, &page)
        })
        .await
}

pub(in super::super) fn query(asked: &Asked) -> RecordQuery {
    RecordQuery {
        words: asked.text("q").unwrap_or_default().to_owned(),
        verb: asked.text("verb").map(str::to_owned),
        tenant: asked.parsed("tenant"),
        before: asked.parsed("before"),
    }
}
