//! Accepts connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use futures::future::BoxFuture;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::dispatch::{self, Disconnected};
use crate::kube::plane::inner::Inner;

/// The backlog of the listener.
const MAX_CONNECTIONS: usize = 2_000;
/// How long a client may take to send the request head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(20);

/// A control plane that is being served. Dropping it stops it without waiting.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl Serving {
    /// The address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes all connections and stops listening. All writes are in the journal already.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            // The task fails only when it panicked; there is nothing left to stop then.
            let _ = task.await;
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Answers one request.
pub(in super::super) type Answer =
    Arc<dyn Fn(Request<Body>) -> BoxFuture<'static, Result<Response<Body>, Disconnected>> + Send + Sync>;

/// Serves a control plane until [`Serving`] is stopped or dropped.
pub(in super::super) fn start(inner: Arc<Inner>, listener: TcpListener, address: SocketAddr) -> Serving {
    let served = Arc::clone(&inner);
    let answer: Answer = Arc::new(move |request| {
        let served = Arc::clone(&served);
        Box::pin(async move { dispatch::answer(&served, request).await })
    });
    start_with(inner, answer, listener, address)
}

/// As [`start`], with what answers the requests; the certificate and the faults of connections are those of `inner`.
pub(in super::super) fn start_with(
    inner: Arc<Inner>,
    answer: Answer,
    listener: TcpListener,
    address: SocketAddr,
) -> Serving {
    let stop = CancellationToken::new();
    let task = tokio::spawn(accept(inner, answer, listener, stop.clone()));
    Serving {
        address,
        stop,
        task: Some(task),
    }
}

async fn accept(inner: Arc<Inner>, answer: Answer, listener: TcpListener, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let (inner, answer, stop) = (Arc::clone(&inner), Arc::clone(&answer), stop.clone());
        tokio::spawn(async move {
            let mut refusing = inner.faults.refusing();
            tokio::select! {
                () = stop.cancelled() => {}
                _ = refusing.wait_for(|refusing| *refusing) => {}
                () = converse(&inner, &answer, stream) => {}
            }
            drop(place);
        });
    }
}

async fn converse(inner: &Arc<Inner>, answer: &Answer, stream: TcpStream) {
    // Watches send small lines that must not be delayed.
    let _ = stream.set_nodelay(true);
    let mut first = [0; 1];
    if !matches!(timeout(HEAD_TIMEOUT, stream.peek(&mut first)).await, Ok(Ok(1))) {
        return;
    }
    match &inner.tls {
        // The first byte of a TLS handshake; no HTTP method starts with it.
        Some(tls) if first[0] == 0x16 => {
            if let Ok(Ok(stream)) =
                timeout(HEAD_TIMEOUT, TlsAcceptor::from(Arc::clone(tls)).accept(stream)).await
            {
                speak(answer, stream).await;
            }
        }
        _ => speak(answer, stream).await,
    }
}

async fn speak<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(answer: &Answer, stream: S) {
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let answer = Arc::clone(answer);
        async move { answer(request.map(Body::new)).await }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(200);
    if let Err(error) = builder.serve_connection(TokioIo::new(stream), service).await {
        tracing::trace!(%error, "a connection ended early");
    }
}
