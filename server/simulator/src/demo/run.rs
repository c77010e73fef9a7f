//! Starts and stops the demo.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::clusters::Clusters;
use super::configuration::{self, Addresses};
use super::error::StartError;
use super::listen::listen;
use super::people::{self, PLANES, PlaneSpec};
use super::provision::{Controller, ProvisionerOptions, RunsClusters};
use super::state::{DemoState, make_private, write_private};
use super::workspaces::Workspaces;
use super::{install, seeds};
use crate::clock_rng::{Clock, Rng};
use crate::kube::{self, ControlPlane, Serving};
use crate::oidc::{self, Client, Person, Provider};

/// The portal's client id at the demo's identity provider.
const CLIENT_ID: &str = "portico";

/// The settings of the demo.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder for everything that outlives a restart.
    pub data_dir: PathBuf,
    /// The portal's public URL, without a trailing slash.
    pub public_url: String,
    /// The address where the portal listens, as `host:port`.
    pub listen: String,
    /// The time that a provisioner takes per step; a claim takes about five steps.
    pub step: Duration,
    /// The largest disk that provisioners have room for, in GiB.
    pub largest_disk: u64,
    /// Whether the demo starts with some claims.
    pub seeded: bool,
    /// Whether the demo has a kcp, whose workspaces are control planes on request.
    pub kcp: bool,
    /// How long an approver can take a decision back, in seconds.
    pub undo_seconds: u32,
    /// The clock.
    pub clock: Clock,
    /// The random number generator.
    pub rng: Rng,
}

impl Settings {
    /// The default settings, with the portal at `http://<listen>`.
    pub fn new(data_dir: impl Into<PathBuf>, listen: &str) -> Self {
        Self {
            data_dir: data_dir.into(),
            public_url: format!("http://{listen}"),
            listen: listen.to_owned(),
            step: Duration::from_millis(900),
            largest_disk: 500,
            seeded: true,
            kcp: true,
            undo_seconds: 10,
            clock: Clock::system(),
            rng: Rng::system(),
        }
    }
}

/// The running demo. [`Demo::shutdown`] stops it and keeps what its control planes hold; dropping it stops it at
/// once.
#[derive(Debug)]
pub struct Demo {
    /// The identity provider's issuer.
    pub issuer: String,
    /// The portal's client id.
    pub client_id: String,
    /// The client secret.
    pub client_secret: String,
    /// The people who can sign in.
    pub people: Vec<Person>,
    /// The control planes.
    pub planes: Vec<Plane>,
    /// The kcp, if there is one.
    pub workspaces: Option<Workspaces>,
    /// The folder with the portal's configuration.
    pub config_dir: PathBuf,
    provider: Provider,
    clusters: Arc<Clusters>,
}

/// A control plane of the demo.
#[derive(Debug)]
pub struct Plane {
    /// The name in the configuration.
    pub name: String,
    /// The path of a kubeconfig of the user `portico`.
    pub kubeconfig_path: PathBuf,
    /// The address where it is served.
    pub address: SocketAddr,
    /// The control plane, for tests that look inside it or inject faults.
    pub control_plane: ControlPlane,
    serving: Serving,
    controller: Controller,
}

impl Demo {
    /// Starts the identity provider, the control planes, their provisioners and the clusters that were there before,
    /// and writes the portal's configuration. All of them answer when this returns.
    ///
    /// # Errors
    /// When a port cannot be bound, a file cannot be written, or an embedded file is invalid.
    #[expect(
        clippy::unused_async,
        reason = "it needs a tokio runtime, which an async function has"
    )]
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let mut state = DemoState::open(&settings.data_dir, &settings.rng)?;
        let provider = provide_identity(&settings, &mut state)?;
        let issuer = provider.issuer().to_owned();
        let clusters = Arc::new(Clusters::new(settings.data_dir.join("clusters")));
        let mut planes = Vec::new();
        for spec in PLANES {
            planes.push(Plane::start(&settings, &mut state, spec, &issuer, &clusters)?);
        }
        let workspaces = if settings.kcp {
            let options = provisioner_options(&settings, &state, "kcp", None);
            Some(Workspaces::start(&settings, &mut state, &issuer, options)?)
        } else {
            None
        };
        let config_dir = settings.data_dir.join("config");
        let (public_url, listen) = (settings.public_url.as_str(), settings.listen.as_str());
        configuration::write(
            &config_dir,
            &Addresses {
                public_url,
                listen,
                issuer: &issuer,
                undo_seconds: settings.undo_seconds,
            },
            settings.kcp,
        )?;
        state.keep()?;
        Ok(Self {
            issuer,
            client_id: CLIENT_ID.to_owned(),
            client_secret: state.client_secret,
            people: provider.people().to_vec(),
            planes,
            workspaces,
            config_dir,
            provider,
            clusters,
        })
    }

    /// The identity provider, for tests that make it misbehave.
    #[must_use]
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// The control plane with this name.
    #[must_use]
    pub fn plane(&self, name: &str) -> Option<&Plane> {
        self.planes.iter().find(|plane| plane.name == name)
    }

    /// Stops everything and keeps what the control planes hold.
    pub async fn shutdown(self) {
        for plane in self.planes {
            plane.controller.stop().await;
            plane.serving.shutdown().await;
        }
        if let Some(workspaces) = self.workspaces {
            workspaces.shutdown().await;
        }
        self.clusters.shutdown().await;
        self.provider.shutdown().await;
    }
}

fn provide_identity(settings: &Settings, state: &mut DemoState) -> Result<Provider, StartError> {
    let listener = listen("the identity provider", state.identity_port)?;
    let at = |path: &str| format!("{}{path}", settings.public_url);
    let setup = oidc::Settings {
        port: 0,
        key: state.signing_key()?,
        people: people::people(),
        clients: vec![Client {
            id: CLIENT_ID.to_owned(),
            secret: state.client_secret.clone(),
            name: "Portico".to_owned(),
            redirect_uris: vec![at("/auth/callback")],
            post_logout_redirect_uris: vec![at("/auth/signed-out"), at("/sign-in"), at("/")],
        }],
        clock: settings.clock.clone(),
        rng: settings.rng.clone(),
    };
    let provider = Provider::serve(listener, setup).map_err(|source| StartError::Listen {
        what: "the identity provider".to_owned(),
        source,
    })?;
    state.identity_port = provider.address().port();
    Ok(provider)
}

fn provisioner_options(
    settings: &Settings,
    state: &DemoState,
    plane: &str,
    clusters: Option<Arc<dyn RunsClusters>>,
) -> ProvisionerOptions {
    ProvisionerOptions {
        plane: plane.to_owned(),
        step: settings.step,
        largest_disk: settings.largest_disk,
        authority: state.authority.clone(),
        clusters,
        clock: settings.clock.clone(),
        rng: settings.rng.clone(),
    }
}

impl Plane {
    fn start(
        settings: &Settings,
        state: &mut DemoState,
        spec: PlaneSpec,
        issuer: &str,
        clusters: &Arc<Clusters>,
    ) -> Result<Self, StartError> {
        let (port, token) = state.plane(spec.name, &settings.rng);
        let listener = listen(spec.name, port)?;
        let snapshot = settings
            .data_dir
            .join("planes")
            .join(format!("{}.json", spec.name));
        make_private(&settings.data_dir.join("planes"))?;
        let control_plane = ControlPlane::new(
            spec.name,
            kube::Settings {
                snapshot: Some(snapshot),
                token: Some(token),
                ..kube::Settings::default()
            },
        );
        let objects = control_plane.objects();
        install::install(&objects, spec)?;
        if settings.seeded && !state.is_seeded(spec.name) {
            seeds::create(&objects, spec.name, issuer)?;
        }
        // Also without seeds: a demo that started empty stays empty.
        state.remember_seeds(spec.name);
        let clusters: Arc<dyn RunsClusters> = clusters.clone();
        let options = provisioner_options(settings, state, spec.name, Some(clusters));
        let controller = Controller::start(objects, options);
        let serving = control_plane
            .serve(listener)
            .map_err(|source| StartError::Listen {
                what: spec.name.to_owned(),
                source,
            })?;
        let address = serving.address();
        state.remember_port(spec.name, address.port());

        let kubeconfig_path = settings
            .data_dir
            .join("kubeconfigs")
            .join(format!("{}.yaml", spec.name));
        make_private(&settings.data_dir.join("kubeconfigs"))?;
        write_private(&kubeconfig_path, control_plane.kubeconfig(address).as_bytes())?;
        Ok(Self {
            name: spec.name.to_owned(),
            kubeconfig_path,
            address,
            control_plane,
            serving,
            controller,
        })
    }
}
