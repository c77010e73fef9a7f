//! Services that tenants offer to other tenants: who may use them, what their publishers may do, and where the claims
//! are.
//!
//! Permissions are judged when they are used. The newest decision of a platform admin that is about a consumer counts for
//! that consumer, so a publication that asks for more consumers waits for those alone, and goes on with the others.

mod decision;
mod namespace;
#[cfg(test)]
pub(crate) mod tests;

pub use decision::{Ask, PermissionDecision, PermissionDecisions};
pub use namespace::{consumer_namespace, is_consumer_namespace};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::approval::RuleNeed;
use crate::claim::ClaimRef;
use crate::documents::{
    ActAs, Approvers, Configuration, Consumers, ControlPlane, Environment, GroupRef, Permission, Publication,
    PublisherApprovers, Tenant,
};
use crate::names::{OfferingName, PlaneName, PublicationName, TenantName};
use crate::ownership::Owner;
use crate::placement::may_use;
use crate::policy::PolicyDecision;
use crate::role::Role;

/// After how many hours a request that only the publisher decides on expires.
const EXPIRES_AFTER_HOURS: u32 = 72;

/// A publication that can be in force, with what was decided on it.
#[derive(Debug, Clone, Copy)]
pub struct Service<'c> {
    /// The document.
    pub publication: &'c Publication,
    /// The publisher.
    pub publisher: &'c Tenant,
    /// The control plane that takes the claims.
    pub plane: &'c ControlPlane,
    configuration: &'c Configuration,
    decisions: &'c [PermissionDecision],
}

/// What becomes of a permission that a publication asks for.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PermissionState {
    /// Nobody has decided.
    Waiting,
    /// Accepted for less than is asked for now. What was accepted goes on.
    AsksForMore,
    /// Accepted.
    Accepted,
    /// Refused.
    Refused,
}

/// Why a service takes no requests of a tenant.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "closed", content = "permission", rename_all = "kebab-case")]
pub enum Closed {
    /// The tenant is none of its consumers.
    #[error("it is not published to you")]
    NotAConsumer,
    /// A platform admin has not decided on this permission for the tenant.
    #[error("your platform team has not decided whether it may {}", .0.phrase())]
    Waiting(Permission),
    /// A platform admin has refused this permission.
    #[error("your platform team does not let it {}", .0.phrase())]
    Refused(Permission),
}

/// What the approvers of a publisher may see of requests, besides the manifest, the tenant and the environment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Disclosed {
    /// Who asks.
    pub requester: bool,
    /// Notes and comments.
    pub notes: bool,
}

/// How a tenant may use a control plane for an offering.
#[derive(Debug, Clone, Copy)]
pub enum PlaneUse<'c> {
    /// As its own or a shared one, in the namespace of the environment.
    Direct,
    /// As a consumer of a service. Whether that takes requests now, [`Service::check_open`] says.
    Consumer(Service<'c>),
}

/// A namespace of a consumer on a publisher's control plane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerNamespace {
    /// The control plane.
    pub plane: PlaneName,
    /// The offering whose claims in it are the consumer's.
    pub offering: OfferingName,
    /// Its name.
    pub namespace: String,
    /// The consumer.
    pub owner: Owner,
}

impl Configuration {
    /// Returns the publication with its decisions. `None` if there is none of that name, or if it cannot be in force: its
    /// control plane must be the publisher's alone, and not act as people, whose names would be passed on.
    #[must_use]
    pub fn service(&self, name: &PublicationName) -> Option<Service<'_>> {
        let publication = self.publications.get(name)?;
        let spec = &publication.spec;
        let publisher = self.tenants.get(&spec.publisher)?;
        let plane = self.control_planes.get(&spec.control_plane)?;
        let is_its_own = plane.spec.dedicated_to == [publisher.name.clone()];
        let acts_as_itself = plane.spec.act_as == ActAs::Portico;
        (is_its_own && acts_as_itself && plane.claim().is_none()).then(|| Service {
            publication,
            publisher,
            plane,
            configuration: self,
            decisions: self.permission_decisions.on(name),
        })
    }

    /// Returns all publications that can be in force.
    pub fn services(&self) -> impl Iterator<Item = Service<'_>> {
        self.publications.keys().filter_map(|name| self.service(name))
    }

    /// Returns the service that has this offering on this control plane.
    #[must_use]
    pub fn service_on(&self, plane: &PlaneName, offering: &OfferingName) -> Option<Service<'_>> {
        self.services().find(|service| {
            let spec = &service.publication.spec;
            spec.control_plane == *plane && spec.offering == *offering
        })
    }

    /// Returns the service that a claim is of: one in the namespace of a consumer. The publisher's own claims of the same
    /// kind are not.
    #[must_use]
    pub fn service_of(&self, claim: &ClaimRef) -> Option<Service<'_>> {
        let namespace = claim.namespace.as_deref()?;
        is_consumer_namespace(namespace)
            .then(|| self.service_on(&claim.plane, &claim.offering))
            .flatten()
    }

    /// Returns how the tenant may use the control plane for the offering; `None` if it may not.
    #[must_use]
    pub fn plane_use(
        &self,
        tenant: &Tenant,
        plane: &ControlPlane,
        offering: &OfferingName,
    ) -> Option<PlaneUse<'_>> {
        if may_use(tenant, plane) {
            return Some(PlaneUse::Direct);
        }
        // Without this, every plane of a large configuration would be searched for.
        if self.publications.is_empty() {
            return None;
        }
        let service = self.service_on(&plane.name, offering)?;
        service
            .is_consumer(&tenant.name)
            .then_some(PlaneUse::Consumer(service))
    }

    /// True if claims of the tenant may be on the control plane.
    #[must_use]
    pub fn may_have_claims_on(&self, tenant: &Tenant, plane: &ControlPlane) -> bool {
        may_use(tenant, plane)
            || self.services().any(|service| {
                service.publication.spec.control_plane == plane.name && service.is_consumer(&tenant.name)
            })
    }

    /// Returns the namespace of the environment's claims of this offering on the control plane; `None` if the tenant may
    /// not use it.
    #[must_use]
    pub fn namespace_on(
        &self,
        tenant: &Tenant,
        environment: &Environment,
        plane: &ControlPlane,
        offering: &OfferingName,
    ) -> Option<String> {
        Some(match self.plane_use(tenant, plane, offering)? {
            PlaneUse::Direct => environment.namespace.clone(),
            PlaneUse::Consumer(service) => service.namespace(self, tenant, environment),
        })
    }

    /// Lists the namespaces of all consumers. Refused permissions change nothing here: whose a claim is does not depend on
    /// what may be done with it.
    #[must_use]
    pub fn consumer_namespaces(&self) -> Vec<ConsumerNamespace> {
        let mut found = Vec::new();
        for service in self.services() {
            let spec = &service.publication.spec;
            let consumers = self.tenants.values();
            for tenant in consumers.filter(|tenant| service.is_consumer(&tenant.name)) {
                found.extend(
                    tenant
                        .spec
                        .environments
                        .iter()
                        .map(|environment| ConsumerNamespace {
                            plane: spec.control_plane.clone(),
                            offering: spec.offering.clone(),
                            namespace: service.namespace(self, tenant, environment),
                            owner: Owner {
                                tenant: tenant.name.clone(),
                                environment: environment.name.clone(),
                            },
                        }),
                );
            }
        }
        found
    }
}

impl<'c> Service<'c> {
    /// Returns the publication's name.
    #[must_use]
    pub fn name(&self) -> &'c PublicationName {
        &self.publication.name
    }

    /// Returns what consumers read in place of the control plane's title: whose service it is.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{}’s service", self.publisher.title())
    }

    /// True if the document names the tenant as a consumer. The publisher is none.
    #[must_use]
    pub fn is_consumer(&self, tenant: &TenantName) -> bool {
        *tenant != self.publisher.name && self.publication.spec.consumers.include(tenant)
    }

    /// Returns the namespace of the consumer's environment.
    #[must_use]
    pub fn namespace(
        &self,
        configuration: &Configuration,
        tenant: &Tenant,
        environment: &Environment,
    ) -> String {
        let portal = &configuration.portal.name;
        consumer_namespace(portal, &self.publisher.name, &tenant.name, &environment.name)
    }

    /// Returns the decisions on a permission that are about this service, newest first.
    pub fn decisions(&self, permission: Permission) -> impl Iterator<Item = &'c PermissionDecision> {
        let publication = self.publication;
        let decisions = self.decisions.iter().rev();
        decisions.filter(move |decision| decision.permission == permission && decision.ask.is_of(publication))
    }

    /// Returns the decision that counts for the consumer.
    fn decision(&self, permission: Permission, consumer: &TenantName) -> Option<&'c PermissionDecision> {
        self.decisions(permission)
            .find(|decision| decision.ask.consumers.include(consumer))
    }

    /// True if the publication asks for the permission, for this consumer among others, and it is accepted.
    #[must_use]
    pub fn holds(&self, permission: Permission, consumer: &TenantName) -> bool {
        self.publication.claim(permission).is_some()
            && self.is_consumer(consumer)
            && self
                .decision(permission, consumer)
                .is_some_and(|decision| decision.accepted)
            && (permission != Permission::Decide || !self.approvers(consumer).is_empty())
    }

    /// Checks whether the consumer may make requests.
    ///
    /// # Errors
    /// The first permission that the service cannot do without and does not have.
    pub fn check_open(&self, consumer: &TenantName) -> Result<(), Closed> {
        if !self.is_consumer(consumer) {
            return Err(Closed::NotAConsumer);
        }
        let claims = self.publication.spec.permissions.iter();
        for claim in claims.filter(|claim| !claim.optional || !claim.permission.can_be_optional()) {
            let permission = claim.permission;
            if !self.holds(permission, consumer) {
                return Err(match self.decision(permission, consumer) {
                    Some(decision) if !decision.accepted => Closed::Refused(permission),
                    _ => Closed::Waiting(permission),
                });
            }
        }
        // One that asks for nothing takes nothing.
        if self.holds(Permission::TakeClaims, consumer) {
            Ok(())
        } else {
            Err(Closed::Waiting(Permission::TakeClaims))
        }
    }

    /// True if the service was open to the consumer at some time: then the consumer knows of it.
    #[must_use]
    pub fn was_open(&self, consumer: &TenantName) -> bool {
        let claims = self.publication.spec.permissions.iter();
        let was_accepted = |permission| {
            self.decisions(permission)
                .any(|decision| decision.accepted && decision.ask.consumers.include(consumer))
        };
        claims
            .filter(|claim| !claim.optional)
            .all(|claim| was_accepted(claim.permission))
            && was_accepted(Permission::TakeClaims)
    }

    /// Returns what becomes of a permission that the publication asks for.
    #[must_use]
    pub fn state(&self, permission: Permission) -> PermissionState {
        let has_more_approvers = permission == Permission::Decide && self.asks_for_more_approvers();
        let newest = self.decisions(permission).next();
        let decided: Vec<Option<&PermissionDecision>> = match &self.publication.spec.consumers {
            Consumers::All {} => {
                vec![newest.filter(|decision| decision.ask.consumers == Consumers::All {})]
            }
            Consumers::Tenants(tenants) => {
                let tenants = tenants.iter();
                tenants.map(|tenant| self.decision(permission, tenant)).collect()
            }
        };
        if decided
            .iter()
            .any(|decision| decision.is_some_and(|it| !it.accepted))
        {
            PermissionState::Refused
        } else if decided.iter().all(Option::is_some) && !decided.is_empty() {
            if has_more_approvers {
                PermissionState::AsksForMore
            } else {
                PermissionState::Accepted
            }
        } else if newest.is_some_and(|newest| newest.accepted) {
            PermissionState::AsksForMore
        } else {
            PermissionState::Waiting
        }
    }

    /// True if a platform admin has to decide on something.
    #[must_use]
    pub fn waits(&self) -> bool {
        let mut claims = self.publication.spec.permissions.iter();
        claims.any(|claim| {
            matches!(
                self.state(claim.permission),
                PermissionState::Waiting | PermissionState::AsksForMore
            )
        })
    }

    /// The approvers that the document names, as groups.
    fn asked_approvers(&self) -> Vec<GroupRef> {
        self.publication
            .spec
            .approvers
            .as_ref()
            .map(|approvers| self.groups(approvers))
            .unwrap_or_default()
    }

    fn groups(&self, approvers: &PublisherApprovers) -> Vec<GroupRef> {
        match approvers {
            PublisherApprovers::Groups(groups) => groups.clone(),
            PublisherApprovers::OfPublisher {} => {
                let approve = |role| matches!(role, Role::Approver | Role::TenantAdmin);
                self.configuration
                    .members(self.publisher)
                    .filter(|(_, member)| approve(member.role))
                    .map(|(_, member)| member.group_ref())
                    .collect()
            }
        }
    }

    /// Returns the groups that decide on the consumer's requests: those that the document names and a platform admin has
    /// accepted. Empty if there are none.
    #[must_use]
    pub fn approvers(&self, consumer: &TenantName) -> Vec<GroupRef> {
        let decision = self
            .decision(Permission::Decide, consumer)
            .filter(|decision| decision.accepted);
        let Some(decision) = decision.filter(|_| self.publication.claim(Permission::Decide).is_some()) else {
            return Vec::new();
        };
        if decision.ask.approvers == self.publication.spec.approvers {
            return self.asked_approvers();
        }
        let accepted = decision.ask.approvers.as_ref();
        let accepted = accepted
            .map(|approvers| self.groups(approvers))
            .unwrap_or_default();
        let mut asked = self.asked_approvers();
        asked.retain(|group| accepted.contains(group));
        asked
    }

    fn asks_for_more_approvers(&self) -> bool {
        let newest = self
            .decisions(Permission::Decide)
            .find(|decision| decision.accepted);
        let accepted = newest.and_then(|decision| decision.ask.approvers.as_ref());
        if accepted == self.publication.spec.approvers.as_ref() {
            return false;
        }
        let accepted = accepted
            .map(|approvers| self.groups(approvers))
            .unwrap_or_default();
        self.asked_approvers()
            .iter()
            .any(|group| !accepted.contains(group))
    }

    /// Returns what the approvers of the publisher may see of the consumer's requests.
    #[must_use]
    pub fn disclosed(&self, consumer: &TenantName) -> Disclosed {
        Disclosed {
            requester: self.holds(Permission::KnowRequesters, consumer),
            notes: self.holds(Permission::ReadNotes, consumer),
        }
    }

    /// Returns the approval that the publisher requires of the consumer's requests, if it decides on them.
    #[must_use]
    pub fn rule(&self, consumer: &TenantName) -> Option<RuleNeed> {
        let approvers = self.approvers(consumer);
        (!approvers.is_empty()).then(|| RuleNeed {
            policy: "publication".to_owned(),
            rule: self.name().to_string(),
            reason: format!("the publisher {} decides on it", self.publisher.title()),
            approvers: Approvers::Groups(approvers),
            count: 1,
            publication: Some(self.name().clone()),
        })
    }

    /// Adds the publisher's approval to what policies require.
    #[must_use]
    pub fn also_requires(&self, consumer: &TenantName, decision: PolicyDecision) -> PolicyDecision {
        let Some(rule) = self.rule(consumer) else {
            return decision;
        };
        match decision {
            PolicyDecision::Deny(reasons) => PolicyDecision::Deny(reasons),
            PolicyDecision::Allow => PolicyDecision::RequireApproval {
                rules: vec![rule],
                expires_after_hours: EXPIRES_AFTER_HOURS,
            },
            PolicyDecision::RequireApproval {
                mut rules,
                expires_after_hours,
            } => {
                rules.push(rule);
                PolicyDecision::RequireApproval {
                    rules,
                    expires_after_hours,
                }
            }
        }
    }

    /// Returns the consumers that a person with these groups decides for, with what they may see.
    pub(crate) fn decides_for(
        &self,
        configuration: &Configuration,
        is_in: impl Fn(&GroupRef) -> bool,
    ) -> BTreeMap<TenantName, Disclosed> {
        // Most people are in none of the groups, whatever was accepted.
        if !self.asked_approvers().iter().any(&is_in) {
            return BTreeMap::new();
        }
        let tenants = configuration.tenants.keys();
        tenants
            .filter(|tenant| self.holds(Permission::Decide, tenant))
            .filter(|tenant| self.approvers(tenant).iter().any(&is_in))
            .map(|tenant| (tenant.clone(), self.disclosed(tenant)))
            .collect()
    }
}
