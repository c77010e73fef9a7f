//! The provider's pages: plain HTML without scripts.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::people::Person;
use super::provider_state::ProviderState;

const STYLE: &str = include_str!("style.css");

/// The sign-in page.
pub(super) fn sign_in(client: &str, ticket: &str, client_origin: &str, people: &[Person]) -> Response {
    let mut list = String::new();
    for person in people {
        let initial = person.name.chars().next().unwrap_or('?');
        let _ = write!(
            list,
            "<li><button name=\"person\" value=\"{username}\"><span class=\"initial\" aria-hidden=\"true\">{initial}</span>\
             <span><span class=\"name\">{name}</span> <span class=\"about\">{about}</span></span></button></li>",
            username = escaped(&person.username),
            initial = escaped(&initial.to_string()),
            name = escaped(&person.name),
            about = escaped(&person.about),
        );
    }
    let body = format!(
        "<h1>Sign in to {client}</h1><p>Choose who you are. No password is needed.</p>\
         <form method=\"post\" action=\"/sign-in\"><input type=\"hidden\" name=\"ticket\" value=\"{ticket}\"><ul>{list}</ul></form>",
        client = escaped(client),
        ticket = escaped(ticket),
    );
    page(StatusCode::OK, "Sign in", &body, client_origin)
}

/// The error page for a request that cannot be redirected back.
pub(super) fn refusal(why: &str) -> Response {
    let body = format!("<h1>This sign-in cannot go on</h1><p>{}</p>", escaped(why));
    page(StatusCode::BAD_REQUEST, "This sign-in cannot go on", &body, "")
}

/// Asks the person to confirm; `fields` are posted with the answer.
pub(super) fn confirm_sign_out(fields: &[(&str, Option<String>)]) -> Response {
    let mut hidden = String::new();
    let mut origin = String::new();
    for (name, value) in fields {
        let Some(value) = value else { continue };
        let _ = write!(
            hidden,
            "<input type=\"hidden\" name=\"{name}\" value=\"{}\">",
            escaped(value)
        );
        if *name == "post_logout_redirect_uri" {
            origin = Url::parse(value)
                .map(|url| url.origin().ascii_serialization())
                .unwrap_or_default();
        }
    }
    let body = format!(
        "<h1>Sign out?</h1><p>You are about to be signed out here.</p>\
         <form method=\"post\" action=\"/signed-out\">{hidden}<button class=\"plain\">Sign out</button></form>"
    );
    page(StatusCode::OK, "Sign out?", &body, &origin)
}

pub(super) fn signed_out() -> Response {
    page(
        StatusCode::OK,
        "Signed out",
        "<h1>You are signed out</h1><p>You may close this page.</p>",
        "",
    )
}

/// The page at the provider's root.
pub(super) async fn front(State(provider): State<Arc<ProviderState>>) -> Response {
    let mut body = "<h1>Demo identity provider</h1><p>It signs these people in to whatever application sends them here. \
                    To sign in, begin at the application.</p><ul>"
        .to_owned();
    for person in &provider.people {
        let (name, about) = (escaped(&person.name), escaped(&person.about));
        let _ = write!(
            body,
            "<li class=\"row\"><span class=\"name\">{name}</span> <span class=\"about\">{about}</span></li>"
        );
    }
    body.push_str("</ul>");
    page(StatusCode::OK, "Demo identity provider", &body, "")
}

fn page(status: StatusCode, title: &str, body: &str, client_origin: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title} · Demo identity provider</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><link rel=\"icon\" href=\"data:,\">\
         <style>{STYLE}</style></head><body><main><p class=\"house\">Demo identity provider</p>{body}</main></body></html>"
    );
    // Browsers apply form-action to redirects after a form too, so it lists the client's origin.
    let style = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; img-src data:; form-action 'self' {client_origin}; \
         base-uri 'none'; frame-ancestors 'none'"
    );
    let mut answer = (
        status,
        [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CACHE_CONTROL, "no-store"),
            (REFERRER_POLICY, "no-referrer"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ],
        html,
    )
        .into_response();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        answer.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    answer
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
