//! Agents: what connects a control plane that cannot be reached from outside.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::names::PlaneName;

/// How long a token is valid with which an agent enrols.
pub const ENROLMENT_VALIDITY: SignedDuration = SignedDuration::from_mins(15);

/// An agent that was enrolled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAgent {
    /// Its id, which its certificates name.
    pub id: Uuid,
    /// Its control plane.
    pub plane: PlaneName,
    /// Where it was enrolled from.
    pub remote: String,
    /// When.
    pub enrolled_at: Timestamp,
    /// When its newest certificate runs out.
    pub certificate_expires_at: Timestamp,
    /// When it was last connected to any replica.
    pub last_seen_at: Option<Timestamp>,
    /// Since when it may not connect any more.
    pub revoked_at: Option<Timestamp>,
    /// Who revoked it.
    pub revoked_by: Option<String>,
}
