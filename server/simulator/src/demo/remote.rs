//! A control plane of the demo as its clients use it: over HTTP, by its kubeconfig.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::StatusCode;
use serde_json::Value;

use super::Plane;

/// A control plane, accessed through its kubeconfig.
pub(super) struct Remote {
    http: reqwest::Client,
    pub(super) server: String,
    token: String,
}

impl Remote {
    pub(super) fn of_plane(plane: &Plane) -> Self {
        Self::of(&std::fs::read_to_string(&plane.kubeconfig_path).unwrap())
    }

    /// Uses nothing but this kubeconfig.
    pub(super) fn of(kubeconfig: &str) -> Self {
        let config: Value = serde_saphyr::from_str(kubeconfig).unwrap();
        let text = |pointer: &str| config.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        let authority = STANDARD
            .decode(text("/clusters/0/cluster/certificate-authority-data"))
            .unwrap();
        let authority = reqwest::Certificate::from_pem(&authority).unwrap();
        Self {
            http: reqwest::Client::builder()
                .tls_certs_only([authority])
                .build()
                .unwrap(),
            server: text("/clusters/0/cluster/server"),
            token: text("/users/0/user/token"),
        }
    }

    pub(super) async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.try_get(path).await.unwrap()
    }

    /// As [`Self::get`]; an error when nothing answers.
    pub(super) async fn try_get(&self, path: &str) -> reqwest::Result<(StatusCode, Value)> {
        let request = self.http.get(format!("{}{path}", self.server));
        let answer = request.bearer_auth(&self.token).send().await?;
        Ok((answer.status(), answer.json().await?))
    }

    pub(super) async fn delete(&self, path: &str) -> StatusCode {
        let request = self.http.delete(format!("{}{path}", self.server));
        request.bearer_auth(&self.token).send().await.unwrap().status()
    }

    pub(super) async fn apply(&self, path: &str, object: &Value) -> StatusCode {
        let url = format!("{}{path}?fieldManager=portico", self.server);
        let request = self.http.patch(url).bearer_auth(&self.token);
        let request = request
            .header("content-type", "application/apply-patch+yaml")
            .body(object.to_string());
        request.send().await.unwrap().status()
    }

    /// Polls until the object matches: plain HTTP offers nothing else to wait for.
    pub(super) async fn until(&self, path: &str, so: impl Fn(StatusCode, &Value) -> bool) -> Value {
        for _ in 0..400 {
            let (status, object) = self.get(path).await;
            if so(status, &object) {
                return object;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{path} never came to that: {:#}", self.get(path).await.1)
    }
}

pub(super) fn is(object: &Value, kind: &str, status: &str) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    conditions
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == kind && condition["status"] == status)
}
