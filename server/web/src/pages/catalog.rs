//! The catalog and its offerings.

use axum::response::{IntoResponse, Redirect, Response};
use portico_api::{Link, message, names};
use portico_app::CatalogQuery;
use portico_domain::documents::Category;
use portico_domain::names::OfferingName;

use super::super::path_params::ResourceId;
use super::super::problem::Problem;
use super::super::query::QueryParams;
use super::super::viewer::Page;

/// `GET /catalog`.
pub(in super::super) async fn list(Page(context): Page, query: QueryParams) -> Result<Response, Problem> {
    let page = context
        .app
        .portal
        .catalog(context.viewer(), context.workspace(), &catalog_query(&query))?;
    context
        .page(message!("catalog"), &[], |frame| {
            portico_frontend::pages::catalog(frame, &page)
        })
        .await
}

/// `GET /catalog/compare`. With nothing to compare it leads to the catalog.
pub(in super::super) async fn compare(Page(context): Page, query: QueryParams) -> Result<Response, Problem> {
    let names: Vec<OfferingName> = query.all(names::OFFERING);
    if names.is_empty() {
        return Ok(Redirect::to(&Link::Catalog.to_string()).into_response());
    }
    let pages = context
        .app
        .portal
        .comparison(context.viewer(), context.workspace(), &names)?;
    context
        .page("Compare offerings", &[("Catalog", Link::Catalog)], |frame| {
            portico_frontend::pages::compare(frame, &pages)
        })
        .await
}

/// `GET /catalog/{offering}`.
pub(in super::super) async fn offering(
    Page(context): Page,
    ResourceId(name): ResourceId<OfferingName>,
) -> Result<Response, Problem> {
    let page = context
        .app
        .portal
        .offering(context.viewer(), context.workspace(), &name)?;
    let title = page.card.title.clone();
    context
        .page(&title, &[("Catalog", Link::Catalog)], |frame| {
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
