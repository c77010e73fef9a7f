//! The agents that are connected to this replica, and the calls through them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::BoxFuture;
use http::{Request, Response, Uri};
use http_body_util::BodyExt as _;
use hyper::client::conn::http2::SendRequest;
use jiff::Timestamp;
use parking_lot::Mutex;
use portico_domain::names::PlaneName;
use portico_planes::agent::{AgentBody, AgentError, AgentTransport, Body};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::identity::Identity;
use crate::protocol::{AgentReport, CONTROL_PLANE, RefusedCall};
use crate::registrar::Refusal;

/// Connections of one control plane's agents at most.
const MAX_SESSIONS: usize = 16;

/// The connected agents. Cheap to clone.
#[derive(Clone)]
pub struct Hub(Arc<State>);

struct State {
    replica: Uuid,
    planes: Mutex<BTreeMap<PlaneName, PlaneAgents>>,
    replicas: Mutex<Vec<Uuid>>,
}

struct PlaneAgents {
    sessions: Vec<Arc<Session>>,
    /// Since when none is connected.
    none_since: Option<Timestamp>,
    changes: watch::Sender<u64>,
}

/// A connection of an agent.
pub(crate) struct Session {
    pub(crate) id: Uuid,
    pub(crate) identity: Identity,
    remote: SocketAddr,
    since: Timestamp,
    pub(crate) sender: SendRequest<Body>,
    /// False while it does not answer.
    pub(crate) healthy: AtomicBool,
    pub(crate) report: Mutex<AgentReport>,
    /// Ends it.
    pub(crate) stop: CancellationToken,
}

/// A connected agent, for display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectedAgent {
    /// Its id.
    pub agent: Uuid,
    /// Where it connected from.
    pub remote: String,
    /// Since when it is connected to this replica.
    pub since: Timestamp,
    /// When the certificate of this connection runs out.
    pub certificate_expires_at: Timestamp,
    /// False while it does not answer.
    pub healthy: bool,
    /// The version of its program, as it says.
    pub version: String,
    /// Calls that it refused since it started, as it says.
    pub refused: u64,
    /// The last of them.
    pub last_refused: Option<RefusedCall>,
}

/// The agents of a control plane that are connected to this replica.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConnectedAgents {
    /// The agents; the first is used.
    pub agents: Vec<ConnectedAgent>,
    /// Since when none is connected; `None` also if none was since this replica started.
    pub none_since: Option<Timestamp>,
}

impl PlaneAgents {
    fn new() -> Self {
        Self {
            sessions: Vec::new(),
            none_since: None,
            changes: watch::Sender::new(0),
        }
    }

    /// The connections, best first: those that answer before others, then the newest.
    fn ranked(&self) -> Vec<Arc<Session>> {
        let mut sessions = self.sessions.clone();
        sessions.sort_by_key(|session| {
            (
                !session.healthy.load(Ordering::Relaxed),
                std::cmp::Reverse(session.since),
            )
        });
        sessions
    }
}

impl Hub {
    /// A hub without agents.
    #[must_use]
    pub fn new(replica: Uuid) -> Self {
        Self(Arc::new(State {
            replica,
            planes: Mutex::default(),
            replicas: Mutex::new(vec![replica]),
        }))
    }

    /// The id of this replica, new with each start.
    #[must_use]
    pub fn replica(&self) -> Uuid {
        self.0.replica
    }

    /// The agents of a control plane.
    #[must_use]
    pub fn connected(&self, plane: &PlaneName) -> ConnectedAgents {
        let planes = self.0.planes.lock();
        let Some(plane) = planes.get(plane) else {
            return ConnectedAgents::default();
        };
        ConnectedAgents {
            agents: plane.ranked().iter().map(|session| session.view()).collect(),
            none_since: plane.none_since.filter(|_| plane.sessions.is_empty()),
        }
    }

    /// Ends all connections of an agent.
    pub fn cut(&self, agent: Uuid) {
        for plane in self.0.planes.lock().values() {
            for session in &plane.sessions {
                if session.identity.agent == agent {
                    session.stop.cancel();
                }
            }
        }
    }

    /// All connected agents.
    pub(crate) fn all(&self) -> Vec<(PlaneName, Uuid)> {
        let planes = self.0.planes.lock();
        let of_plane = |(name, plane): (&PlaneName, &PlaneAgents)| {
            let agents: Vec<_> = plane
                .sessions
                .iter()
                .map(|session| session.identity.agent)
                .collect();
            agents
                .into_iter()
                .map(|agent| (name.clone(), agent))
                .collect::<Vec<_>>()
        };
        planes.iter().flat_map(of_plane).collect()
    }

    /// The replicas that are alive, this one among them.
    pub(crate) fn replicas(&self) -> Vec<Uuid> {
        self.0.replicas.lock().clone()
    }

    pub(crate) fn set_replicas(&self, mut replicas: Vec<Uuid>) {
        if !replicas.contains(&self.0.replica) {
            replicas.push(self.0.replica);
        }
        *self.0.replicas.lock() = replicas;
    }

    /// Adds a connection.
    pub(crate) fn add(&self, session: Session) -> Result<Arc<Session>, Refusal> {
        let mut planes = self.0.planes.lock();
        let plane = planes
            .entry(session.identity.plane.clone())
            .or_insert_with(PlaneAgents::new);
        if plane.sessions.len() >= MAX_SESSIONS {
            return Err(Refusal::TooMany);
        }
        let session = Arc::new(session);
        plane.sessions.push(session.clone());
        plane.none_since = None;
        report_count(&session.identity.plane, plane.sessions.len());
        plane.changes.send_modify(|times| *times += 1);
        Ok(session)
    }

    /// Removes a connection that has ended.
    pub(crate) fn remove(&self, session: &Session) {
        let mut planes = self.0.planes.lock();
        let Some(plane) = planes.get_mut(&session.identity.plane) else {
            return;
        };
        plane.sessions.retain(|other| other.id != session.id);
        if plane.sessions.is_empty() {
            plane.none_since = Some(Timestamp::now());
        }
        report_count(&session.identity.plane, plane.sessions.len());
        plane.changes.send_modify(|times| *times += 1);
    }

    /// Reports that an agent answers, or does not any more.
    pub(crate) fn set_healthy(&self, session: &Session, healthy: bool) {
        if session.healthy.swap(healthy, Ordering::Relaxed) != healthy
            && let Some(plane) = self.0.planes.lock().get(&session.identity.plane)
        {
            plane.changes.send_modify(|times| *times += 1);
        }
    }

    fn candidates(&self, plane: &PlaneName) -> Vec<Arc<Session>> {
        self.0
            .planes
            .lock()
            .get(plane)
            .map(PlaneAgents::ranked)
            .unwrap_or_default()
    }
}

fn report_count(plane: &PlaneName, count: usize) {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    metrics::gauge!("portico_agents_connected", "plane" => plane.to_string()).set(f64::from(count));
}

impl Session {
    pub(crate) fn new(
        identity: Identity,
        remote: SocketAddr,
        sender: SendRequest<Body>,
        report: AgentReport,
    ) -> Self {
        Self {
            id: Uuid::now_v7(),
            identity,
            remote,
            since: Timestamp::now(),
            sender,
            healthy: AtomicBool::new(true),
            report: Mutex::new(report),
            stop: CancellationToken::new(),
        }
    }

    fn view(&self) -> ConnectedAgent {
        let report = self.report.lock();
        ConnectedAgent {
            agent: self.identity.agent,
            remote: self.remote.ip().to_canonical().to_string(),
            since: self.since,
            certificate_expires_at: self.identity.expires_at,
            healthy: self.healthy.load(Ordering::Relaxed),
            version: report.version.clone(),
            refused: report.refused,
            last_refused: report.last_refused.clone(),
        }
    }
}

impl AgentTransport for Hub {
    fn send(
        &self,
        plane: &PlaneName,
        mut request: Request<Body>,
    ) -> BoxFuture<'static, Result<Response<AgentBody>, AgentError>> {
        let candidates = self.candidates(plane);
        Box::pin(async move {
            *request.uri_mut() = with_authority(request.uri(), CONTROL_PLANE).ok_or(AgentError::Cut)?;
            *request.version_mut() = http::Version::HTTP_2;
            for session in candidates {
                let mut sender = session.sender.clone();
                if sender.ready().await.is_err() {
                    continue;
                }
                match sender.try_send_request(request).await {
                    Ok(response) => return Ok(response.map(|body| body.map_err(Into::into).boxed_unsync())),
                    // What was not sent can go another way.
                    Err(mut error) => match error.take_message() {
                        Some(unsent) => request = unsent,
                        None => return Err(AgentError::Cut),
                    },
                }
            }
            Err(AgentError::NotConnected)
        })
    }

    fn subscribe(&self, plane: &PlaneName) -> watch::Receiver<u64> {
        let mut planes = self.0.planes.lock();
        let plane = planes.entry(plane.clone()).or_insert_with(PlaneAgents::new);
        plane.changes.subscribe()
    }
}

/// The path and query of a URI below another authority. HTTP/2 needs one.
pub(crate) fn with_authority(uri: &Uri, authority: &str) -> Option<Uri> {
    let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    Uri::builder()
        .scheme("https")
        .authority(authority)
        .path_and_query(path)
        .build()
        .ok()
}
