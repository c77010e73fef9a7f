use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

/// The agents of a control plane that is reached through one.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlaneAgents {
    /// The agents: those that are connected first, the one that is used before all others.
    pub agents: Vec<AgentRow>,
    /// Since when none is connected to the replica that answers; `None` while one is.
    pub none_connected_since: Option<Timestamp>,
    /// Where agents connect; `None` if Portico does not listen for them.
    pub address: Option<String>,
    /// How the certificate of an agent is renewed: minutes until it runs out.
    pub certificate_minutes: u32,
    /// A token that was just created. Only this response has it.
    #[serde(skip)]
    pub created: Option<CreatedEnrolment>,
}

/// An agent.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentRow {
    /// Its id. Several connections can have the same, if somebody copied its key.
    pub id: Uuid,
    /// How it is.
    pub state: AgentState,
    /// Since when it is connected, or when it was last.
    pub since: Option<Timestamp>,
    /// The address that it connects from, or was enrolled from.
    pub remote: String,
    /// The version of its program, as it says.
    pub version: Option<String>,
    /// When its certificate runs out.
    pub certificate_expires_at: Timestamp,
    /// How many calls it refused since it started, as it says.
    pub refused_calls: u64,
    /// The last call that it refused, as it says.
    pub last_refused: Option<(Timestamp, String)>,
    /// Who revoked it.
    pub revoked_by: Option<String>,
}

/// How an agent is.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AgentState {
    /// It is connected.
    Connected,
    /// It is connected and does not answer.
    Silent,
    /// It is not connected.
    Disconnected,
    /// Its certificate has run out: it needs a new token.
    Expired,
    /// It was revoked.
    Revoked,
}

/// A token with which an agent enrols, once.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreatedEnrolment {
    /// The token. It is shown only here.
    pub token: String,
    /// When it runs out.
    pub expires_at: Timestamp,
    /// Where the agent connects.
    pub address: String,
}
