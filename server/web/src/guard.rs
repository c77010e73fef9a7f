//! Guards the routes that are not public: the router applies sign-in, rate limits and, for changes, the CSRF token by
//! the route's kind. Handlers read the result with extractors; a handler that uses none is guarded all the same.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::MethodRouter;
use http::header;
use jiff::Timestamp;
use portico_api::names;
use tower::ServiceExt as _;

use super::address::ClientAddress;
use super::app::App;
use super::authenticate::{admit, bearer, is_unsafe, session_viewer, token_problem};
use super::body::{Fields, MAX_FIELDS, read};
use super::problem::Problem;
use super::problem_types::ProblemType;
use crate::auth::{CurrentViewer, csrf};

/// Maximum size of a form from an anonymous visitor, in bytes.
const MAX_ANONYMOUS_FORM_BYTES: usize = 256 << 10;

/// The viewer whom the guard admitted.
#[derive(Clone)]
pub(super) struct Admitted(pub(super) CurrentViewer);

/// A form with a valid CSRF token.
#[derive(Clone)]
pub(super) struct CheckedForm(pub(super) Fields);

/// A form of another session, for example one that has ended. It may be shown again, but not processed.
#[derive(Clone)]
pub(super) struct StaleForm(pub(super) Fields);

/// State of the guard of a page or form.
#[derive(Clone)]
pub(super) struct PageGuard {
    pub(super) app: App,
    /// Handles a form of another session; without it such a form is refused.
    pub(super) stale: Option<MethodRouter>,
}

/// Admits a viewer with a session. A POST must be a form with the session's CSRF token.
pub(super) async fn page(
    State(guard): State<PageGuard>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let app = &guard.app;
    let (mut parts, body) = request.into_parts();
    let Some(current) = session_viewer(&parts, app).await? else {
        return Err(sign_in_needed(&parts, body).await);
    };
    let expected = current.session.as_ref().map(|session| session.csrf.clone());
    parts.extensions.insert(Admitted(current));
    if !is_unsafe(&parts.method) {
        return Ok(next.run(Request::from_parts(parts, body)).await);
    }
    let fields = form_fields(&parts, body).await?;
    let sent = fields
        .iter()
        .find(|(name, _)| name == names::CSRF)
        .map_or("", |(_, value)| value);
    if csrf::matches(&expected.unwrap_or_default(), sent) {
        parts.extensions.insert(CheckedForm(fields));
        return Ok(next.run(Request::from_parts(parts, Body::empty())).await);
    }
    let Some(stale) = guard.stale else {
        return Err(Problem::foreign_form());
    };
    parts.extensions.insert(StaleForm(fields));
    let request = Request::from_parts(parts, Body::empty());
    match stale.oneshot(request).await {
        Ok(response) => Ok(response),
        Err(never) => match never {},
    }
}

/// Admits a visitor to a route of the sign-in, unless their address has sent too many of these requests.
pub(super) async fn sign_in(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    app.limits.sign_in(address).map_err(Problem::too_many)?;
    Ok(next.run(request).await)
}

/// Admits a viewer with a session or an API token. A change needs the session's CSRF token in the header
/// [`csrf::HEADER`], or an API token that is not read-only.
pub(super) async fn api(State(app): State<App>, request: Request, next: Next) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let current = api_viewer(&parts, &app).await?;
    parts.extensions.insert(Admitted(current));
    Ok(next.run(Request::from_parts(parts, body)).await)
}

async fn api_viewer(parts: &Parts, app: &App) -> Result<CurrentViewer, Problem> {
    let unauthenticated = || {
        let mut problem = Problem::sign_in_needed();
        let how = "Send a session's cookie, or an API token as `Authorization: Bearer portico_…`.";
        problem.detail = Box::new(how.into());
        problem
    };
    let changes = is_unsafe(&parts.method);
    if let Some(authorization) = parts.headers.get(header::AUTHORIZATION) {
        let secret = bearer(authorization).ok_or_else(unauthenticated)?;
        let ClientAddress(address) = ClientAddress::of(&parts.headers, &parts.extensions, app);
        let remote = address.to_string();
        let current = app
            .tokens
            .viewer(
                secret,
                &app.store,
                &app.configuration,
                Timestamp::now(),
                Some(&remote),
            )
            .await
            .map_err(|error| token_problem(error, unauthenticated))?;
        admit(parts, app, &current).await?;
        if changes && current.read_only {
            return Err(Problem::new(
                ProblemType::ReadOnlyToken,
                "You may not do this",
                "This API token is read-only. Create one with scope full.",
            ));
        }
        return Ok(current);
    }
    let current = session_viewer(parts, app).await?.ok_or_else(unauthenticated)?;
    if changes {
        let sent = parts
            .headers
            .get(csrf::HEADER)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let session = current.session.as_ref();
        if !session.is_some_and(|session| csrf::matches(&session.csrf, sent)) {
            return Err(Problem::foreign_form());
        }
    }
    Ok(current)
}

/// Asks an anonymous visitor to sign in. Returns the fields of their form, since their session may have ended
/// meanwhile.
async fn sign_in_needed(parts: &Parts, body: Body) -> Problem {
    let mut problem = Problem::sign_in_needed();
    if is_form(parts) {
        problem.typed = axum::body::to_bytes(body, MAX_ANONYMOUS_FORM_BYTES)
            .await
            .map(|bytes| {
                url::form_urlencoded::parse(&bytes)
                    .into_owned()
                    .take(MAX_FIELDS)
                    .collect()
            })
            .unwrap_or_default();
    }
    problem
}

async fn form_fields(parts: &Parts, body: Body) -> Result<Fields, Problem> {
    if !is_form(parts) {
        return Err(Problem::bad_request(
            "A form must be sent as application/x-www-form-urlencoded.",
        ));
    }
    let bytes = read(body).await?;
    let fields: Fields = url::form_urlencoded::parse(&bytes)
        .into_owned()
        .take(MAX_FIELDS + 1)
        .collect();
    if fields.len() > MAX_FIELDS {
        return Err(Problem::too_large());
    }
    Ok(fields)
}

fn is_form(parts: &Parts) -> bool {
    parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"))
}
