//! Listening, and stopping without cutting anybody off.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::serve::Listener;
use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// How long requests under way may take once it is time to stop.
const GRACE: Duration = Duration::from_secs(10);
/// Connections at once; those beyond wait in the system's queue. A page that listens for news takes one.
const CONNECTIONS: usize = 8192;
/// How long a client may take over a request's headers, and keep a connection without asking anything.
const HEADERS: Duration = Duration::from_secs(30);
/// Requests at once over one HTTP/2 connection.
const STREAMS: u32 = 128;

/// Serves until `stop`, then lets what is under way come to its end.
///
/// # Errors
/// None as yet: what fails in one connection ends that connection only.
pub async fn serve(
    mut listener: TcpListener,
    router: Router,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(HEADERS))
        .max_concurrent_streams(STREAMS);
    let under_way = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accepted = async {
            let place = Arc::clone(&room).acquire_owned().await;
            // What goes wrong with one connection, or for want of file descriptors, is waited out in there.
            let (connection, peer) = Listener::accept(&mut listener).await;
            (connection, peer, place)
        };
        let (connection, peer, place) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accepted => accepted,
        };
        // Small answers must not wait for more to come.
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        let service = router.clone().map_request(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            request
        });
        let served = builder
            .serve_connection_with_upgrades(TokioIo::new(connection), TowerToHyperService::new(service));
        let served = under_way.watch(served.into_owned());
        tokio::spawn(async move {
            if let Err(error) = served.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(GRACE, under_way.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end in time");
    }
    Ok(())
}
