use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    ActAs, ApprovalPolicy, Approvers, ControlPlane, Environment, GroupRef, NamespaceTemplate, Offering,
    Outcome, Portal, Provider, Publication, PublisherApprovers, Tenant,
};
use crate::names::{OfferingName, PlaneName, PublicationName, TenantName};
use crate::person::Person;
use crate::publication::PermissionDecisions;

/// A whole configuration, checked: every reference resolves, and no two environments share a namespace.
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
    /// What namespaces of tenants get, by the templates' names.
    pub namespace_templates: BTreeMap<String, NamespaceTemplate>,
    /// The services that tenants offer to other tenants.
    pub publications: BTreeMap<PublicationName, Publication>,
    /// What platform admins decided on the permissions that publications ask for. From the database, not from documents.
    #[serde(skip)]
    pub permission_decisions: PermissionDecisions,
}

impl Configuration {
    /// Returns the tenant and environment that own `namespace`.
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

    /// Returns the identity provider of this person, by the issuer in their subject. `None` if it is no longer
    /// configured.
    #[must_use]
    pub fn provider_of(&self, person: &Person) -> Option<&Provider> {
        self.portal.spec.sign_in.providers.iter().find(|provider| {
            person
                .subject
                .strip_prefix(&provider.issuer)
                .is_some_and(|rest| rest.starts_with('#'))
        })
    }

    /// True if the configuration refers to the group: as a member of a tenant, an admin group, approvers of a rule,
    /// text in a rule's condition, or a group passed on to a control plane.
    #[must_use]
    pub fn mentions_group(&self, name: &str) -> bool {
        let rules = || self.policies.values().flat_map(|policy| &policy.spec.rules);
        let is = |group: &GroupRef| group.group == name;
        self.portal.spec.sign_in.admin_groups.iter().any(is)
            || self
                .tenants
                .values()
                .flat_map(|tenant| &tenant.spec.members)
                .any(|member| member.group == name)
            || rules().any(|rule| match &rule.then {
                Outcome::Require {
                    approvers: Approvers::Groups(groups),
                    ..
                } => groups.iter().any(is),
                _ => false,
            })
            || rules().any(|rule| rule.when.contains(name))
            || self
                .publications
                .values()
                .any(|publication| match &publication.spec.approvers {
                    Some(PublisherApprovers::Groups(groups)) => groups.iter().any(is),
                    _ => false,
                })
            || self
                .control_planes
                .values()
                .any(|plane| match &plane.spec.act_as {
                    ActAs::Person(passed_on) => passed_on.names(name),
                    ActAs::Portico => false,
                })
    }
}
