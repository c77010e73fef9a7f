//! The catalog, offerings, and the search.

use axum::Json;
use axum::extract::{Query, State};
use portico_app::{CatalogQuery, FormTarget, Hit};
use portico_domain::documents::Category;
use portico_domain::names::OfferingName;
use portico_domain::view::{CatalogPage, OfferingPage, RequestFormPage};
use serde::Deserialize;

use super::super::app::App;
use super::super::path_params::ResourceId;
use super::super::problem::Problem;
use super::super::viewer::Body;
use super::Asker;
use super::requests::AskFor;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in super::super) struct Wanted {
    q: String,
    category: Option<String>,
    plane: Option<String>,
    page: usize,
}

/// `GET /api/v1/offerings`.
pub(in super::super) async fn list(
    State(app): State<App>,
    asker: Asker,
    Query(wanted): Query<Wanted>,
) -> Result<Json<CatalogPage>, Problem> {
    let query = CatalogQuery {
        words: wanted.q,
        category: wanted.category.as_deref().and_then(Category::from_slug),
        plane: wanted.plane.and_then(|plane| plane.parse().ok()),
        page: wanted.page,
    };
    Ok(Json(app.portal.catalog(
        &asker.current.viewer,
        asker.work.as_ref(),
        &query,
    )?))
}

/// `GET /api/v1/offerings/{offering}`.
pub(in super::super) async fn one(
    State(app): State<App>,
    asker: Asker,
    ResourceId(name): ResourceId<OfferingName>,
) -> Result<Json<OfferingPage>, Problem> {
    Ok(Json(app.portal.offering(
        &asker.current.viewer,
        asker.work.as_ref(),
        &name,
    )?))
}

/// `POST /api/v1/offerings/{offering}/check`: judges a request without sending it, the control plane's dry run too.
pub(in super::super) async fn check(
    State(app): State<App>,
    asker: Asker,
    ResourceId(name): ResourceId<OfferingName>,
    Body(wish): Body<AskFor>,
) -> Result<Json<RequestFormPage>, Problem> {
    let posted = wish.posted("review")?;
    let page = app
        .portal
        .form(
            &asker.current.viewer,
            asker.work.as_ref(),
            FormTarget::New(&name),
            &posted,
        )
        .await?;
    Ok(Json(page))
}

#[derive(Debug, Deserialize)]
pub(in super::super) struct Words {
    #[serde(default)]
    q: String,
}

/// `GET /api/v1/search`.
pub(in super::super) async fn search(
    State(app): State<App>,
    asker: Asker,
    Query(words): Query<Words>,
) -> Result<Json<Vec<Hit>>, Problem> {
    let found = app
        .portal
        .search(&asker.current.viewer, asker.work.as_ref(), &words.q)
        .await?;
    Ok(Json(found))
}
