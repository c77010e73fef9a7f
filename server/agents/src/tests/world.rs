//! What the tests run on.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use portico_domain::documents::{Agent, AgentConnection, AgentRule, AgentSpec};
use portico_domain::names::PlaneName;
use portico_planes::agent::{AgentBody, AgentError, AgentTransport as _, Body};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::agent::{AgentStopped, run};
use crate::{Authority, Beat, EnrolmentToken, Hub, Listener, NewAgent, Refusal, Registrar};

/// Knows tokens, and refuses who was revoked.
#[derive(Default)]
pub(super) struct Book {
    pub(super) tokens: Mutex<BTreeSet<(String, PlaneName)>>,
    pub(super) revoked: Mutex<BTreeSet<Uuid>>,
    pub(super) renewals: Mutex<u32>,
    pub(super) no_renewals: Mutex<bool>,
}

impl Registrar for Book {
    fn enrol(&self, token_digest: String, agent: NewAgent) -> BoxFuture<'_, Result<(), Refusal>> {
        let known = self.tokens.lock().remove(&(token_digest, agent.plane));
        Box::pin(async move { known.then_some(()).ok_or(Refusal::Token) })
    }

    fn renew(&self, agent: NewAgent) -> BoxFuture<'_, Result<(), Refusal>> {
        *self.renewals.lock() += 1;
        let refused = self.revoked.lock().contains(&agent.id) || *self.no_renewals.lock();
        Box::pin(async move { (!refused).then_some(()).ok_or(Refusal::Revoked) })
    }

    fn admit(&self, _: PlaneName, agent: Uuid) -> BoxFuture<'_, Result<(), Refusal>> {
        let revoked = self.revoked.lock().contains(&agent);
        Box::pin(async move { (!revoked).then_some(()).ok_or(Refusal::Revoked) })
    }

    fn beat(&self, replica: Uuid, connected: Vec<(PlaneName, Uuid)>) -> BoxFuture<'_, Option<Beat>> {
        let revoked = self.revoked.lock();
        let ended = connected.into_iter().map(|(_, agent)| agent);
        let beat = Beat {
            replicas: vec![replica],
            ended: ended.filter(|agent| revoked.contains(agent)).collect(),
        };
        Box::pin(async move { Some(beat) })
    }
}

pub(super) fn plane(name: &str) -> PlaneName {
    name.parse().unwrap()
}

pub(super) fn authority() -> Arc<Authority> {
    let now = Timestamp::now();
    let (certificate, key) = Authority::create(now).unwrap();
    Arc::new(Authority::load(&certificate, &key, now).unwrap())
}

/// Portico's side.
pub(super) struct Portico {
    pub(super) authority: Arc<Authority>,
    pub(super) hub: Hub,
    pub(super) book: Arc<Book>,
    pub(super) address: SocketAddr,
    stop: CancellationToken,
}

impl Portico {
    pub(super) async fn start(validity: SignedDuration) -> Self {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let this = Self {
            authority: authority(),
            hub: Hub::new(Uuid::now_v7()),
            book: Arc::default(),
            address: tcp.local_addr().unwrap(),
            stop: CancellationToken::new(),
        };
        let listener = Listener {
            authority: this.authority.clone(),
            validity,
            hub: this.hub.clone(),
            registrar: this.book.clone(),
        };
        tokio::spawn(listener.run(tcp, this.stop.clone()));
        this
    }

    pub(super) fn token(&self, name: &str) -> EnrolmentToken {
        let token = EnrolmentToken::new(self.authority.fingerprint(), rand::random());
        self.book.tokens.lock().insert((token.digest(), plane(name)));
        token
    }

    /// Sends a GET through an agent. Returns status and body.
    pub(super) async fn get(&self, name: &str, path: &str) -> Result<(StatusCode, String), AgentError> {
        let response = self.open(name, path).await?;
        let status = response.status();
        let body = response
            .into_body()
            .collect()
            .await
            .map_err(|_| AgentError::Cut)?;
        Ok((status, String::from_utf8_lossy(&body.to_bytes()).into_owned()))
    }

    pub(super) async fn open(&self, name: &str, path: &str) -> Result<Response<AgentBody>, AgentError> {
        let request = Request::get(path).body(Body::empty()).unwrap();
        self.hub.send(&plane(name), request).await
    }

    pub(super) async fn until_connected(&self, name: &str, count: usize) {
        until("the agents are connected", || {
            let connected = self.hub.connected(&plane(name)).agents;
            (connected.iter().filter(|agent| agent.healthy).count() == count).then_some(())
        })
        .await;
    }
}

impl Drop for Portico {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub(super) async fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(40),
            "waited in vain until {what}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The control plane's side: an API server that answers with what it was asked, and the agent's folder.
pub(super) struct Cluster {
    pub(super) agent: Agent,
    folder: TempDir,
    serving: JoinHandle<()>,
}

impl Cluster {
    pub(super) async fn start(name: &str, portico: SocketAddr) -> Self {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = folder.path().join("kubeconfig.yaml");
        let address = tcp.local_addr().unwrap();
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{{ name: c, context: {{ cluster: c, user: u }} }}]\n\
             clusters: [{{ name: c, cluster: {{ server: 'http://{address}' }} }}]\nusers: [{{ name: u, user: {{ token: \
             agents-own }} }}]\n"
        );
        std::fs::write(&kubeconfig, text).unwrap();
        Self {
            agent: Agent {
                name: plane(name),
                spec: AgentSpec {
                    addresses: vec![portico.to_string()],
                    state: folder.path().join("state").display().to_string(),
                    connection: AgentConnection::Kubeconfig {
                        path: kubeconfig.display().to_string(),
                        context: None,
                    },
                    impersonate: false,
                    allow: vec![AgentRule {
                        api_groups: vec![String::new()],
                        resources: vec!["pods".to_owned()],
                        verbs: vec!["get".to_owned(), "list".to_owned(), "watch".to_owned()],
                        namespaces: Vec::new(),
                    }],
                },
            },
            folder,
            serving: tokio::spawn(serve(tcp)),
        }
    }

    pub(super) fn state(&self) -> std::path::PathBuf {
        Path::new(&self.agent.spec.state).join("identity.json")
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs the agent. It ends with the returned token.
    pub(super) fn run(
        &self,
        token: Option<EnrolmentToken>,
    ) -> (CancellationToken, JoinHandle<Result<(), AgentStopped>>) {
        let stop = CancellationToken::new();
        let running = tokio::spawn(run(self.agent.clone(), token, stop.clone()));
        (stop, running)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(tcp: TcpListener) {
    while let Ok((stream, _)) = tcp.accept().await {
        let service = service_fn(|request: Request<Incoming>| async move {
            let names: Vec<String> = request.headers().keys().map(ToString::to_string).collect();
            let path = request.uri().path_and_query().unwrap().to_string();
            if path.contains("watch") {
                // Says nothing for ever.
                std::future::pending::<()>().await;
            }
            let authorization = request.headers().get("authorization").cloned();
            let mut answer = Response::new(Full::new(Bytes::from(format!("{path} {}", names.join(",")))));
            let echoed = authorization.unwrap_or(http::HeaderValue::from_static("none"));
            answer.headers_mut().insert("x-seen-authorization", echoed);
            answer
                .headers_mut()
                .insert("content-type", http::HeaderValue::from_static("text/plain"));
            Ok::<_, Infallible>(answer)
        });
        tokio::spawn(
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
        );
    }
}
