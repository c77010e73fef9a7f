//! Exports traces by OTLP (HTTP with protobuf), as the standard environment variables say: `OTEL_EXPORTER_OTLP_ENDPOINT`
//! and the others of <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>. Without an endpoint, nothing is
//! exported.
//!
//! Spans wait in a bounded queue, and a thread of their own sends them. If the collector is down, spans are lost; nothing
//! waits for it.

mod client;
mod conventions;
mod tracer;

use std::env;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use opentelemetry::trace::{SpanKind, TraceId, TracerProvider as _};
use opentelemetry::{Key, KeyValue};
use opentelemetry_otlp::{
    OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, SpanExporter, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Config, SamplingDecision, SdkTracerProvider};
use portico_web::Sampler;
use tracing::level_filters::LevelFilter;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::Filter;
use tracing_subscriber::registry::LookupSpan;

use self::client::Client;
use self::conventions::Conventions;
use self::tracer::{GivenIds, Tracer};

/// How long the end of the program waits for the last spans to be sent.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(3);

static SAMPLER: OnceLock<Sampler> = OnceLock::new();

/// The export of this process.
#[derive(Debug)]
pub(crate) struct Export {
    provider: SdkTracerProvider,
}

impl Export {
    /// Begins the export. `None` if the environment names no collector or turns the export off.
    ///
    /// # Errors
    /// When a variable is invalid.
    pub(crate) fn from_environment() -> Result<Option<Self>, String> {
        if !is_wanted(|name| env::var(name).ok()) {
            return Ok(None);
        }
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client::new().map_err(|error| error.to_string())?)
            .build()
            .map_err(|error| error.to_string())?;
        let provider = SdkTracerProvider::builder()
            .with_id_generator(GivenIds::default())
            .with_resource(resource())
            .with_batch_exporter(Conventions(exporter))
            .build();
        // A second export, as in tests, keeps the first sampler, which has read the same variables.
        let _ = SAMPLER.set(head_sampler());
        Ok(Some(Self { provider }))
    }

    /// The layer that makes OpenTelemetry's spans of this program's.
    pub(crate) fn layer<S>(&self) -> OpenTelemetryLayer<S, Tracer>
    where
        S: tracing::Subscriber + for<'span> LookupSpan<'span>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(Tracer::new(self.provider.tracer("portico")))
            .with_context_activation(false)
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
    }

    /// Sends what is still in the queue, for at most [`FLUSH_TIMEOUT`].
    pub(crate) async fn finish(self) {
        let finishing =
            tokio::task::spawn_blocking(move || self.provider.shutdown_with_timeout(FLUSH_TIMEOUT));
        match finishing.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the last traces were not exported"),
            Err(error) => tracing::error!(%error, "the export of traces did not end"),
        }
    }
}

/// Selects the spans and events that are exported: those of Portico at `info` and above, whatever the log shows.
pub(crate) fn exported<S>() -> impl Filter<S> {
    Targets::new().with_target("portico", LevelFilter::INFO)
}

/// Decides which new traces are recorded. Everything, if nothing is exported: the id is in the log in any case.
pub(crate) fn sampler() -> Sampler {
    SAMPLER.get().cloned().unwrap_or_else(|| Arc::new(|_| true))
}

/// Whether the environment asks for an export.
fn is_wanted(variable: impl Fn(&str) -> Option<String>) -> bool {
    let is =
        |name: &str, value: &str| variable(name).is_some_and(|text| text.trim().eq_ignore_ascii_case(value));
    let endpoint = [OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, OTEL_EXPORTER_OTLP_ENDPOINT]
        .iter()
        .any(|name| variable(name).is_some_and(|text| !text.trim().is_empty()));
    endpoint && !is("OTEL_SDK_DISABLED", "true") && !is("OTEL_TRACES_EXPORTER", "none")
}

/// The sampler of `OTEL_TRACES_SAMPLER`, asked about a trace that begins here. A request keeps the answer with its
/// trace, so that the worker, in whichever process, records all of the trace or nothing.
fn head_sampler() -> Sampler {
    let sampler = Config::default().sampler;
    Arc::new(move |trace| {
        let trace = TraceId::from(trace);
        let answer = sampler.should_sample(None, trace, "http", &SpanKind::Server, &[], &[]);
        answer.decision == SamplingDecision::RecordAndSample
    })
}

/// Who exports: `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES`, by default the service `portico`.
fn resource() -> Resource {
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let builder = || Resource::builder().with_attribute(version.clone());
    let given = builder().build();
    let named = given
        .get(&Key::from_static_str("service.name"))
        .is_some_and(|name| !name.as_str().starts_with("unknown_service"));
    if named {
        given
    } else {
        builder().with_service_name("portico").build()
    }
}

#[cfg(test)]
mod tests {
    use super::is_wanted;

    fn wanted(variables: &[(&str, &str)]) -> bool {
        is_wanted(|name| {
            let found = variables.iter().find(|(given, _)| *given == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn traces_are_exported_only_where_the_environment_names_a_collector() {
        let collector = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");
        assert!(!wanted(&[]));
        assert!(!wanted(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "")]));
        assert!(!wanted(&[("OTEL_SERVICE_NAME", "portico")]));
        assert!(wanted(&[collector]));
        assert!(wanted(&[(
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "http://collector:4318/v1/traces"
        )]));
        assert!(!wanted(&[collector, ("OTEL_SDK_DISABLED", "true")]));
        assert!(!wanted(&[collector, ("OTEL_TRACES_EXPORTER", "none")]));
        assert!(wanted(&[collector, ("OTEL_TRACES_EXPORTER", "otlp")]));
    }
}
