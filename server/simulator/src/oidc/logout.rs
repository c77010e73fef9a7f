//! Sign-out that a client begins (OpenID Connect RP-Initiated Logout 1.0).

use std::sync::Arc;

use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State};
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use serde::Deserialize;
use url::Url;

use super::House;
use super::authorize::{cookie, no_cookie, redirect};
use super::pages;

/// The parameters of a sign-out.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Parameters {
    id_token_hint: Option<String>,
    client_id: Option<String>,
    post_logout_redirect_uri: Option<String>,
    state: Option<String>,
}

pub(super) async fn by_query(
    State(house): State<Arc<House>>,
    headers: HeaderMap,
    parameters: Result<Query<Parameters>, QueryRejection>,
) -> Response {
    match parameters {
        Ok(Query(parameters)) => end(&house, &headers, parameters),
        Err(_) => pages::refusal("The request has a parameter twice, or one that is not text."),
    }
}

pub(super) async fn by_form(
    State(house): State<Arc<House>>,
    headers: HeaderMap,
    parameters: Result<Form<Parameters>, FormRejection>,
) -> Response {
    match parameters {
        Ok(Form(parameters)) => end(&house, &headers, parameters),
        Err(_) => pages::refusal("The request has a parameter twice, or one that is not text."),
    }
}

fn end(house: &House, headers: &HeaderMap, parameters: Parameters) -> Response {
    let mut client = parameters.client_id.clone();
    if let Some(hint) = &parameters.id_token_hint {
        // An expired hint is as good as a fresh one (section 4); one of another's making is not.
        let Some(claims) = house.key.open(hint) else {
            return pages::refusal("The application sent an ID token that is not from here (id_token_hint).");
        };
        let audience = claims["aud"].as_str().map(str::to_owned);
        if client.is_some() && client != audience {
            return pages::refusal("The ID token was given to another application (client_id).");
        }
        client = audience;
    }
    if !may_return(
        house,
        client.as_deref(),
        parameters.post_logout_redirect_uri.as_deref(),
    ) {
        return pages::refusal(
            "The address to return to is not one that the application registered (post_logout_redirect_uri).",
        );
    }
    let (back, state) = (parameters.post_logout_redirect_uri, parameters.state);
    if parameters.id_token_hint.is_none() {
        // Anybody could have sent the browser here: the person is asked (section 2).
        let fields = [
            ("client_id", client),
            ("post_logout_redirect_uri", back),
            ("state", state),
        ];
        return pages::confirm_sign_out(&fields);
    }
    sign_out(house, headers, back.as_deref(), state.as_deref())
}

/// The person agreed to be signed out.
pub(super) async fn confirm(
    State(house): State<Arc<House>>,
    headers: HeaderMap,
    parameters: Result<Form<Parameters>, FormRejection>,
) -> Response {
    let parameters = parameters.map(|Form(parameters)| parameters).unwrap_or_default();
    let back = parameters
        .post_logout_redirect_uri
        .filter(|back| may_return(&house, parameters.client_id.as_deref(), Some(back)));
    sign_out(&house, &headers, back.as_deref(), parameters.state.as_deref())
}

/// Whether the client registered the address to return to; to return to none needs nothing.
fn may_return(house: &House, client: Option<&str>, back: Option<&str>) -> bool {
    back.is_none_or(|back| {
        client
            .and_then(|id| house.client(id))
            .is_some_and(|client| client.post_logout_redirect_uris.iter().any(|known| known == back))
    })
}

fn sign_out(house: &House, headers: &HeaderMap, back: Option<&str>, state: Option<&str>) -> Response {
    if let Some(cookie) = cookie(headers) {
        house.ledger.lock().end_session(&cookie, house.clock.now());
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
