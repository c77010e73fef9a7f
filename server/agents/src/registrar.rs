//! Who may be an agent. The use cases answer, from the database and the configuration.

use futures::future::BoxFuture;
use jiff::Timestamp;
use portico_domain::names::PlaneName;
use uuid::Uuid;

/// Why somebody is not accepted as an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The token is unknown, or was used, or has run out. Which of these it is, the page of the control plane says.
    #[error("the token is not valid: it may have been used, or be older than 15 minutes; ask for a new one")]
    Token,
    /// The token is for another control plane.
    #[error("the token is for another control plane than the agent's document names")]
    OtherPlane,
    /// The agent was revoked.
    #[error("this agent was revoked; it needs a new token")]
    Revoked,
    /// No document says that the control plane has an agent.
    #[error("Portico knows no control plane of this name that is connected by an agent")]
    UnknownPlane,
    /// The certificate names no agent.
    #[error("the certificate is not that of an agent")]
    Certificate,
    /// Too many connections.
    #[error("this control plane has too many agents connected")]
    TooMany,
    /// It cannot be found out now.
    #[error("Portico cannot check this now; try again")]
    Unavailable,
}

/// A new agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAgent {
    /// Its id.
    pub id: Uuid,
    /// The control plane in its document.
    pub plane: PlaneName,
    /// Where it connected from.
    pub remote: String,
    /// When its certificate runs out.
    pub certificate_expires_at: Timestamp,
}

/// What a beat brings back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beat {
    /// The replicas that are alive.
    pub replicas: Vec<Uuid>,
    /// Agents whose connections must end.
    pub ended: Vec<Uuid>,
}

/// Decides who may be an agent.
pub trait Registrar: Send + Sync {
    /// Uses up the token, and keeps the agent.
    fn enrol(&self, token_digest: String, agent: NewAgent) -> BoxFuture<'_, Result<(), Refusal>>;

    /// Notes that an agent gets another certificate.
    fn renew(&self, agent: NewAgent) -> BoxFuture<'_, Result<(), Refusal>>;

    /// Whether an agent with a valid certificate may connect.
    fn admit(&self, plane: PlaneName, agent: Uuid) -> BoxFuture<'_, Result<(), Refusal>>;

    /// Notes that this replica is alive, and asks which of the connected agents may stay. `None` if that cannot be found
    /// out now: everything stays as it is.
    fn beat(&self, replica: Uuid, connected: Vec<(PlaneName, Uuid)>) -> BoxFuture<'_, Option<Beat>>;
}
