//! Catalog, offerings and search.

use axum::Json;
use axum::extract::{Query, State};
use portico_api::{CatalogPage, OfferingPage, RequestFormPage, SearchResult};
use portico_app::{CatalogQuery, FormCommand, RequestTarget};
use portico_domain::documents::Category;
use portico_domain::names::{OfferingName, PlaneName};
use serde::Deserialize;
use utoipa::IntoParams;

use super::super::app::App;
use super::super::path_params::ResourceId;
use super::super::problem::Problem;
use super::super::viewer::Body;
use super::problems::{Changing, Checking, Problems, Reading, Viewing};
use super::requests::CreateRequest;
use super::{ApiContext, WorkspaceParams};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(in super::super) struct CatalogParams {
    /// Words that title, summary or kind must contain.
    q: String,
    /// Only this category.
    #[param(value_type = Option<Category>)]
    category: Option<String>,
    /// Only offerings that this control plane serves.
    #[param(value_type = Option<PlaneName>)]
    plane: Option<String>,
    /// The page, from 1.
    page: usize,
}

/// Lists the offerings that the viewer may request.
#[utoipa::path(
    get,
    path = "/api/v1/offerings",
    operation_id = "listOfferings",
    tag = "Catalog",
    params(WorkspaceParams),
    responses((status = 200, description = "A page of offerings.", body = CatalogPage), Problems<Viewing>),
)]
pub(in super::super) async fn list(
    State(app): State<App>,
    context: ApiContext,
    Query(params): Query<CatalogParams>,
) -> Result<Json<CatalogPage>, Problem> {
    let query = CatalogQuery {
        words: params.q,
        category: params.category.as_deref().and_then(Category::from_slug),
        plane: params.plane.and_then(|plane| plane.parse().ok()),
        page: params.page,
    };
    Ok(Json(app.portal.catalog(
        &context.current.viewer,
        context.workspace.as_ref(),
        &query,
    )?))
}

/// Returns an offering with its plans and where it runs.
#[utoipa::path(
    get,
    path = "/api/v1/offerings/{offering}",
    operation_id = "getOffering",
    tag = "Catalog",
    params(("offering" = OfferingName, Path, description = "The offering: `<plural>.<group>`."), WorkspaceParams),
    responses((status = 200, description = "The offering.", body = OfferingPage), Problems<(Viewing, Reading)>),
)]
pub(in super::super) async fn one(
    State(app): State<App>,
    context: ApiContext,
    ResourceId(name): ResourceId<OfferingName>,
) -> Result<Json<OfferingPage>, Problem> {
    Ok(Json(app.portal.offering(
        &context.current.viewer,
        context.workspace.as_ref(),
        &name,
    )?))
}

/// Checks a request without sending it.
///
/// Runs the schema’s rules, the policies, the quota and the control plane’s dry run.
#[utoipa::path(
    post,
    path = "/api/v1/offerings/{offering}/check",
    operation_id = "checkRequest",
    tag = "Catalog",
    request_body = CreateRequest,
    params(("offering" = OfferingName, Path, description = "The offering: `<plural>.<group>`."), WorkspaceParams),
    responses((status = 200, description = "The request as a form, with what is wrong beside each field.", body = RequestFormPage), Problems<(Viewing, Reading, Changing, Checking)>),
)]
pub(in super::super) async fn check(
    State(app): State<App>,
    context: ApiContext,
    ResourceId(name): ResourceId<OfferingName>,
    Body(request): Body<CreateRequest>,
) -> Result<Json<RequestFormPage>, Problem> {
    let input = request.into_input()?;
    let page = app
        .portal
        .form(
            &context.current.viewer,
            context.workspace.as_ref(),
            RequestTarget::New(&name),
            &input,
            FormCommand::Review,
        )
        .await?;
    Ok(Json(page))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub(in super::super) struct SearchParams {
    /// The words to search for.
    q: String,
}

/// Searches offerings, claims, requests and pages.
#[utoipa::path(
    get,
    path = "/api/v1/search",
    operation_id = "search",
    tag = "Catalog",
    params(WorkspaceParams),
    responses((status = 200, description = "What was found, best match first.", body = Vec<SearchResult>), Problems<Viewing>),
)]
pub(in super::super) async fn search(
    State(app): State<App>,
    context: ApiContext,
    Query(params): Query<SearchParams>,
) -> Result<Json<Vec<SearchResult>>, Problem> {
    let results = app
        .portal
        .search(&context.current.viewer, context.workspace.as_ref(), &params.q)
        .await?;
    Ok(Json(results))
}
