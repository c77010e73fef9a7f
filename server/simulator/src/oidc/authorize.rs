//! The authorization endpoint: what a client asks, who it is for, and the code that comes of it.

use std::sync::Arc;

use axum::extract::{Form, Query, RawForm, State};
use axum::http::header::{COOKIE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use url::Url;

use super::House;
use super::ledger::{Asked, Grant, SESSION_LASTS, Session};
use super::misbehaviour::AnswersAs;
use super::pages;

/// The cookie that says who is signed in here. Cookies know no ports, so its name is nobody
/// else's.
const COOKIE_NAME: &str = "portico_demo_identity";

/// The parameters of an authorization request that the provider knows.
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
    State(house): State<Arc<House>>,
    headers: HeaderMap,
    parameters: Result<Query<Parameters>, axum::extract::rejection::QueryRejection>,
) -> Response {
    match parameters {
        Ok(Query(parameters)) => authorize(&house, &headers, parameters),
        Err(_) => pages::refusal("The request has a parameter twice, or one that is not text."),
    }
}

pub(super) async fn by_form(
    State(house): State<Arc<House>>,
    headers: HeaderMap,
    parameters: Result<Form<Parameters>, axum::extract::rejection::FormRejection>,
) -> Response {
    match parameters {
        Ok(Form(parameters)) => authorize(&house, &headers, parameters),
        Err(_) => pages::refusal("The request has a parameter twice, or one that is not text."),
    }
}

fn authorize(house: &House, headers: &HeaderMap, parameters: Parameters) -> Response {
    // Until client and address are known to belong together nothing is sent to that address
    // (RFC 6749, section 4.1.2.1).
    let Some(client) = parameters.client_id.as_deref().and_then(|id| house.client(id)) else {
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
        send_back(house, &redirect_uri, state.as_deref(), &answer)
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

    let now = house.clock.now();
    let asked = Asked {
        client: client.id.clone(),
        redirect_uri: redirect_uri.clone(),
        scope,
        state: state.clone(),
        nonce: parameters.nonce,
        challenge,
    };
    let session = cookie(headers).and_then(|cookie| house.ledger.lock().session(&cookie, now));
    match session {
        Some(session) if !prompted("login") && !prompted("select_account") => {
            send_code(house, asked, session)
        }
        None if prompted("none") => refuse("login_required", "nobody is signed in"),
        _ => {
            let ticket = house.dice.token();
            let origin = Url::parse(&redirect_uri)
                .map(|url| url.origin().ascii_serialization())
                .unwrap_or_default();
            if house.ledger.lock().ask(ticket.clone(), asked, now).is_err() {
                return refuse("temporarily_unavailable", "too many sign-ins are under way");
            }
            pages::sign_in(&client.name, &ticket, &origin, &house.people)
        }
    }
}

#[derive(Debug, Deserialize)]
struct Choice {
    ticket: String,
    person: String,
}

/// Somebody pressed a button of the sign-in page.
pub(super) async fn choose(State(house): State<Arc<House>>, RawForm(body): RawForm) -> Response {
    let fields: std::collections::HashMap<String, String> =
        url::form_urlencoded::parse(&body).into_owned().collect();
    let choice = Choice {
        ticket: fields.get("ticket").cloned().unwrap_or_default(),
        person: fields.get("person").cloned().unwrap_or_default(),
    };
    let now = house.clock.now();
    let Some(asked) = house.ledger.lock().asked(&choice.ticket, now) else {
        return pages::refusal(
            "This sign-in page stood open too long. Go back to the application and start again.",
        );
    };
    let Some(person) = house.person(&choice.person) else {
        return pages::refusal("There is nobody of that name here.");
    };
    let session = Session {
        id: house.dice.token(),
        username: person.username.clone(),
        since: now,
    };
    let cookie = house.dice.token();
    if house
        .ledger
        .lock()
        .begin_session(cookie.clone(), session.clone(), now)
        .is_err()
    {
        return pages::refusal("Too many people are signed in.");
    }
    let mut answer = send_code(&house, asked, session);
    let cookie = format!(
        "{COOKIE_NAME}={cookie}; Path=/; HttpOnly; SameSite=Lax; Max-Age={}",
        SESSION_LASTS.as_secs()
    );
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        answer.headers_mut().insert(SET_COOKIE, cookie);
    }
    answer
}

fn send_code(house: &House, asked: Asked, session: Session) -> Response {
    let code = house.dice.token();
    let (redirect_uri, state) = (asked.redirect_uri.clone(), asked.state.clone());
    let issued = house
        .ledger
        .lock()
        .issue(code.clone(), Grant { asked, session }, house.clock.now());
    let answer = match issued {
        Ok(()) => ("code", code.as_str()),
        Err(_) => ("error", "temporarily_unavailable"),
    };
    send_back(house, &redirect_uri, state.as_deref(), &[answer])
}

/// Back to the client, with the answer, its state and who answers (RFC 9207).
fn send_back(house: &House, redirect_uri: &str, state: Option<&str>, answer: &[(&str, &str)]) -> Response {
    let Ok(mut url) = Url::parse(redirect_uri) else {
        return pages::refusal("The address to return to is none (redirect_uri).");
    };
    {
        let mut query = url.query_pairs_mut();
        query.extend_pairs(answer);
        if let Some(state) = state {
            query.append_pair("state", state);
        }
        match &house.forgery.lock().answers_as {
            AnswersAs::Itself => {
                query.append_pair("iss", &house.issuer);
            }
            AnswersAs::Nobody => {}
            AnswersAs::Another(issuer) => {
                query.append_pair("iss", issuer);
            }
        }
    }
    redirect(url.as_str())
}

/// A redirect that turns a POST into a GET (RFC 9700, section 4.12).
pub(super) fn redirect(url: &str) -> Response {
    match HeaderValue::from_str(url) {
        Ok(url) => (StatusCode::SEE_OTHER, [(LOCATION, url)]).into_response(),
        Err(_) => pages::refusal("The address to return to is none (redirect_uri)."),
    }
}

/// The session cookie's value.
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

/// A header that takes the session cookie away.
pub(super) fn no_cookie() -> HeaderValue {
    HeaderValue::from_static("portico_demo_identity=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0")
}

fn is_sha256(challenge: &str) -> bool {
    challenge.len() == 43
        && challenge
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}
