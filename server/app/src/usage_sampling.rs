//! Counts once an hour what each tenant holds, for the charts of its usage.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use portico_domain::authz::SystemAuthority;
use portico_domain::claim::Health;
use portico_domain::documents::Tenant;
use portico_domain::names::TenantName;
use portico_domain::tenancy::Scope;
use portico_domain::usage::UsageCounters;
use portico_planes::ClaimFilter;

use super::usage::{Usage, plan};
use super::{Portal, Result};

/// How long samples are kept: a year and some days, so that a month can be compared with the same one a year before.
const RETENTION: SignedDuration = SignedDuration::from_hours(400 * 24);
/// The time between two samples.
const INTERVAL: SignedDuration = SignedDuration::from_hours(1);

/// What this process has sampled: the hour, and the tenants (`None`: all together) that are done.
#[derive(Debug, Default)]
pub(super) struct Sampled {
    hour: Option<Timestamp>,
    series: BTreeSet<Option<TenantName>>,
}

impl Portal {
    /// Counts what each tenant and all of them together hold, unless this or another replica has done so in this hour,
    /// and removes samples that are too old. A tenant is left out while a control plane that it may use was not read
    /// since Portico started. Returns the number of new samples. Call it every
    /// few seconds: what is counted already costs nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sample_usage(&self, authority: &SystemAuthority) -> Result<u64> {
        let hour = slot_start(self.now(), INTERVAL);
        let due = self.due_samples(hour);
        if due.is_empty() {
            return Ok(0);
        }
        let samples = self.count_usage(&authority.scope(), &due).await?;
        let inserted = self.store().insert_usage_samples(hour, &samples).await?;
        self.store().delete_usage_samples(hour - RETENTION).await?;
        self.shared.usage_sampled.lock().series.extend(due);
        Ok(inserted)
    }

    /// The series that are still to be sampled in this hour and whose claims are known.
    fn due_samples(&self, hour: Timestamp) -> BTreeSet<Option<TenantName>> {
        let done = {
            let mut sampled = self.shared.usage_sampled.lock();
            if sampled.hour != Some(hour) {
                *sampled = Sampled {
                    hour: Some(hour),
                    series: BTreeSet::new(),
                };
            }
            sampled.series.clone()
        };
        let configuration = self.configuration();
        let tenants = configuration.tenants.keys().cloned().map(Some);
        tenants
            .chain([None])
            .filter(|series| !done.contains(series) && self.claims_are_known(series.as_ref()))
            .collect()
    }

    /// True if the claims of a tenant, or (`None`) all claims, have been read since Portico started.
    pub(super) fn claims_are_known(&self, tenant: Option<&TenantName>) -> bool {
        let configuration = self.configuration();
        let tenant = tenant.map(|name| configuration.tenants.get(name));
        // Its quota counts what the tenants below it have, too.
        let within = tenant.flatten().map(|tenant| configuration.subtree(&tenant.name));
        let concerns = |plane| match &within {
            Some(within) => {
                let mut tenants = within.iter().filter_map(|name| configuration.tenants.get(name));
                tenants.any(|tenant| configuration.may_have_claims_on(tenant, plane))
            }
            None => tenant.is_none(),
        };
        let mut planes = configuration.control_planes.values();
        planes.all(|plane| !concerns(plane) || self.planes().claims_synced(&plane.name))
    }

    /// Counts what these tenants (`None`: all together) hold now, with one statement at most.
    pub(super) async fn count_usage(
        &self,
        scope: &Scope,
        series: &BTreeSet<Option<TenantName>>,
    ) -> Result<BTreeMap<Option<TenantName>, UsageCounters>> {
        let configuration = self.configuration();
        let usage = self.usage_within(&configuration, series.iter().flatten()).await?;
        let count = |tenant: &Option<TenantName>| {
            let of_tenant = tenant.as_ref().and_then(|name| {
                let tenant = configuration.tenants.get(name)?;
                Some((tenant, usage.get(name)?))
            });
            (tenant.clone(), self.counters(scope, tenant.as_ref(), of_tenant))
        };
        Ok(series.iter().map(count).collect())
    }

    fn counters(
        &self,
        scope: &Scope,
        tenant: Option<&TenantName>,
        quota: Option<(&Tenant, &Usage)>,
    ) -> UsageCounters {
        let catalog = self.planes().catalog();
        let wanted = tenant.cloned().map(ClaimFilter::of_tenant).unwrap_or_default();
        let mut counters = UsageCounters::default();
        for claim in self.planes().claims(scope, &wanted) {
            if claim.status.health == Health::Gone {
                continue;
            }
            let plan = plan(&catalog, &claim.reference.offering, claim.plan.as_ref());
            let price = plan.and_then(|plan| plan.price.as_ref());
            let price = price.map(|price| (price.monthly, price.currency.as_str()));
            counters.add_claim(claim.status.health, price);
        }
        if let Some((tenant, usage)) = quota {
            let used = usage.total();
            counters.limits.clone_from(&tenant.spec.quota.0);
            let limited = tenant.spec.quota.0.keys();
            counters.used = limited
                .map(|resource| (resource.clone(), used.get(resource).copied().unwrap_or(0)))
                .collect();
        }
        counters
    }
}

/// Returns the beginning of the slot of time that `at` is in. Slots are aligned to the Unix epoch.
pub(super) fn slot_start(at: Timestamp, slot: SignedDuration) -> Timestamp {
    let length = slot.as_secs().max(1);
    let second = at.as_second().div_euclid(length) * length;
    Timestamp::from_second(second).unwrap_or(at)
}
