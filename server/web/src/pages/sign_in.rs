//! Signing in and out.

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use portico_api::{Notice, NoticeTone, SignInPage, SignInProvider, message};
use portico_domain::authz::{AuditEvent, SessionEvent};
use serde::Deserialize;
use tower_sessions::Session;

use super::super::address::ClientAddress;
use super::super::app::{App, company};
use super::super::frame::{RequestContext, html};
use super::super::problem::Problem;
use super::super::viewer::{OptionalViewer, Posted};
use crate::auth::{self, Callback, Completed, ReturnTo, SignedIn};

/// The query of the sign-in page.
#[derive(Deserialize)]
pub(in super::super) struct QueryParams {
    #[serde(rename = "return", default)]
    return_to: String,
    #[serde(default)]
    provider: Option<String>,
    #[serde(default)]
    signed_out: Option<String>,
}

/// `GET /sign-in`: a button for each provider.
pub(in super::super) async fn page(
    State(app): State<App>,
    OptionalViewer(current): OptionalViewer,
    Query(query): Query<QueryParams>,
    request: axum::extract::Request,
) -> Response {
    let return_to = ReturnTo::parse(&query.return_to);
    if current.is_some() {
        return Redirect::to(return_to.as_str()).into_response();
    }
    let configuration = app.configuration.current();
    let spec = &configuration.portal.spec;
    let message = query.signed_out.is_some().then(|| Notice {
        tone: NoticeTone::Good,
        text: message!("signed-out"),
        undo: None,
    });
    let providers = spec
        .sign_in
        .providers
        .iter()
        .map(|provider| SignInProvider {
            title: message!(
                "continue-with",
                provider = provider.title.as_deref().unwrap_or(&provider.name)
            ),
            href: format!(
                "/auth/login?provider={}&return={}",
                provider.name,
                return_to.encoded()
            ),
        })
        .collect();
    let page = SignInPage {
        company: company(spec),
        logo: spec.company.logo.as_ref().map(|_| "/logo".to_owned()),
        providers,
        message,
    };
    let context = RequestContext::of(&request);
    let frame = context.frame(&app, None, &message!("sign-in")).await;
    html(&frame, portico_frontend::pages::sign_in(&page, &frame))
}

/// `GET /auth/signed-out`: the post-logout redirect URI. It has no query, since providers compare it with the
/// registered one.
pub(in super::super) async fn signed_out() -> Redirect {
    Redirect::to("/sign-in?signed_out=1")
}

/// `GET /auth/login`: redirects to the provider.
pub(in super::super) async fn login(
    State(app): State<App>,
    Query(query): Query<QueryParams>,
    session: Session,
) -> Result<Redirect, Problem> {
    let configuration = app.configuration.current();
    let providers = &configuration.portal.spec.sign_in.providers;
    let provider = match query.provider {
        Some(name) => providers.iter().find(|provider| provider.name == name),
        None => providers.first(),
    }
    .ok_or_else(Problem::not_found)?;
    let return_to = ReturnTo::parse(&query.return_to);
    let redirect = app.redirect_address();
    let address = auth::begin(
        &app.providers,
        provider,
        &redirect,
        &return_to,
        &session,
        Timestamp::now(),
    )
    .await?;
    Ok(Redirect::to(address.as_str()))
}

/// `GET /auth/callback`: the provider redirects back.
pub(in super::super) async fn callback(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    Query(callback): Query<Callback>,
    session: Session,
    headers: HeaderMap,
) -> Result<Redirect, Problem> {
    let configuration = app.configuration.current();
    let spec = &configuration.portal.spec;
    let now = Timestamp::now();
    let redirect = app.redirect_address();
    let Completed {
        mut signed_in,
        known,
        return_to,
    } = auth::complete(&app.providers, &configuration, &redirect, callback, &session, now).await?;
    signed_in.address = Some(address.to_string());
    signed_in.browser = headers
        .get(header::USER_AGENT)
        .and_then(|agent| agent.to_str().ok())
        .and_then(auth::browser_in_words);
    // The person is stored before the session, which would end at once without them.
    app.store
        .sign_in(&known, event(SessionEvent::Started, &signed_in, address, now))
        .await?;
    auth::begin_session(&session, &signed_in, &spec.sessions).await?;
    // Their other sessions and their tokens use the new groups from now on.
    app.viewers.forget_all();
    app.tokens.forget();
    Ok(Redirect::to(return_to.as_str()))
}

/// `POST /auth/logout`: ends the session here and at the provider.
pub(in super::super) async fn logout(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    session: Session,
    form: Posted,
) -> Result<Response, Problem> {
    let signed_in = form
        .context
        .current
        .session
        .clone()
        .ok_or_else(Problem::sign_in_needed)?;
    if let Some(id) = session.id() {
        app.viewers.forget(id);
    }
    auth::end_session(&session).await?;
    app.store
        .append(event(SessionEvent::Ended, &signed_in, address, Timestamp::now()))
        .await?;
    let return_address = format!("{}/auth/signed-out", app.origin());
    let providers = &form.context.configuration.portal.spec.sign_in.providers;
    let provider_address = match providers
        .iter()
        .find(|provider| provider.name == signed_in.provider)
    {
        Some(provider) => auth::sign_out_address(&app.providers, provider, &signed_in, &return_address).await,
        None => None,
    };
    let next = Redirect::to(
        provider_address
            .as_ref()
            .map_or("/sign-in?signed_out=1", url::Url::as_str),
    );
    // Clears the browser's cache and storage and the workspace cookie: somebody else may use the browser next. Not
    // `"cookies"`, which would also clear those of other applications on the domain.
    let clear = [
        (
            HeaderName::from_static("clear-site-data"),
            HeaderValue::from_static("\"cache\", \"storage\""),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            header::SET_COOKIE,
            HeaderValue::from_static("portico-place=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"),
        ),
    ];
    Ok((clear, next).into_response())
}

fn event(what: SessionEvent, signed_in: &SignedIn, address: std::net::IpAddr, at: Timestamp) -> AuditEvent {
    let remote = address.to_string();
    AuditEvent::session(what, &signed_in.person, &signed_in.provider, at, Some(&remote))
}
