//! Middleware that reports refused requests to the security log, so that no handler can forget to. Also refuses
//! anonymous clients that send too many requests.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode, header};
use portico_app::security::{Actor, Occurrence};
use portico_domain::security::SecurityEvent;
use serde_json::json;

use super::address::ClientAddress;
use super::app::App;
use super::authenticated::Authenticated;
use super::metrics::known_method;
use super::problem::{Problem, ProblemKind};
use super::problem_types::ProblemType;
use super::routes::Kind;

/// The kind of each route, by its path.
pub(super) type RouteKinds = Arc<HashMap<String, Kind>>;

/// The parts of a request that matter when it is refused.
struct Incoming {
    method: &'static str,
    path: String,
    route: Option<String>,
    /// The kind of the route; `None` if there is no such route.
    kind: Option<Kind>,
    changes: bool,
    token: bool,
}

/// Passes a request on and reports its refusal.
pub(super) async fn watch(
    State((app, kinds)): State<(App, RouteKinds)>,
    mut request: Request,
    next: Next,
) -> Response {
    let address = ClientAddress::of(request.headers(), request.extensions(), &app);
    let incoming = Incoming::of(&request, &kinds);
    let limits = app.configuration.current().portal.spec.limits.clone();
    let authenticated = Authenticated::default();
    let counted = incoming.is_counted();
    let anonymous = !incoming.token && !request.headers().contains_key(header::COOKIE);
    let response = match app.usage.check_anonymous(&limits, address.network()) {
        Err(wait) if counted && anonymous => Problem::too_many(wait).into_response(),
        _ => {
            request.extensions_mut().insert(authenticated.clone());
            next.run(request).await
        }
    };
    match authenticated.current() {
        None if counted => app.usage.count_anonymous(&limits, address.network()),
        // A form that is shown again has changed nothing.
        Some(current) if incoming.changes && has_changed(response.status()) => {
            app.usage.count_change(&limits, current);
        }
        _ => {}
    }
    if let Some(event) = incoming.refusal(authenticated.current().is_some(), &response) {
        let occurrence = Occurrence {
            event,
            actor: authenticated
                .current()
                .map_or(Actor::Anonymous, |current| Actor::Viewer(&current.viewer)),
            remote: Some(address.0.to_string()),
            subject: incoming.path.clone(),
            details: json!({
                "method": incoming.method,
                "route": incoming.route,
                "status": response.status().as_u16(),
                "problem": kind(&response).map(ProblemType::slug),
            }),
        };
        app.security.record(occurrence).await;
    }
    response
}

fn has_changed(status: StatusCode) -> bool {
    status.is_redirection() || matches!(status, StatusCode::CREATED | StatusCode::NO_CONTENT)
}

fn kind(response: &Response) -> Option<ProblemType> {
    let rendered = response.extensions().get::<ProblemKind>().map(|kind| kind.0);
    rendered.or_else(|| response.extensions().get::<Problem>().map(|problem| problem.kind))
}

impl Incoming {
    fn of(request: &Request, kinds: &RouteKinds) -> Self {
        let route = request.extensions().get::<MatchedPath>();
        Self {
            kind: route.and_then(|route| kinds.get(route.as_str()).copied()),
            method: known_method(request.method()),
            path: request.uri().path().to_owned(),
            route: route.map(|route| route.as_str().to_owned()),
            changes: !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS),
            token: request.headers().contains_key(header::AUTHORIZATION),
        }
    }

    /// True if an anonymous request counts.
    fn is_counted(&self) -> bool {
        self.kind != Some(Kind::Unlimited)
    }

    /// Returns the security event of a refused request.
    fn refusal(&self, known: bool, response: &Response) -> Option<SecurityEvent> {
        let (status, kind) = (response.status(), kind(response));
        let route = self.route.as_deref().unwrap_or_default();
        if kind == Some(ProblemType::CsrfTokenInvalid) {
            return Some(SecurityEvent::FormRefused);
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Some(SecurityEvent::RateLimited);
        }
        // A provider that does not answer refuses nobody.
        let refused = matches!(
            kind,
            Some(
                ProblemType::SignInUnknown
                    | ProblemType::SignInMixedUp
                    | ProblemType::SignInRefused
                    | ProblemType::SignInInvalid
            )
        );
        if route == "/auth/callback" && refused {
            return Some(SecurityEvent::SignInRefused);
        }
        if route == "/auth/backchannel-logout" && status == StatusCode::BAD_REQUEST {
            return Some(SecurityEvent::LogoutRefused);
        }
        if self.token && !known && status == StatusCode::UNAUTHORIZED {
            return Some(SecurityEvent::TokenRefused);
        }
        let guarded = self.kind.is_some_and(Kind::needs_viewer);
        let denied = matches!(status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND);
        if !known || !guarded || !denied {
            return None;
        }
        Some(if route.ends_with("/reveal") {
            SecurityEvent::RevealDenied
        } else {
            SecurityEvent::AccessDenied
        })
    }
}
