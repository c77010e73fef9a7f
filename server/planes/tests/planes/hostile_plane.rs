//! A misbehaving control plane: sends raw bytes over TCP and records the requests.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::world::crd;

/// How it reacts to a request.
pub(crate) enum Reply {
    /// A JSON response.
    Json(u16, Value),
    /// These raw bytes, then close.
    Raw(Vec<u8>),
    /// A head, then these bytes repeatedly until the client closes.
    Endless(String, Vec<u8>),
    /// A head, then single bytes with pauses.
    Trickle(String),
}

type Trick = dyn Fn(&ReceivedRequest) -> Option<Reply> + Send + Sync;

/// A request as received.
#[derive(Debug, Clone)]
pub(crate) struct ReceivedRequest {
    /// `GET /path?query`.
    pub(crate) line: String,
    /// The header lines as received, without the request line.
    pub(crate) head: Vec<String>,
}

impl ReceivedRequest {
    /// The values of a header as Go's `net/http` reads them: surrounding white space is trimmed, and each line is a
    /// value.
    pub(crate) fn as_go_reads(&self, name: &str) -> Vec<String> {
        let values = self.head.iter().filter_map(|line| line.split_once(':'));
        values
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim_matches([' ', '\t']).to_owned())
            .collect()
    }
}

/// A control plane that behaves well except for one reaction. It offers buckets and has none.
pub(crate) struct Hostile {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<ReceivedRequest>>>,
    task: JoinHandle<()>,
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Hostile {
    pub(crate) async fn start(
        trick: impl Fn(&ReceivedRequest) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        Self::over(None, trick).await
    }

    /// With TLS, if an acceptor is given.
    pub(crate) async fn over(
        tls: Option<TlsAcceptor>,
        trick: impl Fn(&ReceivedRequest) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let requests: Arc<Mutex<Vec<ReceivedRequest>>> = Arc::default();
        let trick: Arc<Trick> = Arc::new(trick);
        let keeps = requests.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (trick, requests, tls) = (trick.clone(), keeps.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, &*trick, &requests).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, &*trick, &requests).await;
                            }
                        }
                    }
                });
            }
        });
        Self { url, requests, task }
    }

    /// All requests received.
    pub(crate) fn requests(&self) -> Vec<ReceivedRequest> {
        self.requests.lock().clone()
    }

    /// A kubeconfig for it with this token.
    pub(crate) fn kubeconfig(&self, token: &str) -> String {
        kubeconfig(&self.url, "", token)
    }
}

/// A kubeconfig with this server, further cluster fields, and this token.
pub(crate) fn kubeconfig(server: &str, cluster: &str, token: &str) -> String {
    format!(
        "current-context: x
clusters: [{{ name: x, cluster: {{ server: '{server}'{cluster} }} }}]
users: [{{ name: x, user: {{ token: {token} }} }}]
contexts: [{{ name: x, context: {{ cluster: x, user: x }} }}]
"
    )
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    trick: &Trick,
    requests: &Mutex<Vec<ReceivedRequest>>,
) {
    while let Some(request) = read(&mut stream).await {
        requests.lock().push(request.clone());
        let reply = trick(&request).unwrap_or_else(|| well_behaved(&request));
        match reply {
            Reply::Json(status, body) => {
                let body = body.to_string();
                let head = format!(
                    "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                if stream
                    .write_all(format!("{head}{body}").as_bytes())
                    .await
                    .is_err()
                {
                    return;
                }
            }
            Reply::Raw(bytes) => {
                let _ = stream.write_all(&bytes).await;
                return;
            }
            Reply::Endless(head, again) => {
                let _ = stream.write_all(head.as_bytes()).await;
                while stream.write_all(&again).await.is_ok() {}
                return;
            }
            Reply::Trickle(head) => {
                let _ = stream.write_all(head.as_bytes()).await;
                while stream.write_all(b" ").await.is_ok() && stream.flush().await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                return;
            }
        }
    }
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<ReceivedRequest> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.ok()?);
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let mut lines = text
        .split("\r\n")
        .filter(|line| !line.is_empty())
        .map(str::to_owned);
    let line = lines.next()?;
    let request = ReceivedRequest {
        line: line.trim_end_matches(" HTTP/1.1").to_owned(),
        head: lines.collect(),
    };
    let length = request.as_go_reads("content-length");
    let length: u64 = length.first().and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = Vec::new();
    stream.take(length).read_to_end(&mut body).await.ok()?;
    Some(request)
}

fn well_behaved(request: &ReceivedRequest) -> Reply {
    let path = request.line.split(['?', ' ']).nth(1).unwrap_or_default();
    let list = |items: Value| {
        Reply::Json(
            200,
            json!({ "kind": "List", "metadata": { "resourceVersion": "1" }, "items": items }),
        )
    };
    let mut definition = crd("buckets", "Bucket", true);
    definition["metadata"]["resourceVersion"] = json!("1");
    definition["status"] = json!({ "conditions": [
        { "type": "Established", "status": "True" }, { "type": "NamesAccepted", "status": "True" }
    ] });
    if request.line.contains("watch=true") {
        // Keep it open and silent.
        return Reply::Trickle("HTTP/1.1 200 OK\r\n\r\n".to_owned());
    }
    match path {
        "/version" => Reply::Json(200, json!({ "gitVersion": "v1.34.0" })),
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" => {
            Reply::Json(201, json!({ "status": { "allowed": true } }))
        }
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions" => list(json!([definition])),
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/buckets.storage.example.org" => {
            Reply::Json(200, definition)
        }
        "/apis/storage.example.org/v1/buckets" => list(json!([])),
        _ => Reply::Json(404, json!({ "message": format!("there is no {path}") })),
    }
}
