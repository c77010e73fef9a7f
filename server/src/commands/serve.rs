//! `portico serve`: serves the portal with a folder of configuration.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use portico_app::configuration::{LiveConfiguration, Problem};
use portico_app::proof::{Proof, ProofError};
use portico_app::security::SecurityLog;
use portico_app::{Env, Portal, RecordedClusters};
use portico_domain::authz::SystemAuthority;
use portico_domain::documents::{Configuration, Database, PortalSpec};
use portico_planes::{Documents, Planes};
use portico_store::{RequestChange, Sessions, Settings, Store, StoreError};
use portico_web::auth::{Limits, Providers, Tokens, Viewers};
use portico_web::telemetry::Telemetry;
use portico_web::{self as web, App, app::Parts};
use portico_worker::{self as worker, Worker};
use tokio::net::TcpListener;
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use super::agent_listener::{self, AgentListening};
use super::configuration_log::log_configuration;
use super::initial_sync::{wait_for_home, wait_for_initial_sync};
use crate::config;
use crate::open_files;

/// Settings of the command line that override the configuration.
#[derive(Debug, Clone, Default)]
pub struct ServeOverrides {
    /// The folder of the configuration.
    pub config: PathBuf,
    /// Overrides `spec.database`.
    pub database: Option<String>,
    /// Overrides `spec.listen`.
    pub listen: Option<String>,
    /// Overrides `spec.agents.listen`, if there is `spec.agents`.
    pub agents_listen: Option<String>,
    /// Overrides `spec.publicUrl`.
    pub public_url: Option<String>,
}

/// Why the portal does not start, or why it ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The configuration has errors.
    #[error("the configuration in {} has errors:\n{}", folder.display(), list(problems))]
    Configuration {
        /// The folder.
        folder: PathBuf,
        /// The errors, and warnings.
        problems: Vec<Problem>,
    },
    /// A setting is invalid.
    #[error("{what}: {why}")]
    Setting {
        /// The setting.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The database cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The portal cannot listen on the address.
    #[error("cannot listen on {address}: {why}")]
    Listen {
        /// The address.
        address: String,
        /// The reason.
        why: std::io::Error,
    },
    /// The key or file for signing the audit log cannot be used.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The HTTP client cannot be created.
    #[error("TLS does not work here: {0}")]
    Http(String),
    /// Serving failed.
    #[error("serving failed: {0}")]
    Io(#[from] std::io::Error),
}

fn list(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(|problem| format!("  {problem}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Serves until `stop`, on `listener` if given. Calls `ready` with the addresses once the portal answers.
///
/// # Errors
/// If it cannot start, or the listener fails.
pub async fn serve(
    overrides: ServeOverrides,
    listener: Option<TcpListener>,
    stop: CancellationToken,
    ready: impl FnOnce(&Url, SocketAddr),
) -> Result<(), ServeError> {
    open_files::raise_limit();
    let configuration = open_configuration(&overrides.config)?;
    let telemetry = Telemetry::install();
    let spec = configuration.current().portal.spec.clone();
    let public_url = public_url(&overrides, &spec)?;
    // Listen first, so that a port in use is reported at once.
    let listener = match listener {
        Some(listener) => listener,
        None => listen(overrides.listen.as_ref().unwrap_or(&spec.listen).clone()).await?,
    };
    let local = listener.local_addr()?;
    let agents = agent_listener::open(&spec, overrides.agents_listen.as_deref()).await?;
    let database = database_url(&overrides, &spec)?;
    let store = Store::connect(&database, &Settings::default()).await?;
    let proof = Proof::open(&spec.record, &database)?;
    warn_about_proof(&spec, &proof, &public_url);
    let security = Arc::new(SecurityLog::new(store.clone()));
    let authority = system_authority();

    let background = TaskTracker::new();
    background.spawn(log_configuration(
        configuration.clone(),
        security.clone(),
        store.clone(),
        authority.clone(),
        stop.clone(),
    ));
    background.spawn(config::watch(
        configuration.clone(),
        overrides.config.clone(),
        authority.clone(),
        stop.clone(),
    ));
    wait_for_home(&configuration).await;
    let planes = connect_planes(
        &configuration,
        &store,
        &authority,
        agents.as_ref(),
        &background,
        &stop,
    )
    .await?;
    let work_to_do = Arc::new(Notify::new());
    let portal = Portal::new(
        store.clone(),
        planes.clone(),
        authority.rules(),
        configuration.clone(),
        work_to_do.clone(),
        Env::system(),
    );
    portal.prove_record_with(proof);
    if let Some(agents) = agents {
        agents.start(&portal, &authority, &background, &stop);
    }
    spawn_background_work(&background, &portal, &authority, store.subscribe(), &stop);
    let settings = worker::Settings::default();
    let worker = Worker::new(
        store.clone(),
        planes.clone(),
        authority,
        Arc::new(portal.clone()),
        work_to_do,
        Timestamp::now,
        settings,
    );
    background.spawn(worker.run(stop.clone()));
    if let Some(address) = spec.metrics.listen.clone() {
        let listener = listen(address).await?;
        let router = web::metrics_router(configuration.clone(), telemetry.clone(), portal.clone());
        background.spawn(web::serve(listener, router, web::Bounds::default(), stop.clone()));
    }
    let app = App::new(Parts {
        portal,
        configuration,
        store: store.clone(),
        providers: Providers::new().map_err(|error| ServeError::Http(error.to_string()))?,
        viewers: Viewers::default(),
        tokens: Tokens::default(),
        limits: Limits::default(),
        usage: web::Usage::default(),
        security,
        stop: stop.clone(),
        streams: web::StreamLimiter::default(),
        telemetry,
        sampler: super::telemetry::sampler(),
        assets: open_assets(),
        public_url: public_url.clone(),
    });
    let router = web::router(app, Sessions::new(store.clone()));
    wait_for_initial_sync(&planes).await;
    tracing::info!(%local, public = %public_url, "serving");
    ready(&public_url, local);
    let served = web::serve(listener, router, bounds(&spec), stop.clone()).await;
    stop.cancel();
    background.close();
    background.wait().await;
    store.close().await;
    Ok(served?)
}

/// Connects to the control planes of the configuration, and follows its changes.
async fn connect_planes(
    configuration: &LiveConfiguration,
    store: &Store,
    authority: &SystemAuthority,
    agents: Option<&AgentListening>,
    background: &TaskTracker,
    stop: &CancellationToken,
) -> Result<Planes, StoreError> {
    let clusters = RecordedClusters::new(store.clone(), authority.clone(), Timestamp::now);
    let planes = Planes::new(portico_planes::Settings {
        clusters: Some(Arc::new(clusters)),
        ..agent_listener::plane_settings(agents)
    });
    configure(&planes, &configuration.current());
    planes.remember_offerings(store.requested_offerings().await?);
    background.spawn(follow_configuration(
        planes.clone(),
        configuration.clone(),
        stop.clone(),
    ));
    Ok(planes)
}

/// Starts the portal's own background work.
fn spawn_background_work(
    background: &TaskTracker,
    portal: &Portal,
    authority: &SystemAuthority,
    changes: broadcast::Receiver<RequestChange>,
    stop: &CancellationToken,
) {
    let (portal, authority, stop) = (|| portal.clone(), || authority.clone(), || stop.clone());
    background.spawn(verify_audit_log(portal(), stop()));
    background.spawn(refresh_statistics(portal(), stop()));
    background.spawn(follow_claimed_planes(portal(), authority(), stop()));
    background.spawn(keep_tenant_namespaces(portal(), authority(), stop()));
    background.spawn(sample_usage(portal(), authority(), stop()));
    background.spawn(tail_audit_log(portal(), authority(), changes, stop()));
}

/// Where style and browser code come from; logs what is wrong with them.
fn open_assets() -> web::Assets {
    let assets = web::Assets::from_environment();
    if assets.style.is_some() || assets.site.is_some() {
        tracing::info!(?assets, "assets are read from disk");
    }
    if let Some(problem) = web::browser_code_problem(&assets) {
        tracing::warn!("{problem}");
    }
    assets
}

/// Reads the configuration, and logs the warnings about it.
fn open_configuration(folder: &Path) -> Result<LiveConfiguration, ServeError> {
    let configuration = config::open(folder).map_err(|problems| ServeError::Configuration {
        folder: folder.to_owned(),
        problems,
    })?;
    for problem in configuration.report().problems {
        tracing::warn!("{problem}");
    }
    Ok(configuration)
}

/// The address that browsers use. The command line overrides the configuration.
fn public_url(overrides: &ServeOverrides, spec: &PortalSpec) -> Result<Url, ServeError> {
    let setting = |why| ServeError::Setting {
        what: "the public URL",
        why,
    };
    let given = overrides.public_url.as_deref().unwrap_or(&spec.public_url);
    let url = Url::parse(given).map_err(|error| setting(error.to_string()))?;
    // The configuration's address is checked already.
    if url.scheme() == "http" && !config::is_loopback(&url) && !spec.insecure_http {
        let why = "is http: use https, or set insecureHttp: true in the configuration if this is intended";
        return Err(setting(why.to_owned()));
    }
    Ok(url)
}

pub(super) async fn listen(address: String) -> Result<TcpListener, ServeError> {
    let bound = TcpListener::bind(&address).await;
    bound.map_err(|why| ServeError::Listen { address, why })
}

fn bounds(spec: &PortalSpec) -> web::Bounds {
    let bounds = web::Bounds::default();
    if spec.trusted_proxies == 0 {
        return bounds;
    }
    // All connections come from the proxy, which has its own limits.
    web::Bounds {
        per_peer: bounds.connections,
        ..bounds
    }
}

/// The database URL. The command line overrides the configuration.
///
/// # Errors
/// If the configuration names an environment variable that does not exist.
pub fn database_url(overrides: &ServeOverrides, spec: &PortalSpec) -> Result<String, ServeError> {
    if let Some(url) = &overrides.database {
        return Ok(url.clone());
    }
    match &spec.database {
        Database { url: Some(url), .. } => Ok(url.clone()),
        Database {
            url: None,
            url_env: Some(name),
        } => std::env::var(name).map_err(|_| ServeError::Setting {
            what: "spec.database.urlEnv",
            why: "there is no environment variable with this name".to_owned(),
        }),
        // The loader sets it.
        Database {
            url: None,
            url_env: None,
        } => Ok(format!(
            "sqlite:{}",
            default_database(&overrides.config).display()
        )),
    }
}

fn default_database(folder: &Path) -> PathBuf {
    folder.join("portico.db")
}

/// Applies the configuration to the control planes.
pub(super) fn configure(planes: &Planes, configuration: &Configuration) {
    planes.set_cache_limit(configuration.portal.spec.caches.bytes);
    planes.configure_all(Documents {
        control_planes: configuration.control_planes.values().cloned().collect(),
        offerings: configuration.offerings.values().cloned().collect(),
        tenants: configuration.tenants.values().cloned().collect(),
        consumers: configuration.consumer_namespaces(),
        portal: Some(configuration.portal.name.as_str().into()),
    });
}

/// Applies every new configuration to the control planes.
async fn follow_configuration(planes: Planes, configuration: LiveConfiguration, stop: CancellationToken) {
    let mut reports = configuration.subscribe();
    let mut generation = reports.borrow_and_update().generation;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            changed = reports.changed() => if changed.is_err() { return },
        }
        let now = reports.borrow_and_update().generation;
        if now != generation {
            generation = now;
            let (planes, configuration) = (planes.clone(), configuration.current());
            // All claims are read again, so never do this on the threads that serve requests.
            let configuring = tokio::task::spawn_blocking(move || configure(&planes, &configuration));
            if let Err(error) = configuring.await {
                tracing::error!(%error, "a configuration could not be taken over");
            }
        }
    }
}

/// Warns about weaknesses of the audit log's proof.
fn warn_about_proof(spec: &PortalSpec, proof: &Proof, public_url: &Url) {
    if config::is_loopback(public_url) {
        return;
    }
    if spec.record.key_file.is_none() {
        tracing::warn!(
            "the key that signs the record is not kept apart from its database: name one of your own by \
             spec.record.keyFile"
        );
    }
    if proof.anchor().is_none() {
        tracing::warn!(
            "no file keeps the signed end of the record: whether it is cut off between two starts cannot be found \
             out; name one by spec.record.anchorFile"
        );
    }
}

/// Verifies the audit log in the background, a part at a time.
async fn verify_audit_log(portal: Portal, stop: CancellationToken) {
    const INTERVAL: Duration = Duration::from_secs(10);
    loop {
        if let Err(error) = portal.verify_audit_log().await {
            tracing::warn!(%error, "the record could not be verified");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}

/// Updates statistics that change slowly.
async fn refresh_statistics(portal: Portal, stop: CancellationToken) {
    const INTERVAL: Duration = Duration::from_mins(1);
    loop {
        if let Err(error) = portal.refresh().await {
            tracing::warn!(%error, "typical times could not be read");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}

/// Keeps the control planes that are claims connected.
async fn follow_claimed_planes(portal: Portal, authority: SystemAuthority, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = portal.follow_claimed_planes(&authority) => {}
    }
}

/// Keeps the namespaces of tenants as their templates have them.
async fn keep_tenant_namespaces(portal: Portal, authority: SystemAuthority, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = portal.keep_tenant_namespaces(&authority) => {}
    }
}

/// Counts once an hour what tenants hold. It looks more often whether there is something to count, since control planes
/// may be read only later.
async fn sample_usage(portal: Portal, authority: SystemAuthority, stop: CancellationToken) {
    const INTERVAL: Duration = Duration::from_secs(10);
    loop {
        if let Err(error) = portal.sample_usage(&authority).await {
            tracing::warn!(%error, "usage could not be counted");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}

/// Portico's own authority, for its background work: made here and nowhere else.
#[expect(
    clippy::disallowed_methods,
    reason = "the program's start is the one place that makes it"
)]
pub(super) fn system_authority() -> SystemAuthority {
    SystemAuthority::at_start()
}

/// Notifies open pages of events that this or another replica recorded.
async fn tail_audit_log(
    portal: Portal,
    authority: SystemAuthority,
    mut changes: broadcast::Receiver<RequestChange>,
    stop: CancellationToken,
) {
    const INTERVAL: Duration = Duration::from_millis(300);
    const RETRY_DELAY: Duration = Duration::from_secs(5);
    let mut last = None;
    loop {
        let pause = match portal.tail_audit_log(&authority, last).await {
            Ok(newest) => {
                last = Some(newest);
                INTERVAL
            }
            Err(error) => {
                tracing::warn!(%error, "the record could not be followed");
                RETRY_DELAY
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            // Changes by this process are read at once, those of others after the pause.
            _ = changes.recv() => while changes.try_recv().is_ok() {},
            () = tokio::time::sleep(pause) => {}
        }
    }
}
