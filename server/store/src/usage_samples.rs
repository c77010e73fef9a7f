//! Samples of what tenants hold, one an hour, for the charts of their usage.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use portico_domain::names::TenantName;
use portico_domain::tenancy::Scope;
use portico_domain::usage::UsageCounters;

use crate::backend::{Query, Row};
use crate::{Result, Store, StoreError};

/// What a tenant, or all of them, held at one hour.
#[derive(Debug, Clone, PartialEq)]
pub struct UsageSample {
    /// The beginning of the hour.
    pub hour: Timestamp,
    /// The counters.
    pub counters: UsageCounters,
}

impl Store {
    /// Inserts the samples of an hour by tenant, `None` for all tenants together. Those that there are already stay as
    /// they are: another replica was first. Returns the number of inserted samples.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert_usage_samples(
        &self,
        hour: Timestamp,
        samples: &BTreeMap<Option<TenantName>, UsageCounters>,
    ) -> Result<u64> {
        let mut transaction = self.backend.begin().await?;
        let mut inserted = 0;
        for (tenant, counters) in samples {
            let counters = serde_json::to_string(counters)
                .map_err(|error| StoreError::unreadable("a usage sample", error))?;
            let insert = Query::new(
                "INSERT INTO usage_samples (tenant, hour, counters) VALUES ($1, $2, $3) \
                 ON CONFLICT (tenant, hour) DO NOTHING",
                [key(tenant.as_ref()).into(), hour.into(), counters.into()],
            );
            inserted += transaction.execute(insert).await?;
        }
        transaction.commit().await?;
        Ok(inserted)
    }

    /// Selects the last sample of each `slot` of time since `since`, the oldest first, of a tenant or (`None`) of all of
    /// them together. Slots are aligned to the Unix epoch: those of a day are days in UTC. Samples outside the scope and
    /// those that cannot be decoded are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn usage_samples(
        &self,
        scope: &Scope,
        tenant: Option<&TenantName>,
        since: Timestamp,
        slot: SignedDuration,
    ) -> Result<Vec<UsageSample>> {
        if !is_within(scope, tenant) {
            return Ok(Vec::new());
        }
        let slot = i64::try_from(slot.as_micros()).unwrap_or(i64::MAX).max(1);
        let tenant = key(tenant);
        let query = Query::new(
            "SELECT hour, counters FROM usage_samples WHERE tenant = $1 AND hour IN \
             (SELECT max(hour) FROM usage_samples WHERE tenant = $2 AND hour >= $3 GROUP BY hour / $4) ORDER BY hour",
            [tenant.into(), tenant.into(), since.into(), slot.into()],
        );
        let rows = self.backend.fetch(query).await?;
        Ok(rows.iter().filter_map(decoded).collect())
    }

    /// Selects the hour of the first sample of a tenant, or (`None`) of all of them together. `None` without samples and
    /// outside the scope.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn usage_counted_since(
        &self,
        scope: &Scope,
        tenant: Option<&TenantName>,
    ) -> Result<Option<Timestamp>> {
        if !is_within(scope, tenant) {
            return Ok(None);
        }
        let query = Query::new(
            "SELECT min(hour) AS hour FROM usage_samples WHERE tenant = $1",
            [key(tenant).into()],
        );
        match self.backend.fetch(query).await?.first() {
            Some(row) => row.time_if_any("hour"),
            None => Ok(None),
        }
    }

    /// Deletes the samples of hours before `before`, and returns their number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete_usage_samples(&self, before: Timestamp) -> Result<u64> {
        let delete = Query::new("DELETE FROM usage_samples WHERE hour < $1", [before.into()]);
        self.write(delete).await
    }
}

/// The tenant's value in the column. No tenant has an empty name, so this one is for all together.
fn key(tenant: Option<&TenantName>) -> &str {
    tenant.map_or("", AsRef::as_ref)
}

/// True if the scope covers the tenant; all of them together include what belongs to no tenant.
fn is_within(scope: &Scope, tenant: Option<&TenantName>) -> bool {
    tenant.map_or_else(|| scope.allows_unowned(), |tenant| scope.allows(tenant))
}

fn decoded(row: &Row) -> Option<UsageSample> {
    let sample = row.time("hour").and_then(|hour| {
        let counters = row.json("counters")?;
        Ok(UsageSample { hour, counters })
    });
    sample
        .inspect_err(|error| tracing::warn!(%error, "a usage sample is skipped"))
        .ok()
}
