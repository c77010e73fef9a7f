//! RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0).

use std::sync::Arc;

use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State};
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use serde::Deserialize;
use url::Url;

use super::authorize::{cookie, no_cookie, redirect};
use super::pages;
use super::provider_state::ProviderState;

/// The parameters of a logout request.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Parameters {
    id_token_hint: Option<String>,
    client_id: Option<String>,
    post_logout_redirect_uri: Option<String>,
    state: Option<String>,
}

pub(super) async fn by_query(
    State(provider): State<Arc<ProviderState>>,
    headers: HeaderMap,
    parameters: Result<Query<Parameters>, QueryRejection>,
) -> Response {
    match parameters {
        Ok(Query(parameters)) => end(&provider, &headers, parameters),
        Err(_) => pages::refusal("The request has a parameter twice, or one that is not text."),
    }
}

pub(super) async fn by_form(
    State(provider): State<Arc<ProviderState>>,
    headers: HeaderMap,
    parameters: Result<Form<Parameters>, FormRejection>,
) -> Response {
    match parameters {
        Ok(Form(parameters)) => end(&provider, &headers, parameters),
        Err(_) => pages::refusal("The request has a parameter twice, or one that is not text."),
    }
}

fn end(provider: &ProviderState, headers: &HeaderMap, parameters: Parameters) -> Response {
    let mut client = parameters.client_id.clone();
    if let Some(hint) = &parameters.id_token_hint {
        // An expired hint is accepted (section 4); one that this provider did not sign is not.
        let Some(claims) = provider.key.open(hint) else {
            return pages::refusal("The application sent an ID token that is not from here (id_token_hint).");
        };
        let audience = claims["aud"].as_str().map(str::to_owned);
        if client.is_some() && client != audience {
            return pages::refusal("The ID token was given to another application (client_id).");
        }
        client = audience;
    }
    if !may_return(
        provider,
        client.as_deref(),
        parameters.post_logout_redirect_uri.as_deref(),
    ) {
        return pages::refusal(
            "The address to return to is not one that the application registered (post_logout_redirect_uri).",
        );
    }
    let (back, state) = (parameters.post_logout_redirect_uri, parameters.state);
    if parameters.id_token_hint.is_none() {
        // Any site could have sent the browser here, so ask the person (section 2).
        let fields = [
            ("client_id", client),
            ("post_logout_redirect_uri", back),
            ("state", state),
        ];
        return pages::confirm_sign_out(&fields);
    }
    sign_out(provider, headers, back.as_deref(), state.as_deref())
}

/// Handles the person's confirmation.
pub(super) async fn confirm(
    State(provider): State<Arc<ProviderState>>,
    headers: HeaderMap,
    parameters: Result<Form<Parameters>, FormRejection>,
) -> Response {
    let parameters = parameters.map(|Form(parameters)| parameters).unwrap_or_default();
    let back = parameters
        .post_logout_redirect_uri
        .filter(|back| may_return(&provider, parameters.client_id.as_deref(), Some(back)));
    sign_out(&provider, &headers, back.as_deref(), parameters.state.as_deref())
}

/// Whether the client registered the address to return to; no address is fine.
fn may_return(provider: &ProviderState, client: Option<&str>, back: Option<&str>) -> bool {
    back.is_none_or(|back| {
        client
            .and_then(|id| provider.client(id))
            .is_some_and(|client| client.post_logout_redirect_uris.iter().any(|known| known == back))
    })
}

fn sign_out(
    provider: &ProviderState,
    headers: &HeaderMap,
    back: Option<&str>,
    state: Option<&str>,
) -> Response {
    if let Some(cookie) = cookie(headers) {
        provider
            .oidc_state
            .lock()
            .end_session(&cookie, provider.clock.now());
    }
    let mut answer = match back.map(Url::parse) {
        Some(Ok(mut url)) => {
            if let Some(state) = state {
                url.query_pairs_mut().append_pair("state", state);
            }
            redirect(url.as_str())
        }
        _ => pages::signed_out(),
    };
    answer.headers_mut().insert(SET_COOKIE, no_cookie());
    answer
}
