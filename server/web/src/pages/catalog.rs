//! The catalog and its offerings.

use axum::response::Response;
use portico_app::CatalogQuery;
use portico_domain::documents::Category;
use portico_domain::names::OfferingName;

use super::super::path_params::ResourceId;
use super::super::problem::Problem;
use super::super::query::QueryParams;
use super::super::viewer::Page;

/// `GET /catalog`.
pub(in super::super) async fn list(Page(around): Page, query: QueryParams) -> Result<Response, Problem> {
    let page = around
        .app
        .portal
        .catalog(around.viewer(), around.work(), &catalog_query(&query))?;
    around
        .page("Catalog", &[], |frame| {
            portico_frontend::pages::catalog(frame, &page)
        })
        .await
}

/// `GET /catalog/{offering}`.
pub(in super::super) async fn offering(
    Page(around): Page,
    ResourceId(name): ResourceId<OfferingName>,
) -> Result<Response, Problem> {
    let page = around
        .app
        .portal
        .offering(around.viewer(), around.work(), &name)?;
    let title = page.card.title.clone();
    around
        .page(&title, &[("Catalog", "/catalog")], |frame| {
            portico_frontend::pages::offering(frame, &page)
        })
        .await
}

pub(in super::super) fn catalog_query(query: &QueryParams) -> CatalogQuery {
    CatalogQuery {
        words: query.text("q").unwrap_or_default().to_owned(),
        category: query.text("category").and_then(Category::from_slug),
        plane: query.parsed("plane"),
        page: query.page(),
    }
}
