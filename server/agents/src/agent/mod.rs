//! The agent: runs beside a control plane, connects to Portico, and lets through what its document allows.

mod connections;
pub(crate) mod enrol;
mod gate;
pub(crate) mod state;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use portico_domain::documents::Agent;
use portico_planes::agent::LocalPlane;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::token::EnrolmentToken;
use connections::Connections;
use enrol::{EnrolError, enrol, renew};
use gate::Gate;
use state::{Credentials, StateError, StateFolder};

/// Pause after a failed enrolment or renewal.
const RETRY: Duration = Duration::from_secs(5);
/// Pause between two renewals at least, whatever the clocks say.
const MIN_RENEWAL: Duration = Duration::from_millis(500);
/// How often the files of the kubeconfig are looked at.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);

/// Why an agent ends.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct AgentStopped(String);

impl From<StateError> for AgentStopped {
    fn from(error: StateError) -> Self {
        Self(error.to_string())
    }
}

/// Runs the agent until `stop`. `token` enrols it, unless it was used for that before.
///
/// # Errors
/// If it has no certificate and gets none, or its certificate has run out.
pub async fn run(
    agent: Agent,
    token: Option<EnrolmentToken>,
    stop: CancellationToken,
) -> Result<(), AgentStopped> {
    tokio::select! {
        () = stop.cancelled() => Ok(()),
        ended = run_until_expired(agent, token) => Err(ended.err().unwrap_or_else(|| AgentStopped("it ended".to_owned()))),
    }
}

/// Enrols the agent and ends: `portico agent --enrol-only`.
///
/// # Errors
/// If it gets no certificate.
pub async fn enrol_once(agent: &Agent, token: Option<EnrolmentToken>) -> Result<(), AgentStopped> {
    let folder = StateFolder::open(&agent.spec.state)?;
    first_credentials(agent, token.as_ref(), &folder).await.map(drop)
}

async fn run_until_expired(agent: Agent, token: Option<EnrolmentToken>) -> Result<(), AgentStopped> {
    let folder = StateFolder::open(&agent.spec.state)?;
    let credentials = first_credentials(&agent, token.as_ref(), &folder).await?;
    let gate = Gate::new(agent.clone());
    let connections = Connections::new(gate.clone(), agent.spec.addresses.clone());
    let (current, receiver) = watch::channel((0, credentials));
    // Before the first connection, so that its calls find the control plane.
    let local = connect_local(&agent, &gate).await;
    tokio::select! {
        () = connections.run(receiver) => Ok(()),
        () = keep_local(&agent, &gate, local) => Ok(()),
        ended = keep_renewed(&agent, &folder, &current) => Err(ended),
    }
}

/// The credentials of the folder, or new ones for the token.
async fn first_credentials(
    agent: &Agent,
    token: Option<&EnrolmentToken>,
    folder: &StateFolder,
) -> Result<Credentials, AgentStopped> {
    let digest = token.map(EnrolmentToken::digest);
    if let Some(known) = folder.load()? {
        let is_used = digest.as_deref().is_none_or(|digest| digest == known.token());
        let fits = known.identity.plane == agent.name && !known.is_expired(Timestamp::now());
        if is_used && fits {
            return Ok(known);
        }
        if is_used {
            let why = if known.identity.plane == agent.name {
                "the agent's certificate has run out"
            } else {
                "the agent's certificate is for another control plane"
            };
            return Err(AgentStopped(format!(
                "{why}: ask for a new token on the control plane's page in Portico"
            )));
        }
    }
    let token = token.ok_or_else(|| {
        let message = "this agent is not enrolled: ask for a token on the control plane's page in Portico, and give it by \
                       PORTICO_AGENT_TOKEN or --token-file";
        AgentStopped(message.to_owned())
    })?;
    let mut next = 0;
    loop {
        let address = &agent.spec.addresses[next % agent.spec.addresses.len()];
        next += 1;
        match enrol(address, &agent.name, token).await {
            Ok(credentials) => {
                folder.save(&credentials)?;
                tracing::info!(plane = %agent.name, agent = %credentials.identity.agent, "enrolled");
                return Ok(credentials);
            }
            Err(EnrolError::Later(why)) => {
                tracing::warn!(%why, "not enrolled yet");
                tokio::time::sleep(RETRY).await;
            }
            Err(error) => return Err(AgentStopped(format!("the agent is not enrolled: {error}"))),
        }
    }
}

/// Reads the kubeconfig. `None` if it cannot be used: the log says why.
async fn connect_local(agent: &Agent, gate: &Arc<Gate>) -> Option<Arc<LocalPlane>> {
    match LocalPlane::connect(&agent.name, &agent.spec.connection).await {
        Ok(local) => {
            let local = Arc::new(local);
            gate.set_local(local.clone());
            Some(local)
        }
        Err(why) => {
            tracing::error!(%why, "the control plane's kubeconfig cannot be used");
            None
        }
    }
}

/// Reads the kubeconfig again when its files change, or while it cannot be used.
async fn keep_local(agent: &Agent, gate: &Arc<Gate>, mut local: Option<Arc<LocalPlane>>) {
    loop {
        tokio::time::sleep(CHECK_INTERVAL).await;
        let is_current = match &local {
            Some(local) => !local.has_changed().await,
            None => false,
        };
        if !is_current {
            local = connect_local(agent, gate).await;
        }
    }
}

/// Renews the certificate in time. Returns when it has run out.
async fn keep_renewed(
    agent: &Agent,
    folder: &StateFolder,
    current: &watch::Sender<(u64, Credentials)>,
) -> AgentStopped {
    let mut next = 0;
    loop {
        let (generation, credentials) = current.borrow().clone();
        let due = credentials.renew_at().duration_since(Timestamp::now());
        let due: Duration = due.try_into().unwrap_or_default();
        tokio::time::sleep(due.max(MIN_RENEWAL)).await;
        if credentials.is_expired(Timestamp::now()) {
            let message = "the agent's certificate has run out: ask for a new token on the control plane's page in Portico";
            return AgentStopped(message.to_owned());
        }
        let address = &agent.spec.addresses[next % agent.spec.addresses.len()];
        next += 1;
        match renew(address, &credentials).await {
            Ok(new) => {
                // In force at once, even if it cannot be written: the old one still works after a restart.
                if let Err(error) = folder.save(&new) {
                    tracing::error!(%error, "the new certificate could not be written");
                }
                tracing::info!(expires_at = %new.identity.expires_at, "the certificate was renewed");
                current.send_replace((generation + 1, new));
            }
            Err(why) => {
                tracing::warn!(%why, "the certificate could not be renewed");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}
