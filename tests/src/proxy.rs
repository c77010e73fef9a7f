//! A fault-injecting proxy between the portal and a control plane: it refuses, hangs, cuts connections, goes
//! down and comes back.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use kube_schema::yaml;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::raw_client::RawClient;

/// The type of a request to a control plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// A dry-run apply or delete.
    DryRun,
    /// An apply.
    Apply,
    /// A delete.
    Delete,
    /// A get, a list, or anything else.
    Read,
    /// A watch.
    Watch,
    /// All of these.
    Anything,
}

impl Operation {
    fn of(request: &Request<Incoming>) -> Self {
        let query = request.uri().query().unwrap_or_default();
        match *request.method() {
            Method::PATCH | Method::DELETE if query.contains("dryRun=All") => Self::DryRun,
            Method::PATCH => Self::Apply,
            Method::DELETE => Self::Delete,
            _ if query.contains("watch=true") => Self::Watch,
            _ => Self::Read,
        }
    }
}

/// A fault.
#[derive(Debug, Clone)]
pub enum Fault {
    /// A `Status` response.
    Refusal {
        /// The HTTP status.
        code: u16,
        /// `reason`, `message` and `details`.
        status: Value,
        /// The `Retry-After` header, in seconds.
        retry_after: Option<u32>,
    },
    /// 200 with an HTML page.
    NotJson,
    /// 200 with unrelated JSON.
    OtherJson,
    /// 200 with an endless body.
    Endless,
    /// Delays the response.
    Slow(Duration),
    /// Closes the connection without a response.
    Disconnect,
    /// Creates this object in the collection at this path before the request gets through.
    CreateBefore(String, Value),
    /// Forwards the request, then closes the connection before the response.
    DropResponse,
}

impl Fault {
    /// A refusal with this message.
    #[must_use]
    pub fn refusal(code: u16, message: &str) -> Self {
        Self::Refusal {
            code,
            status: json!({ "message": message }),
            retry_after: None,
        }
    }
}

struct ActiveFault {
    operation: Operation,
    /// The name of the object; `None` for any.
    name: Option<String>,
    fault: Fault,
}

/// A request.
#[derive(Debug, Clone)]
pub struct ProxiedRequest {
    /// Its type.
    pub operation: Operation,
    /// `GET /path?query`.
    pub line: String,
    /// The accepted media types.
    pub accept: String,
}

struct Inner {
    /// Where new connections lead.
    plane: Mutex<Arc<RawClient>>,
    faults: Mutex<Vec<ActiveFault>>,
    asked: Mutex<Vec<ProxiedRequest>>,
    watches: watch::Sender<u64>,
}

/// The proxy. Its port closes when this is dropped.
pub struct Proxy {
    address: SocketAddr,
    inner: Arc<Inner>,
    running: Option<JoinHandle<()>>,
}

type Body = UnsyncBoxBody<Bytes, reqwest::Error>;

impl Proxy {
    /// Starts a proxy for the control plane of a kubeconfig, and writes a kubeconfig that leads to the proxy.
    ///
    /// # Panics
    /// When there is no free port or no such file.
    pub async fn start(of: &Path, to: &Path) -> Self {
        let plane = RawClient::of(of);
        let inner = Arc::new(Inner {
            plane: Mutex::new(Arc::new(plane)),
            faults: Mutex::default(),
            asked: Mutex::default(),
            watches: watch::Sender::new(0),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut kubeconfig = yaml::parse(&std::fs::read_to_string(of).unwrap()).unwrap();
        let cluster = kubeconfig.pointer_mut("/clusters/0/cluster").unwrap();
        *cluster = json!({ "server": format!("http://{address}") });
        std::fs::write(to, yaml::print(&kubeconfig)).unwrap();
        Self {
            address,
            running: Some(tokio::spawn(serve(listener, inner.clone()))),
            inner,
        }
    }

    /// Injects a fault into requests for the object with this name, or for any.
    ///
    /// # Panics
    /// Never: the lock is held for a moment only.
    pub fn inject(&self, operation: Operation, name: Option<&str>, fault: Fault) {
        let active = ActiveFault {
            operation,
            name: name.map(str::to_owned),
            fault,
        };
        self.inner.faults.lock().unwrap().push(active);
    }

    /// Removes all faults.
    ///
    /// # Panics
    /// Never: the lock is held for a moment only.
    pub fn clear_faults(&self) {
        self.inner.faults.lock().unwrap().clear();
    }

    /// The requests since the last call.
    ///
    /// # Panics
    /// Never: the lock is held for a moment only.
    #[must_use]
    pub fn take_requests(&self) -> Vec<ProxiedRequest> {
        std::mem::take(&mut *self.inner.asked.lock().unwrap())
    }

    /// Ends all running watches without a final event.
    pub fn cut_watches(&self) {
        self.inner.watches.send_modify(|times| *times += 1);
    }

    /// Leads new connections to the control plane of this kubeconfig. Those that are open stay where they are.
    ///
    /// # Panics
    /// When there is no such file.
    pub fn lead_to(&self, of: &Path) {
        *self.inner.plane.lock().unwrap() = Arc::new(RawClient::of(of));
    }

    /// Closes all connections and the port.
    pub async fn go_down(&mut self) {
        if let Some(running) = self.running.take() {
            running.abort();
            let _ = running.await;
        }
    }

    /// Opens the port again.
    ///
    /// # Panics
    /// When another process has taken it.
    pub async fn come_back(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.running = Some(tokio::spawn(serve(listener, self.inner.clone())));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.abort();
        }
    }
}

/// Aborting it closes all its connections.
async fn serve(listener: TcpListener, inner: Arc<Inner>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let inner = inner.clone();
        let plane = inner.plane.lock().unwrap().clone();
        connections.spawn(async move {
            let service = service_fn(move |request| answer(inner.clone(), plane.clone(), request));
            // An injected fault closed the connection.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
        while connections.try_join_next().is_some() {}
    }
}

/// An error closes the connection.
async fn answer(
    inner: Arc<Inner>,
    plane: Arc<RawClient>,
    request: Request<Incoming>,
) -> Result<Response<Body>, &'static str> {
    let operation = Operation::of(&request);
    let accept = request.headers().get(ACCEPT);
    inner.asked.lock().unwrap().push(ProxiedRequest {
        operation,
        line: format!("{} {}", request.method(), request.uri()),
        accept: accept
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned(),
    });
    let path = request.uri().path().to_owned();
    let fault = {
        let faults = inner.faults.lock().unwrap();
        let hits = |active: &&ActiveFault| {
            let name = active.name.as_deref();
            (active.operation == operation || active.operation == Operation::Anything)
                && name.is_none_or(|name| path.rsplit('/').next() == Some(name))
        };
        faults.iter().find(hits).map(|active| active.fault.clone())
    };
    match fault {
        None => Ok(forward(&inner, &plane, operation, request).await),
        Some(Fault::Slow(how)) => {
            tokio::time::sleep(how).await;
            Ok(forward(&inner, &plane, operation, request).await)
        }
        Some(Fault::CreateBefore(collection, object)) => {
            // Only once: after that the object exists.
            let _ = plane.ask(Method::POST, &collection, Some(&object)).await;
            Ok(forward(&inner, &plane, operation, request).await)
        }
        Some(Fault::DropResponse) => {
            let answer = forward(&inner, &plane, operation, request).await;
            let _ = answer.into_body().collect().await;
            Err("cut after it was done")
        }
        Some(Fault::Disconnect) => Err("cut"),
        Some(Fault::Refusal {
            code,
            mut status,
            retry_after,
        }) => {
            status["apiVersion"] = json!("v1");
            status["kind"] = json!("Status");
            status["status"] = json!("Failure");
            status["code"] = json!(code);
            let mut answer = Response::builder()
                .status(code)
                .header(CONTENT_TYPE, "application/json");
            if let Some(seconds) = retry_after {
                answer = answer.header(RETRY_AFTER, seconds);
            }
            Ok(answer.body(whole(status.to_string())).unwrap())
        }
        Some(Fault::NotJson) => Ok(Response::new(whole("<html>It works!</html>".to_owned()))),
        Some(Fault::OtherJson) => Ok(Response::new(whole(r#"{"it":"works"}"#.to_owned()))),
        Some(Fault::Endless) => {
            let chunk = Bytes::from(vec![b' '; 64 << 10]);
            let chunks = futures::stream::repeat_with(move || Ok(Frame::data(chunk.clone())));
            Ok(Response::new(StreamBody::new(chunks).boxed_unsync()))
        }
    }
}

fn whole(text: String) -> Body {
    let never = |never: Infallible| match never {};
    Full::new(Bytes::from(text)).map_err(never).boxed_unsync()
}

async fn forward(
    inner: &Inner,
    plane: &RawClient,
    operation: Operation,
    request: Request<Incoming>,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    let address = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut onward = plane
        .client
        .request(head.method, format!("{}{address}", plane.server));
    for name in [ACCEPT, CONTENT_TYPE] {
        if let Some(value) = head.headers.get(&name) {
            onward = onward.header(name, value);
        }
    }
    let sent = async {
        let body = body
            .collect()
            .await
            .map_err(|error| error.to_string())?
            .to_bytes();
        onward.body(body).send().await.map_err(|error| error.to_string())
    };
    let said = match sent.await {
        Ok(said) => said,
        Err(error) => {
            let mut answer = Response::new(whole(error));
            *answer.status_mut() = hyper::StatusCode::BAD_GATEWAY;
            return answer;
        }
    };
    let mut answer = Response::builder().status(said.status());
    if let Some(kind) = said.headers().get(CONTENT_TYPE) {
        answer = answer.header(CONTENT_TYPE, kind);
    }
    let body = said.bytes_stream().map_ok(Frame::data);
    let mut cut = inner.watches.subscribe();
    let body = if operation == Operation::Watch {
        let ended = async move {
            let _ = cut.changed().await;
        };
        StreamBody::new(body.take_until(Box::pin(ended)).boxed()).boxed_unsync()
    } else {
        StreamBody::new(body).boxed_unsync()
    };
    answer.body(body).unwrap()
}
