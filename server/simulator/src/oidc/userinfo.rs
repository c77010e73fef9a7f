use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;

use super::claims;
use super::provider_state::ProviderState;

/// The userinfo endpoint (OpenID Connect Core 1.0, section 5.3).
pub(super) async fn userinfo(State(provider): State<Arc<ProviderState>>, headers: HeaderMap) -> Response {
    let bearer = headers
        .get(AUTHORIZATION)
        .and_then(|header| header.to_str().ok())
        .and_then(|text| text.strip_prefix("Bearer "));
    let Some(token) = bearer else {
        return (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")]).into_response();
    };
    let grant = provider
        .oidc_state
        .lock()
        .token(token.trim(), provider.clock.now());
    let told = grant.and_then(|grant| {
        let person = provider.person(&grant.session.username)?;
        Some(claims::about(person, &grant.request.scope))
    });
    let Some(mut claims) = told else {
        let why = "Bearer error=\"invalid_token\", error_description=\"unknown or expired\"";
        return (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, why)]).into_response();
    };
    let forgery = provider.forgery.lock().clone();
    claims.extend(forgery.userinfo);
    if forgery.signed_userinfo {
        return match provider.key.sign(&Value::Object(claims)) {
            Ok(token) => ([(CONTENT_TYPE, "application/jwt")], token).into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        };
    }
    ([(CACHE_CONTROL, "no-store")], Json(claims)).into_response()
}
