use std::env;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use http::{Request, Response};
use opentelemetry_http::{Bytes, HttpClient, HttpError};
use opentelemetry_otlp::{OTEL_EXPORTER_OTLP_TIMEOUT, OTEL_EXPORTER_OTLP_TRACES_TIMEOUT};
use tokio::runtime::Handle;

/// The time for one call if the environment does not say: OTLP's default.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The largest answer that is read, in bytes. A collector answers with a few.
const MAX_ANSWER_BYTES: usize = 64 << 10;

/// The HTTP client of the export. Logs the first failure in a row, and that it works again.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    /// The exporter runs on a thread outside of the runtime.
    runtime: Handle,
    failing: AtomicBool,
}

impl Client {
    /// Creates a client that works on the current runtime.
    pub(super) fn new() -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .timeout(timeout())
            .user_agent(concat!("portico/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self {
            http,
            runtime: Handle::current(),
            failing: AtomicBool::new(false),
        })
    }

    fn note(&self, outcome: &Result<Response<Bytes>, HttpError>) {
        let why = match outcome {
            Ok(response) if response.status().is_success() => {
                if self.failing.swap(false, Ordering::Relaxed) {
                    tracing::info!("traces are exported again");
                }
                return;
            }
            Ok(response) => format!("the collector answered {}", response.status()),
            Err(error) => causes(error.as_ref()),
        };
        if !self.failing.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                why,
                "traces cannot be exported; this is logged again after the next success"
            );
        }
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sending = self.runtime.spawn(send(self.http.clone(), request));
        let outcome = match sending.await {
            Ok(outcome) => outcome,
            Err(error) => Err(error.into()),
        };
        self.note(&outcome);
        outcome
    }
}

async fn send(http: reqwest::Client, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let mut answer = http
        .execute(request.try_into()?)
        .await
        .map_err(reqwest::Error::without_url)?;
    let mut response = Response::builder().status(answer.status());
    if let Some(headers) = response.headers_mut() {
        headers.clone_from(answer.headers());
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err("the collector's answer is too long".into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(response.body(body.into())?)
}

/// The time for one call, in milliseconds in the environment.
fn timeout() -> Duration {
    [OTEL_EXPORTER_OTLP_TRACES_TIMEOUT, OTEL_EXPORTER_OTLP_TIMEOUT]
        .iter()
        .find_map(|name| env::var(name).ok()?.trim().parse().ok())
        .map_or(TIMEOUT, Duration::from_millis)
}

/// An error with its causes: the cause is what helps ("connection refused").
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
