//! Connects to control planes: kubeconfig, credentials, TLS, HTTP client.
//!
//! No credential leaves this module: errors contain only files, lines and names of fields.

mod clients;
mod explain;
mod field;
mod file;
mod known;
mod kubeconfig;
mod plugin;
mod problem;
mod secret;
mod shared;
mod sign_in;
mod stored;
mod tls;
mod user;
mod watched_files;
mod workspace;
mod yaml;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use hyper_rustls::{FixedServerNameResolver, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use jiff::Timestamp;
use kube::Config;
use kube::client::{Body, ClientBuilder, ConfigExt as _};
use parking_lot::Mutex;
use portico_domain::documents::{ActAs, ClaimConnection, Connection as Address, ControlPlane};
use portico_domain::names::PlaneName;
use tokio::sync::{Semaphore, watch};
use tower::{BoxError, Service, ServiceBuilder};

use crate::agent::{AgentService, AgentTransport};
use crate::certificate::not_after;
use crate::path::escape_segment;
use crate::shared::Settings;
pub(crate) use clients::{Clients, WatchSlot};
pub(crate) use explain::{explain, sign_in_error};
pub(crate) use known::{needs_connection, over_known_connections};
use kubeconfig::Kubeconfig;
pub(crate) use problem::SetUpError;
pub(crate) use shared::SharedClients;
pub(crate) use sign_in::Credential;
use sign_in::SignInLayer;
use stored::is_allowed_host;
pub(crate) use stored::{StoredKubeconfig, StoredKubeconfigs, no_secrets};
use tls::{ClientCertificate, Trust, client_config};
use user::{Impersonation, SignIn, User};
use watched_files::WatchedFiles;
pub(crate) use workspace::WorkspaceAddress;

/// Timeout for establishing a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How much may be on its way to us at once: of one response, and over one connection, in bytes. A watch that is read slowly
/// then holds up no other.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;
/// How often an HTTP/2 connection is checked, and how long an answer may take before it is given up.
const PING_INTERVAL: Duration = Duration::from_secs(10);
const PING_TIMEOUT: Duration = Duration::from_secs(5);
/// Timeout for reading a kubeconfig. Plugins have their own.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// How often a Secret with a kubeconfig is looked at, and how often at most while the control plane does not answer.
const SECRET_INTERVAL: Duration = Duration::from_mins(1);
const MIN_SECRET_INTERVAL: Duration = Duration::from_secs(5);
/// Calls in flight at once on one kcp, of all its workspaces together.
const CONCURRENT_CALLS: usize = 64;
/// Where Kubernetes mounts the service account of a pod.
const SERVICE_ACCOUNT_DIR: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The connections that a client has opened.
#[derive(Debug, Default)]
pub(crate) struct OpenedConnections {
    pub(crate) client_expires_at: Option<Timestamp>,
    server_expires_at: Mutex<Option<Timestamp>>,
    opened: AtomicU64,
    /// The newest speaks HTTP/2, so that it is noticed when nobody answers any more.
    checked: AtomicBool,
    /// Changes with the agents through which calls are sent.
    agents: Option<watch::Receiver<u64>>,
}

impl OpenedConnections {
    /// A number that changes with each new connection, which may lead elsewhere than those before.
    pub(crate) fn count(&self) -> u64 {
        let agents = self.agents.as_ref().map_or(0, |changes| *changes.borrow());
        self.opened.load(Ordering::Relaxed).wrapping_add(agents)
    }

    /// True if connections check themselves whether anybody answers.
    pub(crate) fn check_themselves(&self) -> bool {
        self.checked.load(Ordering::Relaxed)
    }

    /// The earliest expiry of the certificates.
    pub(crate) fn earliest_expiry(&self) -> Option<Timestamp> {
        [self.client_expires_at, *self.server_expires_at.lock()]
            .into_iter()
            .flatten()
            .min()
    }
}

/// What an API client is made of.
pub(crate) struct Connection {
    pub(crate) http: Clients,
    pub(crate) opened: Arc<OpenedConnections>,
    pub(crate) credential: Arc<Credential>,
    /// Impersonation headers of the kubeconfig.
    pub(crate) impersonation: HeaderMap,
    pub(crate) address: ServerAddress,
    /// The workspace of kcp that it is for.
    pub(crate) workspace: Option<WorkspaceAddress>,
}

/// Where a control plane is, as Portico reaches it. Holds no credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAddress {
    /// The URL.
    pub server: String,
    /// The authorities that sign its certificate, in PEM; `None`: those of the system.
    pub authorities: Option<String>,
    /// The name in its certificate, where it is not the host of the URL.
    pub server_name: Option<String>,
    /// True if Portico checks its certificate.
    pub checked: bool,
}

impl ServerAddress {
    fn of(config: &Kubeconfig) -> Self {
        Self {
            server: config.server.to_string().trim_end_matches('/').to_owned(),
            authorities: config.trust.pem(),
            server_name: config.server_name.as_ref().map(|name| name.to_str().into_owned()),
            checked: config.trust.is_checked(),
        }
    }
}

/// A connection, and what it depends on.
pub(crate) struct Connected {
    pub(crate) connection: Connection,
    /// What it was made from: a change requires a reconnection.
    pub(crate) source: Source,
    /// Warnings for administrators.
    pub(crate) warnings: Vec<String>,
}

/// What a connection was made from: files, and a Secret on another control plane.
pub(crate) struct Source {
    files: WatchedFiles,
    secret: Option<StoredSecret>,
}

/// A Secret that a connection was made from.
struct StoredSecret {
    stored: Arc<dyn StoredKubeconfigs>,
    connection: Address,
    version: String,
    checked: Mutex<Instant>,
}

impl Source {
    /// Returns when a file was changed or removed, or the Secret changed.
    pub(crate) async fn changed(&self) {
        tokio::select! {
            () = self.files.changed() => {}
            () = self.secret_changed() => {}
        }
    }

    /// Returns when the Secret changed; never if there is none.
    async fn secret_changed(&self) {
        if self.secret.is_none() {
            std::future::pending::<()>().await;
        }
        loop {
            tokio::time::sleep(SECRET_INTERVAL).await;
            if self.has_secret_changed(false).await {
                return;
            }
        }
    }

    /// The same for connections that were made from the same. `origin` says where the kubeconfig is.
    fn key(&self, origin: &str) -> String {
        let secret = self.secret.as_ref().map(|secret| &secret.version);
        format!("{origin} {:?} {secret:?}", self.files)
    }

    /// True if a file was changed or removed, or the Secret changed. The Secret is looked at once a minute, or at once if
    /// `suspect`.
    pub(crate) async fn has_changed(&self, suspect: bool) -> bool {
        self.files.have_changed().await || self.has_secret_changed(suspect).await
    }

    async fn has_secret_changed(&self, suspect: bool) -> bool {
        let Some(secret) = &self.secret else { return false };
        {
            let mut checked = secret.checked.lock();
            let pause = if suspect {
                MIN_SECRET_INTERVAL
            } else {
                SECRET_INTERVAL
            };
            if checked.elapsed() < pause {
                return false;
            }
            *checked = Instant::now();
        }
        // What cannot be found out is no change.
        let version = secret.stored.version(&secret.connection).await;
        version.is_some_and(|version| version != secret.version)
    }
}

/// The absolute path of a kubeconfig.
pub(crate) fn kubeconfig_path(path: &str, base: Option<&Path>) -> PathBuf {
    base.map_or_else(|| PathBuf::from(path), |base| base.join(path))
}

/// Creates the client. Reads files or a Secret and may run an exec plugin, but makes no call to the control plane.
pub(crate) async fn connect(
    document: &ControlPlane,
    settings: &Settings,
    stored: &Arc<dyn StoredKubeconfigs>,
    clients: &SharedClients,
) -> Result<Connected, SetUpError> {
    let own = &document.spec.connection;
    let claimed = document.claim().and_then(|claim| claim.workspace.as_ref());
    // A workspace that is a claim is reached as its parent is.
    let connection = claimed.map_or(own, |workspace| &workspace.parent);
    if matches!(connection, Address::Agent {}) {
        return match claimed {
            None => Ok(through_agent(&document.name, settings.agents.as_ref())),
            Some(_) => Err(SetUpError::new(
                "the control plane that serves its claim is reached through an agent, which carries calls to that alone",
            )),
        };
    }
    let (mut config, shown, secret) = read_kubeconfig(connection, settings, stored).await?;
    let workspace = workspace::address(&mut config, document, connection)
        .map_err(|problem| SetUpError::new(format!("the kubeconfig {shown}: {problem}")))?;
    if config.user.impersonation.is_some() && document.spec.act_as != ActAs::Portico {
        return Err(SetUpError::new(format!(
            "the kubeconfig {shown}: users[].user.as: Portico acts as each person there (actAs: person), and can act as \
             nobody else at once"
        )));
    }
    let warnings = config
        .warnings()
        .into_iter()
        .map(|warning| format!("the kubeconfig {shown}: {warning}"))
        .collect();
    let source = Source {
        files: clients.files.watch(config.files.clone()).await,
        secret,
    };
    let impersonation = impersonation_headers(config.user.impersonation.as_ref()).ok_or_else(|| {
        SetUpError::new(format!(
            "the kubeconfig {shown}: users[].user.as: holds what no header can carry"
        ))
    })?;
    let mut address = ServerAddress::of(&config);
    let (client, workspace) = match workspace {
        None => (Arc::new(http_client(config, &shown).await?), None),
        Some((path, origin)) => {
            let key = source.key(&origin);
            let client = clients.obtain(key, || http_client(config, &shown)).await?;
            let prefix = format!("/clusters/{path}");
            address.server.push_str(&prefix);
            let workspace = WorkspaceAddress {
                path,
                prefix: prefix.into(),
                source: origin,
                client: client.clone(),
            };
            (client, Some(workspace))
        }
    };
    Ok(Connected {
        connection: Connection {
            http: client.root.clone(),
            opened: client.opened.clone(),
            credential: client.credential.clone(),
            impersonation,
            address,
            workspace,
        },
        source,
        warnings,
    })
}

/// Reads the kubeconfig of a connection that has one. Also returns where it is, in words, and the Secret that it is from.
async fn read_kubeconfig(
    connection: &Address,
    settings: &Settings,
    stored: &Arc<dyn StoredKubeconfigs>,
) -> Result<(Kubeconfig, String, Option<StoredSecret>), SetUpError> {
    let shown = match connection {
        Address::Kubeconfig { path, context } => {
            let path = kubeconfig_path(path, settings.kubeconfig_base.as_deref());
            let config = read(&path, context.clone()).await?;
            return Ok((config, path.display().to_string(), None));
        }
        Address::InCluster {} => return Ok((in_cluster().await?, "the service account's".to_owned(), None)),
        Address::Agent {} => return Err(SetUpError::new("an agent has its kubeconfig itself")),
        Address::Claim(_) => "in the claim's connection secret",
        Address::Secret { .. } => "in the Secret",
    };
    let StoredKubeconfig { bytes, version } = stored.read(connection).await?;
    let config = Kubeconfig::self_contained(&bytes)
        .map_err(|problem| SetUpError::new(format!("the kubeconfig {shown}: {problem}")))?;
    if let Address::Claim(claim) = connection {
        check_server(&config, claim)?;
    }
    let secret = StoredSecret {
        stored: stored.clone(),
        connection: connection.clone(),
        version,
        checked: Mutex::new(Instant::now()),
    };
    Ok((config, shown.to_owned(), Some(secret)))
}

/// The connection of a control plane that is reached through its agent. Its credentials are the agent's.
fn through_agent(plane: &PlaneName, agents: Option<&Arc<dyn AgentTransport>>) -> Connected {
    let service = AgentService {
        transport: agents.cloned(),
        plane: plane.clone(),
    };
    Connected {
        connection: Connection {
            http: Clients::new(move || ClientBuilder::new(service.clone(), "default").build()),
            opened: Arc::new(OpenedConnections {
                agents: agents.map(|agents| agents.subscribe(plane)),
                ..OpenedConnections::default()
            }),
            credential: Arc::new(Credential::none()),
            impersonation: HeaderMap::new(),
            address: ServerAddress {
                server: String::new(),
                authorities: None,
                server_name: None,
                checked: false,
            },
            workspace: None,
        },
        source: Source {
            files: WatchedFiles::none(),
            secret: None,
        },
        warnings: Vec::new(),
    }
}

/// Checks the server of a kubeconfig that a claim's controller wrote. Tenants may be able to change it, so it is not
/// followed everywhere.
fn check_server(config: &Kubeconfig, connection: &ClaimConnection) -> Result<(), SetUpError> {
    let wrong = |what: &str| {
        SetUpError::new(format!(
            "the kubeconfig in the claim's connection secret: clusters[].cluster.server: {what}"
        ))
    };
    if config.server.scheme_str() != Some("https") {
        return Err(wrong("is not https"));
    }
    if !is_allowed_host(config.server.host().unwrap_or_default(), &connection.hosts) {
        return Err(wrong(
            "names a host that the offering does not allow (spec.controlPlane.hosts)",
        ));
    }
    Ok(())
}

/// The problem and warnings of a kubeconfig, for `check-config`. Runs no plugin and makes no call.
#[must_use]
pub fn check_kubeconfig(path: &Path, context: Option<&str>) -> (Option<String>, Vec<String>) {
    match Kubeconfig::read(path, context) {
        Err(problem) => (Some(problem.to_string()), Vec::new()),
        Ok(config) => {
            let mut warnings: Vec<String> = config.warnings().into_iter().map(str::to_owned).collect();
            if let Some(SignIn::Plugin(plugin)) = &config.user.sign_in {
                warnings.extend(plugin::is_missing(plugin));
            }
            (None, warnings)
        }
    }
}

/// File systems may block, so never read on the threads that serve requests.
async fn read(path: &Path, context: Option<String>) -> Result<Kubeconfig, SetUpError> {
    let owned = path.to_owned();
    let reading = tokio::task::spawn_blocking(move || Kubeconfig::read(&owned, context.as_deref()));
    match tokio::time::timeout(READ_TIMEOUT, reading).await {
        Ok(Ok(read)) => read.map_err(|problem| SetUpError::in_kubeconfig(path, &problem)),
        Ok(Err(_)) | Err(_) => Err(SetUpError::new(format!(
            "the kubeconfig {} could not be read in time",
            path.display()
        ))),
    }
}

/// The cluster that Portico runs in, with its service account.
async fn in_cluster() -> Result<Kubeconfig, SetUpError> {
    let nowhere = |what: &str| {
        SetUpError::new(format!(
            "Portico does not run in a cluster that it could use: {what}"
        ))
    };
    let variable = |name: &str| std::env::var(name).map_err(|_| nowhere(&format!("{name} is not set")));
    let (host, port) = (
        variable("KUBERNETES_SERVICE_HOST")?,
        variable("KUBERNETES_SERVICE_PORT")?,
    );
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host
    };
    let server = format!("https://{host}:{port}")
        .parse()
        .map_err(|_| nowhere("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are no address"))?;
    let authorities = Path::new(SERVICE_ACCOUNT_DIR).join("ca.crt");
    let pem = tokio::fs::read(&authorities)
        .await
        .map_err(|error| nowhere(&format!("{}: {}", authorities.display(), problem::why(&error))))?;
    let trust =
        Trust::authorities(&pem).map_err(|why| nowhere(&format!("{} {why}", authorities.display())))?;
    Ok(Kubeconfig {
        server,
        trust,
        server_name: None,
        user: User {
            identity: None,
            sign_in: Some(SignIn::TokenFile {
                path: Path::new(SERVICE_ACCOUNT_DIR).join("token"),
                fallback: None,
            }),
            impersonation: None,
        },
        files: vec![authorities],
    })
}

async fn http_client(config: Kubeconfig, kubeconfig: &str) -> Result<HttpClient, SetUpError> {
    let wrong = |what: String| SetUpError::new(format!("the kubeconfig {kubeconfig}: {what}"));
    let shown = Arc::new(ClientCertificate::default());
    let mut client_end = None;
    if let Some(identity) = &config.user.identity {
        client_end = identity.end();
        shown.0.store(Some(identity.0.clone()));
    }
    let tls = client_config(&config.trust, shown.clone()).map_err(|error| wrong(error.to_string()))?;
    let credential = Credential::new(config.user.sign_in, &shown)
        .await
        .map_err(|error| wrong(format!("users[].user.exec: {error}")))?;
    let credential = Arc::new(credential);
    let opened = Arc::new(OpenedConnections {
        client_expires_at: client_end,
        ..OpenedConnections::default()
    });
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    tcp.set_keepalive(Some(Duration::from_secs(20)));
    tcp.set_keepalive_interval(Some(Duration::from_secs(5)));
    tcp.set_keepalive_retries(Some(3));
    let mut connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
    if let Some(name) = config.server_name {
        connector = connector.with_server_name_resolver(FixedServerNameResolver::new(name));
    }
    let connector = ConnectionObserver {
        inner: connector.enable_all_versions().wrap_connector(tcp),
        opened: opened.clone(),
    };
    let signing = SignInLayer(credential.clone());
    let clients_of = move |server: Uri| {
        let (connector, signing) = (connector.clone(), signing.clone());
        Clients::new(move || {
            let pool = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
                .timer(TokioTimer::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(Duration::from_mins(1))
                .pool_max_idle_per_host(16)
                .http2_initial_stream_window_size(STREAM_WINDOW)
                .http2_initial_connection_window_size(CONNECTION_WINDOW)
                .http2_keep_alive_interval(PING_INTERVAL)
                .http2_keep_alive_timeout(PING_TIMEOUT)
                .http2_keep_alive_while_idle(true)
                .build::<_, Body>(connector.clone());
            let service = ServiceBuilder::new()
                .layer(Config::new(server.clone()).base_uri_layer())
                .layer(signing.clone())
                .service(pool);
            ClientBuilder::new(service, "default").build()
        })
    };
    Ok(HttpClient {
        root: clients_of(config.server.clone()),
        opened,
        credential,
        any_host: matches!(config.trust, Trust::Authorities(_)),
        server: config.server,
        calls: Semaphore::new(CONCURRENT_CALLS),
        clients_of: Box::new(clients_of),
    })
}

/// A client with the credentials of a connection.
pub(crate) struct HttpClient {
    /// For the address of the kubeconfig.
    root: Clients,
    opened: Arc<OpenedConnections>,
    credential: Arc<Credential>,
    /// The address of the kubeconfig.
    server: Uri,
    /// True if authorities of its own must have signed the certificate of any host, so that the credentials go to none that
    /// has not been given one.
    any_host: bool,
    /// Calls in flight at once of all workspaces that share it, besides watches.
    pub(crate) calls: Semaphore,
    clients_of: Box<dyn Fn(Uri) -> Clients + Send + Sync>,
}

impl HttpClient {
    /// A client for another address. `None` if it is not `https` as the kubeconfig's is, or on a host that the credentials
    /// must not be sent to.
    pub(crate) fn elsewhere(&self, address: &Uri) -> Option<Clients> {
        let same_scheme = address.scheme_str() == self.server.scheme_str();
        let same_host = address.host().is_some() && address.host() == self.server.host();
        (same_scheme && (same_host || self.any_host)).then(|| (self.clients_of)(address.clone()))
    }
}

/// The impersonation headers of a kubeconfig.
fn impersonation_headers(impersonation: Option<&Impersonation>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    let Some(impersonation) = impersonation else {
        return Some(headers);
    };
    let value = |text: &str| HeaderValue::from_str(text).ok();
    headers.insert("impersonate-user", value(&impersonation.user)?);
    if let Some(uid) = &impersonation.uid {
        headers.insert("impersonate-uid", value(uid)?);
    }
    for group in &impersonation.groups {
        headers.append("impersonate-group", value(group)?);
    }
    for (key, values) in &impersonation.extra {
        // Escaped as client-go does.
        let name = format!("impersonate-extra-{}", escape_segment(&key.to_lowercase()));
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        for text in values {
            headers.append(name.clone(), value(text)?);
        }
    }
    Some(headers)
}

/// Counts new connections, and observes the server certificate of each.
#[derive(Clone)]
struct ConnectionObserver<C> {
    inner: C,
    opened: Arc<OpenedConnections>,
}

type Stream<T> = MaybeHttpsStream<T>;
type Connecting<T> = Pin<Box<dyn Future<Output = Result<Stream<T>, BoxError>> + Send>>;

impl<C, T> Service<Uri> for ConnectionObserver<C>
where
    C: Service<Uri, Response = Stream<T>, Error = BoxError>,
    C::Future: Send + 'static,
    T: Send + 'static,
{
    type Response = Stream<T>;
    type Error = BoxError;
    type Future = Connecting<T>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        // Called within the call that needs the connection.
        if let Err(refused) = known::may_connect() {
            return Box::pin(std::future::ready(Err(refused.into())));
        }
        let connecting = self.inner.call(to);
        let opened = self.opened.clone();
        Box::pin(async move {
            let stream = connecting.await?;
            opened.opened.fetch_add(1, Ordering::Relaxed);
            if let MaybeHttpsStream::Https(tls) = &stream {
                let (_, session) = tls.inner().get_ref();
                let chain = session.peer_certificates().unwrap_or_default();
                let end = chain.iter().filter_map(|der| not_after(der)).min();
                *opened.server_expires_at.lock() = end;
                let speaks_http2 = session.alpn_protocol() == Some(b"h2");
                opened.checked.store(speaks_http2, Ordering::Relaxed);
            }
            Ok(stream)
        })
    }
}

#[cfg(test)]
mod tests;
