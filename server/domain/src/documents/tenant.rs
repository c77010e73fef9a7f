use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::GroupRef;
use crate::names::{EnvironmentName, OfferingName, PlaneName, TenantName};
use crate::tenancy::Role;

/// A team.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tenant {
    /// `metadata.name`.
    pub name: TenantName,
    /// The specification.
    pub spec: TenantSpec,
}

/// `spec` of a `Tenant`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TenantSpec {
    /// The name to show; the document's name where there is none.
    #[serde(default)]
    pub title: Option<String>,
    /// Who belongs to it, by SSO group.
    pub members: Vec<Member>,
    /// Its environments, at least one.
    pub environments: Vec<Environment>,
    /// The shared control planes it may use; planes dedicated to it need no grant.
    #[serde(default)]
    pub control_planes: PlaneGrant,
    /// The offerings it may ask for; empty means all.
    #[serde(default)]
    pub offerings: Vec<OfferingName>,
    /// How much it may hold.
    #[serde(default)]
    pub quota: Quota,
}

/// A group's role in a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Member {
    /// The identity provider that says who is in it, by its name. To be given where there is more than one.
    #[serde(default)]
    pub provider: Option<String>,
    /// The SSO group, exactly as the identity provider's claim has it.
    pub group: String,
    /// What it may do.
    pub role: Role,
}

impl Member {
    /// The group and whose it is.
    #[must_use]
    pub fn group_ref(&self) -> GroupRef {
        GroupRef {
            provider: self.provider.clone(),
            group: self.group.clone(),
        }
    }
}

/// A tenant's dev, staging, production.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Environment {
    /// Its name.
    pub name: EnvironmentName,
    /// The namespace of its claims, on every control plane. No two environments share one.
    pub namespace: String,
    /// Whether people depend on it; policies read this.
    #[serde(default)]
    pub production: bool,
    /// Labels that a control plane must have to serve it.
    #[serde(default)]
    pub control_plane_labels: BTreeMap<String, String>,
}

/// The shared control planes a tenant may use: those named, and those whose labels match.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PlaneGrant {
    /// By name.
    pub names: Vec<PlaneName>,
    /// By labels, all of which must match. Empty: none by labels.
    pub match_labels: BTreeMap<String, String>,
}

/// How much a tenant may hold, by resource name. `claims` counts claims; others are what plans
/// say they consume. What is not named is not limited.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quota(pub BTreeMap<String, u64>);

impl Tenant {
    /// The environment of that name.
    #[must_use]
    pub fn environment(&self, name: &EnvironmentName) -> Option<&Environment> {
        self.spec
            .environments
            .iter()
            .find(|environment| environment.name == *name)
    }

    /// The name to show.
    #[must_use]
    pub fn title(&self) -> &str {
        self.spec.title.as_deref().unwrap_or(self.name.as_str())
    }
}
