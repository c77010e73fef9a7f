//! Renames what OpenTelemetry has names for: <https://opentelemetry.io/docs/specs/semconv/http/http-spans/>.

use std::time::Duration;

use opentelemetry::trace::{SpanKind, Status};
use opentelemetry::{Key, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

/// Exports spans under the names of the semantic conventions.
#[derive(Debug)]
pub(super) struct Conventions<E>(pub(super) E);

impl<E: SpanExporter> SpanExporter for Conventions<E> {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        batch.iter_mut().for_each(rename);
        self.0.export(batch).await
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

fn rename(span: &mut SpanData) {
    if span.name == "work" {
        span.span_kind = SpanKind::Consumer;
    }
    if span.name != "http" {
        return;
    }
    span.span_kind = SpanKind::Server;
    let field = |name: &str| {
        let mut fields = span.attributes.iter();
        fields.find_map(|field| (field.key.as_str() == name).then(|| field.value.as_str().into_owned()))
    };
    // A span's name must not hold ids, so it has the route and not the path.
    let method = field("method").unwrap_or_default();
    let name = match field("route") {
        Some(route) => format!("{method} {route}"),
        None => method,
    };
    span.name = name.into();
    for field in &mut span.attributes {
        let name = match field.key.as_str() {
            "method" => "http.request.method",
            "path" => "url.path",
            "route" => "http.route",
            "status" => "http.response.status_code",
            "id" => "portico.http.request_id",
            _ => continue,
        };
        field.key = Key::from_static_str(name);
        if let ("http.response.status_code", Value::I64(500..)) = (name, &field.value) {
            span.status = Status::error("");
        }
    }
}
