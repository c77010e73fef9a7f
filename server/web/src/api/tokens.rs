//! API tokens: a person's own, for programs that speak for them.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use portico_app::NewToken;
use portico_domain::tenancy::TokenScope;
use portico_domain::view::TokenRow;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::app::App;
use super::super::path_params::ResourceId;
use super::super::problem::Problem;
use super::super::viewer::Body;
use super::Asker;

/// A token to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct Wish {
    /// What to call it.
    name: String,
    /// For how many days, 1 to 365.
    #[serde(default = "month")]
    days: u32,
    /// `read`: it can look and change nothing. `full`, which is also what it is without: whatever its person may do.
    #[serde(default = "full")]
    #[schema(value_type = Option<String>)]
    scope: TokenScope,
}

fn month() -> u32 {
    30
}

fn full() -> TokenScope {
    TokenScope::Full
}

/// `GET /api/v1/tokens`.
pub(in super::super) async fn list(
    State(app): State<App>,
    asker: Asker,
) -> Result<Json<Vec<TokenRow>>, Problem> {
    Ok(Json(app.portal.tokens(&asker.current.viewer).await?))
}

/// `POST /api/v1/tokens`. By a session only.
pub(in super::super) async fn make(
    State(app): State<App>,
    asker: Asker,
    Body(wish): Body<Wish>,
) -> Result<Response, Problem> {
    let wish = NewToken {
        name: wish.name,
        days: wish.days,
        scope: wish.scope,
    };
    let made = app
        .portal
        .make_token(&asker.current.viewer, asker.remote.as_deref(), &wish)
        .await?;
    let mut response = (StatusCode::CREATED, Json(made)).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// `DELETE /api/v1/tokens/{id}`.
pub(in super::super) async fn delete(
    State(app): State<App>,
    asker: Asker,
    ResourceId(id): ResourceId<Uuid>,
) -> Result<StatusCode, Problem> {
    app.portal
        .revoke_token(&asker.current.viewer, asker.remote.as_deref(), id)
        .await?;
    app.tokens.forget();
    Ok(StatusCode::NO_CONTENT)
}
