//! Extractors for the viewer and the posted data that the route's guard ([`super::guard`]) accepted.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use http::header;
use http::request::Parts;
use jiff::Timestamp;
use portico_domain::tenancy::{Lapse, Viewer};
use serde::de::DeserializeOwned;
use tower_sessions::Session;
use tower_sessions::session::Id;

use super::app::App;
use super::authenticated::Authenticated;
use super::frame::{PageContext, RequestContext};
use super::guard::{Admitted, CheckedForm, StaleForm, bearer, is_unsafe};
use super::problem::Problem;
use super::problem_types::ProblemType;
use crate::auth::{CurrentViewer, TokenError, Viewers};

/// Maximum size of a body, in bytes.
pub(super) const MAX_BODY_BYTES: usize = 1 << 20;

/// Maximum number of fields of a form.
pub(super) const MAX_FIELDS: usize = 20_000;

/// Names and values of a form, in order.
pub(super) type Fields = Vec<(String, String)>;

/// The viewer of a page, by session, with the context of the page.
pub(super) struct Page(pub(super) PageContext);

/// The viewer of an API call, by session or token. With a session, a change needs its CSRF token in the header
/// [`crate::auth::csrf::HEADER`].
pub(super) struct Api(pub(super) CurrentViewer);

/// A form with a valid CSRF token.
pub(super) struct Posted {
    pub(super) context: PageContext,
    /// Names and values, in order.
    pub(super) fields: Fields,
}

/// A form that was made for another session: it may be shown again, but not processed.
pub(super) struct Stale {
    pub(super) context: PageContext,
    /// Names and values, in order.
    pub(super) fields: Fields,
}

/// The JSON body of an API call.
pub(super) struct Body<T>(pub(super) T);

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

/// The viewer of a public page, if anybody is signed in.
pub(super) struct OptionalViewer(pub(super) Option<CurrentViewer>);

impl FromRequestParts<App> for OptionalViewer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Ok(Self(session_viewer(parts, app).await?))
    }
}

impl FromRequestParts<App> for Page {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let current = admitted(parts)?;
        if current.session.is_none() {
            return Err(Problem::sign_in_needed());
        }
        Ok(Self(PageContext::new(
            RequestContext::of_parts(parts),
            app.clone(),
            current,
        )))
    }
}

impl FromRequestParts<App> for Api {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        Ok(Self(admitted(parts)?))
    }
}

/// Returns the viewer whom the route's guard admitted. A public route has no guard and admits nobody.
fn admitted(parts: &Parts) -> Result<CurrentViewer, Problem> {
    let admitted = parts.extensions.get::<Admitted>();
    admitted
        .map(|Admitted(current)| current.clone())
        .ok_or_else(Problem::sign_in_needed)
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

/// The credential of a long-lived response, to check it again later.
pub(super) enum Credential {
    /// A session ID.
    Session(Id),
    /// An API token's secret.
    Token(String),
}

impl Credential {
    /// Returns the credential's current viewer; `None` when it is no longer valid.
    pub(super) async fn viewer(&self, app: &App) -> Result<Option<Arc<Viewer>>, Problem> {
        let now = Timestamp::now();
        Ok(match self {
            Self::Session(id) => Viewers::read_again(*id, &app.store, &app.configuration, now).await?,
            Self::Token(secret) => {
                let current = app
                    .tokens
                    .viewer(secret, &app.store, &app.configuration, now, None);
                match current.await {
                    Ok(current) => Some(current.viewer),
                    Err(TokenError::Store(error)) => return Err(error.into()),
                    Err(_) => None,
                }
            }
        })
    }
}

impl FromRequestParts<App> for Credential {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        if let Some(authorization) = parts.headers.get(header::AUTHORIZATION) {
            let secret = bearer(authorization).ok_or_else(Problem::sign_in_needed)?;
            return Ok(Self::Token(secret.to_owned()));
        }
        let session = parts.extensions.get::<Session>().and_then(Session::id);
        session.map(Self::Session).ok_or_else(Problem::sign_in_needed)
    }
}

impl FromRequestParts<App> for Posted {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Page(context) = Page::from_request_parts(parts, app).await?;
        let CheckedForm(fields) = parts
            .extensions
            .remove::<CheckedForm>()
            .ok_or_else(Problem::foreign_form)?;
        Ok(Self { context, fields })
    }
}

impl FromRequestParts<App> for Stale {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Page(context) = Page::from_request_parts(parts, app).await?;
        let StaleForm(fields) = parts
            .extensions
            .remove::<StaleForm>()
            .ok_or_else(Problem::foreign_form)?;
        Ok(Self { context, fields })
    }
}

impl Posted {
    /// Returns the first field of that name, or an empty string.
    pub(super) fn field(&self, name: &str) -> &str {
        self.fields
            .iter()
            .find(|(field, _)| field == name)
            .map_or("", |(_, value)| value)
    }
}

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        let bytes = read(request.into_body()).await?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            Problem::bad_request(format!(
                "The body is not the JSON that is expected here: {error}."
            ))
        })
    }
}

pub(super) async fn read(body: axum::body::Body) -> Result<axum::body::Bytes, Problem> {
    axum::body::to_bytes(body, MAX_BODY_BYTES).await.map_err(|error| {
        let too_large = std::error::Error::source(&error)
            .is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>);
        if too_large {
            Problem::too_large()
        } else {
            Problem::bad_request("The body did not arrive whole. Send it again.")
        }
    })
}
