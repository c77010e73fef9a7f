//! Builds the router from the table of routes, with the layers that every request passes.

use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Duration;

use axum::body::Bytes;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use http::StatusCode;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;
use tower_sessions::cookie::SameSite;
use tower_sessions::{SessionManagerLayer, SessionStore};

use super::api::openapi;
use super::app::App;
use super::body::MAX_BODY_BYTES;
use super::error_response;
use super::guard::{self, PageGuard};
use super::problem::Problem;
use super::refusals::RouteKinds;
use super::routes::Kind;
use super::{metrics, refusals, routes, security, trace};

/// The `OpenAPI` document of the routes, as JSON.
static OPENAPI: LazyLock<Bytes> = LazyLock::new(|| {
    let descriptions = routes::table().into_iter().filter_map(|route| route.description);
    serde_json::to_vec(&openapi::document(descriptions))
        .unwrap_or_default()
        .into()
});

/// Maximum duration of a request. Longer than any call to a control plane that a page waits for.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Builds the portal's service.
pub fn router<S: SessionStore + Clone>(app: App, sessions: S) -> Router {
    let mut router = Router::new();
    let mut kinds = HashMap::new();
    for route in routes::table() {
        let kind = route.kind;
        let (path, handler, stale) = route.into_handlers();
        kinds.insert(path.clone(), kind);
        // The table applies the guard, so that no handler can forget it.
        let handler = match kind {
            Kind::Page | Kind::Form => {
                let guard = PageGuard {
                    app: app.clone(),
                    stale: stale.map(|stale| stale.with_state(app.clone())),
                };
                handler.route_layer(from_fn_with_state(guard, guard::page))
            }
            Kind::Api => handler.route_layer(from_fn_with_state(app.clone(), guard::api)),
            Kind::SignIn => handler.route_layer(from_fn_with_state(app.clone(), guard::sign_in)),
            Kind::Public | Kind::Unlimited => handler,
        };
        router = router.route(&path, handler);
    }
    let sessions = SessionManagerLayer::new(sessions)
        .with_name(app.cookie_name())
        .with_secure(app.secure())
        .with_same_site(SameSite::Lax)
        .with_http_only(true)
        .with_path("/");
    // From the inside out: the layer added last sees a request first.
    router
        .layer(Extension(openapi::Document(&OPENAPI)))
        .fallback(|| async { Problem::not_found() })
        .layer(from_fn_with_state(app.clone(), security::same_site))
        .layer(RequestBodyLimitLayer::new(MAX_BODY_BYTES))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::GATEWAY_TIMEOUT,
            REQUEST_TIMEOUT,
        ))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(app.clone(), error_response::give_body))
        .layer(sessions)
        .layer(from_fn_with_state(
            (app.clone(), RouteKinds::new(kinds)),
            refusals::watch,
        ))
        // A second time, for errors of the session layer. All other errors are rendered further in, where the page
        // knows who is signed in.
        .layer(from_fn_with_state(app.clone(), error_response::give_body))
        .layer(from_fn_with_state(app.clone(), security::headers))
        .layer(CompressionLayer::new())
        .layer(from_fn(metrics::count))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(trace::span)
                .on_response(trace::record_status),
        )
        .layer(from_fn_with_state(app.clone(), trace::continue_or_start))
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .layer(from_fn(security::plain_request_id))
        .with_state(app)
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands the panic over")]
fn panicked(panic: Box<dyn std::any::Any + Send + 'static>) -> Response {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    tracing::error!(said = message, "a handler panicked");
    Problem::internal().into_response()
}
