//! What a tenant holds at one time, as it is counted for the charts of its usage.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::claim::Health;
use crate::quota::Amounts;

/// What one tenant, or all of them together, held at one time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UsageCounters {
    /// Number of claims by health; a health that no claim has is missing.
    pub claims: BTreeMap<Health, u64>,
    /// The used amount of each resource that was limited. Empty for all tenants together.
    pub used: Amounts,
    /// The limits at that time, of the same resources.
    pub limits: Amounts,
    /// What the claims cost a month at the prices of their plans, by currency (ISO 4217).
    pub monthly: BTreeMap<String, f64>,
}

impl UsageCounters {
    /// Adds a claim with its health and, if its plan has one, its monthly price.
    pub fn add_claim(&mut self, health: Health, price: Option<(f64, &str)>) {
        *self.claims.entry(health).or_default() += 1;
        if let Some((monthly, currency)) = price {
            *self.monthly.entry(currency.to_owned()).or_default() += monthly;
        }
    }
}

/// Returns the value that `percent` of the sorted values do not exceed (nearest rank); `None` without values.
#[must_use]
pub fn percentile(sorted: &[u64], percent: usize) -> Option<u64> {
    let rank = sorted.len().checked_mul(percent)?.div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn claims_are_counted_by_health_and_their_prices_summed_by_currency() {
        let mut counters = UsageCounters::default();
        counters.add_claim(Health::Ready, Some((28.0, "EUR")));
        counters.add_claim(Health::Ready, Some((9.5, "EUR")));
        counters.add_claim(Health::Degraded, Some((12.0, "USD")));
        counters.add_claim(Health::Pending, None);
        assert_eq!(
            serde_json::to_value(&counters).unwrap(),
            json!({
                "claims": {"pending": 1, "ready": 2, "degraded": 1},
                "used": {},
                "limits": {},
                "monthly": {"EUR": 37.5, "USD": 12.0},
            })
        );
        let again: UsageCounters = serde_json::from_value(json!({"claims": {"ready": 2}})).unwrap();
        assert_eq!(again.claims, BTreeMap::from([(Health::Ready, 2)]));
    }

    #[test]
    fn a_percentile_is_a_value_that_was_measured() {
        let seconds = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100];
        assert_eq!(percentile(&seconds, 50), Some(50));
        assert_eq!(percentile(&seconds, 90), Some(90));
        assert_eq!(percentile(&seconds, 100), Some(100));
        assert_eq!(percentile(&seconds[..5], 90), Some(50));
        assert_eq!(percentile(&[7], 50), Some(7));
        assert_eq!(percentile(&[], 50), None);
    }
}
