//! What a tenant uses of its quota: its claims, and what is on its way.

use std::collections::{BTreeMap, BTreeSet};

use portico_domain::claim::ClaimRef;
use portico_domain::documents::Plan;
use portico_domain::names::{OfferingName, PlanName, TenantName};
use portico_domain::tenancy::Scope;
use portico_domain::{policy, quota};
use portico_planes::{Catalog, ClaimFilter};

use super::{Portal, Result};

impl Portal {
    /// What the tenant uses, by resource. Claims made by other hands count as one claim each.
    pub(super) async fn usage(&self, tenant: &TenantName) -> Result<BTreeMap<String, u64>> {
        let scope = Scope::system().narrow(tenant);
        let catalog = self.planes().catalog();
        let mut used = BTreeMap::new();
        let mut counted: BTreeSet<ClaimRef> = BTreeSet::new();
        for claim in self
            .planes()
            .claims(&scope, &ClaimFilter::of_tenant(tenant.clone()))
        {
            quota::add(
                &mut used,
                &policy::takes(plan(&catalog, &claim.reference.offering, claim.plan.as_ref())),
            );
            counted.insert(claim.reference.clone());
        }
        for request in self.store().open_creates(&scope, tenant).await? {
            if counted.insert(request.claim.clone()) {
                quota::add(
                    &mut used,
                    &policy::takes(plan(&catalog, &request.claim.offering, request.plan.as_ref())),
                );
            }
        }
        Ok(used)
    }
}

/// A plan of an offering by its name.
pub(super) fn plan<'c>(
    catalog: &'c Catalog,
    offering: &OfferingName,
    plan: Option<&PlanName>,
) -> Option<&'c Plan> {
    let wanted = plan?;
    catalog
        .get(offering)?
        .plans
        .iter()
        .find(|plan| plan.name == *wanted)
}
