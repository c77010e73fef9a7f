//! The trace of each call, by W3C Trace Context, and the span that its log lines and its exported trace have.

use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use portico_domain::trace::TraceParent;
use tower_http::request_id::RequestId;
use tower_http::trace::{DefaultOnResponse, OnResponse as _};
use tracing::Span;
use tracing::field::{self, Empty};

use super::app::App;

/// The span of a call, and the caller's.
#[derive(Debug, Clone, Copy)]
struct CallTrace {
    caller: Option<TraceParent>,
    call: TraceParent,
}

/// Continues the trace of the header `traceparent` with a span for this call. Starts a trace if the header is missing or
/// invalid.
pub(super) async fn continue_or_start(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let caller: Option<TraceParent> = request
        .headers()
        .get("traceparent")
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse().ok());
    let span_id = rand::random();
    let call = if let Some(caller) = caller {
        caller.child(span_id)
    } else {
        let started = TraceParent::new(rand::random(), span_id);
        started.with_sampled((app.sampler)(started.trace_number()))
    };
    request.extensions_mut().insert(CallTrace { caller, call });
    portico_app::trace::in_trace(call, next.run(request)).await
}

pub(super) fn span(request: &Request) -> Span {
    let extensions = request.extensions();
    let id = extensions
        .get::<RequestId>()
        .and_then(|id| id.header_value().to_str().ok())
        .unwrap_or("-");
    let trace = extensions.get::<CallTrace>();
    // The query is not logged: it may hold search words or the callback's code.
    tracing::info_span!(
        "http",
        method = %request.method(),
        path = request.uri().path(),
        route = extensions.get::<MatchedPath>().map(MatchedPath::as_str),
        id,
        trace_id = trace.map(|trace| trace.call.trace_id()),
        span_id = trace.map(|trace| trace.call.span_id()),
        traceparent = trace.and_then(|trace| trace.caller).map(field::display),
        status = Empty,
    )
}

/// Adds the status to the span, and logs the response at debug as tower-http does.
pub(super) fn record_status<B>(response: &http::Response<B>, latency: Duration, span: &Span) {
    span.record("status", response.status().as_u16());
    DefaultOnResponse::default().on_response(response, latency, span);
}
