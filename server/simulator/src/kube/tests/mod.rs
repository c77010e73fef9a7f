//! Tests over HTTP, with a plain client and with `kubectl`.

mod access;
mod apply;
mod definitions;
mod deletion;
mod faults;
mod hostile;
mod kcp;
mod kcp_restart;
mod kubectl;
mod layers;
mod lists;
mod objects;
mod persistence;
mod watches;
mod writes;

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::{ControlPlane, Serving, Settings};

/// A served control plane with a client.
struct Served {
    plane: ControlPlane,
    serving: Serving,
    client: Client,
    token: String,
}

/// The collection of the test kind.
const BUCKETS: &str = "/apis/storage.example.org/v1/namespaces/default/buckets";

impl Served {
    /// Serves a control plane with the test kind.
    async fn new() -> Self {
        let served = Self::with(Settings::default()).await;
        served.plane.objects().create(bucket_definition()).unwrap();
        served
    }

    /// Serves a control plane without a custom kind.
    async fn with(settings: Settings) -> Self {
        let plane = ControlPlane::new("test", settings);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let serving = plane.serve(listener).unwrap();
        let client = Client::builder()
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        let token = plane.token().to_owned();
        Self {
            plane,
            serving,
            client,
            token,
        }
    }

    fn address(&self) -> SocketAddr {
        self.serving.address()
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("http://{}{path}", self.address()))
            .bearer_auth(&self.token)
    }

    async fn send(request: RequestBuilder) -> (StatusCode, Value) {
        let response = request.send().await.unwrap();
        let code = response.status();
        (
            code,
            serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null),
        )
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        Self::send(self.request(Method::GET, path)).await
    }

    async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        Self::send(self.request(Method::POST, path).json(body)).await
    }

    async fn put(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        Self::send(self.request(Method::PUT, path).json(body)).await
    }

    async fn delete(&self, path: &str) -> (StatusCode, Value) {
        Self::send(self.request(Method::DELETE, path)).await
    }

    async fn patch(&self, path: &str, media: &str, body: &Value) -> (StatusCode, Value) {
        let request = self
            .request(Method::PATCH, path)
            .header("content-type", media)
            .body(body.to_string());
        Self::send(request).await
    }

    async fn merge(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        self.patch(path, "application/merge-patch+json", body).await
    }

    /// Applies the bucket `name` as a manager.
    async fn apply(&self, name: &str, manager: &str, body: &Value) -> (StatusCode, Value) {
        let path = format!("{BUCKETS}/{name}?fieldManager={manager}");
        self.patch(&path, "application/apply-patch+yaml", body).await
    }
}

/// A definition that uses most features.
fn bucket_definition() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "buckets.storage.example.org"},
        "spec": {
            "group": "storage.example.org",
            "scope": "Namespaced",
            "names": {"plural": "buckets", "kind": "Bucket", "shortNames": ["bk"]},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "subresources": {"status": {}},
                "additionalPrinterColumns": [
                    {"name": "Region", "type": "string", "jsonPath": ".spec.region"},
                    {"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type=='Ready')].status"},
                    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
                ],
                "schema": {"openAPIV3Schema": {
                    "type": "object",
                    "required": ["spec"],
                    "properties": {
                        "spec": {
                            "type": "object",
                            "required": ["region"],
                            "properties": {
                                "region": {"type": "string", "enum": ["eu", "us"]},
                                "size": {"type": "integer", "default": 3, "minimum": 1},
                                "tags": {"type": "object", "additionalProperties": {"type": "string"}},
                                "users": {
                                    "type": "array",
                                    "x-kubernetes-list-type": "map",
                                    "x-kubernetes-list-map-keys": ["name"],
                                    "items": {
                                        "type": "object",
                                        "required": ["name"],
                                        "properties": {"name": {"type": "string"}, "role": {"type": "string"}},
                                    },
                                },
                            },
                            "x-kubernetes-validations": [
                                {"rule": "self.region == oldSelf.region", "message": "a bucket does not move"},
                            ],
                        },
                        "status": {
                            "type": "object",
                            "x-kubernetes-preserve-unknown-fields": true,
                            "properties": {"disk": {"type": "object", "properties": {"size": {"type": "integer"}}}},
                        },
                    },
                }},
            }],
        },
    })
}

fn bucket(name: &str) -> Value {
    json!({
        "apiVersion": "storage.example.org/v1",
        "kind": "Bucket",
        "metadata": {"name": name},
        "spec": {"region": "eu"},
    })
}

/// The fields named in an error.
fn fields(status: &Value) -> Vec<&str> {
    let causes = status["details"]["causes"].as_array();
    causes
        .into_iter()
        .flatten()
        .filter_map(|cause| cause["field"].as_str())
        .collect()
}
