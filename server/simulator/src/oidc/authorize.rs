//! The authorization endpoint: checks the request, shows the sign-in page, issues the code.

use std::sync::Arc;

use axum::extract::{Form, Query, RawForm, State};
use axum::http::header::{COOKIE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use url::Url;

use super::misbehaviour::AnswersAs;
use super::oidc_state::{AuthorizationRequest, Grant, SESSION_LIFETIME, Session};
use super::pages;
use super::provider_state::ProviderState;

/// The session cookie. Cookies are shared between ports, so the name must be unique on localhost.
const COOKIE_NAME: &str = "portico_demo_identity";

/// The supported parameters of an authorization request.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Parameters {
    client_id: Option<String>,
    redirect_uri: Option<String>,
    response_type: Option<String>,
    response_mode: Option<String>,
    scope: Option<String>,
    state: Option<String>,
    nonce: Option<String>,
    prompt: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
    request: Option<String>,
    request_uri: Option<String>,
}

pub(super) async fn by_query(
    State(provider): State<Arc<ProviderState>>,
    headers: HeaderMap,
    parameters: Result<Query<Parameters>, axum::extract::rejection::QueryRejection>,
) -> Response {
    match parameters {
        Ok(Query(parameters)) => authorize(&provider, &headers, parameters),
        Err(_) => pages::refusal("The request has a parameter twice, or one that is not text."),
    }
}

pub(super) async fn by_form(
    State(provider): State<Arc<ProviderState>>,
    headers: HeaderMap,
    parameters: Result<Form<Parameters>, axum::extract::rejection::FormRejection>,
) -> Response {
    match parameters {
        Ok(Form(parameters)) => authorize(&provider, &headers, parameters),
        Err(_) => pages::refusal("The request has a parameter twice, or one that is not text."),
    }
}

fn authorize(provider: &ProviderState, headers: &HeaderMap, parameters: Parameters) -> Response {
    // Do not redirect before the client and its address are verified (RFC 6749, section 4.1.2.1).
    let Some(client) = parameters.client_id.as_deref().and_then(|id| provider.client(id)) else {
        return pages::refusal("The application that sent you here is not known (client_id).");
    };
    let Some(redirect_uri) = parameters
        .redirect_uri
        .clone()
        .filter(|uri| client.redirect_uris.contains(uri))
    else {
        return pages::refusal(
            "The address to return to is not one that the application registered (redirect_uri).",
        );
    };
    let state = parameters.state.clone();
    let refuse = |error, description| {
        let answer = [("error", error), ("error_description", description)];
        redirect_with_response(provider, &redirect_uri, state.as_deref(), &answer)
    };

    if parameters.request.is_some() || parameters.request_uri.is_some() {
        return refuse("request_not_supported", "request objects are not supported");
    }
    if parameters.response_type.as_deref() != Some("code") {
        return refuse("unsupported_response_type", "response_type must be code");
    }
    if parameters
        .response_mode
        .as_deref()
        .is_some_and(|mode| mode != "query")
    {
        return refuse("invalid_request", "response_mode must be query");
    }
    let scope = parameters.scope.unwrap_or_default();
    if !scope.split(' ').any(|word| word == "openid") {
        return refuse("invalid_scope", "scope must contain openid");
    }
    if parameters.code_challenge_method.as_deref() != Some("S256") {
        return refuse(
            "invalid_request",
            "PKCE is required: code_challenge_method must be S256",
        );
    }
    let Some(challenge) = parameters.code_challenge.filter(|challenge| is_sha256(challenge)) else {
        return refuse("invalid_request", "code_challenge must be a SHA-256 in base64url");
    };
    let prompt = parameters.prompt.unwrap_or_default();
    let prompted = |wanted: &str| prompt.split(' ').any(|word| word == wanted);
    if prompted("none") && prompt != "none" {
        return refuse("invalid_request", "prompt none goes with no other");
    }

    let now = provider.clock.now();
    let request = AuthorizationRequest {
        client: client.id.clone(),
        redirect_uri: redirect_uri.clone(),
        scope,
        state: state.clone(),
        nonce: parameters.nonce,
        challenge,
    };
    let session = cookie(headers).and_then(|cookie| provider.oidc_state.lock().session(&cookie, now));
    match session {
        Some(session) if !prompted("login") && !prompted("select_account") => {
            redirect_with_code(provider, request, session)
        }
        None if prompted("none") => refuse("login_required", "nobody is signed in"),
        _ => {
            let ticket = provider.rng.token();
            let origin = Url::parse(&redirect_uri)
                .map(|url| url.origin().ascii_serialization())
                .unwrap_or_default();
            if provider
                .oidc_state
                .lock()
                .add_pending(ticket.clone(), request, now)
                .is_err()
            {
                return refuse("temporarily_unavailable", "too many sign-ins are under way");
            }
            pages::sign_in(&client.name, &ticket, &origin, &provider.people)
        }
    }
}

#[derive(Debug, Deserialize)]
struct Choice {
    ticket: String,
    person: String,
}

/// Handles the choice of a person on the sign-in page.
pub(super) async fn choose(State(provider): State<Arc<ProviderState>>, RawForm(body): RawForm) -> Response {
    let fields: std::collections::HashMap<String, String> =
        url::form_urlencoded::parse(&body).into_owned().collect();
    let choice = Choice {
        ticket: fields.get("ticket").cloned().unwrap_or_default(),
        person: fields.get("person").cloned().unwrap_or_default(),
    };
    let now = provider.clock.now();
    let Some(request) = provider.oidc_state.lock().pending_request(&choice.ticket, now) else {
        return pages::refusal(
            "This sign-in page stood open too long. Go back to the application and start again.",
        );
    };
    let Some(person) = provider.person(&choice.person) else {
        return pages::refusal("There is nobody of that name here.");
    };
    let session = Session {
        id: provider.rng.token(),
        username: person.username.clone(),
        since: now,
    };
    let cookie = provider.rng.token();
    if provider
        .oidc_state
        .lock()
        .begin_session(cookie.clone(), session.clone(), now)
        .is_err()
    {
        return pages::refusal("Too many people are signed in.");
    }
    let mut answer = redirect_with_code(&provider, request, session);
    let cookie = format!(
        "{COOKIE_NAME}={cookie}; Path=/; HttpOnly; SameSite=Lax; Max-Age={}",
        SESSION_LIFETIME.as_secs()
    );
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        answer.headers_mut().insert(SET_COOKIE, cookie);
    }
    answer
}

fn redirect_with_code(provider: &ProviderState, request: AuthorizationRequest, session: Session) -> Response {
    let code = provider.rng.token();
    let (redirect_uri, state) = (request.redirect_uri.clone(), request.state.clone());
    let issued =
        provider
            .oidc_state
            .lock()
            .issue(code.clone(), Grant { request, session }, provider.clock.now());
    let answer = match issued {
        Ok(()) => ("code", code.as_str()),
        Err(_) => ("error", "temporarily_unavailable"),
    };
    redirect_with_response(provider, &redirect_uri, state.as_deref(), &[answer])
}

/// Redirects to the client with the response, `state` and `iss` (RFC 9207).
fn redirect_with_response(
    provider: &ProviderState,
    redirect_uri: &str,
    state: Option<&str>,
    answer: &[(&str, &str)],
) -> Response {
    let Ok(mut url) = Url::parse(redirect_uri) else {
        return pages::refusal("The address to return to is none (redirect_uri).");
    };
    {
        let mut query = url.query_pairs_mut();
        query.extend_pairs(answer);
        if let Some(state) = state {
            query.append_pair("state", state);
        }
        match &provider.forgery.lock().answers_as {
            AnswersAs::Itself => {
                query.append_pair("iss", &provider.issuer);
            }
            AnswersAs::Nobody => {}
            AnswersAs::Another(issuer) => {
                query.append_pair("iss", issuer);
            }
        }
    }
    redirect(url.as_str())
}

/// A redirect that turns POST into GET (RFC 9700, section 4.12).
pub(super) fn redirect(url: &str) -> Response {
    match HeaderValue::from_str(url) {
        Ok(url) => (StatusCode::SEE_OTHER, [(LOCATION, url)]).into_response(),
        Err(_) => pages::refusal("The address to return to is none (redirect_uri)."),
    }
}

/// The value of the session cookie.
pub(super) fn cookie(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE_NAME)
        .map(|(_, value)| value.to_owned())
}

/// A `Set-Cookie` header that removes the session cookie.
pub(super) fn no_cookie() -> HeaderValue {
    HeaderValue::from_static("portico_demo_identity=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0")
}

fn is_sha256(challenge: &str) -> bool {
    challenge.len() == 43
        && challenge
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}
