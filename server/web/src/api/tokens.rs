//! API tokens: a person's own, for programs that speak for them.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use portico_api::{CreatedToken, TokenRow};
use portico_app::{CreateToken as CreateTokenCommand, RevokeToken};
use portico_domain::tenancy::TokenScope;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::app::App;
use super::super::path_params::ResourceId;
use super::super::problem::Problem;
use super::super::viewer::Body;
use super::ApiContext;
use super::problems::{Changing, Limited, Problems, Viewing};

/// An API token to create.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct CreateToken {
    /// Its name.
    name: String,
    /// Days until it expires, 1 to 365. Default: 30.
    #[serde(default = "month")]
    days: u32,
    /// `read`: it can only read. `full`, the default: it can do what its owner may do.
    #[serde(default = "full")]
    #[schema(value_type = Option<TokenScope>)]
    scope: TokenScope,
}

fn month() -> u32 {
    30
}

fn full() -> TokenScope {
    TokenScope::Full
}

/// Lists the viewer’s API tokens.
#[utoipa::path(
    get,
    path = "/api/v1/tokens",
    operation_id = "listTokens",
    tag = "Access",
    responses((status = 200, description = "The tokens, the newest first.", body = Vec<TokenRow>), Problems<Viewing>),
)]
pub(in super::super) async fn list(
    State(app): State<App>,
    context: ApiContext,
) -> Result<Json<Vec<TokenRow>>, Problem> {
    Ok(Json(app.portal.tokens(&context.current.viewer).await?))
}

/// Creates an API token. Needs a session: tokens cannot create tokens.
#[utoipa::path(
    post,
    path = "/api/v1/tokens",
    operation_id = "createToken",
    tag = "Access",
    request_body = CreateToken,
    responses((status = 201, description = "The token, with its secret. The secret is shown only here.", body = CreatedToken), Problems<(Viewing, Changing, Limited)>),
)]
pub(in super::super) async fn make(
    State(app): State<App>,
    context: ApiContext,
    Body(body): Body<CreateToken>,
) -> Result<Response, Problem> {
    let command = CreateTokenCommand {
        name: body.name,
        days: body.days,
        scope: body.scope,
    };
    let made = app.portal.create_token(context.caller(), &command).await?;
    let mut response = (StatusCode::CREATED, Json(made)).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Deletes one of the viewer’s API tokens.
#[utoipa::path(
    delete,
    path = "/api/v1/tokens/{id}",
    operation_id = "deleteToken",
    tag = "Access",
    params(("id" = Uuid, Path, description = "The token’s `id`.")),
    responses((status = 204, description = "The token is deleted."), Problems<(Viewing, Changing)>),
)]
pub(in super::super) async fn delete(
    State(app): State<App>,
    context: ApiContext,
    ResourceId(id): ResourceId<Uuid>,
) -> Result<StatusCode, Problem> {
    app.portal
        .revoke_token(context.caller(), RevokeToken { id })
        .await?;
    app.tokens.forget();
    Ok(StatusCode::NO_CONTENT)
}
