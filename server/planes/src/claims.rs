//! Which claims to read.

use std::collections::BTreeSet;

use portico_domain::claim::{Claim, Health};
use portico_domain::names::{EnvironmentName, OfferingName, PlaneName, RequestId, TenantName};
use portico_domain::tenancy::Scope;

/// Which claims to read. What is not said matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClaimFilter {
    /// Of this tenant.
    pub tenant: Option<TenantName>,
    /// In this environment.
    pub environment: Option<EnvironmentName>,
    /// Of this offering.
    pub offering: Option<OfferingName>,
    /// On this control plane.
    pub plane: Option<PlaneName>,
    /// In one of these states; empty: in any.
    pub health: BTreeSet<Health>,
    /// Made or changed last by this request.
    pub request: Option<RequestId>,
    /// Asked for by this person, as the annotation has it.
    pub requester: Option<String>,
}

impl ClaimFilter {
    /// All that a tenant has.
    #[must_use]
    pub fn of_tenant(tenant: TenantName) -> Self {
        Self {
            tenant: Some(tenant),
            ..Self::default()
        }
    }

    pub(crate) fn matches(&self, claim: &Claim) -> bool {
        fn is<T: PartialEq>(wanted: Option<&T>, found: Option<&T>) -> bool {
            wanted.is_none() || wanted == found
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
            && (self.health.is_empty() || self.health.contains(&claim.status.health))
    }
}

/// Whether whoever holds `scope` may read the claim.
pub(crate) fn allows(scope: &Scope, claim: &Claim) -> bool {
    match &claim.tenant {
        Some(tenant) => scope.allows(tenant),
        None => scope.allows_unowned(),
    }
}
