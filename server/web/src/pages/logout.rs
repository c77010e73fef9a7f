//! Back-channel logout: a provider ends sessions.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use portico_domain::authz::AuditEvent;
use portico_domain::documents::SuspendedBy;
use portico_store::{Logout, LogoutEffect};
use serde_json::json;

use super::super::address::ClientAddress;
use super::super::app::App;
use super::super::problem::Problem;
use crate::auth::{LogoutClaims, LogoutError, read_logout_token};

/// `POST /auth/backchannel-logout`. The token's signature authenticates the provider, which can only end sessions
/// that it started.
pub(in super::super) async fn backchannel(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    body: String,
) -> Result<Response, Problem> {
    let now = Timestamp::now();
    let token = url::form_urlencoded::parse(body.as_bytes())
        .find(|(name, _)| name == "logout_token")
        .map(|(_, value)| value.into_owned());
    let Some(token) = token else {
        return Ok(refusal("There is no logout_token."));
    };
    let configuration = app.configuration.current();
    let providers = &configuration.portal.spec.sign_in.providers;
    let claims = match read_logout_token(&app.providers, providers, &token, now).await {
        Ok(claims) => claims,
        Err(error @ LogoutError::Invalid(_)) => {
            tracing::warn!(%error, %address, "a logout token was rejected");
            return Ok(refusal(&error.to_string()));
        }
        Err(LogoutError::Provider(error)) => return Err(crate::auth::SignInError::from(error).into()),
    };
    let logout = Logout {
        issuer: &claims.issuer,
        token: &claims.jti,
        expires_at: claims.expires_at,
        subject: claims.subject.as_deref(),
        provider_session: claims.provider_session.as_deref(),
        suspends: match configuration.portal.spec.tokens.suspended_by {
            SuspendedBy::LogoutOfPerson => claims.provider_session.is_none(),
            SuspendedBy::LogoutOfSession => true,
        },
        at: now,
    };
    let applied = app
        .store
        .apply_backchannel_logout(&logout, |effect| event(&claims, address, now, effect))
        .await?;
    let Some(effect) = applied else {
        return Ok(refusal("This logout token was used before."));
    };
    app.viewers.forget_all();
    app.tokens.forget();
    let LogoutEffect { sessions, suspended } = effect;
    tracing::info!(
        provider = claims.provider,
        sessions,
        suspended,
        "a provider ended sessions"
    );
    Ok(no_store(StatusCode::OK.into_response()))
}

fn event(
    claims: &LogoutClaims,
    address: std::net::IpAddr,
    at: Timestamp,
    effect: LogoutEffect,
) -> AuditEvent {
    let (subject, remote) = (claims.subject.as_deref(), address.to_string());
    AuditEvent::sessions_terminated(&claims.issuer, &claims.provider, subject, at, Some(&remote))
        .with_details(json!({
            "sessions": effect.sessions,
            "tokensSuspended": effect.suspended > 0,
        }))
}

/// Error response of section 2.8.
fn refusal(description: &str) -> Response {
    let body = json!({ "error": "invalid_request", "error_description": description });
    no_store((StatusCode::BAD_REQUEST, Json(body)).into_response())
}

fn no_store(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
