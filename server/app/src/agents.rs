//! Agents: who may be one, and what the page of a control plane shows of them.

use std::collections::BTreeSet;

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use portico_agents::{Beat, ConnectedAgent, Hub, NewAgent, Refusal, Registrar};
use portico_api::{AgentRow, AgentState, PlaneAgents};
use portico_domain::agent::KnownAgent;
use portico_domain::authz::SystemAuthority;
use portico_domain::documents::ControlPlane;
use portico_domain::names::PlaneName;
use portico_store::{Enrolled, Enrolment, StoreError};
use serde_json::json;
use uuid::Uuid;

use super::{Portal, Result};

/// A replica that was not heard of for so long is gone.
const REPLICA_VALIDITY: SignedDuration = SignedDuration::from_secs(15);

/// How Portico listens for agents.
#[derive(Clone)]
pub struct AgentAccess {
    /// Their connections.
    pub hub: Hub,
    /// The fingerprint of the authority for their certificates.
    pub authority: [u8; 32],
    /// Where they connect.
    pub address: String,
}

/// Answers who may be an agent, from the database and the configuration.
pub struct AgentRegistrar {
    portal: Portal,
    authority: SystemAuthority,
}

impl AgentRegistrar {
    /// Answers for this portal.
    #[must_use]
    pub fn new(portal: Portal, authority: SystemAuthority) -> Self {
        Self { portal, authority }
    }

    /// Says that a replica stops, so that agents do not look for it.
    pub async fn forget(&self, replica: Uuid) {
        if let Err(error) = self.portal.store().forget_replica(&self.authority, replica).await {
            tracing::warn!(%error, "the database does not know that this replica stops");
        }
    }

    fn has_agent(&self, plane: &PlaneName) -> bool {
        let configuration = self.portal.configuration();
        configuration
            .control_planes
            .get(plane)
            .is_some_and(ControlPlane::has_agent)
    }

    async fn try_enrol(&self, digest: &str, agent: NewAgent) -> Result<Enrolled, StoreError> {
        let now = self.portal.now();
        let event = self.authority.audit_enrolment(&agent.plane, now);
        let event = event.with_details(json!({ "agent": agent.id, "from": agent.remote }));
        let enrolment = Enrolment {
            digest,
            agent: agent.id,
            plane: &agent.plane,
            remote: &agent.remote,
            certificate_expires_at: agent.certificate_expires_at,
            now,
        };
        self.portal
            .store()
            .enrol_agent(&self.authority, &enrolment, event)
            .await
    }
}

fn unavailable(error: &StoreError) -> Refusal {
    tracing::warn!(%error, "an agent cannot be checked");
    Refusal::Unavailable
}

impl Registrar for AgentRegistrar {
    fn enrol(&self, token_digest: String, agent: NewAgent) -> BoxFuture<'_, Result<(), Refusal>> {
        Box::pin(async move {
            if !self.has_agent(&agent.plane) {
                return Err(Refusal::UnknownPlane);
            }
            match self
                .try_enrol(&token_digest, agent)
                .await
                .map_err(|error| unavailable(&error))?
            {
                Enrolled::Yes => Ok(()),
                Enrolled::NoToken => Err(Refusal::Token),
                Enrolled::OtherPlane => Err(Refusal::OtherPlane),
            }
        })
    }

    fn renew(&self, agent: NewAgent) -> BoxFuture<'_, Result<(), Refusal>> {
        Box::pin(async move {
            if !self.has_agent(&agent.plane) {
                return Err(Refusal::UnknownPlane);
            }
            let store = self.portal.store();
            let until = agent.certificate_expires_at;
            let renewed = store
                .renew_agent(&self.authority, agent.id, &agent.plane, until)
                .await;
            if renewed.map_err(|error| unavailable(&error))? {
                Ok(())
            } else {
                Err(Refusal::Revoked)
            }
        })
    }

    fn admit(&self, plane: PlaneName, agent: Uuid) -> BoxFuture<'_, Result<(), Refusal>> {
        Box::pin(async move {
            if !self.has_agent(&plane) {
                return Err(Refusal::UnknownPlane);
            }
            let known = self.portal.store().agent(&self.authority, agent).await;
            match known.map_err(|error| unavailable(&error))? {
                Some(known) if known.plane == plane && known.revoked_at.is_none() => Ok(()),
                Some(_) => Err(Refusal::Revoked),
                // Of another installation with the same authority, or from before a restore.
                None => Err(Refusal::Certificate),
            }
        })
    }

    fn beat(&self, replica: Uuid, connected: Vec<(PlaneName, Uuid)>) -> BoxFuture<'_, Option<Beat>> {
        Box::pin(async move {
            let store = self.portal.store();
            let now = self.portal.now();
            let since = now.saturating_sub(REPLICA_VALIDITY).unwrap_or(now);
            let replicas = store.see_replica(&self.authority, replica, now, since).await;
            let wanted: BTreeSet<Uuid> = connected
                .iter()
                .filter(|(plane, _)| self.has_agent(plane))
                .map(|(_, agent)| *agent)
                .collect();
            let wanted: Vec<Uuid> = wanted.into_iter().collect();
            let may_stay = store.see_agents(&self.authority, &wanted, now).await;
            match (replicas, may_stay) {
                (Ok(replicas), Ok(may_stay)) => Some(Beat {
                    replicas,
                    ended: connected
                        .into_iter()
                        .map(|(_, agent)| agent)
                        .filter(|agent| !may_stay.contains(agent))
                        .collect(),
                }),
                (Err(error), _) | (_, Err(error)) => {
                    tracing::warn!(%error, "the database does not know of this replica and its agents");
                    None
                }
            }
        })
    }
}

impl Portal {
    /// Enables agents. Call it once.
    pub fn with_agents(&self, access: AgentAccess) {
        // A second hub would have other connections: the first stays.
        let _ = self.shared.agents.set(access);
    }

    /// The agents of a control plane; `None` if it is reached otherwise.
    pub(crate) async fn plane_agents(&self, plane: &ControlPlane) -> Result<Option<PlaneAgents>> {
        if !plane.has_agent() {
            return Ok(None);
        }
        let access = self.shared.agents.get();
        let connected = access
            .map(|access| access.hub.connected(&plane.name))
            .unwrap_or_default();
        let known = self.store().agents_of(&plane.name).await?;
        let listener = self.configuration().portal.spec.agents.clone();
        Ok(Some(PlaneAgents {
            agents: rows(&connected.agents, &known, self.now()),
            none_connected_since: connected.none_since,
            address: access.map(|access| access.address.clone()),
            certificate_minutes: listener.map_or(0, |listener| listener.certificate_minutes),
            created: None,
        }))
    }
}

fn rows(connected: &[ConnectedAgent], known: &[KnownAgent], now: Timestamp) -> Vec<AgentRow> {
    let is_connected = |id| connected.iter().any(|agent| agent.agent == id);
    let connections = connected.iter().map(|agent| AgentRow {
        id: agent.agent,
        state: if agent.healthy {
            AgentState::Connected
        } else {
            AgentState::Silent
        },
        since: Some(agent.since),
        remote: agent.remote.clone(),
        version: Some(agent.version.clone()),
        certificate_expires_at: agent.certificate_expires_at,
        refused_calls: agent.refused,
        last_refused: agent
            .last_refused
            .as_ref()
            .map(|refused| (refused.at, refused.message.clone())),
        revoked_by: None,
    });
    let others = known
        .iter()
        .filter(|agent| !is_connected(agent.id))
        .map(|agent| AgentRow {
            id: agent.id,
            state: match agent {
                KnownAgent {
                    revoked_at: Some(_), ..
                } => AgentState::Revoked,
                agent if agent.certificate_expires_at <= now => AgentState::Expired,
                _ => AgentState::Disconnected,
            },
            since: agent.revoked_at.or(agent.last_seen_at),
            remote: agent.remote.clone(),
            version: None,
            certificate_expires_at: agent.certificate_expires_at,
            refused_calls: 0,
            last_refused: None,
            revoked_by: agent.revoked_by.clone(),
        });
    connections.chain(others).collect()
}
