//! Keeps an agent connected to every replica of Portico, wherever the one address that it has leads.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use parking_lot::Mutex;
use portico_planes::agent::{AgentBody, full};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::enrol::dial;
use super::gate::Gate;
use super::state::Credentials;
use crate::protocol::{AGENT, CONTROL_PLANE, HELLO, Hello, MAX_MESSAGE_BYTES};
use crate::tls::CALLS;

const MIN_BACKOFF: Duration = Duration::from_millis(200);
const MAX_BACKOFF: Duration = Duration::from_secs(10);
/// How long Portico may take to say who it is.
const HELLO_TIMEOUT: Duration = Duration::from_secs(10);
/// Portico says hello every three seconds. A connection on which it does not is dead.
const SILENCE: Duration = Duration::from_secs(20);
/// How long calls may go on over a connection that was replaced.
const GRACE: Duration = Duration::from_secs(20);
/// How long both connections take calls while one replaces the other.
const OVERLAP: Duration = Duration::from_secs(2);
/// Largest headers of a call, in bytes.
const MAX_HEADER_BYTES: u32 = 32 << 10;
/// Calls at once on a connection.
const MAX_CALLS: u32 = 1_000;

/// The connections.
pub(crate) struct Connections {
    gate: Arc<Gate>,
    addresses: Vec<String>,
    state: Mutex<Open>,
    changed: watch::Sender<u64>,
    /// Ends all connections.
    stop: CancellationToken,
}

#[derive(Default)]
struct Open {
    /// The newest connection to each replica, with the generation of its certificate.
    by_replica: BTreeMap<Uuid, OpenConnection>,
    /// All replicas that Portico last named.
    replicas: Vec<Uuid>,
}

struct OpenConnection {
    id: Uuid,
    generation: u64,
    /// Lets the connection end when its calls have.
    finish: CancellationToken,
}

/// A connection that is being made.
struct Candidate {
    id: Uuid,
    generation: u64,
    finish: CancellationToken,
    /// What became of it, and how often Portico has said hello.
    heard: watch::Sender<(Outcome, u64)>,
}

#[derive(Clone, PartialEq, Eq)]
enum Outcome {
    /// Portico has not said who it is.
    Unknown,
    /// It leads to this replica.
    Used(Uuid),
    /// It leads to a replica that has a connection as new.
    Superfluous,
    /// Portico ends it.
    Refused(String),
}

impl Connections {
    pub(crate) fn new(gate: Arc<Gate>, addresses: Vec<String>) -> Arc<Self> {
        Arc::new(Self {
            gate,
            addresses,
            state: Mutex::default(),
            changed: watch::Sender::new(0),
            stop: CancellationToken::new(),
        })
    }

    /// Connects, again and again, for as long as the future is polled. `credentials` are those in force, with their
    /// generation.
    pub(crate) async fn run(self: Arc<Self>, mut credentials: watch::Receiver<(u64, Credentials)>) {
        let _all_end = self.stop.clone().drop_guard();
        let mut changed = self.changed.subscribe();
        let mut wait = MIN_BACKOFF;
        let mut next = 0;
        loop {
            changed.borrow_and_update();
            let (generation, current) = credentials.borrow_and_update().clone();
            if !self.lacks(generation) {
                wait = MIN_BACKOFF;
                tokio::select! {
                    _ = changed.changed() => {}
                    changed = credentials.changed() => if changed.is_err() { return },
                }
                continue;
            }
            let address = &self.addresses[next % self.addresses.len()];
            next += 1;
            let new = match self.clone().connect(address, generation, &current).await {
                Ok(new) => new,
                Err(why) => {
                    tracing::warn!(%address, %why, "no connection to Portico");
                    false
                }
            };
            if new {
                wait = MIN_BACKOFF;
            } else {
                // Apart from others that were cut off at the same time.
                tokio::time::sleep(wait.mul_f64(rand::random_range(0.7..1.3))).await;
                wait = (wait * 2).min(MAX_BACKOFF);
            }
        }
    }

    /// True if a replica has no connection with the current certificate.
    fn lacks(&self, generation: u64) -> bool {
        let state = self.state.lock();
        let has = |replica: &Uuid| {
            let open = state.by_replica.get(replica);
            open.is_some_and(|open| open.generation == generation)
        };
        state.by_replica.is_empty() || !state.replicas.iter().all(has)
    }

    /// Connects once. False if that brought nothing new: the address led to a replica that has a connection already.
    async fn connect(
        self: Arc<Self>,
        address: &str,
        generation: u64,
        credentials: &Credentials,
    ) -> Result<bool, String> {
        let config = credentials.tls(CALLS).map_err(|error| error.to_string())?;
        let tls = dial(address, config).await.map_err(|error| error.to_string())?;
        let (heard, mut hellos) = watch::channel((Outcome::Unknown, 0));
        let candidate = Candidate {
            id: Uuid::now_v7(),
            generation,
            finish: CancellationToken::new(),
            heard,
        };
        let (id, finish) = (candidate.id, candidate.finish.clone());
        let serving = tokio::spawn(serve(self.clone(), tls, candidate));
        let mut serving = AbortOnDropHandle::new(serving);
        let outcome = tokio::select! {
            first = timeout(HELLO_TIMEOUT, hellos.wait_for(|(outcome, _)| *outcome != Outcome::Unknown)) => match first {
                Ok(Ok(heard)) => heard.0.clone(),
                _ => Outcome::Unknown,
            },
            _ = &mut serving => Outcome::Unknown,
        };
        match outcome {
            Outcome::Unknown => Err(
                "the connection ended before Portico said who it is: is the agent's certificate valid?"
                    .to_owned(),
            ),
            Outcome::Refused(why) => Err(format!("Portico refused: {why}")),
            Outcome::Superfluous => Ok(false),
            Outcome::Used(replica) => {
                tracing::info!(%address, %replica, "connected to Portico");
                tokio::spawn(self.keep(replica, id, finish, serving, hellos));
                Ok(true)
            }
        }
    }

    /// Takes note of what Portico says on a connection. False if the connection is not needed.
    fn hear(&self, candidate: &Candidate, hello: &Hello) -> bool {
        let known = candidate.heard.borrow().0.clone();
        let outcome = match (known, &hello.refused) {
            (_, Some(why)) => Outcome::Refused(why.clone()),
            (Outcome::Unknown, None) => self.register(candidate, hello.replica),
            (known, None) => known,
        };
        let is_used = matches!(outcome, Outcome::Used(_));
        let mut state = self.state.lock();
        if is_used && state.replicas != hello.replicas {
            state.replicas.clone_from(&hello.replicas);
            drop(state);
            self.changed.send_modify(|times| *times += 1);
        }
        candidate.heard.send_modify(|(known, times)| {
            *known = outcome;
            *times += 1;
        });
        is_used
    }

    /// Uses the connection for the replica, unless that has one with a certificate as new.
    fn register(&self, candidate: &Candidate, replica: Uuid) -> Outcome {
        let mut state = self.state.lock();
        if let Some(known) = state.by_replica.get(&replica)
            && known.generation >= candidate.generation
        {
            return Outcome::Superfluous;
        }
        let open = OpenConnection {
            id: candidate.id,
            generation: candidate.generation,
            finish: candidate.finish.clone(),
        };
        if let Some(old) = state.by_replica.insert(replica, open) {
            old.finish.cancel();
        }
        Outcome::Used(replica)
    }

    /// Follows what Portico says on a connection until it ends.
    async fn keep(
        self: Arc<Self>,
        replica: Uuid,
        id: Uuid,
        finish: CancellationToken,
        mut serving: AbortOnDropHandle<()>,
        mut hellos: watch::Receiver<(Outcome, u64)>,
    ) {
        let grace = async {
            finish.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::pin!(grace);
        loop {
            tokio::select! {
                _ = &mut serving => break,
                () = &mut grace => break,
                () = self.stop.cancelled() => break,
                changed = timeout(SILENCE, hellos.changed()) => {
                    let refused = matches!(hellos.borrow_and_update().0, Outcome::Refused(_));
                    if refused || !matches!(changed, Ok(Ok(()))) {
                        break;
                    }
                }
            }
        }
        let mut state = self.state.lock();
        if state.by_replica.get(&replica).is_some_and(|open| open.id == id) {
            state.by_replica.remove(&replica);
            tracing::info!(%replica, "disconnected from Portico");
        }
        drop(state);
        self.changed.send_modify(|times| *times += 1);
    }
}

/// Serves Portico's calls on a connection.
async fn serve(connections: Arc<Connections>, tls: TlsStream<TcpStream>, candidate: Candidate) {
    let finish = candidate.finish.clone();
    let candidate = Arc::new(candidate);
    let service = service_fn(move |request: Request<Incoming>| {
        let (connections, candidate) = (connections.clone(), candidate.clone());
        async move { Ok::<_, Infallible>(respond(&connections, &candidate, request).await) }
    });
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_CALLS)
        .max_header_list_size(MAX_HEADER_BYTES)
        .serve_connection(TokioIo::new(tls), service);
    tokio::pin!(connection);
    let finishing = async {
        finish.cancelled().await;
        // Portico may still have to learn of the connection that takes its place.
        tokio::time::sleep(OVERLAP).await;
    };
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = finishing => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection to Portico ended");
    }
}

async fn respond(
    connections: &Connections,
    candidate: &Candidate,
    request: Request<Incoming>,
) -> Response<AgentBody> {
    match request.uri().authority().map(http::uri::Authority::as_str) {
        Some(CONTROL_PLANE) => connections.gate.call(request).await,
        Some(AGENT) if request.uri().path() == HELLO && request.method() == Method::POST => {
            let body = Limited::new(request.into_body(), MAX_MESSAGE_BYTES);
            let Ok(body) = body.collect().await else {
                return nothing(StatusCode::BAD_REQUEST);
            };
            match serde_json::from_slice(&body.to_bytes()) {
                Err(_) => nothing(StatusCode::BAD_REQUEST),
                Ok(hello) if connections.hear(candidate, &hello) => {
                    let report = serde_json::to_vec(&connections.gate.report()).unwrap_or_default();
                    Response::new(full(report.into()))
                }
                Ok(_) => nothing(StatusCode::CONFLICT),
            }
        }
        _ => nothing(StatusCode::NOT_FOUND),
    }
}

fn nothing(status: StatusCode) -> Response<AgentBody> {
    let mut response = Response::new(full(hyper::body::Bytes::new()));
    *response.status_mut() = status;
    response
}
