//! The token endpoint (RFC 6749, sections 3.2 and 4.1.3; RFC 7636, section 4.6).

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{RawForm, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::claims;
use super::misbehaviour::{Misbehaviour, members};
use super::oidc_state::TOKEN_LIFETIME;
use super::people::Client;
use super::provider_state::ProviderState;

pub(super) async fn exchange(
    State(provider): State<Arc<ProviderState>>,
    headers: HeaderMap,
    RawForm(body): RawForm,
) -> Response {
    match *provider.misbehaviour.lock() {
        Misbehaviour::TokenEndpointFails => {
            return (StatusCode::INTERNAL_SERVER_ERROR, "out of order").into_response();
        }
        Misbehaviour::TokenEndpointTalksNonsense => return "<p>Welcome!</p>".into_response(),
        _ => {}
    }
    let mut form = HashMap::new();
    for (name, value) in url::form_urlencoded::parse(&body) {
        if form
            .insert(name.clone().into_owned(), value.into_owned())
            .is_some()
        {
            return Refusal::request(format!("{name} is there twice")).into_response();
        }
    }
    answer(&provider, &headers, &form).unwrap_or_else(Refusal::into_response)
}

fn answer(
    provider: &ProviderState,
    headers: &HeaderMap,
    form: &HashMap<String, String>,
) -> Result<Response, Refusal> {
    let client = authenticated(provider, headers, form)?;
    let field = |name: &str| {
        form.get(name)
            .ok_or_else(|| Refusal::request(format!("{name} is missing")))
    };
    if field("grant_type")? != "authorization_code" {
        return Err(Refusal::new(
            "unsupported_grant_type",
            "grant_type must be authorization_code",
        ));
    }
    let (code, verifier, redirect_uri) = (field("code")?, field("code_verifier")?, field("redirect_uri")?);
    let now = provider.clock.now();
    let mut oidc_state = provider.oidc_state.lock();
    let Some(grant) = oidc_state.open_grant(code, now) else {
        oidc_state.revoke_reused(code, now);
        return Err(Refusal::grant("the code is unknown, expired or was used before"));
    };
    if grant.request.client != client.id {
        return Err(Refusal::grant("the code was given to another client"));
    }
    if grant.request.redirect_uri != *redirect_uri {
        return Err(Refusal::grant("redirect_uri is not the one the code was sent to"));
    }
    if !same(
        &URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)),
        &grant.request.challenge,
    ) {
        return Err(Refusal::grant("code_verifier does not fit the code_challenge"));
    }
    let Some(person) = provider.person(&grant.session.username) else {
        return Err(Refusal::grant("the person is no longer here"));
    };
    let access_token = provider.rng.token();
    let id_token = claims::id_token(provider, person, &grant, now).map_err(|error| Refusal {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        ..Refusal::new("server_error", error.to_string())
    })?;
    let scope = grant.request.scope.clone();
    oidc_state
        .exchange(code, &access_token, grant, now)
        .map_err(|error| Refusal::request(error.to_string()))?;
    let mut tokens = members(&json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": TOKEN_LIFETIME.as_secs(),
        "id_token": id_token,
        "scope": scope,
    }));
    tokens.extend(provider.forgery.lock().answer.clone());
    Ok(([(CACHE_CONTROL, "no-store")], Json(tokens)).into_response())
}

/// Authenticates the client, by `client_secret_basic` or `client_secret_post` (RFC 6749, section 2.3.1).
fn authenticated(
    provider: &ProviderState,
    headers: &HeaderMap,
    form: &HashMap<String, String>,
) -> Result<Client, Refusal> {
    let unknown = || Refusal {
        status: StatusCode::UNAUTHORIZED,
        ..Refusal::new("invalid_client", "the client is unknown or its secret is wrong")
    };
    let (id, secret) = match headers.get(AUTHORIZATION) {
        Some(header) => {
            if form.contains_key("client_secret") {
                return Err(Refusal::request("the client authenticates in two ways"));
            }
            let pair = header
                .to_str()
                .ok()
                .and_then(|text| text.strip_prefix("Basic "))
                .and_then(|encoded| STANDARD.decode(encoded.trim()).ok())
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .ok_or_else(unknown)?;
            let (id, secret) = pair.split_once(':').ok_or_else(unknown)?;
            (form_decoded(id), form_decoded(secret))
        }
        None => match (form.get("client_id"), form.get("client_secret")) {
            (Some(id), Some(secret)) => (id.clone(), secret.clone()),
            _ => return Err(unknown()),
        },
    };
    provider
        .client(&id)
        .filter(|client| same(&client.secret, &secret))
        .ok_or_else(unknown)
}

fn form_decoded(text: &str) -> String {
    url::form_urlencoded::parse(format!("={text}").as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// Compares in constant time.
fn same(one: &str, other: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

/// An error of RFC 6749, section 5.2.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    error: &'static str,
    description: String,
}

impl Refusal {
    fn new(error: &'static str, description: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error,
            description: description.into(),
        }
    }

    fn request(description: impl Into<String>) -> Self {
        Self::new("invalid_request", description)
    }

    fn grant(description: &str) -> Self {
        Self::new("invalid_grant", description)
    }

    fn into_response(self) -> Response {
        let body = Json(json!({ "error": self.error, "error_description": self.description }));
        let mut answer = (self.status, [(CACHE_CONTROL, "no-store")], body).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            answer.headers_mut().insert(
                WWW_AUTHENTICATE,
                axum::http::HeaderValue::from_static("Basic realm=\"token\""),
            );
        }
        answer
    }
}
