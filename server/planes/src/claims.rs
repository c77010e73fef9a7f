//! Filters for lists of claims.

use std::collections::BTreeSet;

use portico_domain::claim::{Claim, Health};
use portico_domain::names::{EnvironmentName, OfferingName, PlaneName, RequestId, TenantName};
use portico_domain::tenancy::Scope;

/// A filter for claims. Fields that are not set match all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClaimFilter {
    /// The tenant.
    pub tenant: Option<TenantName>,
    /// The environment.
    pub environment: Option<EnvironmentName>,
    /// The offering.
    pub offering: Option<OfferingName>,
    /// The control plane.
    pub plane: Option<PlaneName>,
    /// One of these healths; empty: any.
    pub health: BTreeSet<Health>,
    /// The request that created or last changed it.
    pub request: Option<RequestId>,
    /// The requester's subject, from the annotation.
    pub requester: Option<String>,
    /// A part of the claim's name, in lower case.
    pub name: Option<String>,
}

impl ClaimFilter {
    /// All claims of a tenant.
    #[must_use]
    pub fn of_tenant(tenant: TenantName) -> Self {
        Self {
            tenant: Some(tenant),
            ..Self::default()
        }
    }

    pub(crate) fn matches(&self, claim: &Claim) -> bool {
        fn is<T: PartialEq>(expected: Option<&T>, found: Option<&T>) -> bool {
            expected.is_none() || expected == found
        }
        is(self.tenant.as_ref(), claim.tenant.as_ref())
            && is(self.environment.as_ref(), claim.environment.as_ref())
            && is(self.offering.as_ref(), Some(&claim.reference.offering))
            && is(self.plane.as_ref(), Some(&claim.reference.plane))
            && is(self.request.as_ref(), claim.request.as_ref())
            && is(
                self.requester.as_ref(),
                claim.requester.as_ref().map(|(subject, _)| subject),
            )
            && self
                .name
                .as_deref()
                .is_none_or(|part| claim.reference.name.as_str().contains(part))
            && (self.health.is_empty() || self.health.contains(&claim.status.health))
    }
}

/// True if `scope` may read the claim.
pub(crate) fn allows(scope: &Scope, claim: &Claim) -> bool {
    match &claim.tenant {
        Some(tenant) => scope.allows(tenant),
        None => scope.allows_unowned(),
    }
}
