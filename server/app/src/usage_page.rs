//! The usage of a tenant over time, or of all tenants: claims by health, quota, time to ready, cost.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use portico_api::{
    ClaimsSlot, CostHistory, HealthCount, MonthCost, QuotaHistory, QuotaSlot, ReadySeconds, ReadyTimes,
    UsagePage, UsagePeriod,
};
use portico_domain::documents::Configuration;
use portico_domain::names::{OfferingName, TenantName};
use portico_domain::tenancy::Viewer;
use portico_domain::usage::{UsageCounters, percentile};
use portico_store::UsageSample;

use super::usage_sampling::slot_start;
use super::{Portal, PortalError, Result, Workspace, rows};

/// Claims that percentiles need at least.
const MIN_CLAIMS: usize = 5;
/// Months of the cost at most.
const MAX_MONTHS: i32 = 12;
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What the usage page shows, as its address says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsageQuery {
    /// The tenant. Without one: for platform admins all tenants together, for others the one that they work in.
    pub tenant: Option<String>,
    /// The number of days, see [`UsagePeriod`]. Without one: 30.
    pub days: Option<String>,
}

/// Counters by the beginning of their slot.
type Slots = BTreeMap<Timestamp, UsageCounters>;

impl Portal {
    /// Returns the usage of a tenant that the viewer is a member of; for platform admins of any tenant, and of all of them
    /// together. The last slot has what is now.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] for tenants that do not exist for the viewer, and for viewers without a tenant;
    /// [`PortalError::Malformed`] for another period; when the database fails.
    pub async fn usage_page(
        &self,
        viewer: &Viewer,
        workspace: Option<&Workspace>,
        query: &UsageQuery,
    ) -> Result<UsagePage> {
        let configuration = self.configuration();
        let tenant = tenant(viewer, workspace, &configuration, query.tenant.as_deref())?;
        let period = match &query.days {
            Some(days) => days.parse().map_err(PortalError::Malformed)?,
            None => UsagePeriod::default(),
        };
        let (scope, now) = (viewer.scope(), self.now());
        let series = tenant.as_ref();
        let current = if self.claims_are_known(series) {
            let mut counted = self
                .count_usage(&scope, &BTreeSet::from([tenant.clone()]))
                .await?;
            counted.remove(&tenant)
        } else {
            None
        };

        let first_month = first_month(now);
        let mut daily = self
            .usage_slots(viewer, series, start_of(first_month), DAY)
            .await?;
        let slot = period.slot();
        let starts = slot_starts(now, period);
        let begin = starts.first().copied().unwrap_or(now);
        let mut slots = if slot == DAY {
            daily.clone()
        } else {
            self.usage_slots(viewer, series, begin, slot).await?
        };
        if let Some(current) = &current {
            slots.insert(slot_start(now, slot), current.clone());
            daily.insert(slot_start(now, DAY), current.clone());
        }
        let quota = tenant
            .as_ref()
            .and_then(|name| configuration.tenants.get(name))
            .map(|tenant| &tenant.spec.quota.0);
        let ready_times = self
            .store()
            .ready_times(&scope, series, now - DAY * period_days(period))
            .await?;
        Ok(UsagePage {
            title: series.map_or_else(String::new, |name| title(&configuration, name)),
            tenants: choices(viewer, &configuration),
            may_see_all: viewer.is_platform_admin(),
            days: period.days(),
            slot_hours: period.slot_hours(),
            counted_since: self.store().usage_counted_since(&scope, series).await?,
            claims: claims(&starts, &slots),
            quota: quota
                .into_iter()
                .flat_map(BTreeMap::keys)
                .map(|resource| quota_history(resource, &starts, &slots))
                .collect(),
            tenants_below: series.map_or(0, |name| configuration.subtree(name).len() - 1),
            ready_times: self.ready_rows(ready_times),
            costs: costs(&daily, current.as_ref(), first_month, date(now)),
            tenant,
        })
    }

    /// Reads the last sample of each slot.
    async fn usage_slots(
        &self,
        viewer: &Viewer,
        tenant: Option<&TenantName>,
        since: Timestamp,
        slot: SignedDuration,
    ) -> Result<Slots> {
        let samples = self
            .store()
            .usage_samples(&viewer.scope(), tenant, since, slot)
            .await?;
        let slots = samples
            .into_iter()
            .map(|UsageSample { hour, counters }| (slot_start(hour, slot), counters));
        Ok(slots.collect())
    }

    /// Returns the times to ready, the offering with the most claims first.
    fn ready_rows(&self, times: BTreeMap<OfferingName, Vec<u64>>) -> Vec<ReadyTimes> {
        let catalog = self.planes().catalog();
        let mut rows: Vec<_> = times
            .into_iter()
            .map(|(offering, seconds)| ReadyTimes {
                offering_title: rows::display(&catalog, &offering).title,
                offering,
                claims: seconds.len(),
                seconds: Some(&seconds)
                    .filter(|seconds| seconds.len() >= MIN_CLAIMS)
                    .and_then(|seconds| {
                        let (p50, p90) = (percentile(seconds, 50)?, percentile(seconds, 90)?);
                        Some(ReadySeconds { p50, p90 })
                    }),
            })
            .collect();
        rows.sort_by(|a, b| (b.claims, &a.offering_title).cmp(&(a.claims, &b.offering_title)));
        rows
    }
}

/// Returns the tenant that is asked for; `None` for all together.
fn tenant(
    viewer: &Viewer,
    workspace: Option<&Workspace>,
    configuration: &Configuration,
    wanted: Option<&str>,
) -> Result<Option<TenantName>> {
    let Some(wanted) = wanted else {
        if viewer.is_platform_admin() {
            return Ok(None);
        }
        let workspace = workspace.ok_or(PortalError::NotFound)?;
        return Ok(Some(workspace.tenant.clone()));
    };
    // A name that cannot exist, one that does not, and one of others are all the same.
    let name: TenantName = wanted.parse().map_err(|_| PortalError::NotFound)?;
    if configuration.tenants.contains_key(&name) && viewer.sees(&name) {
        Ok(Some(name))
    } else {
        Err(PortalError::NotFound)
    }
}

fn title(configuration: &Configuration, name: &TenantName) -> String {
    let tenant = configuration.tenants.get(name);
    tenant.map_or_else(|| name.to_string(), |tenant| tenant.title().to_owned())
}

fn choices(viewer: &Viewer, configuration: &Configuration) -> Vec<(TenantName, String)> {
    let tenants = configuration.tenants.values();
    tenants
        .filter(|tenant| viewer.sees(&tenant.name))
        .map(|tenant| (tenant.name.clone(), tenant.title().to_owned()))
        .collect()
}

fn period_days(period: UsagePeriod) -> i32 {
    i32::try_from(period.days()).unwrap_or(i32::MAX)
}

/// The beginnings of the period's slots, the oldest first. The last has `now` in it.
fn slot_starts(now: Timestamp, period: UsagePeriod) -> Vec<Timestamp> {
    let last = slot_start(now, period.slot());
    let count = i32::try_from(period.slots()).unwrap_or(i32::MAX);
    (0..count).rev().map(|back| last - period.slot() * back).collect()
}

fn claims(starts: &[Timestamp], slots: &Slots) -> Vec<ClaimsSlot> {
    let slot = |from: &Timestamp| ClaimsSlot {
        from: *from,
        counts: slots.get(from).map(|counters| {
            let counts = counters.claims.iter();
            counts
                .map(|(&health, &claims)| HealthCount { health, claims })
                .collect()
        }),
    };
    starts.iter().map(slot).collect()
}

fn quota_history(resource: &str, starts: &[Timestamp], slots: &Slots) -> QuotaHistory {
    let slot = |from: &Timestamp| {
        let counters = slots.get(from)?;
        Some(QuotaSlot {
            used: counters.used.get(resource).copied().unwrap_or(0),
            limit: *counters.limits.get(resource)?,
        })
    };
    QuotaHistory {
        resource: resource.to_owned(),
        slots: starts.iter().map(slot).collect(),
    }
}

/// The cost of each month since the first that was counted.
fn costs(daily: &Slots, current: Option<&UsageCounters>, first_month: Date, today: Date) -> Vec<CostHistory> {
    let currencies: BTreeSet<&String> = daily.values().flat_map(|day| day.monthly.keys()).collect();
    let counted = daily
        .keys()
        .next()
        .map_or(today, |day| date(*day))
        .first_of_month();
    let mut months = Vec::new();
    let mut month = first_month.max(counted);
    while month <= today && months.len() < usize::try_from(MAX_MONTHS).unwrap_or(usize::MAX) {
        months.push(month);
        month = month.saturating_add(1.month());
    }
    let of =
        |counters: &UsageCounters, currency: &str| counters.monthly.get(currency).copied().unwrap_or(0.0);
    let amount = |month: Date, currency: &str| {
        let days = daily
            .iter()
            .filter(|(day, _)| date(**day).first_of_month() == month);
        let (sum, count) = days.fold((0.0, 0.0), |(sum, count), (_, counters)| {
            (sum + of(counters, currency), count + 1.0)
        });
        (count > 0.0).then(|| in_cents(sum / count))
    };
    currencies
        .into_iter()
        .map(|currency| CostHistory {
            currency: currency.clone(),
            now: current.map_or(0.0, |now| in_cents(of(now, currency))),
            months: months
                .iter()
                .map(|month| MonthCost {
                    month: month.strftime("%Y-%m").to_string(),
                    amount: amount(*month, currency),
                })
                .collect(),
        })
        .collect()
}

/// Rounds to hundredths: sums of prices are binary fractions.
fn in_cents(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0
}

/// The day in UTC.
fn date(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

fn first_month(now: Timestamp) -> Date {
    date(now)
        .first_of_month()
        .saturating_sub((MAX_MONTHS - 1).months())
}

/// The beginning of a day in UTC.
fn start_of(day: Date) -> Timestamp {
    let midnight = day.to_zoned(TimeZone::UTC).map(|day| day.timestamp());
    midnight.unwrap_or(Timestamp::UNIX_EPOCH)
}
