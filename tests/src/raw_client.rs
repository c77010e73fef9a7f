//! A plain HTTP client of a control plane: faster than kubectl for thousands of requests, and it shows responses
//! verbatim.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube_schema::yaml;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Certificate, Client, Method, RequestBuilder};
use serde_json::Value;

/// A client of a control plane.
#[derive(Debug, Clone)]
pub struct RawClient {
    pub(crate) client: Client,
    pub(crate) server: String,
}

/// A response.
#[derive(Debug, Clone)]
pub struct RawResponse {
    /// The HTTP status.
    pub status: u16,
    /// The texts of the `Warning` headers.
    pub warnings: Vec<String>,
    /// The body; null if it is not JSON.
    pub body: Value,
}

impl RawClient {
    /// Uses the first cluster and the first user of a kubeconfig.
    ///
    /// # Panics
    /// When the kubeconfig is incomplete.
    #[must_use]
    pub fn of(kubeconfig: &Path) -> Self {
        let text = std::fs::read_to_string(kubeconfig).unwrap();
        let document = yaml::parse(&text).unwrap();
        let word = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).unwrap();
        let authority = STANDARD
            .decode(word("/clusters/0/cluster/certificate-authority-data"))
            .unwrap();
        let bearer = format!("Bearer {}", word("/users/0/user/token"));
        let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(&bearer).unwrap())]);
        let client = Client::builder()
            .no_proxy()
            .tls_certs_only([Certificate::from_pem(&authority).unwrap()])
            .default_headers(headers)
            .connect_timeout(Duration::from_secs(5))
            .build()
            .unwrap();
        Self {
            client,
            server: word("/clusters/0/cluster/server").to_owned(),
        }
    }

    /// Creates an object in the collection at `path`.
    ///
    /// # Panics
    /// When it is refused; prints the response.
    pub async fn create(&self, path: &str, object: &Value) {
        let said = self.ask(Method::POST, path, Some(object)).await;
        assert!(said.is_success(), "{path}: {said:?}");
    }

    /// Reads the object at `path`; `None` if there is none.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn get(&self, path: &str) -> Option<Value> {
        let said = self.ask(Method::GET, path, None).await;
        assert!(said.is_success() || said.status == 404, "{path}: {said:?}");
        said.is_success().then_some(said.body)
    }

    /// Sends a request; a patch is a server-side apply.
    ///
    /// # Panics
    /// When there is no response.
    pub async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> RawResponse {
        said(path, self.try_ask(method, path, body).await)
    }

    /// As [`RawClient::ask`].
    ///
    /// # Errors
    /// When the connection breaks, as when an API server panics over a request.
    pub async fn try_ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> reqwest::Result<RawResponse> {
        let kind = if method == Method::PATCH {
            "application/apply-patch+yaml"
        } else {
            "application/json"
        };
        let request = self.client.request(method, format!("{}{path}", self.server));
        answered(match body {
            Some(body) => request.header(CONTENT_TYPE, kind).body(body.to_string()),
            None => request,
        })
        .await
    }

    /// Sends any body of any type.
    ///
    /// # Panics
    /// When there is no response.
    pub async fn send(&self, method: Method, path: &str, kind: &str, body: String) -> RawResponse {
        let request = self.client.request(method, format!("{}{path}", self.server));
        said(
            path,
            answered(request.header(CONTENT_TYPE, kind).body(body)).await,
        )
    }

    /// The status of a GET of `path`; `None` if nobody answers.
    pub async fn try_get(&self, path: &str) -> Option<u16> {
        let request = self.client.get(format!("{}{path}", self.server));
        let answer = request.timeout(Duration::from_secs(5)).send().await.ok()?;
        Some(answer.status().as_u16())
    }
}

fn said(path: &str, said: reqwest::Result<RawResponse>) -> RawResponse {
    said.unwrap_or_else(|error| panic!("{path}: {error:?}"))
}

async fn answered(request: RequestBuilder) -> reqwest::Result<RawResponse> {
    let answer = request.send().await?;
    let status = answer.status().as_u16();
    let warnings = answer.headers().get_all("warning").iter();
    let warnings = warnings
        .filter_map(|value| std::str::from_utf8(value.as_bytes()).ok())
        .filter_map(|value| value.split_once(" - ").map(|(_, text)| unquoted(text)))
        .collect();
    let text = answer.bytes().await?;
    Ok(RawResponse {
        status,
        warnings,
        body: serde_json::from_slice(&text).unwrap_or_default(),
    })
}

impl RawResponse {
    /// Whether the request succeeded.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The `reason` of a `Status`.
    #[must_use]
    pub fn reason(&self) -> &str {
        self.body["reason"].as_str().unwrap_or_default()
    }

    /// The `message` of a `Status`.
    #[must_use]
    pub fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }

    /// The causes of a `Status`: field, reason, message.
    #[must_use]
    pub fn causes(&self) -> Vec<(String, String, String)> {
        let causes = self.body["details"]["causes"].as_array();
        let text = |cause: &Value, name: &str| cause[name].as_str().unwrap_or_default().to_owned();
        let causes = causes.into_iter().flatten();
        causes
            .map(|cause| {
                (
                    text(cause, "field"),
                    text(cause, "reason"),
                    text(cause, "message"),
                )
            })
            .collect()
    }
}

/// Decodes a quoted string of HTTP.
fn unquoted(text: &str) -> String {
    let inner = text.trim().trim_start_matches('"');
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    let mut plain = String::with_capacity(inner.len());
    let mut escaped = false;
    for c in inner.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            escaped = false;
            plain.push(c);
        }
    }
    plain
}
