//! Accepts connections, and shuts down gracefully.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::serve::Listener;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use metrics::counter;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::activity::{Activity, Peers, TrackedBody};
use super::address::ClientAddress;
use super::preface_timeout::PrefaceTimeout;
use super::write_timeout::WriteTimeout;

/// Maximum number of concurrent requests of one HTTP/2 connection.
const MAX_CONCURRENT_STREAMS: u32 = 128;

/// Limits on connections.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Maximum number of connections; others wait in the backlog. A page with an event stream holds one.
    pub connections: usize,
    /// Maximum number of connections of one peer; others are closed at once. An IPv6 /64 counts as one peer.
    pub per_peer: usize,
    /// How long a client may take to send a request's headers.
    pub headers: Duration,
    /// How long a connection may be idle.
    pub idle: Duration,
    /// How long a client may leave the response unread.
    pub write: Duration,
    /// How long requests in progress may take after shutdown begins.
    pub grace: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 8192,
            per_peer: 1024,
            headers: Duration::from_secs(30),
            idle: Duration::from_mins(1),
            write: Duration::from_secs(30),
            grace: Duration::from_secs(10),
        }
    }
}

/// Serves until `stop` is cancelled, then waits for requests in progress.
///
/// # Errors
/// None at present: an error ends only its connection.
pub async fn serve(
    mut listener: TcpListener,
    router: Router,
    bounds: Bounds,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let builder = builder(&bounds);
    let tasks = TaskTracker::new();
    let semaphore = Arc::new(Semaphore::new(bounds.connections));
    let peers = Peers::default();
    loop {
        let accepted = async {
            let permit = Arc::clone(&semaphore).acquire_owned().await;
            // `accept` waits and tries again after errors of one connection or a lack of file descriptors.
            let (connection, peer) = Listener::accept(&mut listener).await;
            (connection, peer, permit)
        };
        let (connection, peer, permit) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accepted => accepted,
        };
        let Some(slot) = peers.admit(ClientAddress(peer.ip()).network(), bounds.per_peer) else {
            counter!("portico_connections_refused_total").increment(1);
            continue;
        };
        let (builder, router, stop) = (builder.clone(), router.clone(), stop.clone());
        tasks.spawn(async move {
            serve_one(&builder, connection, peer, router, &bounds, &stop).await;
            drop((permit, slot));
        });
    }
    drop(listener);
    tasks.close();
    if tokio::time::timeout(bounds.grace, tasks.wait()).await.is_err() {
        tracing::warn!("some requests were still in progress at the end of the grace period");
    }
    Ok(())
}

fn builder(bounds: &Bounds) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.headers);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(bounds.headers))
        .max_concurrent_streams(MAX_CONCURRENT_STREAMS);
    builder
}

/// Serves one connection until the client closes it, it is idle for too long, or `stop` is cancelled.
async fn serve_one(
    builder: &Builder<TokioExecutor>,
    connection: TcpStream,
    peer: std::net::SocketAddr,
    router: Router,
    bounds: &Bounds,
    stop: &CancellationToken,
) {
    // Small responses must not wait for more data.
    if let Err(error) = connection.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    let activity = Activity::new();
    let requests = activity.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        let (guard, router) = (requests.begin(), router.clone());
        async move {
            let response = router.oneshot(request).await;
            response.map(|response| response.map(|body| Body::new(TrackedBody { body, _guard: guard })))
        }
    });
    let io = TokioIo::new(PrefaceTimeout::new(
        WriteTimeout::new(connection, bounds.write),
        bounds.headers,
    ));
    let served = builder.serve_connection_with_upgrades(io, service);
    let mut served = std::pin::pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => Some(ended),
        () = stop.cancelled() => None,
        () = activity.idle_for(bounds.idle) => None,
    };
    let ended = if let Some(ended) = ended {
        ended
    } else {
        served.as_mut().graceful_shutdown();
        tokio::select! {
            ended = served => ended,
            // A client that was asked to close has the idle time to do so.
            () = activity.idle_for(bounds.idle), if !stop.is_cancelled() => Ok(()),
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Instant;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    fn bounds() -> Bounds {
        Bounds {
            headers: SHORT,
            ..Bounds::default()
        }
    }

    const SHORT: Duration = Duration::from_millis(400);
    /// Far longer than [`SHORT`], yet bounded.
    const TIMEOUT: Duration = Duration::from_secs(10);

    async fn start(bounds: Bounds) -> (SocketAddr, CancellationToken) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let router = Router::new().route("/", get(|| async { "here" }));
        tokio::spawn(serve(listener, router, bounds, stop.clone()));
        (address, stop)
    }

    async fn connect(address: SocketAddr, sent: &[u8]) -> TcpStream {
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(sent).await.unwrap();
        connection
    }

    /// Reads until the peer closes; `None` if it does not within [`TIMEOUT`].
    async fn read_to_end(mut connection: TcpStream) -> Option<String> {
        let mut received = Vec::new();
        let read = tokio::time::timeout(TIMEOUT, connection.read_to_end(&mut received)).await;
        // A reset also closes the connection.
        read.ok().map(|_| String::from_utf8_lossy(&received).into_owned())
    }

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n";

    #[tokio::test]
    async fn incomplete_headers_close_the_connection_and_others_are_served_meanwhile() {
        let (address, _stop) = start(Bounds {
            headers: SHORT,
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
        let started = Instant::now();
        let served = read_to_end(connect(address, REQUEST).await).await;
        assert!(served.is_some_and(|received| received.ends_with("here")));
        assert!(started.elapsed() < TIMEOUT);
        for (beginning, connection) in slow {
            let received = read_to_end(connection).await;
            let beginning = String::from_utf8_lossy(beginning);
            assert!(
                received.is_some_and(|received| !received.contains("200")),
                "{beginning:?} was kept"
            );
        }
    }

    #[tokio::test]
    async fn a_connection_over_the_limit_waits_for_a_free_slot() {
        let (address, _stop) = start(Bounds {
            connections: 2,
            headers: SHORT,
            ..Bounds::default()
        })
        .await;
        let idle = [connect(address, b"").await, connect(address, b"").await];
        let served = read_to_end(connect(address, REQUEST).await).await;
        assert!(served.is_some_and(|received| received.ends_with("here")));
        drop(idle);
    }

    #[tokio::test]
    async fn the_header_timeout_does_not_apply_to_the_response() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let slowly = || async {
            tokio::time::sleep(SHORT * 3).await;
            "at last"
        };
        let bounds = Bounds {
            headers: SHORT,
            ..Bounds::default()
        };
        let router = Router::new().route("/", get(slowly));
        tokio::spawn(serve(listener, router, bounds, CancellationToken::new()));
        let served = read_to_end(connect(address, REQUEST).await).await;
        assert!(served.is_some_and(|received| received.ends_with("at last")));
    }

    /// The HTTP/2 preface and empty settings.
    const HTTP2_START: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

    #[tokio::test]
    async fn idle_connections_are_closed_in_http1_and_http2() {
        let (address, _stop) = start(Bounds {
            idle: SHORT,
            ..Bounds::default()
        })
        .await;
        // One is idle after a response, one never sent a request, and one answers every ping.
        let kept = connect(address, b"GET / HTTP/1.1\r\nhost: here\r\n\r\n").await;
        let two = connect(address, HTTP2_START).await;
        let started = Instant::now();
        assert!(
            read_to_end(kept)
                .await
                .is_some_and(|received| received.ends_with("here"))
        );
        assert!(read_to_end(two).await.is_some(), "HTTP/2 was kept");
        assert!(started.elapsed() < TIMEOUT);
        let answering = tokio::spawn(acknowledge(connect(address, HTTP2_START).await));
        assert!(
            tokio::time::timeout(TIMEOUT, answering).await.is_ok(),
            "who answers pings and asks nothing was kept"
        );
    }

    /// HTTP/2 client that acknowledges settings and pings until the peer closes.
    async fn acknowledge(mut connection: TcpStream) {
        let mut header = [0; 9];
        while connection.read_exact(&mut header).await.is_ok() {
            let length = usize::from(header[1]) << 8 | usize::from(header[2]);
            let mut body = vec![0; length];
            if connection.read_exact(&mut body).await.is_err() {
                return;
            }
            let (kind, flags) = (header[3], header[4]);
            // SETTINGS and PING without the ACK flag.
            if (kind == 4 || kind == 6) && flags & 1 == 0 {
                let body = if kind == 4 { Vec::new() } else { body };
                let length = u8::try_from(body.len()).unwrap();
                let mut response = vec![0, 0, length, kind, 1, 0, 0, 0, 0];
                response.extend(body);
                if connection.write_all(&response).await.is_err() {
                    return;
                }
            }
        }
    }

    #[tokio::test]
    async fn a_connection_whose_client_does_not_read_is_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        // More than all buffers together hold.
        let router = Router::new().route("/", get(|| async { vec![b'x'; 64 << 20] }));
        let bounds = Bounds {
            write: SHORT,
            ..Bounds::default()
        };
        tokio::spawn(serve(listener, router, bounds, CancellationToken::new()));
        let connection = connect(address, REQUEST).await;
        tokio::time::sleep(SHORT * 3).await;
        // Only what was in the buffers still arrives.
        let received = read_to_end(connection).await.expect("it was kept");
        assert!(received.len() < 64 << 20, "all of it came");
    }

    #[tokio::test]
    async fn a_slow_body_is_answered_with_a_timeout() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let timeout =
            tower_http::timeout::TimeoutLayer::with_status_code(http::StatusCode::REQUEST_TIMEOUT, SHORT);
        let router = Router::new()
            .route("/", axum::routing::post(|body: String| async { body }))
            .layer(timeout);
        tokio::spawn(serve(listener, router, bounds(), CancellationToken::new()));
        let slow = connect(
            address,
            b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 1000\r\n\r\nx",
        )
        .await;
        assert!(
            read_to_end(slow)
                .await
                .is_some_and(|received| received.contains("408"))
        );
    }

    #[tokio::test]
    async fn one_peer_cannot_take_all_connections() {
        let (address, _stop) = start(Bounds {
            per_peer: 3,
            idle: SHORT,
            ..Bounds::default()
        })
        .await;
        let mut kept = Vec::new();
        for _ in 0..3 {
            kept.push(connect(address, b"GET / HTTP/1.1\r\nhost: here\r\n\r\n").await);
        }
        // A connection has its slot once it got a response.
        for connection in &mut kept {
            let mut byte = [0];
            connection.read_exact(&mut byte).await.unwrap();
        }
        let refused = read_to_end(connect(address, REQUEST).await).await;
        assert_eq!(refused.as_deref(), Some(""), "one too many is closed at once");
        drop(kept);
        let served = async || {
            read_to_end(connect(address, REQUEST).await)
                .await
                .is_some_and(|received| received.ends_with("here"))
        };
        let started = Instant::now();
        while !served().await {
            assert!(started.elapsed() < TIMEOUT, "places are given back");
        }
    }
}
