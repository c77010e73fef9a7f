//! Renders errors: a page for people, problem details for programs. Apart from [`super::problem`], because a page
//! needs its navigation, which may fail with a problem too.

use axum::Json;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::app::App;
use super::frame;
use super::problem::{Problem, ProblemDetails, ProblemKind};
use super::problem_types::ProblemType;
use crate::auth::ReturnTo;

/// Middleware that gives every error response a body.
pub(super) async fn give_body(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request
        .uri()
        .path_and_query()
        .map_or_else(|| "/".to_owned(), ToString::to_string);
    let is_read = request.method() == Method::GET || request.method() == Method::HEAD;
    let wants_json = wants_json(&request);
    let context = frame::RequestContext::of(&request);
    let session = request.extensions().get::<tower_sessions::Session>().cloned();
    let referring_page = referring_page(request.headers());
    let response = next.run(request).await;
    if is_rendered(&response) {
        return response;
    }
    let status = response.status();
    let (mut parts, body) = response.into_parts();
    let problem = if let Some(problem) = parts.extensions.remove::<Problem>() {
        problem
    } else {
        // The text of a layer or an extractor is short.
        let text = axum::body::to_bytes(body, 4 << 10).await.unwrap_or_default();
        Problem::of_status(status, &String::from_utf8_lossy(&text))
    };
    let mut rendered = if wants_json {
        json(&problem, &path)
    } else if problem.status == StatusCode::UNAUTHORIZED && is_read {
        return Redirect::to(&format!("/sign-in?return={}", ReturnTo::parse(&path).encoded()))
            .into_response();
    } else {
        let current = match &session {
            Some(session) => {
                let now = jiff::Timestamp::now();
                app.viewers
                    .of_session(session, &app.store, &app.configuration, now)
                    .await
                    .ok()
                    .flatten()
            }
            None => None,
        };
        let frame = context.frame(&app, current.as_ref(), &problem.title).await;
        let page = if problem.status == StatusCode::UNAUTHORIZED {
            let back = referring_page.unwrap_or_else(|| ReturnTo::parse(&path));
            let sign_in = format!("/sign-in?return={}", back.encoded());
            portico_frontend::pages::session_ended(&frame, &sign_in, &path, &problem.typed)
        } else {
            portico_frontend::pages::error(&frame, problem.status.as_u16(), &problem.title, &problem.detail)
        };
        (problem.status, frame::html(&frame, page)).into_response()
    };
    // Keeps cookies and `Allow` of the original response.
    for name in [header::SET_COOKIE, header::ALLOW] {
        for value in parts.headers.get_all(&name) {
            rendered.headers_mut().append(name.clone(), value.clone());
        }
    }
    if !problem.typed.is_empty() {
        rendered
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if let Some(wait) = problem.retry_after {
        let seconds = HeaderValue::from(wait.as_secs().max(1));
        if problem.kind == ProblemType::NotReadYet && is_read && !wants_json {
            rendered.headers_mut().insert(header::REFRESH, seconds.clone());
        }
        rendered.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    rendered.extensions_mut().insert(ProblemKind(problem.kind));
    rendered
}

/// True if a response needs no body from here: it is no error, or a handler rendered it, such as a form with messages
/// beside its fields.
fn is_rendered(response: &Response) -> bool {
    let status = response.status();
    let kind = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let error = status.is_client_error() || status.is_server_error();
    let has_body = kind.starts_with("text/html") || kind.starts_with("application/");
    !error || response.extensions().get::<Problem>().is_none() && has_body
}

/// Returns the address that the request comes from.
pub(super) fn referring_address(headers: &HeaderMap) -> Option<url::Url> {
    let referrer = headers.get(header::REFERER)?.to_str().ok()?;
    url::Url::parse(referrer).ok()
}

/// Returns the page of the portal that the request comes from.
pub(super) fn referring_page(headers: &HeaderMap) -> Option<ReturnTo> {
    let url = referring_address(headers)?;
    Some(ReturnTo::parse(
        &url[url::Position::BeforePath..url::Position::AfterQuery],
    ))
}

fn wants_json(request: &Request) -> bool {
    let accept = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let path = request.uri().path();
    // Scripts read event streams: a redirect to a page would not help them.
    path.starts_with("/api/")
        || path == "/events"
        || (accept.contains("json") && !accept.contains("text/html"))
}

fn json(problem: &Problem, path: &str) -> Response {
    let details = ProblemDetails {
        kind: problem.kind.urn(),
        title: problem.title.to_string(),
        status: problem.status.as_u16(),
        detail: problem.detail.to_string(),
        instance: path.split('?').next().unwrap_or_default().to_owned(),
        reason: problem.reason.as_deref().cloned(),
        errors: problem.fields.to_vec(),
    };
    let mut response = (problem.status, Json(details)).into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    if problem.status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer realm=\"portico\""),
        );
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::response::{Html, IntoResponse};
    use http::StatusCode;

    use portico_app::{Conflict, Denial, PortalError};

    use super::{is_rendered, json};
    use crate::problem::Problem;

    #[test]
    fn a_page_that_a_handler_rendered_is_kept() {
        let form_again = (
            StatusCode::UNPROCESSABLE_ENTITY,
            Html("the form, with what is wrong"),
        );
        assert!(is_rendered(&form_again.into_response()));
        assert!(is_rendered(&StatusCode::NO_CONTENT.into_response()));
    }

    #[test]
    fn bare_errors_get_a_body() {
        assert!(!is_rendered(&Problem::not_found().into_response()));
        assert!(!is_rendered(&StatusCode::INTERNAL_SERVER_ERROR.into_response()));
        assert!(!is_rendered(
            &(StatusCode::BAD_REQUEST, "what an extractor says").into_response()
        ));
    }

    #[tokio::test]
    async fn a_refusal_has_a_sentence_for_people_and_a_code_for_programs() {
        let details = async |error: PortalError| {
            let body = json(&error.into(), "/api/v1/requests?page=2").into_body();
            let body = axum::body::to_bytes(body, 4 << 10).await.unwrap();
            serde_json::from_slice::<serde_json::Value>(&body).unwrap()
        };
        let denied = details(PortalError::Forbidden(Denial::CannotRequest {
            tenant: "payments".parse().unwrap(),
        }))
        .await;
        assert_eq!(
            denied["detail"],
            "You can see what payments has, but not request more. A developer of payments can."
        );
        assert_eq!(
            denied["reason"],
            serde_json::json!({ "code": "cannot-request", "tenant": "payments" })
        );
        let conflict = details(PortalError::Conflict(Conflict::TooManyTokens { most: 100 })).await;
        assert_eq!(conflict["type"], "urn:portico:problem:limit-reached");
        assert_eq!(
            conflict["detail"],
            "You have 100 tokens, and may have no more. Revoke those that you do not need."
        );
        assert_eq!(conflict.get("reason"), None);
    }
}
