//! Gives spans the ids that are in the log, and the parent that the caller or the request names.

use std::cell::Cell;

use opentelemetry::Context;
use opentelemetry::trace::{
    SpanBuilder, SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator, SdkTracer, Span};

thread_local! {
    /// The ids of the span that this thread is about to build.
    static NEXT: Cell<(Option<TraceId>, Option<SpanId>)> = const { Cell::new((None, None)) };
}

/// A tracer that takes ids and parent from the fields `trace_id`, `span_id` and `traceparent` of a span. Spans without
/// these fields are children of the span around them.
#[derive(Debug)]
pub(crate) struct Tracer {
    inner: SdkTracer,
}

impl Tracer {
    pub(super) fn new(inner: SdkTracer) -> Self {
        Self { inner }
    }
}

impl opentelemetry::trace::Tracer for Tracer {
    type Span = Span;

    fn build_with_context(&self, mut builder: SpanBuilder, parent: &Context) -> Span {
        let mut fields = builder.attributes.take().unwrap_or_default();
        let mut take = |name: &str| {
            let at = fields.iter().position(|field| field.key.as_str() == name)?;
            Some(fields.swap_remove(at).value.as_str().into_owned())
        };
        let trace_id = take("trace_id").and_then(|text| TraceId::from_hex(&text).ok());
        let span_id = take("span_id").and_then(|text| SpanId::from_hex(&text).ok());
        let remote = take("traceparent").and_then(|text| span_context(&text));
        builder.attributes = Some(fields);
        let remote = remote.map(|remote| Context::new().with_remote_span_context(remote));
        NEXT.set((trace_id, span_id));
        let span = self
            .inner
            .build_with_context(builder, remote.as_ref().unwrap_or(parent));
        NEXT.take();
        span
    }
}

/// Generates ids: those that the tracer was given, else random ones.
#[derive(Debug, Default)]
pub(super) struct GivenIds {
    random: RandomIdGenerator,
}

impl IdGenerator for GivenIds {
    fn new_trace_id(&self) -> TraceId {
        NEXT.get().0.unwrap_or_else(|| self.random.new_trace_id())
    }

    fn new_span_id(&self) -> SpanId {
        NEXT.get().1.unwrap_or_else(|| self.random.new_span_id())
    }
}

/// Reads a `traceparent` that Portico wrote: `00-<trace id>-<span id>-<flags>`.
fn span_context(text: &str) -> Option<SpanContext> {
    let mut parts = text.split('-').skip(1);
    let trace_id = TraceId::from_hex(parts.next()?).ok()?;
    let span_id = SpanId::from_hex(parts.next()?).ok()?;
    let flags = u8::from_str_radix(parts.next()?, 16).ok()?;
    let context = SpanContext::new(
        trace_id,
        span_id,
        TraceFlags::new(flags),
        true,
        TraceState::default(),
    );
    context.is_valid().then_some(context)
}
