use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::GroupRef;
use crate::names::{EnvironmentName, OfferingName, PlaneName, TenantName};
use crate::tenancy::Role;

/// A team.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tenant {
    /// The tenant's name: a DNS label, in labels of its claims.
    pub name: TenantName,
    /// The specification.
    pub spec: TenantSpec,
}

/// `spec` of a `Tenant`.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TenantSpec {
    /// The name to show. Without it: `metadata.name`.
    #[serde(default)]
    pub title: Option<String>,
    /// Who belongs to it, by SSO group.
    pub members: Vec<Member>,
    /// Its environments, at least one.
    pub environments: Vec<Environment>,
    /// The shared control planes it may use. Those dedicated to it need not be named.
    #[serde(default)]
    pub control_planes: PlaneGrant,
    /// The offerings it may ask for; empty means all.
    #[serde(default)]
    pub offerings: Vec<OfferingName>,
    /// How much it may hold, by resource name. `claims` counts claims; other names are what plans consume. What is not
    /// named is not limited.
    #[serde(default)]
    pub quota: Quota,
}

/// A group's role in a tenant.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Member {
    /// The identity provider whose group it is, by its name. Required if there is more than one provider.
    #[serde(default)]
    pub provider: Option<String>,
    /// The SSO group, exactly as the identity provider's claim has it.
    pub group: String,
    /// What it may do.
    pub role: Role,
}

impl Member {
    /// The group as a reference.
    #[must_use]
    pub fn group_ref(&self) -> GroupRef {
        GroupRef {
            provider: self.provider.clone(),
            group: self.group.clone(),
        }
    }
}

/// A tenant's dev, staging, production.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Environment {
    /// The environment's name: a DNS label.
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
