//! The views of the list of claims: saved under a name, and the filter that a person used last.

use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, header};
use portico_api::{ClaimsFilter, ClaimsViews, Link, names};
use portico_app::SaveView;
use sha2::{Digest as _, Sha256};

use super::super::frame::PageContext;
use super::super::problem::Problem;
use super::super::query::QueryParams;
use super::super::security::cookie;
use super::super::viewer::Posted;
use super::claims::filter;
use super::redirect;

/// The cookie with the filter that was used last: whose it is, a dot, and the query of the list's address.
const LAST_COOKIE: &str = "portico-claims";
/// Longer queries are not remembered.
const MAX_QUERY_BYTES: usize = 1000;

/// `POST /claims/views`: saves the posted filter under a name, and shows it.
pub(in super::super) async fn save(form: Posted) -> Result<Response, Problem> {
    let filter = filter(&QueryParams::from(form.fields.clone()));
    let address = address_of(&filter);
    let command = SaveView {
        name: form.field(names::NAME).to_owned(),
        filter,
    };
    let context = &form.context;
    context.app.portal.save_view(context.viewer(), command).await?;
    Ok(Redirect::to(&address).into_response())
}

/// `POST /claims/views/delete`.
pub(in super::super) async fn delete(form: Posted) -> Result<Response, Problem> {
    let context = &form.context;
    let name = form.field(names::NAME);
    context.app.portal.delete_view(context.viewer(), name).await?;
    Ok(redirect(&Link::Claims).into_response())
}

/// Returns the views that the viewer may pick on the list of claims.
pub(super) async fn views(context: &PageContext, headers: &HeaderMap) -> Result<ClaimsViews, Problem> {
    let saved = context.app.portal.saved_views(context.viewer()).await?;
    Ok(ClaimsViews {
        saved: saved
            .into_iter()
            .map(|(name, query)| (name, filter(&QueryParams::of(&query))))
            .collect(),
        last: cookie(headers, LAST_COOKIE)
            .and_then(|value| value.split_once('.'))
            .filter(|(owner, _)| *owner == owner_mark(context))
            .map(|(_, query)| filter(&QueryParams::of(query)))
            .filter(|filter| *filter != ClaimsFilter::default()),
    })
}

/// Remembers the filter for the viewer, if there is one and they chose it just now: neither a page that refreshes itself
/// nor one that the browser fetches ahead is a choice.
pub(super) fn remember(
    context: &PageContext,
    headers: &HeaderMap,
    filter: &ClaimsFilter,
    response: &mut Response,
) {
    let is = |name: &str, values: &[&str]| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.is_some_and(|value| values.contains(&value))
    };
    let refreshes =
        is("sec-fetch-mode", &["cors", "same-origin"]) && !headers.contains_key(names::SEARCH_HEADER);
    let ahead = headers.contains_key("sec-purpose");
    let address = address_of(filter);
    let query = address.split_once('?').map_or("", |(_, query)| query);
    if query.is_empty() || query.len() > MAX_QUERY_BYTES || refreshes || ahead {
        return;
    }
    let secure = if context.app.secure() { "; Secure" } else { "" };
    let cookie = format!(
        "{LAST_COOKIE}={}.{query}; Path=/claims; Max-Age=7776000; HttpOnly; SameSite=Lax{secure}",
        owner_mark(context)
    );
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

fn address_of(filter: &ClaimsFilter) -> String {
    let parameters = filter.parameters();
    Link::Claims.with_query(parameters.iter().map(|(key, value)| (*key, value.as_str())))
}

/// Marks whose filter it is, since several people may use one browser.
fn owner_mark(context: &PageContext) -> String {
    let digest = Sha256::digest(&context.viewer().person().subject);
    URL_SAFE_NO_PAD.encode(digest).chars().take(12).collect()
}
