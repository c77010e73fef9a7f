//! `portico serve` listens for agents.

use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use portico_agents::{Authority, Hub, Listener};
use portico_app::{AgentAccess, AgentRegistrar, Portal};
use portico_domain::authz::SystemAuthority;
use portico_domain::documents::{AgentListener, PortalSpec};
use portico_planes::Settings;
use portico_planes::agent::AgentTransport;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::serve::{ServeError, listen};

/// The socket for agents and what it works with.
pub(super) struct AgentListening {
    tcp: TcpListener,
    authority: Arc<Authority>,
    hub: Hub,
    spec: AgentListener,
}

/// Listens for agents if the configuration says so, on another address if one is given. Nobody is accepted yet.
///
/// # Errors
/// If the authority's files cannot be used, or the address cannot be listened on.
pub(super) async fn open(
    spec: &PortalSpec,
    listen_on: Option<&str>,
) -> Result<Option<AgentListening>, ServeError> {
    let Some(spec) = spec.agents.clone() else {
        return Ok(None);
    };
    let wrong = |why: String| ServeError::Setting {
        what: "spec.agents",
        why,
    };
    let read = |file: &str| {
        let read = std::fs::read_to_string(Path::new(file));
        read.map_err(|error| wrong(format!("{file} cannot be read: {}", error.kind())))
    };
    let (certificate, key) = (read(&spec.certificate_file)?, read(&spec.key_file)?);
    let authority =
        Authority::load(&certificate, &key, Timestamp::now()).map_err(|error| wrong(error.to_string()))?;
    let tcp = listen(listen_on.unwrap_or(&spec.listen).to_owned()).await?;
    tracing::info!(address = %tcp.local_addr()?, "listening for agents");
    Ok(Some(AgentListening {
        tcp,
        authority: Arc::new(authority),
        hub: Hub::new(Uuid::now_v7()),
        spec,
    }))
}

/// How control planes are reached: also through agents, if Portico listens for them.
pub(super) fn plane_settings(listening: Option<&AgentListening>) -> Settings {
    Settings {
        agents: listening.map(|listening| Arc::new(listening.hub.clone()) as Arc<dyn AgentTransport>),
        ..Settings::default()
    }
}

impl AgentListening {
    /// Accepts agents until `stop`.
    pub(super) fn start(
        self,
        portal: &Portal,
        authority: &SystemAuthority,
        background: &TaskTracker,
        stop: &CancellationToken,
    ) {
        let registrar = Arc::new(AgentRegistrar::new(portal.clone(), authority.clone()));
        portal.with_agents(AgentAccess {
            hub: self.hub.clone(),
            authority: self.authority.fingerprint(),
            address: self.spec.address.clone(),
        });
        let (replica, stop) = (self.hub.replica(), stop.clone());
        let listener = Listener {
            authority: self.authority,
            validity: SignedDuration::from_mins(i64::from(self.spec.certificate_minutes)),
            hub: self.hub,
            registrar: registrar.clone(),
        };
        background.spawn(async move {
            if let Err(error) = listener.run(self.tcp, stop).await {
                tracing::error!(%error, "no agents can connect");
            }
            registrar.forget(replica).await;
        });
    }
}
