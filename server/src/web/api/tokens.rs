//! API tokens: a person's own, for programs that speak for them.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use portico_domain::record::NewEvent;
use portico_domain::tenancy::Via;
use portico_store::ApiToken;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::app::App;
use super::super::problem::Problem;
use super::super::viewer::Body;
use super::Asker;
use crate::auth::{NewToken, Tokens};

/// A token, as it may be shown.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Token {
    /// Its identity.
    #[schema(value_type = String)]
    id: Uuid,
    /// What its owner calls it.
    name: String,
    /// When it was made.
    #[schema(value_type = String)]
    created_at: Timestamp,
    /// From when on it is good for nothing.
    #[schema(value_type = String)]
    expires_at: Timestamp,
    /// When it was last used, to the minute.
    #[schema(value_type = Option<String>)]
    last_used_at: Option<Timestamp>,
    /// The secret: only in the answer to making it.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl Token {
    fn of(token: ApiToken, secret: Option<String>) -> Self {
        Self {
            id: token.id,
            name: token.name,
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
            secret,
        }
    }
}

/// A token to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in super::super) struct Wish {
    /// What to call it.
    name: String,
    /// For how many days, 1 to 365.
    #[serde(default = "month")]
    days: u32,
}

fn month() -> u32 {
    30
}

/// `GET /api/v1/tokens`.
pub(in super::super) async fn list(
    State(app): State<App>,
    asker: Asker,
) -> Result<Json<Vec<Token>>, Problem> {
    let tokens = app.store.tokens_of(&asker.current.viewer.person.subject).await?;
    Ok(Json(
        tokens.into_iter().map(|token| Token::of(token, None)).collect(),
    ))
}

/// `POST /api/v1/tokens`. By a session only: a token that could make tokens would never end.
pub(in super::super) async fn make(
    State(app): State<App>,
    asker: Asker,
    Body(wish): Body<Wish>,
) -> Result<Response, Problem> {
    let viewer = &asker.current.viewer;
    if viewer.via != Via::Session {
        return Err(Problem::forbidden(
            "A token cannot make tokens. Sign in with a browser to make one.",
        ));
    }
    let name = wish.name.trim();
    if name.is_empty() || name.chars().count() > 100 || !(1..=365).contains(&wish.days) {
        return Err(Problem::bad_request(
            "Give it a name of 1 to 100 characters, and 1 to 365 days.",
        ));
    }
    let wish = NewToken {
        name: name.to_owned(),
        days: wish.days,
    };
    let (token, secret) = Tokens::make(&app.store, viewer, &wish, Timestamp::now()).await?;
    app.store
        .append(event(&asker, "token.created", &token.name))
        .await?;
    let mut response = (StatusCode::CREATED, Json(Token::of(token, Some(secret)))).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// `DELETE /api/v1/tokens/{id}`.
pub(in super::super) async fn delete(
    State(app): State<App>,
    asker: Asker,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id: Uuid = id.parse().map_err(|_| Problem::not_found())?;
    if !app
        .store
        .delete_token(&asker.current.viewer.person.subject, id)
        .await?
    {
        return Err(Problem::not_found());
    }
    app.tokens.forget();
    app.store
        .append(event(&asker, "token.deleted", &id.to_string()))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn event(asker: &Asker, verb: &str, token: &str) -> NewEvent {
    let person = &asker.current.viewer.person;
    NewEvent {
        at: Timestamp::now(),
        actor: person.subject.clone(),
        actor_name: person.name.clone(),
        verb: verb.to_owned(),
        subject: person.name.clone(),
        tenant: None,
        request: None,
        remote: asker.remote.clone(),
        details: json!({ "token": token }),
    }
}
