//! Security headers, and the check that a form comes from this site.

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method};

use super::app::App;
use super::problem::Problem;

/// The nonce of one response's content security policy.
#[derive(Debug, Clone)]
pub(super) struct Nonce(pub(super) String);

/// Identifies a request in the log and in the response.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Prefix of cookies that browsers accept from this host only, over TLS.
pub(super) const HOST_ONLY: &str = "__Host-";

/// Headers of every response.
const FIXED_HEADERS: [(HeaderName, &str); 6] = [
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

/// Creates the nonce of a request and sets the security headers of its response.
pub(super) async fn headers(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let nonce = STANDARD_NO_PAD.encode(rand::random::<[u8; 16]>());
    request.extensions_mut().insert(Nonce(nonce.clone()));
    let caching = caching(&request);
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
    for (name, value) in FIXED_HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if app.secure() {
        let subdomains = app.configuration.current().portal.spec.hsts_include_subdomains;
        let policy = if subdomains {
            "max-age=31536000; includeSubDomains"
        } else {
            "max-age=31536000"
        };
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static(policy),
        );
    }
    if app.secure() {
        harden_cookies(headers);
    }
    // A handler's `Cache-Control` has priority.
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    }
    response
}

/// Returns the `Cache-Control` of a response that has none.
///
/// `no-store`, because nearly every page shows personal data, and a disk outlives a session. Forms are the exception:
/// with `no-store`, going back in the browser would show them empty and lose what was typed. They are revalidated,
/// and an ended session gets nothing.
fn caching(request: &Request) -> &'static str {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    match route {
        Some(
            "/catalog/{offering}/request"
            | "/claims/{plane}/{offering}/{namespace}/{name}/change"
            | "/requests/{id}",
        ) => "private, no-cache",
        _ => "no-store",
    }
}

/// Over TLS, adds `Secure` and the prefix `__Host-` to each cookie. Leaves out the theme cookie, which the page's
/// script sets to light or dark.
fn harden_cookies(headers: &mut HeaderMap) {
    let cookies: Vec<HeaderValue> = headers.get_all(header::SET_COOKIE).iter().cloned().collect();
    headers.remove(header::SET_COOKIE);
    for cookie in cookies {
        let hardened = cookie.to_str().ok().and_then(|text| {
            let prefix = if text.starts_with("portico-") {
                HOST_ONLY
            } else {
                ""
            };
            let secure = if text.contains("; Secure") { "" } else { "; Secure" };
            HeaderValue::from_str(&format!("{prefix}{text}{secure}")).ok()
        });
        headers.append(header::SET_COOKIE, hardened.unwrap_or(cookie));
    }
}

/// Removes a client's request ID unless it is short and plain, since it is logged and sent back.
pub(super) async fn plain_request_id(mut request: Request, next: Next) -> Response {
    let plain = request.headers().get(REQUEST_ID).is_none_or(|id| {
        (1..=64).contains(&id.len())
            && id
                .as_bytes()
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
    });
    if !plain {
        request.headers_mut().remove(REQUEST_ID);
    }
    next.run(request).await
}

fn page_policy(app: &App, nonce: &str) -> String {
    // Signing out is a form that redirects to the provider, and browsers apply `form-action` to redirects.
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

/// Refuses changes that another site makes a browser send. Programs send neither header and are authenticated by
/// their token; forms also need their CSRF token.
pub(super) async fn same_site(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_change = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if is_change && is_cross_site(&app, &request) {
        tracing::warn!(
            path = request.uri().path(),
            "refused a request that another site made the browser send"
        );
        return Problem::foreign_form().into_response();
    }
    next.run(request).await
}

fn is_cross_site(app: &App, request: &Request) -> bool {
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

/// Returns the value of a cookie, by its name with or without the prefix.
pub(super) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key.strip_prefix(HOST_ONLY).unwrap_or(key) == name).then_some(value))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, header};

    use super::{cookie, harden_cookies};

    #[test]
    fn over_tls_every_cookie_is_host_only_and_secure() {
        let mut headers = HeaderMap::new();
        for cookie in [
            "portico-place=payments/dev; Path=/; SameSite=Lax; Secure",
            "portico-notice=approved; Path=/; Max-Age=60; HttpOnly; SameSite=Lax",
            "__Host-portico=abc; HttpOnly; SameSite=Lax; Secure; Path=/",
        ] {
            headers.append(header::SET_COOKIE, HeaderValue::from_static(cookie));
        }
        harden_cookies(&mut headers);
        let cookies: Vec<&str> = headers
            .get_all(header::SET_COOKIE)
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect();
        assert_eq!(cookies.len(), 3);
        for cookie in cookies {
            assert!(cookie.starts_with("__Host-portico"), "{cookie}");
            assert_eq!(cookie.matches("Secure").count(), 1, "{cookie}");
        }
    }

    #[test]
    fn a_cookie_is_found_with_and_without_the_prefix() {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::COOKIE,
            HeaderValue::from_static("a=1; __Host-portico-place=x/y"),
        );
        assert_eq!(cookie(&headers, "portico-place"), Some("x/y"));
        assert_eq!(cookie(&headers, "place"), None);
    }
}
