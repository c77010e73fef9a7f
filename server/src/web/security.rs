//! Headers that tell browsers what this site never does, and the check that a form came from it.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::header::{self, HeaderName};
use http::{HeaderValue, Method};

use super::app::App;
use super::problem::Problem;

/// The nonce of one response's content security policy.
#[derive(Debug, Clone)]
pub(super) struct Nonce(pub(super) String);

/// What is the same on every response.
const FIXED: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
    ),
];

/// Gives each request a nonce and each response its headers.
pub(super) async fn headers(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let nonce = STANDARD_NO_PAD.encode(rand::random::<[u8; 16]>());
    request.extensions_mut().insert(Nonce(nonce.clone()));
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let html = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("text/html"));
    let policy = if html {
        page_policy(&app, &nonce)
    } else {
        "default-src 'none'; frame-ancestors 'none'; sandbox".to_owned()
    };
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if app.secure() {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
    // What a handler says of caching stands. Pages may come back by the back button with what was typed,
    // but are asked for anew otherwise.
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-cache"),
        );
    }
    response
}

fn page_policy(app: &App, nonce: &str) -> String {
    // Signing out leads by a form to the provider, and browsers hold such redirects against `form-action`.
    let configuration = app.configuration.current();
    let mut forms = String::new();
    for provider in &configuration.portal.spec.sign_in.providers {
        if let Ok(issuer) = url::Url::parse(&provider.issuer) {
            forms.push(' ');
            forms.push_str(&issuer.origin().ascii_serialization());
        }
    }
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self' 'nonce-{nonce}'; \
         img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'{forms}; base-uri 'none'; \
         frame-ancestors 'none'"
    )
}

/// Refuses what another site makes a browser send. Programs, which send neither header, are told apart by their
/// token; and a form needs its own token besides.
pub(super) async fn same_site(State(app): State<App>, request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if changes && foreign(&app, &request) {
        tracing::warn!(path = request.uri().path(), "refused what another site sent");
        return Problem::foreign_form().into_response();
    }
    next.run(request).await
}

fn foreign(app: &App, request: &Request) -> bool {
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap_or("?"))
    };
    if let Some(site) = header("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    header("origin").is_some_and(|origin| origin != app.origin())
}
