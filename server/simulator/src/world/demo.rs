//! Starting and stopping the demo's world.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio::net::TcpListener;

use super::configuration::{self, Addresses};
use super::error::WorldError;
use super::keepsakes::{Keepsakes, make_private, write_private};
use super::people::{self, PLACES, Place};
use super::provision::{Controller, Manners};
use super::{install, seeds};
use crate::chance::{Clock, Dice};
use crate::kube::{self, ControlPlane, Serving};
use crate::oidc::{self, Client, Person, Provider};

/// The client that the portal is at the demo's identity provider.
const CLIENT_ID: &str = "portico";

/// How the demo is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where everything is kept that outlives a restart.
    pub data_dir: PathBuf,
    /// The portal's address as browsers know it, without a slash at the end.
    pub public_url: String,
    /// Where the portal listens, as `host:port`.
    pub listen: String,
    /// How long a provisioner takes for each of its steps; a claim takes about five.
    pub step: Duration,
    /// The largest disk that provisioners have room for, in gibibytes.
    pub largest_disk: u64,
    /// Whether there are some claims to begin with.
    pub seeded: bool,
    /// The clock.
    pub clock: Clock,
    /// The dice.
    pub dice: Dice,
}

impl Settings {
    /// The usual settings, with the portal at `http://<listen>`.
    pub fn new(data_dir: impl Into<PathBuf>, listen: &str) -> Self {
        Self {
            data_dir: data_dir.into(),
            public_url: format!("http://{listen}"),
            listen: listen.to_owned(),
            step: Duration::from_millis(900),
            largest_disk: 500,
            seeded: true,
            clock: Clock::system(),
            dice: Dice::system(),
        }
    }
}

/// The demo's world, running. It stops by [`Demo::shutdown`]; dropped, it stops without keeping
/// what its control planes hold.
#[derive(Debug)]
pub struct Demo {
    /// The identity provider's issuer.
    pub issuer: String,
    /// The portal's client there.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Who can sign in.
    pub people: Vec<Person>,
    /// The control planes.
    pub planes: Vec<Plane>,
    /// The folder with the portal's configuration.
    pub config_dir: PathBuf,
    provider: Provider,
}

/// A control plane of the demo.
#[derive(Debug)]
pub struct Plane {
    /// Its name in the configuration.
    pub name: String,
    /// A kubeconfig that may do everything there.
    pub kubeconfig_path: PathBuf,
    /// Where it is served.
    pub address: SocketAddr,
    /// Itself, for tests that look inside or make trouble.
    pub control_plane: ControlPlane,
    serving: Serving,
    controller: Controller,
}

impl Demo {
    /// Starts the identity provider, the control planes and their provisioners, and writes the
    /// portal's configuration. Everything answers when this returns.
    ///
    /// # Errors
    /// When a port or a file cannot be had, or the demo's own files are wrong.
    pub async fn start(settings: Settings) -> Result<Self, WorldError> {
        let mut keepsakes = Keepsakes::open(&settings.data_dir, &settings.dice)?;
        let provider = provide_identity(&settings, &mut keepsakes).await?;
        let issuer = provider.issuer().to_owned();
        let mut planes = Vec::new();
        for place in PLACES {
            planes.push(Plane::start(&settings, &mut keepsakes, place, &issuer).await?);
        }
        let config_dir = settings.data_dir.join("config");
        let (public_url, listen) = (settings.public_url.as_str(), settings.listen.as_str());
        configuration::write(
            &config_dir,
            &Addresses {
                public_url,
                listen,
                issuer: &issuer,
            },
        )?;
        keepsakes.keep()?;
        Ok(Self {
            issuer,
            client_id: CLIENT_ID.to_owned(),
            client_secret: keepsakes.client_secret,
            people: provider.people().to_vec(),
            planes,
            config_dir,
            provider,
        })
    }

    /// The identity provider, for tests that make it misbehave.
    #[must_use]
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// The control plane of that name.
    #[must_use]
    pub fn plane(&self, name: &str) -> Option<&Plane> {
        self.planes.iter().find(|plane| plane.name == name)
    }

    /// Stops everything, and keeps what the control planes hold.
    pub async fn shutdown(self) {
        for plane in self.planes {
            plane.controller.stop().await;
            plane.serving.shutdown().await;
        }
        self.provider.shutdown().await;
    }
}

async fn provide_identity(settings: &Settings, keepsakes: &mut Keepsakes) -> Result<Provider, WorldError> {
    let listener = listen("the identity provider", keepsakes.identity_port).await?;
    let at = |path: &str| format!("{}{path}", settings.public_url);
    let setup = oidc::Settings {
        port: 0,
        key: keepsakes.signing_key()?,
        people: people::people(),
        clients: vec![Client {
            id: CLIENT_ID.to_owned(),
            secret: keepsakes.client_secret.clone(),
            name: "Portico".to_owned(),
            redirect_uris: vec![at("/auth/callback")],
            post_logout_redirect_uris: vec![at("/auth/signed-out"), at("/sign-in"), at("/")],
        }],
        clock: settings.clock.clone(),
        dice: settings.dice.clone(),
    };
    let provider = Provider::serve(listener, setup).map_err(|source| WorldError::Listen {
        what: "the identity provider".to_owned(),
        source,
    })?;
    keepsakes.identity_port = provider.address().port();
    Ok(provider)
}

impl Plane {
    async fn start(
        settings: &Settings,
        keepsakes: &mut Keepsakes,
        place: Place,
        issuer: &str,
    ) -> Result<Self, WorldError> {
        let (port, token) = keepsakes.plane(place.name, &settings.dice);
        let listener = listen(place.name, port).await?;
        let snapshot = settings
            .data_dir
            .join("planes")
            .join(format!("{}.json", place.name));
        make_private(&settings.data_dir.join("planes"))?;
        let control_plane = ControlPlane::new(
            place.name,
            kube::Settings {
                snapshot: Some(snapshot),
                token: Some(token),
                ..kube::Settings::default()
            },
        );
        let objects = control_plane.objects();
        install::install(&objects, place)?;
        if settings.seeded && !keepsakes.is_seeded(place.name) {
            seeds::sow(&objects, place, issuer)?;
        }
        // Also when there are none: a demo that began empty stays so.
        keepsakes.remember_seeds(place.name);
        let manners = Manners {
            plane: place.name.to_owned(),
            step: settings.step,
            largest_disk: settings.largest_disk,
            clock: settings.clock.clone(),
            dice: settings.dice.clone(),
        };
        let controller = Controller::start(objects, manners, keepsakes.authority.clone());
        let serving = control_plane
            .serve(listener)
            .map_err(|source| WorldError::Listen {
                what: place.name.to_owned(),
                source,
            })?;
        let address = serving.address();
        keepsakes.remember_port(place.name, address.port());

        let kubeconfig_path = settings
            .data_dir
            .join("kubeconfigs")
            .join(format!("{}.yaml", place.name));
        make_private(&settings.data_dir.join("kubeconfigs"))?;
        write_private(&kubeconfig_path, control_plane.kubeconfig(address).as_bytes())?;
        Ok(Self {
            name: place.name.to_owned(),
            kubeconfig_path,
            address,
            control_plane,
            serving,
            controller,
        })
    }
}

/// The port of the last time, so that addresses that people noted stay right; another when it is
/// taken.
async fn listen(what: &str, port: u16) -> Result<TcpListener, WorldError> {
    if port != 0 {
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)).await {
            return Ok(listener);
        }
        tracing::warn!(what, port, "the port of the last time is taken");
    }
    TcpListener::bind(("127.0.0.1", 0))
        .await
        .map_err(|source| WorldError::Listen {
            what: what.to_owned(),
            source,
        })
}
