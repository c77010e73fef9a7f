//! What platform admins decided on the permissions of publications.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::documents::{Consumers, Permission, Publication, PublisherApprovers};
use crate::names::{OfferingName, PlaneName, PublicationName, TenantName};
use crate::person::Person;
use crate::request::manifest_hash;

/// What a publication asks for under one permission, as far as a decision depends on it. Words do not matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ask {
    /// The publisher.
    pub publisher: TenantName,
    /// The control plane.
    pub control_plane: PlaneName,
    /// The offering.
    pub offering: OfferingName,
    /// The consumers.
    pub consumers: Consumers,
    /// For [`Permission::Decide`]: the approvers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvers: Option<PublisherApprovers>,
}

impl Ask {
    /// Returns what the publication asks for now.
    #[must_use]
    pub fn of(publication: &Publication, permission: Permission) -> Self {
        let spec = &publication.spec;
        Self {
            publisher: spec.publisher.clone(),
            control_plane: spec.control_plane.clone(),
            offering: spec.offering.clone(),
            consumers: spec.consumers.clone(),
            approvers: spec
                .approvers
                .clone()
                .filter(|_| permission == Permission::Decide),
        }
    }

    /// Hashes it, so that a decision can say which version it is about.
    #[must_use]
    pub fn digest(&self) -> String {
        manifest_hash(&serde_json::json!(self))
    }

    /// True if both are about the same service. A decision on another one does not count.
    pub(super) fn is_of(&self, publication: &Publication) -> bool {
        let spec = &publication.spec;
        self.publisher == spec.publisher
            && self.control_plane == spec.control_plane
            && self.offering == spec.offering
    }
}

/// A platform admin's decision on one permission. The newest that is about a consumer counts for that consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionDecision {
    /// The publication.
    pub publication: PublicationName,
    /// The permission.
    pub permission: Permission,
    /// Accepted or refused.
    pub accepted: bool,
    /// What was asked for.
    pub ask: Ask,
    /// Who decided.
    pub by: Person,
    /// When.
    pub at: Timestamp,
}

/// All decisions, by publication, oldest first. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PermissionDecisions(Arc<BTreeMap<PublicationName, Vec<PermissionDecision>>>);

impl PermissionDecisions {
    /// Collects decisions, which must be in the order in which they were made.
    #[must_use]
    pub fn new(decisions: impl IntoIterator<Item = PermissionDecision>) -> Self {
        let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for decision in decisions {
            all.entry(decision.publication.clone())
                .or_default()
                .push(decision);
        }
        Self(Arc::new(all))
    }

    /// Returns those on one publication, oldest first.
    #[must_use]
    pub fn on(&self, publication: &PublicationName) -> &[PermissionDecision] {
        self.0.get(publication).map_or(&[], Vec::as_slice)
    }
}
