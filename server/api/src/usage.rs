use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use portico_domain::claim::Health;
use portico_domain::names::{OfferingName, TenantName};
use serde::Serialize;

use super::words::InputError;

/// What a tenant used over time, or all tenants together.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UsagePage {
    /// The tenant; `null` for all tenants together.
    pub tenant: Option<TenantName>,
    /// Its name to show; empty for all tenants together.
    pub title: String,
    /// The tenants that the viewer may choose, with their names to show.
    pub tenants: Vec<(TenantName, String)>,
    /// True if the viewer may choose all tenants together.
    pub may_see_all: bool,
    /// The period: 7, 30 or 90 days until now.
    pub days: u32,
    /// The hours of one slot. Each slot has the last count in it; slots begin at whole multiples of it, in UTC.
    pub slot_hours: u32,
    /// The hour of the first count. `null` if nothing was counted yet.
    pub counted_since: Option<Timestamp>,
    /// Claims by health: one entry for each slot, the oldest first, the last with what is now.
    pub claims: Vec<ClaimsSlot>,
    /// The resources that the tenant's quota limits, with what it and the tenants below it use of them. Empty for all tenants
    /// together.
    pub quota: Vec<QuotaHistory>,
    /// Number of tenants below it, whose use its quota bounds, too.
    pub tenants_below: usize,
    /// How long the claims that became ready in the period took, by offering.
    pub ready_times: Vec<ReadyTimes>,
    /// What the claims cost, by currency. Claims whose plan has no price are not in it.
    pub costs: Vec<CostHistory>,
}

/// The claims of a slot.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimsSlot {
    /// When the slot begins.
    pub from: Timestamp,
    /// Claims by health; `null` if nothing was counted in the slot.
    pub counts: Option<Vec<HealthCount>>,
}

/// A number of claims of one health.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthCount {
    /// The health.
    pub health: Health,
    /// The number of claims.
    pub claims: u64,
}

/// A limited resource over time.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QuotaHistory {
    /// `claims`, `memoryGib` …
    pub resource: String,
    /// One entry for each slot, the oldest first; `null` if the resource was not counted in it.
    pub slots: Vec<Option<QuotaSlot>>,
}

/// The used part of a resource in a slot.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QuotaSlot {
    /// The amount used, by claims and by open requests.
    pub used: u64,
    /// The limit at that time.
    pub limit: u64,
}

/// How long claims of an offering took from their creation until they were ready.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadyTimes {
    /// The offering.
    pub offering: OfferingName,
    /// Its name to show.
    pub offering_title: String,
    /// The number of claims.
    pub claims: usize,
    /// The percentiles; `null` for fewer than 5 claims.
    pub seconds: Option<ReadySeconds>,
}

/// Percentiles of times to ready, in seconds.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadySeconds {
    /// Half of the claims took no longer.
    pub p50: u64,
    /// Nine of ten claims took no longer.
    pub p90: u64,
}

/// What claims cost in one currency.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CostHistory {
    /// The currency, by its ISO 4217 code.
    pub currency: String,
    /// What the claims of now cost a month.
    pub now: f64,
    /// The months, the oldest first, at most 12. The last is the current one so far.
    pub months: Vec<MonthCost>,
}

/// What claims cost in a month.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MonthCost {
    /// The month: `2026-01`.
    pub month: String,
    /// The mean, over the days that were counted, of what the claims of the day cost a month; `null` if none was
    /// counted.
    pub amount: Option<f64>,
}

/// The period of the usage page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UsagePeriod {
    /// 7 days.
    Week,
    /// 30 days.
    #[default]
    Month,
    /// 90 days.
    Quarter,
}

impl UsagePeriod {
    /// All of them, the shortest first.
    pub const ALL: [Self; 3] = [Self::Week, Self::Month, Self::Quarter];

    /// Returns its number of days.
    #[must_use]
    pub fn days(self) -> u32 {
        match self {
            Self::Week => 7,
            Self::Month => 30,
            Self::Quarter => 90,
        }
    }

    /// Returns the number of hours of which one count is shown.
    #[must_use]
    pub fn slot_hours(self) -> u32 {
        match self {
            Self::Week => 6,
            Self::Month | Self::Quarter => 24,
        }
    }

    /// Returns the length of a slot.
    #[must_use]
    pub fn slot(self) -> SignedDuration {
        SignedDuration::from_hours(self.slot_hours().into())
    }

    /// Returns the number of slots.
    #[must_use]
    pub fn slots(self) -> u32 {
        self.days() * 24 / self.slot_hours()
    }
}

impl FromStr for UsagePeriod {
    type Err = InputError;

    fn from_str(days: &str) -> Result<Self, InputError> {
        Self::ALL
            .into_iter()
            .find(|period| period.days().to_string() == days)
            .ok_or(InputError::UsagePeriod)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_one_of_three_and_its_slots_fill_it() {
        for period in UsagePeriod::ALL {
            assert_eq!(period.days().to_string().parse(), Ok(period));
            assert_eq!(period.slots() * period.slot_hours(), period.days() * 24);
        }
        for days in ["", "0", "31", "-7", "7.0", "+7", "thirty", "99999999999999999999"] {
            assert_eq!(
                days.parse::<UsagePeriod>(),
                Err(InputError::UsagePeriod),
                "{days}"
            );
        }
    }
}
