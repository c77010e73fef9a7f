//! What a tenant uses of its quota: its claims, and what is on its way.

use std::collections::BTreeMap;

use portico_domain::claim::ClaimRef;
use portico_domain::documents::{Consumption, Plan};
use portico_domain::names::{OfferingName, PlanName, TenantName};
use portico_domain::policy;
use portico_domain::quota::{self, Amounts};
use portico_domain::tenancy::Scope;
use portico_planes::{Catalog, ClaimFilter};
use serde_json::Value;

use super::{Portal, Result};

/// What a tenant's claims take, those that are asked for included.
#[derive(Debug, Default)]
pub(super) struct Usage(BTreeMap<ClaimRef, Held>);

/// What one claim takes.
#[derive(Debug, Default)]
struct Held {
    /// As it is; nothing while there is none.
    now: Amounts,
    /// As it was asked to be.
    asked: Amounts,
}

impl Usage {
    /// What all of them take together. One that is to change counts as the larger of what it is and what it will be.
    pub(super) fn total(&self) -> Amounts {
        sum(self.0.values())
    }

    /// What all others take together.
    pub(super) fn beside(&self, claim: &ClaimRef) -> Amounts {
        sum(self
            .0
            .iter()
            .filter(|(other, _)| *other != claim)
            .map(|(_, held)| held))
    }

    /// What the claim takes as it is.
    pub(super) fn of(&self, claim: &ClaimRef) -> Amounts {
        self.0.get(claim).map(|held| held.now.clone()).unwrap_or_default()
    }
}

fn sum<'h>(held: impl Iterator<Item = &'h Held>) -> Amounts {
    let mut used = Amounts::new();
    for each in held {
        quota::add(&mut used, &quota::larger(&each.now, &each.asked));
    }
    used
}

impl Portal {
    /// What the tenant uses. Claims made by other hands count as one claim each.
    pub(super) async fn usage(&self, tenant: &TenantName) -> Result<Usage> {
        let scope = Scope::system().narrow(tenant);
        let catalog = self.planes().catalog();
        let mut usage = Usage::default();
        let mine = ClaimFilter::of_tenant(tenant.clone());
        for claim in self.planes().claims(&scope, &mine) {
            let plan = plan(&catalog, &claim.reference.offering, claim.plan.as_ref());
            // A claim in a list comes without its object, which few plans need.
            let whole = plan
                .filter(|plan| depends_on_object(plan))
                .and_then(|_| self.planes().claim(&scope, &claim.reference));
            let object = whole.as_ref().map_or(&Value::Null, |claim| &*claim.object);
            usage.0.entry(claim.reference.clone()).or_default().now = policy::takes(plan, object);
        }
        for request in self.store().under_way(&scope, tenant).await? {
            let plan = plan(&catalog, &request.claim.offering, request.plan.as_ref());
            usage.0.entry(request.claim.clone()).or_default().asked = policy::takes(plan, &request.manifest);
        }
        Ok(usage)
    }
}

fn depends_on_object(plan: &Plan) -> bool {
    let mut consumed = plan.consumes.values();
    consumed.any(|consumption| matches!(consumption, Consumption::Field(_)))
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
