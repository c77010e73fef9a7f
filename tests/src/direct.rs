//! A control plane over plain HTTP, for what kubectl would take too long to do thousands of times, and for what it
//! would not say as it was said.

use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube_schema::yaml;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Certificate, Client, Method, RequestBuilder};
use serde_json::Value;

/// A client of one control plane.
#[derive(Debug, Clone)]
pub struct Direct {
    pub(crate) client: Client,
    pub(crate) server: String,
}

/// What a control plane says.
#[derive(Debug, Clone)]
pub struct Said {
    /// The HTTP status.
    pub status: u16,
    /// The `Warning` headers, their text only.
    pub warnings: Vec<String>,
    /// The body; null where it is no JSON.
    pub body: Value,
}

impl Direct {
    /// With what a kubeconfig says: the first cluster's address and authority, the first user's token.
    ///
    /// # Panics
    /// When the kubeconfig lacks one of them.
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

    /// Makes an object in the collection at `path`.
    ///
    /// # Panics
    /// When it is refused; shows what was said.
    pub async fn create(&self, path: &str, object: &Value) {
        let said = self.ask(Method::POST, path, Some(object)).await;
        assert!(said.is_success(), "{path}: {said:?}");
    }

    /// What is at `path`; `None` where there is nothing.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn get(&self, path: &str) -> Option<Value> {
        let said = self.ask(Method::GET, path, None).await;
        assert!(said.is_success() || said.status == 404, "{path}: {said:?}");
        said.is_success().then_some(said.body)
    }

    /// What is said to a request; a patch is a server-side apply.
    ///
    /// # Panics
    /// When nothing is.
    pub async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Said {
        said(path, self.try_ask(method, path, body).await)
    }

    /// As [`Direct::ask`].
    ///
    /// # Errors
    /// Why there is no answer: an API server that panics over a request cuts the connection.
    pub async fn try_ask(&self, method: Method, path: &str, body: Option<&Value>) -> reqwest::Result<Said> {
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

    /// What is said to any body of any type.
    ///
    /// # Panics
    /// When nothing is.
    pub async fn send(&self, method: Method, path: &str, kind: &str, body: String) -> Said {
        let request = self.client.request(method, format!("{}{path}", self.server));
        said(
            path,
            answered(request.header(CONTENT_TYPE, kind).body(body)).await,
        )
    }

    /// The status of what is at `path`; `None` when nobody answers.
    pub async fn try_get(&self, path: &str) -> Option<u16> {
        let request = self.client.get(format!("{}{path}", self.server));
        let answer = request.timeout(Duration::from_secs(5)).send().await.ok()?;
        Some(answer.status().as_u16())
    }
}

fn said(path: &str, said: reqwest::Result<Said>) -> Said {
    said.unwrap_or_else(|error| panic!("{path}: {error:?}"))
}

async fn answered(request: RequestBuilder) -> reqwest::Result<Said> {
    let answer = request.send().await?;
    let status = answer.status().as_u16();
    let warnings = answer.headers().get_all("warning").iter();
    let warnings = warnings
        .filter_map(|value| std::str::from_utf8(value.as_bytes()).ok())
        .filter_map(|value| value.split_once(" - ").map(|(_, text)| unquoted(text)))
        .collect();
    let text = answer.bytes().await?;
    Ok(Said {
        status,
        warnings,
        body: serde_json::from_slice(&text).unwrap_or_default(),
    })
}

impl Said {
    /// Whether it was done.
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

/// A quoted string of HTTP as the text it stands for.
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
