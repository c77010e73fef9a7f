//! Counts HTTP requests, and serves `/metrics`.

use std::time::Instant;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderValue, Method, header};
use metrics::{counter, gauge, histogram};
use portico_app::Portal;
use portico_app::configuration::{LiveConfiguration, Severity};
use portico_domain::documents::Metrics;

use super::address::peer;
use super::app::App;
use super::problem::Problem;
use crate::telemetry::Telemetry;

/// Counts each request by its route, not by its path: clients could make up any number of paths.
pub(super) async fn count(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = known_method(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "-".to_owned(), |path| path.as_str().to_owned());
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    histogram!("portico_http_request_duration_seconds", "route" => route.clone())
        .record(started.elapsed().as_secs_f64());
    counter!("portico_http_requests_total", "method" => method, "route" => route, "status" => status)
        .increment(1);
    response
}

/// Returns the method as a label: `other` for unknown ones, which clients could make up.
pub(super) fn known_method(method: &Method) -> &'static str {
    const KNOWN: [Method; 9] = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
        Method::CONNECT,
    ];
    const NAMES: [&str; 9] = [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT",
    ];
    KNOWN
        .iter()
        .position(|known| known == method)
        .map_or("other", |index| NAMES[index])
}

/// `GET /metrics` on the portal's own address. Needs the configured token; without one, the call must come from this
/// machine and not through a proxy. Otherwise, or if the metrics have a separate address, the response is 404.
pub(super) async fn metrics(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let settings = &app.configuration.current().portal.spec.metrics;
    if settings.listen.is_some() {
        return Err(Problem::not_found());
    }
    let token = token(settings).await.map_err(|error| {
        tracing::error!(%error, "the token that reads the metrics cannot be read");
        Problem::not_found()
    })?;
    let allowed = match token {
        Some(token) => has_token(request.headers(), &token),
        None => is_local(&request),
    };
    if allowed {
        Ok(text(&app.configuration, &app.telemetry, &app.portal))
    } else {
        Err(Problem::not_found())
    }
}

/// Serves the metrics on a separate address.
pub fn metrics_router(configuration: LiveConfiguration, telemetry: Telemetry, portal: Portal) -> Router {
    let metrics = move || async move { text(&configuration, &telemetry, &portal) };
    Router::new().route("/metrics", get(metrics))
}

fn text(configuration: &LiveConfiguration, telemetry: &Telemetry, portal: &Portal) -> Response {
    let report = configuration.report();
    gauge!("portico_configuration_generation").set(precise(report.generation));
    gauge!("portico_configuration_rejected").set(if report.refused() { 1.0 } else { 0.0 });
    gauge!("portico_configuration_loaded_timestamp_seconds").set(report.taken_at.as_duration().as_secs_f64());
    if let Some(home) = &report.home {
        let is_read = home.synced && home.failure.is_none();
        gauge!("portico_home_plane_read").set(if is_read { 1.0 } else { 0.0 });
        let errors = home
            .problems
            .iter()
            .filter(|problem| problem.severity == Severity::Error);
        gauge!("portico_home_plane_errors").set(precise(errors.count() as u64));
    }
    control_planes(configuration, portal);
    let mut response = telemetry.text().into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"),
    );
    response
}

/// Reads the token for the metrics. It is read for each call, since it may be rotated.
async fn token(settings: &Metrics) -> Result<Option<String>, String> {
    let text = match (&settings.token_file, &settings.token_env) {
        (Some(file), _) => tokio::fs::read_to_string(file)
            .await
            .map_err(|error| format!("the file of tokenFile cannot be read: {}", error.kind()))?,
        (None, Some(name)) => std::env::var(name)
            .map_err(|_| "the environment has no variable of the name in tokenEnv".to_owned())?,
        (None, None) => return Ok(None),
    };
    let token = text.trim();
    if token.is_empty() {
        return Err("it is empty".to_owned());
    }
    Ok(Some(token.to_owned()))
}

fn has_token(headers: &HeaderMap, token: &str) -> bool {
    let sent = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    sent.is_some_and(|sent| verify_slices_are_equal(sent.trim().as_bytes(), token.as_bytes()).is_ok())
}

/// True if a request comes from this machine and not through a proxy.
fn is_local(request: &Request) -> bool {
    let forwarded = ["x-forwarded-for", "forwarded", "x-real-ip", "via"]
        .iter()
        .any(|name| request.headers().contains_key(*name));
    !forwarded && peer(request.extensions()).is_some_and(|peer| peer.to_canonical().is_loopback())
}

/// Sets the gauges of control planes. Without their names, which not every reader of the metrics may know.
fn control_planes(configuration: &LiveConfiguration, portal: &Portal) {
    let planes = portal.control_planes();
    for state in ["connecting", "ready", "unreachable", "misconfigured"] {
        let count = planes.iter().filter(|plane| plane.state.slug() == state).count();
        gauge!("portico_control_planes", "state" => state).set(precise(count as u64));
    }
    let number_of_planes = |holds: &dyn Fn(&portico_planes::PlaneStatus) -> bool| {
        precise(planes.iter().filter(|plane| holds(plane)).count() as u64)
    };
    gauge!("portico_control_planes_incomplete").set(number_of_planes(&|plane| !plane.skipped.is_empty()));
    gauge!("portico_control_planes_missing_rights")
        .set(number_of_planes(&|plane| !plane.rights.missing.is_empty()));
    let sum = |count: &dyn Fn(&portico_planes::PlaneStatus) -> usize| {
        precise(planes.iter().map(count).sum::<usize>() as u64)
    };
    gauge!("portico_observed_claims").set(sum(&|plane| plane.observed.claims));
    gauge!("portico_observed_watches").set(sum(&|plane| plane.observed.watches));
    gauge!("portico_observed_polled_kinds").set(sum(&|plane| plane.observed.polled));
    gauge!("portico_observed_bytes").set(sum(&|plane| plane.observed.bytes));
    let cached: usize = planes.iter().map(|plane| plane.cache_bytes).sum();
    gauge!("portico_cache_bytes").set(precise(cached as u64));
    gauge!("portico_cache_limit_bytes").set(precise(configuration.current().portal.spec.caches.bytes as u64));
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
fn precise(number: u64) -> f64 {
    number as f64
}
