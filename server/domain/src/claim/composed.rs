//! The resources that a claim is composed of, and its Kubernetes events.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Condition, Health};

/// The composed resources of a claim, as a tree.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceTree {
    /// What the claim refers to directly: a legacy claim's composite, or a composite's resources.
    pub children: Vec<ComposedResource>,
    /// True if the tree was cut at the limit.
    pub truncated: bool,
}

/// A resource that a claim's controller created for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ComposedResource {
    /// `group/version`.
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// `metadata.namespace`.
    pub namespace: Option<String>,
    /// `metadata.name`.
    pub name: String,
    /// Its health; `None` when it could not be read.
    pub health: Option<Health>,
    /// Why it is not ready or could not be read.
    pub reason: String,
    /// The conditions that its health was derived from, worst first.
    pub conditions: Vec<Condition>,
    /// `metadata.creationTimestamp`.
    pub created_at: Option<Timestamp>,
    /// The resources that it is composed of.
    pub children: Vec<ComposedResource>,
}

impl ComposedResource {
    /// True if it and everything below it is ready.
    #[must_use]
    pub fn is_all_ready(&self) -> bool {
        self.health == Some(Health::Ready) && self.children.iter().all(Self::is_all_ready)
    }
}

/// A Kubernetes event about a claim or one of its composed resources. Not an audit event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimEvent {
    /// True for type `Warning`, false for `Normal`.
    pub warning: bool,
    /// `reason`.
    pub reason: String,
    /// `message`, sanitized.
    pub message: String,
    /// How often it occurred.
    pub count: u32,
    /// When it last occurred.
    pub at: Option<Timestamp>,
    /// The component that reported it.
    pub source: Option<String>,
    /// The object it is about: `Database/orders`.
    pub about: String,
}
