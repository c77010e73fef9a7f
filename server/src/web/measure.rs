//! Counting requests, and the page on which all numbers stand.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use metrics::{counter, gauge, histogram};

use super::app::App;

/// Counts each request by the route that answered it: never by its path, which anybody can make up.
pub(super) async fn count(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().as_str().to_owned();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "-".to_owned(), |path| path.as_str().to_owned());
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    histogram!("portico_http_seconds", "route" => route.clone()).record(began.elapsed().as_secs_f64());
    counter!("portico_http_requests_total", "method" => method, "route" => route, "status" => status)
        .increment(1);
    response
}

/// `GET /metrics`, as Prometheus reads it.
pub(super) async fn metrics(State(app): State<App>) -> Response {
    let report = app.configuration.report();
    gauge!("portico_configuration_generation").set(precise(report.generation));
    gauge!("portico_configuration_refused").set(if report.refused() { 1.0 } else { 0.0 });
    gauge!("portico_configuration_taken_seconds").set(report.taken_at.as_duration().as_secs_f64());
    let mut response = app.telemetry.text().into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"),
    );
    response
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
fn precise(number: u64) -> f64 {
    number as f64
}
