//! A control plane over plain HTTP, for what kubectl would take too long to do thousands of times.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portico_domain::schema::yaml;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Certificate, Client, Method};
use serde_json::Value;

/// A client of one control plane.
#[derive(Debug, Clone)]
pub struct Direct {
    pub(crate) client: Client,
    pub(crate) server: String,
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
        self.send(Method::POST, path, "application/json", object).await;
    }

    /// What is at `path`; `None` where there is nothing.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn get(&self, path: &str) -> Option<Value> {
        let answer = self
            .client
            .get(format!("{}{path}", self.server))
            .send()
            .await
            .unwrap();
        if answer.status() == reqwest::StatusCode::NOT_FOUND {
            return None;
        }
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        Some(serde_json::from_str(&answer.text().await.unwrap()).unwrap())
    }

    async fn send(&self, method: Method, path: &str, kind: &'static str, body: &Value) {
        let answer = self
            .client
            .request(method, format!("{}{path}", self.server))
            .header(CONTENT_TYPE, kind)
            .body(body.to_string())
            .send()
            .await
            .unwrap();
        let status = answer.status();
        let said = answer.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {said}");
    }
}
