use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{GroupRef, PlacementRules};
use crate::names::{EnvironmentName, OfferingName, PlaneName, TenantName};
use crate::role::Role;

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
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TenantSpec {
    /// The name to show. Without it: `metadata.name`.
    #[serde(default)]
    pub title: Option<String>,
    /// The tenant that it belongs to, such as the organisation of a project. Who has a role there has it here, too, and
    /// the quota there bounds what both hold together. At most 5 tenants may be nested.
    #[serde(default)]
    pub parent: Option<TenantName>,
    /// Its members, by SSO group. Those of the tenants above it are members, too.
    pub members: Vec<Member>,
    /// Its environments, at least one.
    pub environments: Vec<Environment>,
    /// The shared control planes that it may use. Those dedicated to it need not be named.
    #[serde(default)]
    pub control_planes: PlaneGrant,
    /// What placement heeds for its claims, and for those of the tenants below it.
    #[serde(default)]
    pub placement: PlacementRules,
    /// The offerings that it may request; empty means all.
    #[serde(default)]
    pub offerings: Vec<OfferingName>,
    /// The most that it may hold, by resource name. `claims` counts claims; other names are those that plans consume.
    /// Resources that are not named are not limited.
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
    /// Their role.
    pub role: Role,
}

impl Member {
    /// Returns the group as a reference.
    #[must_use]
    pub fn group_ref(&self) -> GroupRef {
        GroupRef {
            provider: self.provider.clone(),
            group: self.group.clone(),
        }
    }
}

/// An environment of a tenant: dev, staging, production.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Environment {
    /// The environment's name: a DNS label.
    pub name: EnvironmentName,
    /// The namespace of its claims, on every control plane. No two environments share one. Without it:
    /// `<tenant>-<environment>`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// True if it is production; policies can use this.
    #[serde(default)]
    pub production: bool,
    /// Labels that a control plane must have to serve it.
    #[serde(default)]
    pub control_plane_labels: BTreeMap<String, String>,
    /// Labels that a control plane should have: each is a preference of weight 10.
    #[serde(default)]
    pub preferred_control_plane_labels: BTreeMap<String, String>,
    /// What placement heeds for its claims.
    #[serde(default)]
    pub placement: PlacementRules,
}

/// The shared control planes that a tenant may use: those named, and those whose labels match.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PlaneGrant {
    /// Their names.
    pub names: Vec<PlaneName>,
    /// Labels that must all match. Empty: none by labels.
    pub match_labels: BTreeMap<String, String>,
}

/// The most that a tenant may hold, by resource name. `claims` counts claims; other names are those that plans
/// consume. Resources that are not named are not limited.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quota(pub BTreeMap<String, u64>);

impl Environment {
    /// Returns the namespace of a tenant's environment that names none.
    #[must_use]
    pub fn namespace_of(&self, tenant: &str) -> String {
        format!("{tenant}-{}", self.name)
    }
}

impl Tenant {
    /// Writes the namespaces that the document leaves out.
    pub fn complete(&mut self) {
        for environment in &mut self.spec.environments {
            if environment.namespace.is_empty() {
                environment.namespace = environment.namespace_of(self.name.as_str());
            }
        }
    }

    /// Returns the environment with this name.
    #[must_use]
    pub fn environment(&self, name: &EnvironmentName) -> Option<&Environment> {
        self.spec
            .environments
            .iter()
            .find(|environment| environment.name == *name)
    }

    /// Returns the name to show.
    #[must_use]
    pub fn title(&self) -> &str {
        self.spec.title.as_deref().unwrap_or(self.name.as_str())
    }
}
