//! Portico's side: accepts agents, keeps their connections, and ends those that may not stay.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use jiff::{SignedDuration, Timestamp};
use portico_domain::text::sanitize;
use portico_planes::agent::Body;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use crate::authority::{Authority, AuthorityError};
use crate::certificates;
use crate::hub::{Hub, Session, with_authority};
use crate::identity::Identity;
use crate::protocol::{AGENT, AgentReport, HELLO, Hello, MAX_MESSAGE_BYTES, RefusedCall};
use crate::registrar::{Refusal, Registrar};
use crate::tls::{CALLS, CERTIFICATES, server_config};

/// How long a connection may take until it is known whose it is.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections that are not known yet, at most.
const MAX_UNKNOWN: usize = 256;
/// How often an agent is asked whether it is there.
const HELLO_INTERVAL: Duration = Duration::from_secs(3);
/// How long it may take to answer. One that misses two of them is cut off.
const HELLO_TIMEOUT: Duration = Duration::from_secs(5);
/// How often the database is asked who may stay.
const BEAT_INTERVAL: Duration = Duration::from_secs(4);
/// What may be on the way from the agent for one call, and for all: what Portico does not read, the agent keeps.
const STREAM_WINDOW: u32 = 512 << 10;
const CONNECTION_WINDOW: u32 = 16 << 20;
/// Largest headers of an answer, in bytes.
const MAX_HEADER_BYTES: u32 = 32 << 10;
/// Longest text of an agent that is shown, in characters.
const MAX_SHOWN_CHARACTERS: usize = 400;

/// What the listener works with.
pub struct Listener {
    /// The authority for certificates.
    pub authority: Arc<Authority>,
    /// How long the certificate of an agent is valid.
    pub validity: SignedDuration,
    /// Where connections are kept.
    pub hub: Hub,
    /// Who decides.
    pub registrar: Arc<dyn Registrar>,
}

impl Listener {
    /// Accepts agents until `stop`.
    ///
    /// # Errors
    /// If the authority cannot be used.
    pub async fn run(self, listener: TcpListener, stop: CancellationToken) -> Result<(), AuthorityError> {
        let acceptor = TlsAcceptor::from(Arc::new(server_config(&self.authority)?));
        let this = Arc::new(self);
        let beating = tokio::spawn(this.clone().beat(stop.clone()));
        let unknown = Arc::new(Semaphore::new(MAX_UNKNOWN));
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = accept(&listener, &unknown) => accepted,
            };
            let Some((tcp, remote, permit)) = accepted else {
                continue;
            };
            let (this, acceptor, stop) = (this.clone(), acceptor.clone(), stop.clone());
            tokio::spawn(async move {
                let shaking = timeout(HANDSHAKE_TIMEOUT, acceptor.accept(tcp));
                let served = async {
                    match shaking.await {
                        Ok(Ok(tls)) => this.serve(tls, remote, permit, stop.clone()).await,
                        Ok(Err(error)) => {
                            tracing::info!(%remote, %error, "a connection of an agent failed");
                        }
                        Err(_) => tracing::info!(%remote, "a connection of an agent took too long"),
                    }
                };
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = served => {}
                }
            });
        }
        beating.abort();
        Ok(())
    }

    /// Serves a connection by what it is for.
    async fn serve(
        &self,
        tls: TlsStream<TcpStream>,
        remote: SocketAddr,
        permit: tokio::sync::OwnedSemaphorePermit,
        stop: CancellationToken,
    ) {
        let (_, session) = tls.get_ref();
        let leaf = session.peer_certificates().and_then(<[_]>::first);
        let identity = leaf.and_then(|der| Identity::of(der));
        match session.alpn_protocol() {
            Some(CERTIFICATES) => {
                let issuing = certificates::Issuing {
                    authority: self.authority.clone(),
                    registrar: self.registrar.clone(),
                    validity: self.validity,
                    remote,
                    identity,
                };
                let _ = timeout(HANDSHAKE_TIMEOUT, certificates::serve(tls, issuing)).await;
            }
            Some(CALLS) => {
                if let Some(identity) = identity {
                    self.calls(tls, remote, identity, permit, stop).await;
                } else {
                    tracing::info!(%remote, "an agent without a certificate was refused");
                }
            }
            _ => tracing::debug!(%remote, "a connection that is not an agent's was refused"),
        }
    }

    /// Keeps the connection of an agent.
    async fn calls(
        &self,
        tls: TlsStream<TcpStream>,
        remote: SocketAddr,
        identity: Identity,
        permit: tokio::sync::OwnedSemaphorePermit,
        stop: CancellationToken,
    ) {
        let (plane, agent) = (identity.plane.clone(), identity.agent);
        let shaking = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(MAX_HEADER_BYTES)
            .handshake::<_, Body>(TokioIo::new(tls));
        let Ok(Ok((sender, connection))) = timeout(HANDSHAKE_TIMEOUT, shaking).await else {
            tracing::info!(%remote, %plane, "an agent does not speak HTTP/2");
            return;
        };
        let mut connection = tokio_util::task::AbortOnDropHandle::new(tokio::spawn(connection));
        let admitted = match timeout(HANDSHAKE_TIMEOUT, self.registrar.admit(plane.clone(), agent)).await {
            Ok(admitted) => admitted,
            Err(_) => Err(Refusal::Unavailable),
        };
        let why = admitted.err().map(|refusal| refusal.to_string());
        let answered = timeout(HELLO_TIMEOUT, self.hello(sender.clone(), why.clone())).await;
        if let Some(why) = why {
            tracing::warn!(%remote, %plane, %agent, why, "an agent was refused");
            return;
        }
        let Ok(Some(report)) = answered else {
            // It has a connection to this replica already, or it does not answer.
            tracing::debug!(%remote, %plane, %agent, "a connection of an agent is not used");
            return;
        };
        let session = Session::new(identity, remote, sender, report);
        let session = match self.hub.add(session) {
            Ok(session) => session,
            Err(refusal) => {
                tracing::warn!(%remote, %plane, %agent, %refusal, "an agent was refused");
                return;
            }
        };
        drop(permit);
        tracing::info!(%remote, %plane, %agent, "an agent is connected");
        let expires_in = session.identity.expires_at.duration_since(Timestamp::now());
        let expired = tokio::time::sleep(expires_in.try_into().unwrap_or_default());
        let why = tokio::select! {
            _ = &mut connection => "the connection ended",
            () = session.stop.cancelled() => "it may not stay",
            () = expired => "its certificate has run out",
            () = self.until_silent(&session) => "it does not answer",
            () = stop.cancelled() => "Portico stops",
        };
        // Removed before the connection ends, so that no call goes there any more.
        self.hub.remove(&session);
        tracing::info!(%remote, %plane, %agent, why, "an agent is no longer connected");
    }

    /// Asks the agent every few seconds whether it is there. Returns when it is not.
    async fn until_silent(&self, session: &Session) {
        let mut ticks = interval(HELLO_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut missed = 0;
        loop {
            ticks.tick().await;
            let asking = self.hello(session.sender.clone(), None);
            let answered = timeout(HELLO_TIMEOUT, asking).await.ok().flatten();
            self.hub.set_healthy(session, answered.is_some());
            if let Some(report) = answered {
                missed = 0;
                *session.report.lock() = report;
            } else {
                missed += 1;
                if missed > 1 {
                    return;
                }
            }
        }
    }

    /// Tells an agent what it has to know, and reads its answer; `None` if that makes no sense.
    async fn hello(
        &self,
        mut sender: http2::SendRequest<Body>,
        refused: Option<String>,
    ) -> Option<AgentReport> {
        let hello = Hello {
            replica: self.hub.replica(),
            replicas: self.hub.replicas(),
            refused,
        };
        let request = Request::builder()
            .method(Method::POST)
            .uri(with_authority(&http::Uri::from_static(HELLO), AGENT)?)
            .body(Body::from(serde_json::to_vec(&hello).ok()?))
            .ok()?;
        sender.ready().await.ok()?;
        let response = sender.send_request(request).await.ok()?;
        if response.status() != StatusCode::OK {
            return None;
        }
        let body = Limited::new(response.into_body(), MAX_MESSAGE_BYTES);
        let bytes = body.collect().await.ok()?.to_bytes();
        let report: AgentReport = serde_json::from_slice(&bytes).ok()?;
        let shown = |text: &str| sanitize(text).chars().take(MAX_SHOWN_CHARACTERS).collect();
        Some(AgentReport {
            version: shown(&report.version),
            last_refused: report.last_refused.map(|refused| RefusedCall {
                at: refused.at,
                message: shown(&refused.message),
            }),
            ..report
        })
    }

    /// Says in the database that this replica is alive, and ends connections that may not stay.
    async fn beat(self: Arc<Self>, stop: CancellationToken) {
        let mut ticks = interval(BEAT_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => {}
            }
            let asking = self.registrar.beat(self.hub.replica(), self.hub.all());
            if let Ok(Some(beat)) = timeout(BEAT_INTERVAL, asking).await {
                self.hub.set_replicas(beat.replicas);
                for agent in beat.ended {
                    self.hub.cut(agent);
                }
            }
        }
    }
}

/// The next connection, when there is room for it. `None` after an error, and a pause.
async fn accept(
    listener: &TcpListener,
    unknown: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let permit = unknown.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((tcp, remote)) => {
            let _ = tcp.set_nodelay(true);
            Some((tcp, remote, permit))
        }
        Err(error) => {
            tracing::warn!(%error, "no connection of an agent can be accepted");
            tokio::time::sleep(Duration::from_millis(200)).await;
            None
        }
    }
}
