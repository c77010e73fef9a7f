//! What a request changes in the quotas that bound it: its tenant's own, and those of the tenants above.

use std::collections::{BTreeMap, BTreeSet};

use portico_domain::claim::ClaimRef;
use portico_domain::documents::{Configuration, Tenant};
use portico_domain::names::TenantName;
use portico_domain::quota::{self, Amounts, QuotaLine, QuotaOwner};

use super::usage::Usage;
use super::{Portal, Result};

/// The usage of tenants, each with that of everything below it.
pub(super) type UsageWithin = BTreeMap<TenantName, Usage>;

/// What a request comes to.
pub(super) struct Effect<'a> {
    /// The claim, as far as it is known.
    pub(super) claim: Option<&'a ClaimRef>,
    /// True if the claim exists, and holds something already.
    pub(super) exists: bool,
    /// What it holds then.
    pub(super) after: &'a Amounts,
}

/// Returns the tenants whose quotas bound the tenant, itself first. None have a quota without limits.
pub(super) fn bounding<'c>(
    configuration: &'c Configuration,
    tenant: &'c Tenant,
) -> impl Iterator<Item = &'c Tenant> {
    let lineage = configuration.lineage(tenant);
    lineage.filter(|tenant| !tenant.spec.quota.0.is_empty())
}

impl Effect<'_> {
    /// Returns the lines of all quotas that bound the tenant, its own first; `None` if a usage is not known.
    pub(super) fn lines(
        &self,
        configuration: &Configuration,
        tenant: &Tenant,
        usage: &UsageWithin,
    ) -> Option<Vec<QuotaLine>> {
        self.lines_by(configuration, tenant, usage, |usage| match self.claim {
            Some(claim) => usage.excluding(claim),
            None => usage.total(),
        })
    }

    /// As [`Effect::lines`] while the request waits: it is told alone, and beside it what it comes to with the others that
    /// wait.
    pub(super) fn lines_with_others(
        &self,
        configuration: &Configuration,
        tenant: &Tenant,
        usage: &UsageWithin,
    ) -> Option<Vec<QuotaLine>> {
        let Some(claim) = self.claim else {
            return self.lines(configuration, tenant, usage);
        };
        let mut alone = self.lines_by(configuration, tenant, usage, |usage| {
            usage.settled_excluding(claim)
        })?;
        let all = self.lines(configuration, tenant, usage)?;
        for (line, with_others) in alone.iter_mut().zip(all) {
            let owner = line.above.as_ref().map_or(&tenant.name, |owner| &owner.tenant);
            line.others_waiting = usage.get(owner)?.waiting_for_more(claim, &line.resource);
            line.with_others = with_others.after();
        }
        Some(alone)
    }

    fn lines_by(
        &self,
        configuration: &Configuration,
        tenant: &Tenant,
        usage: &UsageWithin,
        used_by_others: impl Fn(&Usage) -> Amounts,
    ) -> Option<Vec<QuotaLine>> {
        let mut lines = Vec::new();
        for owner in bounding(configuration, tenant) {
            let usage = usage.get(&owner.name)?;
            let before = match self.claim.filter(|_| self.exists) {
                Some(claim) => usage.for_claim(claim),
                None => Amounts::new(),
            };
            let mut used = used_by_others(usage);
            quota::add(&mut used, &before);
            let above = (owner.name != tenant.name).then(|| QuotaOwner::from(owner));
            let own = quota::lines(&owner.spec.quota, &used, &before, self.after);
            lines.extend(own.into_iter().map(|line| QuotaLine {
                above: above.clone(),
                ..line
            }));
        }
        Some(lines)
    }
}

impl Portal {
    /// Returns the usage of each tenant with that of everything below it, with one statement.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn usage_within<'t>(
        &self,
        configuration: &Configuration,
        tenants: impl IntoIterator<Item = &'t TenantName>,
    ) -> Result<UsageWithin> {
        let subtrees: BTreeMap<&TenantName, BTreeSet<TenantName>> = tenants
            .into_iter()
            .map(|tenant| (tenant, configuration.subtree(tenant)))
            .collect();
        let all = subtrees.values().flatten().cloned().collect();
        let own = self.usage_of(&all).await?;
        let within = subtrees.into_iter().map(|(tenant, subtree)| {
            let usage = subtree.iter().filter_map(|tenant| own.get(tenant));
            (tenant.clone(), Usage::of_all(usage))
        });
        Ok(within.collect())
    }
}
