//! Finds the viewer of a request, by session or API token, and applies their rate limits.

use http::request::Parts;
use http::{HeaderValue, Method};
use jiff::Timestamp;
use portico_domain::tenancy::Lapse;
use tower_sessions::Session;

use super::app::App;
use super::authenticated::Authenticated;
use super::problem::Problem;
use super::problem_types::ProblemType;
use crate::auth::{CurrentViewer, TokenError};

/// True if the method may change something: all but the safe methods (RFC 9110, section 9.2.1).
pub(super) fn is_unsafe(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Returns the viewer of the session; `None` if there is none.
pub(super) async fn session_viewer(parts: &Parts, app: &App) -> Result<Option<CurrentViewer>, Problem> {
    let Some(session) = parts.extensions.get::<Session>() else {
        return Ok(None);
    };
    let current = app
        .viewers
        .of_session(session, &app.store, &app.configuration, Timestamp::now())
        .await?;
    if let Some(current) = &current {
        admit(parts, app, current).await?;
    }
    Ok(current)
}

/// Applies the person's rate limits. Counts each request once, however often it is checked.
pub(super) async fn admit(parts: &Parts, app: &App, current: &CurrentViewer) -> Result<(), Problem> {
    let Some(authenticated) = Authenticated::of(&parts.extensions) else {
        return Ok(());
    };
    if !authenticated.set(current) {
        return Ok(());
    }
    let limits = app.configuration.current().portal.spec.limits.clone();
    let changes = is_unsafe(&parts.method);
    let permit = app
        .usage
        .admit(&limits, current, &parts.headers, changes)
        .await
        .map_err(Problem::too_many)?;
    authenticated.hold(permit);
    Ok(())
}

/// Returns the secret of `Authorization: Bearer`.
pub(super) fn bearer(authorization: &HeaderValue) -> Option<&str> {
    let (scheme, secret) = authorization.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

/// Converts a token error. Only the holder of a valid secret learns the reason.
pub(super) fn token_problem(error: TokenError, unauthenticated: impl FnOnce() -> Problem) -> Problem {
    match error {
        TokenError::Unknown => unauthenticated(),
        TokenError::Store(error) => error.into(),
        TokenError::TooOld(days) => Problem::new(
            ProblemType::TokenTooOld,
            "This API token is too old",
            format!("API tokens are good for {days} days at most here. Make a new one."),
        ),
        TokenError::Lapsed(lapse) => {
            let why = match lapse {
                Lapse::Suspended(_) => "Your sign-in service ended your sessions.".to_owned(),
                Lapse::NotSignedIn(days) => format!("You have not signed in for {days} days."),
            };
            Problem::new(
                ProblemType::SignInAgain,
                "Sign in again to use this API token",
                format!("{why} Sign in to Portico with a browser: the token works again from then on."),
            )
        }
    }
}
