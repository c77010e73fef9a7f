use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{ApprovalPolicy, ControlPlane, Environment, Offering, Portal, Tenant};
use crate::names::{OfferingName, PlaneName, TenantName};

/// A whole configuration, checked: every reference in it leads somewhere, and no two environments
/// share a namespace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Configuration {
    /// The portal's own settings.
    pub portal: Portal,
    /// The control planes. Paths in their connections are absolute.
    pub control_planes: BTreeMap<PlaneName, ControlPlane>,
    /// What documents add to offerings.
    pub offerings: BTreeMap<OfferingName, Offering>,
    /// The tenants.
    pub tenants: BTreeMap<TenantName, Tenant>,
    /// The approval policies, by name.
    pub policies: BTreeMap<String, ApprovalPolicy>,
}

impl Configuration {
    /// The tenant and environment that `namespace` belongs to.
    #[must_use]
    pub fn owner_of_namespace(&self, namespace: &str) -> Option<(&Tenant, &Environment)> {
        self.tenants.values().find_map(|tenant| {
            let environment = tenant
                .spec
                .environments
                .iter()
                .find(|environment| environment.namespace == namespace)?;
            Some((tenant, environment))
        })
    }

    /// The groups whose people are platform admins.
    #[must_use]
    pub fn admin_groups(&self) -> BTreeSet<String> {
        self.portal.spec.sign_in.admin_groups.iter().cloned().collect()
    }
}
