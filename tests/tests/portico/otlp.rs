//! Exported traces: a collector on loopback decodes what the portal sends.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use portico_tests::separate_process::SeparateProcess;
use portico_tests::story::BUCKET;
use portico_tests::until::until;
use prost::Message as _;
use reqwest::Method;
use serde_json::json;
use tokio::net::TcpListener;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";
const TIMEOUT: Duration = Duration::from_secs(30);

/// What a collector does with a call.
#[derive(Debug, Clone, Copy)]
enum Manner {
    Takes,
    Refuses,
    /// Never answers.
    Hangs,
}

/// A collector that keeps what it receives.
#[derive(Debug, Clone)]
struct Collector {
    address: String,
    calls: Arc<AtomicUsize>,
    received: Arc<Mutex<Vec<(String, Span)>>>,
}

impl Collector {
    async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let collector = Self {
            address: format!("http://{}", listener.local_addr().unwrap()),
            calls: Arc::default(),
            received: Arc::default(),
        };
        let serving = collector.clone();
        tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    continue;
                };
                let collector = serving.clone();
                tokio::spawn(async move {
                    let service = service_fn(|request| collector.answer(manner, request));
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        collector
    }

    async fn answer(
        &self,
        manner: Manner,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let status = match manner {
            Manner::Takes => 200,
            Manner::Refuses => 503,
            Manner::Hangs => std::future::pending().await,
        };
        assert_eq!(request.uri().path(), "/v1/traces");
        assert_eq!(request.headers()["content-type"], "application/x-protobuf");
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let export = ExportTraceServiceRequest::decode(body).unwrap();
        let mut received = self.received.lock().unwrap();
        for resource in export.resource_spans {
            let service = resource
                .resource
                .unwrap()
                .attributes
                .into_iter()
                .find_map(|attribute| match attribute.value?.value? {
                    Value::StringValue(text) if attribute.key == "service.name" => Some(text),
                    _ => None,
                });
            let service = service.unwrap_or_default();
            let spans = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
            received.extend(spans.map(|span| (service.clone(), span)));
        }
        // An empty message: everything was accepted.
        Ok(Response::builder().status(status).body(Full::default()).unwrap())
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("OTEL_EXPORTER_OTLP_ENDPOINT", self.address.clone()),
            ("OTEL_BSP_SCHEDULE_DELAY", "50".to_owned()),
        ]
    }

    fn spans(&self) -> Vec<Span> {
        let received = self.received.lock().unwrap();
        received.iter().map(|(_, span)| span.clone()).collect()
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Waits for a span of the trace.
    async fn span(&self, trace: &str, name: &str) -> Span {
        until(&format!("a span {name}"), TIMEOUT, async || {
            let of = |span: &Span| hex(&span.trace_id) == trace && span.name == name;
            self.spans().into_iter().find(of)
        })
        .await
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn text(span: &Span, key: &str) -> Option<String> {
    let attribute = span.attributes.iter().find(|attribute| attribute.key == key)?;
    match attribute.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        other => Some(format!("{other:?}")),
    }
}

/// Submits a request, as the call of a trace if there is one, and waits until it is applied.
async fn submit(portal: &SeparateProcess, name: &str, traceparent: Option<String>) {
    let dana = portal.world.sign_in("dana").await;
    let mut headers = vec![
        ("accept", "application/json".to_owned()),
        ("x-portico-csrf", dana.csrf().await),
    ];
    headers.extend(traceparent.map(|value| ("traceparent", value)));
    let body = json!({ "offering": BUCKET, "name": name }).to_string();
    let path = "/api/v1/requests?tenant=payments&environment=dev";
    let answer = dana
        .raw(Method::POST, path, &headers, Some(("application/json", body)))
        .await
        .expect(201);
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    until("the request is applied", TIMEOUT, async || {
        let applied = |line: &str| line.contains("a request was applied") && line.contains(&id);
        portal.log().lines().any(applied).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_receives_one_trace_from_the_call_to_the_control_plane() {
    let collector = Collector::start(Manner::Takes).await;
    let mut environment = collector.environment();
    environment.push(("OTEL_SERVICE_NAME", "front-door".to_owned()));
    let world = SeparateProcess::world().await;
    let mut portal = SeparateProcess::with_environment(world, "info", &environment).await;
    submit(&portal, "traced", Some(format!("00-{TRACE}-{CALLER}-01"))).await;

    let call = collector.span(TRACE, "POST /api/v1/requests").await;
    let parents = async |name: &str| hex(&collector.span(TRACE, name).await.parent_span_id);
    assert_eq!(hex(&call.parent_span_id), CALLER);
    assert_eq!(text(&call, "http.response.status_code").as_deref(), Some("201"));
    assert_eq!(text(&call, "url.path").as_deref(), Some("/api/v1/requests"));
    assert_eq!(parents("submit").await, hex(&call.span_id));
    let work = collector.span(TRACE, "work").await;
    assert_eq!(hex(&work.parent_span_id), hex(&call.span_id));
    assert!(text(&work, "request").is_some());
    assert_eq!(parents("process_request").await, hex(&work.span_id));
    let concluded = collector.span(TRACE, "conclude").await;
    let happened: Vec<_> = concluded.events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(happened, ["a request was applied"]);
    // The watch sees the claim become ready, in the same trace.
    let watch = collector.span(TRACE, "watch").await;
    assert_eq!(watch.events.len(), 1);

    // The end of the process waits for what is not sent yet.
    let (status, _) = portal.stop();
    assert!(status.success());
    let received = collector.received.lock().unwrap();
    let services: BTreeSet<&str> = received.iter().map(|(service, _)| service.as_str()).collect();
    assert_eq!(services, BTreeSet::from(["front-door"]));
    let secrets = received.iter().flat_map(|(_, span)| &span.attributes);
    assert!(
        secrets
            .map(|attribute| attribute.key.as_str())
            .all(|key| !key.contains("cookie") && !key.contains("query"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sampler_decides_for_a_trace_as_a_whole() {
    let collector = Collector::start(Manner::Takes).await;
    let mut environment = collector.environment();
    environment.extend([
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio".to_owned()),
        ("OTEL_TRACES_SAMPLER_ARG", "0".to_owned()),
    ]);
    let world = SeparateProcess::world().await;
    let mut portal = SeparateProcess::with_environment(world, "info", &environment).await;
    submit(&portal, "begun-here", None).await;
    let elsewhere = "1af7651916cd43dd8448eb211c80319c";
    submit(
        &portal,
        "not-recorded",
        Some(format!("00-{elsewhere}-{CALLER}-00")),
    )
    .await;
    submit(&portal, "recorded", Some(format!("00-{TRACE}-{CALLER}-01"))).await;
    collector.span(TRACE, "conclude").await;
    assert!(portal.stop().0.success());
    let traces: BTreeSet<_> = collector.spans().iter().map(|span| hex(&span.trace_id)).collect();
    assert_eq!(traces, BTreeSet::from([TRACE.to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_down_holds_nothing_up_and_is_logged_once() {
    for manner in [Manner::Refuses, Manner::Hangs] {
        let collector = Collector::start(manner).await;
        let mut environment = collector.environment();
        environment.push(("OTEL_EXPORTER_OTLP_TIMEOUT", "200".to_owned()));
        let world = SeparateProcess::world().await;
        let mut portal = SeparateProcess::with_environment(world, "info", &environment).await;
        submit(&portal, "anyway", None).await;
        until("several failures", TIMEOUT, async || {
            let page = format!("{}/sign-in", portal.world.ready.portal);
            let begun = Instant::now();
            assert!(reqwest::get(&page).await.unwrap().status().is_success());
            assert!(begun.elapsed() < Duration::from_secs(5));
            (collector.calls() > 4).then_some(())
        })
        .await;
        let (status, took) = portal.stop();
        assert!(status.success(), "{manner:?}");
        assert!(took < Duration::from_secs(10), "{manner:?}: {took:?}");
        let log = portal.log();
        let lines = log
            .lines()
            .filter(|line| line.contains("traces cannot be exported"));
        assert_eq!(lines.count(), 1, "{manner:?}: {log}");
    }
}
