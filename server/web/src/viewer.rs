//! Extractors for the viewer and the posted data that the route's guard ([`super::guard`]) accepted.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use http::header;
use http::request::Parts;
use jiff::Timestamp;
use portico_domain::tenancy::Viewer;
use serde::de::DeserializeOwned;
use tower_sessions::Session;
use tower_sessions::session::Id;

use super::app::App;
use super::authenticate::{bearer, session_viewer};
use super::body::{Fields, read};
use super::frame::{PageContext, RequestContext};
use super::guard::{Admitted, CheckedForm, StaleForm};
use super::problem::Problem;
use crate::auth::{CurrentViewer, TokenError, Viewers};

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
