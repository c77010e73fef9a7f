//! A tenant's quota usage: its claims and its open requests.

use std::collections::{BTreeMap, BTreeSet};

use portico_api::PriceQuote;
use portico_api::words::PriceWords;
use portico_domain::claim::ClaimRef;
use portico_domain::documents::{Consumption, Plan};
use portico_domain::names::{OfferingName, PlanName, TenantName};
use portico_domain::policy;
use portico_domain::quota::{self, Amounts};
use portico_domain::request::State;
use portico_planes::{Catalog, ClaimFilter};
use serde_json::Value;

use super::{Portal, Result};

/// A tenant's quota usage by claim, requested claims included.
#[derive(Debug, Clone, Default)]
pub(super) struct Usage(BTreeMap<ClaimRef, ClaimUsage>);

/// Quota usage of one claim.
#[derive(Debug, Clone, Default)]
struct ClaimUsage {
    /// Of the claim as it is; empty if there is none.
    now: Amounts,
    /// Of the claim as it was requested.
    asked: Amounts,
    /// True if the request awaits approval.
    waits: bool,
}

impl Usage {
    /// Returns the usage of several tenants together. A claim that two of them have, as one whose tenant is being changed,
    /// counts as the larger.
    pub(super) fn of_all<'u>(parts: impl Iterator<Item = &'u Self>) -> Self {
        let mut all = Self::default();
        for (claim, held) in parts.flat_map(|part| &part.0) {
            let known = all.0.entry(claim.clone()).or_default();
            known.now = quota::larger(&known.now, &held.now);
            known.asked = quota::larger(&known.asked, &held.asked);
            known.waits |= held.waits;
        }
        all
    }

    /// Returns the number of claims, requested ones included.
    pub(super) fn claims(&self) -> usize {
        self.0.len()
    }

    /// Returns the sum over all claims. A claim with an open change counts as the larger of before and after.
    pub(super) fn total(&self) -> Amounts {
        sum(self.0.values())
    }

    /// Returns the sum over all other claims.
    pub(super) fn excluding(&self, claim: &ClaimRef) -> Amounts {
        sum(self
            .0
            .iter()
            .filter(|(other, _)| *other != claim)
            .map(|(_, held)| held))
    }

    /// Returns the sum over all other claims, without requests that await approval.
    pub(super) fn settled_excluding(&self, claim: &ClaimRef) -> Amounts {
        let mut used = Amounts::new();
        for (_, held) in self.0.iter().filter(|(other, _)| *other != claim) {
            quota::add(
                &mut used,
                &if held.waits {
                    held.now.clone()
                } else {
                    quota::larger(&held.now, &held.asked)
                },
            );
        }
        used
    }

    /// Returns the number of other requests that await approval and would use more of a resource.
    pub(super) fn waiting_for_more(&self, claim: &ClaimRef, resource: &str) -> usize {
        let of = |amounts: &Amounts| amounts.get(resource).copied().unwrap_or(0);
        let others = self.0.iter().filter(|(other, _)| *other != claim);
        others
            .filter(|(_, held)| held.waits && of(&held.asked) > of(&held.now))
            .count()
    }

    /// Returns the usage of the claim as it is.
    pub(super) fn for_claim(&self, claim: &ClaimRef) -> Amounts {
        self.0.get(claim).map(|held| held.now.clone()).unwrap_or_default()
    }
}

fn sum<'h>(held: impl Iterator<Item = &'h ClaimUsage>) -> Amounts {
    let mut used = Amounts::new();
    for each in held {
        quota::add(&mut used, &quota::larger(&each.now, &each.asked));
    }
    used
}

impl Portal {
    /// Returns the usage of each tenant alone, with one statement. A claim whose plan is unknown counts as the largest.
    pub(super) async fn usage_of(
        &self,
        tenants: &BTreeSet<TenantName>,
    ) -> Result<BTreeMap<TenantName, Usage>> {
        if tenants.is_empty() {
            return Ok(BTreeMap::new());
        }
        let catalog = self.planes().catalog();
        let claimed = |tenant: &TenantName| (tenant.clone(), self.claimed(&catalog, tenant));
        let mut usage: BTreeMap<_, _> = tenants.iter().map(claimed).collect();
        for request in self
            .store()
            .open_create_and_change_requests(&self.rules().of_all_tenants(), tenants)
            .await?
        {
            let plans = plans(&catalog, &request.claim.offering);
            let asked = policy::quota_consumption(plans, request.plan.as_ref(), &request.manifest);
            let of_tenant = usage.entry(request.tenant).or_default();
            let held = of_tenant.0.entry(request.claim).or_default();
            held.asked = asked;
            held.waits = request.state == State::AwaitingApproval;
        }
        Ok(usage)
    }

    /// Returns the usage of the tenant's claims as they are.
    fn claimed(&self, catalog: &Catalog, tenant: &TenantName) -> Usage {
        let scope = self.rules().of_tenant(tenant);
        let mut usage = Usage::default();
        let mine = ClaimFilter::of_tenant(tenant.clone());
        for claim in self.planes().claims(&scope, &mine) {
            let plans = plans(catalog, &claim.reference.offering);
            // A claim in a list comes without its object, which few plans need.
            let whole = depends_on_object(plans, claim.plan.as_ref())
                .then(|| self.planes().claim(&scope, &claim.reference))
                .flatten();
            let object = whole.as_ref().map_or(&Value::Null, |claim| &*claim.object);
            usage.0.entry(claim.reference.clone()).or_default().now =
                policy::quota_consumption(plans, claim.plan.as_ref(), object);
        }
        usage
    }
}

/// True if the consumption of the plan depends on the claim's object. A claim of an unknown plan may be of any.
fn depends_on_object(plans: &[Plan], plan: Option<&PlanName>) -> bool {
    let known = plans.iter().any(|known| Some(&known.name) == plan);
    let of = plans.iter().filter(|of| !known || Some(&of.name) == plan);
    of.flat_map(|plan| plan.consumes.values())
        .any(|consumption| matches!(consumption, Consumption::Field(_)))
}

/// Returns the plans of an offering; none if it is no longer offered.
pub(super) fn plans<'c>(catalog: &'c Catalog, offering: &OfferingName) -> &'c [Plan] {
    catalog
        .get(offering)
        .map_or(&[], |offered| offered.plans.as_slice())
}

/// Returns the price of a plan; for a change compared with that of the current plan.
pub(super) fn price(plan: Option<&Plan>, now: Option<&Plan>) -> Option<PriceQuote> {
    let price = plan?.price.as_ref()?;
    Some(PriceQuote::new(price, now.and_then(|now| now.price.as_ref())))
}

/// Returns the price in words.
pub(super) fn cost(price: Option<&PriceQuote>) -> Option<String> {
    price.map(|price| PriceWords::from(price).to_string())
}

/// Returns a plan of an offering by its name.
pub(super) fn plan<'c>(
    catalog: &'c Catalog,
    offering: &OfferingName,
    plan: Option<&PlanName>,
) -> Option<&'c Plan> {
    let wanted = plan?;
    plans(catalog, offering).iter().find(|plan| plan.name == *wanted)
}
