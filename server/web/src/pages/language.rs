//! The choice of a language.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, HeaderValue, header};
use portico_api::{Language, names};

use super::super::app::App;
use super::super::error_response::{referring_address, referring_page};
use super::super::frame::LANGUAGE_COOKIE;
use super::super::problem::Problem;
use super::super::query::QueryParams;
use crate::auth::ReturnTo;

/// `GET /language`: remembers the language in a cookie, as the theme is, and returns to the page. Changes nothing but how
/// pages look in this browser, so it needs neither a session nor a CSRF token.
pub(in super::super) async fn choose(
    State(app): State<App>,
    params: QueryParams,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let offered = &app.configuration.current().portal.spec.languages;
    let language = params
        .text(names::LANGUAGE)
        .and_then(Language::from_tag)
        .filter(|language| offered.contains(language))
        .ok_or_else(Problem::not_found)?;
    // The page as it was, with its query; else its path.
    let back = sign_in_page(&headers).unwrap_or_else(|| {
        let page = referring_page(&headers)
            .unwrap_or_else(|| ReturnTo::parse(params.text(names::RETURN_TO).unwrap_or_default()));
        page.as_str().to_owned()
    });
    let secure = if app.secure() { "; Secure" } else { "" };
    let tag = language.tag();
    let cookie = format!("{LANGUAGE_COOKIE}={tag}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax{secure}");
    let mut response = Redirect::to(&back).into_response();
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// The sign-in page with where it leads, if the person comes from there.
fn sign_in_page(headers: &HeaderMap) -> Option<String> {
    let url = referring_address(headers).filter(|url| url.path() == "/sign-in")?;
    let (_, path) = url.query_pairs().find(|(name, _)| name == "return")?;
    Some(format!("/sign-in?return={}", ReturnTo::parse(&path).encoded()))
}
