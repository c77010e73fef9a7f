//! Spans of the work on requests.

use portico_domain::request::Request;
use portico_domain::trace::TraceParent;

/// The span of the work on a request, in the trace that it was submitted in.
pub(super) fn request_span(request: &Request) -> tracing::Span {
    let parent = request.traceparent.as_deref().unwrap_or_default();
    let trace_id = parent
        .parse()
        .map(|parent: TraceParent| parent.trace_id())
        .unwrap_or_default();
    tracing::info_span!("work", request = %request.id, trace_id, traceparent = parent)
}
