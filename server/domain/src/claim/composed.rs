//! What stands behind a claim: the resources it is composed of, and what happened to them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Condition, Health};

/// The resources a claim is composed of, as a tree.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tree {
    /// What the claim leads to at once: a legacy claim's composite, a composite's resources.
    pub children: Vec<Composed>,
    /// There was more than is shown.
    pub truncated: bool,
}

/// One resource behind a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Composed {
    /// `group/version`.
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// `metadata.namespace`.
    pub namespace: Option<String>,
    /// `metadata.name`.
    pub name: String,
    /// How it is; `None` when it could not be read.
    pub health: Option<Health>,
    /// Why it is not ready, or why it could not be read.
    pub reason: String,
    /// The conditions it was read from, worst first.
    pub conditions: Vec<Condition>,
    /// `metadata.creationTimestamp`.
    pub created_at: Option<Timestamp>,
    /// What it is composed of in turn.
    pub children: Vec<Composed>,
}

impl Composed {
    /// Whether it and everything below it is ready.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.health == Some(Health::Ready) && self.children.iter().all(Self::is_well)
    }
}

/// A Kubernetes event about a claim or what stands behind it. Not an event of Portico's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimEvent {
    /// Whether it reports trouble (`Warning`) and not the ordinary course (`Normal`).
    pub warning: bool,
    /// `reason`.
    pub reason: String,
    /// `message`, cut and cleaned.
    pub message: String,
    /// How often it happened.
    pub count: u32,
    /// When it happened last.
    pub at: Option<Timestamp>,
    /// The component that reported it.
    pub source: Option<String>,
    /// What it is about: `Database/orders`.
    pub about: String,
}
