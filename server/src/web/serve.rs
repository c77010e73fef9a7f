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

use super::hasty::Hasty;

/// Requests at once over one HTTP/2 connection.
const STREAMS: u32 = 128;

/// What connections may take.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Connections at once; those beyond wait in the system's queue. A page that listens for news takes one.
    pub connections: usize,
    /// How long a client may take over a request's headers, and keep a connection without asking anything.
    pub headers: Duration,
    /// How long requests under way may take once it is time to stop.
    pub grace: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 8192,
            headers: Duration::from_secs(30),
            grace: Duration::from_secs(10),
        }
    }
}

/// Serves until `stop`, then lets what is under way come to its end.
///
/// # Errors
/// None as yet: what fails in one connection ends that connection only.
pub async fn serve(
    mut listener: TcpListener,
    router: Router,
    bounds: Bounds,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.headers);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(bounds.headers))
        .max_concurrent_streams(STREAMS);
    let under_way = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(bounds.connections));
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
        let connection = TokioIo::new(Hasty::new(connection, bounds.headers));
        let served = builder.serve_connection_with_upgrades(connection, TowerToHyperService::new(service));
        let served = under_way.watch(served.into_owned());
        tokio::spawn(async move {
            if let Err(error) = served.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(bounds.grace, under_way.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("some requests did not end in time");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Instant;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    const SOON: Duration = Duration::from_millis(400);
    /// Far longer than [`SOON`], far shorter than for ever.
    const PATIENCE: Duration = Duration::from_secs(10);

    async fn start(bounds: Bounds) -> (SocketAddr, CancellationToken) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let router = Router::new().route("/", get(|| async { "here" }));
        tokio::spawn(serve(listener, router, bounds, stop.clone()));
        (address, stop)
    }

    async fn connect(address: SocketAddr, says: &[u8]) -> TcpStream {
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(says).await.unwrap();
        connection
    }

    /// What comes until the other side closes; nothing when it does not within [`PATIENCE`].
    async fn rest(mut connection: TcpStream) -> Option<String> {
        let mut said = Vec::new();
        let read = tokio::time::timeout(PATIENCE, connection.read_to_end(&mut said)).await;
        // A connection that is reset is closed as well.
        read.ok().map(|_| String::from_utf8_lossy(&said).into_owned())
    }

    const WHOLE: &[u8] = b"GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n";

    #[tokio::test]
    async fn who_does_not_come_to_the_end_of_the_headers_is_hung_up_on_and_others_are_served_meanwhile() {
        let (address, _stop) = start(Bounds {
            headers: SOON,
            ..Bounds::default()
        })
        .await;
        let beginnings: [&[u8]; 5] = [
            b"",
            b"P",
            b"PRI * HTTP/2.0\r\n",
            b"GET / HTTP/1.1\r\nhost: he",
            b"POST / HTTP/1.1\r\nhost: here\r\ncontent-le",
        ];
        let mut slow = Vec::new();
        for beginning in beginnings {
            slow.push((beginning, connect(address, beginning).await));
        }
        let begun = Instant::now();
        let served = rest(connect(address, WHOLE).await).await;
        assert!(served.is_some_and(|said| said.ends_with("here")));
        assert!(begun.elapsed() < PATIENCE);
        for (beginning, connection) in slow {
            let said = rest(connection).await;
            let beginning = String::from_utf8_lossy(beginning);
            assert!(
                said.is_some_and(|said| !said.contains("200")),
                "{beginning:?} was kept"
            );
        }
    }

    #[tokio::test]
    async fn who_comes_one_too_many_waits_until_there_is_room() {
        let (address, _stop) = start(Bounds {
            connections: 2,
            headers: SOON,
            ..Bounds::default()
        })
        .await;
        let idle = [connect(address, b"").await, connect(address, b"").await];
        let served = rest(connect(address, WHOLE).await).await;
        assert!(served.is_some_and(|said| said.ends_with("here")));
        drop(idle);
    }

    #[tokio::test]
    async fn a_request_that_takes_longer_than_its_headers_may_is_left_in_peace() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let slowly = || async {
            tokio::time::sleep(SOON * 3).await;
            "at last"
        };
        let bounds = Bounds {
            headers: SOON,
            ..Bounds::default()
        };
        let router = Router::new().route("/", get(slowly));
        tokio::spawn(serve(listener, router, bounds, CancellationToken::new()));
        let served = rest(connect(address, WHOLE).await).await;
        assert!(served.is_some_and(|said| said.ends_with("at last")));
    }
}
