//! Extractors: who is asking, and what they posted. A handler that names one of these cannot be
//! reached without what it checks.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, header};
use jiff::Timestamp;
use portico_domain::tenancy::{Lapse, Viewer};
use portico_domain::view::names;
use serde::de::DeserializeOwned;
use tower_sessions::Session;
use tower_sessions::session::Id;

use super::address::ClientAddress;
use super::app::App;
use super::asking::Asking;
use super::frame::{Around, Stranger};
use super::problem::Problem;
use crate::auth::{Current, TokenError, Viewers, csrf};

/// The most that is read of a body, in bytes.
pub(super) const BODY_BYTES: usize = 1 << 20;

/// The most fields that are taken of a form.
const FIELDS: usize = 20_000;

/// The most that is read of what somebody posts who is not signed in, in bytes.
const STRANGERS_BYTES: usize = 256 << 10;

/// Who is asking, by session, for a page; and what stands around it.
pub(super) struct Page(pub(super) Around);

/// Who is asking, by session or token, for the API. Where a session changes something, its CSRF token must be in
/// the header [`csrf::HEADER`].
pub(super) struct Api(pub(super) Current);

/// A form of ours, sent by whom its page was made for: its CSRF token was checked.
pub(super) struct Posted {
    pub(super) around: Around,
    /// Names and values, in the order of the form.
    pub(super) fields: Vec<(String, String)>,
}

/// A form of ours that says what somebody wishes for, also when it was made for a session that has ended since.
pub(super) struct Wished {
    pub(super) around: Around,
    /// Names and values, in the order of the form.
    pub(super) fields: Vec<(String, String)>,
    /// Whether it was made for this session. If not, it may be shown again to be looked over, and nothing else.
    pub(super) is_current: bool,
}

/// A JSON body of the API.
pub(super) struct Body<T>(pub(super) T);

async fn of_session(parts: &Parts, app: &App) -> Result<Option<Current>, Problem> {
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

/// Lets a person's request in, unless they ask too much. Counts each request once, however often it is looked at.
async fn admit(parts: &Parts, app: &App, current: &Current) -> Result<(), Problem> {
    let Some(asking) = Asking::of(&parts.extensions) else {
        return Ok(());
    };
    if !asking.is(current) {
        return Ok(());
    }
    let limits = app.configuration.current().portal.spec.limits.clone();
    let changes = !matches!(parts.method, Method::GET | Method::HEAD);
    let place = app
        .usage
        .admit(&limits, current, &parts.headers, changes)
        .await
        .map_err(Problem::too_many)?;
    asking.hold(place);
    Ok(())
}

/// Refuses strangers before anything else about their request is looked at. Of a form they get back what they typed,
/// since it may be that their session has ended.
pub(super) async fn members_only(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    if of_session(&parts, &app).await?.is_none() {
        let mut problem = Problem::sign_in_needed();
        if is_form(&parts) {
            problem.typed = axum::body::to_bytes(body, STRANGERS_BYTES)
                .await
                .map(|bytes| {
                    url::form_urlencoded::parse(&bytes)
                        .into_owned()
                        .take(FIELDS)
                        .collect()
                })
                .unwrap_or_default();
        }
        return Err(problem);
    }
    Ok(next.run(Request::from_parts(parts, body)).await)
}

fn is_form(parts: &Parts) -> bool {
    parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"))
}

/// Whoever is signed in, if anybody.
pub(super) struct Anybody(pub(super) Option<Current>);

impl FromRequestParts<App> for Anybody {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Ok(Self(of_session(parts, app).await?))
    }
}

impl FromRequestParts<App> for Page {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let current = of_session(parts, app)
            .await?
            .ok_or_else(Problem::sign_in_needed)?;
        Ok(Self(Around::new(Stranger::of_parts(parts), app.clone(), current)))
    }
}

impl FromRequestParts<App> for Api {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let needed = || {
            let mut problem = Problem::sign_in_needed();
            "Send a session's cookie, or an API token as `Authorization: Bearer portico_…`."
                .clone_into(&mut problem.detail);
            problem
        };
        let changes = !matches!(parts.method, Method::GET | Method::HEAD);
        if let Some(authorization) = parts.headers.get(header::AUTHORIZATION) {
            let secret = bearer(authorization).ok_or_else(needed)?;
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
                .map_err(|error| refused(error, needed))?;
            admit(parts, app, &current).await?;
            if changes && current.reads_only {
                return Err(Problem::forbidden(
                    "This API token reads only. Make one that may do all that you may.",
                ));
            }
            return Ok(Self(current));
        }
        let current = of_session(parts, app).await?.ok_or_else(needed)?;
        if changes {
            let shown = parts
                .headers
                .get(csrf::HEADER)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default();
            if !current
                .session
                .as_ref()
                .is_some_and(|session| csrf::matches(&session.csrf, shown))
            {
                return Err(Problem::foreign_form());
            }
        }
        Ok(Self(current))
    }
}

/// What a program is told whose token is refused. Why is told only to who has the token.
fn refused(error: TokenError, needed: impl FnOnce() -> Problem) -> Problem {
    match error {
        TokenError::Unknown => needed(),
        TokenError::Store(error) => error.into(),
        TokenError::TooOld(days) => Problem::new(
            StatusCode::UNAUTHORIZED,
            "token-too-old",
            "This API token is too old",
            format!("API tokens are good for {days} days at most here. Make a new one."),
        ),
        TokenError::Lapsed(lapse) => {
            let why = match lapse {
                Lapse::Suspended(_) => "Your sign-in service ended your sessions.".to_owned(),
                Lapse::NotSignedIn(days) => format!("You have not signed in for {days} days."),
            };
            Problem::new(
                StatusCode::UNAUTHORIZED,
                "sign-in-again",
                "Sign in again to use this API token",
                format!("{why} Sign in to Portico with a browser: the token works again from then on."),
            )
        }
    }
}

fn bearer(authorization: &HeaderValue) -> Option<&str> {
    let (scheme, secret) = authorization.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

/// What somebody showed who they are by, for an answer that goes on for longer than that may hold.
pub(super) enum Shown {
    /// A session.
    Session(Id),
    /// An API token's secret.
    Token(String),
}

impl Shown {
    /// The viewer whom it shows now; `None` when it shows nobody any more.
    pub(super) async fn viewer(&self, app: &App) -> Result<Option<Arc<Viewer>>, Problem> {
        let now = Timestamp::now();
        Ok(match self {
            Self::Session(id) => Viewers::again(*id, &app.store, &app.configuration, now).await?,
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

impl FromRequestParts<App> for Shown {
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

impl FromRequest<App> for Posted {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let Wished {
            around,
            fields,
            is_current,
        } = Wished::from_request(request, app).await?;
        if !is_current {
            return Err(Problem::foreign_form());
        }
        Ok(Self { around, fields })
    }
}

impl FromRequest<App> for Wished {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let Page(around) = Page::from_request_parts(&mut parts, app).await?;
        if !is_form(&parts) {
            return Err(Problem::bad_request(
                "A form must be sent as application/x-www-form-urlencoded.",
            ));
        }
        let bytes = read(body).await?;
        let fields: Vec<(String, String)> = url::form_urlencoded::parse(&bytes)
            .into_owned()
            .take(FIELDS + 1)
            .collect();
        if fields.len() > FIELDS {
            return Err(Problem::too_large());
        }
        let shown = fields
            .iter()
            .find(|(name, _)| name == names::CSRF)
            .map_or("", |(_, value)| value);
        let is_current = csrf::matches(around.csrf_token(), shown);
        Ok(Self {
            around,
            fields,
            is_current,
        })
    }
}

impl Posted {
    /// The first field of that name; empty where there is none.
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

async fn read(body: axum::body::Body) -> Result<axum::body::Bytes, Problem> {
    axum::body::to_bytes(body, BODY_BYTES).await.map_err(|error| {
        let too_large = std::error::Error::source(&error)
            .is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>);
        if too_large {
            Problem::too_large()
        } else {
            Problem::bad_request("The body did not arrive whole. Send it again.")
        }
    })
}
