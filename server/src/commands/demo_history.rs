//! A month of usage before the demo began, so that its charts show something.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use portico_domain::claim::Health;
use portico_domain::names::TenantName;
use portico_domain::usage::UsageCounters;
use portico_store::{Store, StoreError};

/// Samples: every six hours for 30 days, as often as the shortest slot of a chart.
const SAMPLES: u64 = 30 * 4;
const STEP: SignedDuration = SignedDuration::from_hours(6);

/// What a tenant held at the end of the month; a month before, it was about half of it.
struct Month {
    tenant: Option<&'static str>,
    ready: u64,
    degraded: u64,
    /// Amounts of resources with their limits.
    quota: &'static [(&'static str, u64, u64)],
    euros: u64,
}

/// About what the seeds hold.
const MONTHS: [Month; 3] = [
    Month {
        tenant: Some("payments"),
        ready: 7,
        degraded: 1,
        quota: &[
            ("claims", 8, 40),
            ("cpu", 35, 96),
            ("memoryGiB", 129, 288),
            ("storageGiB", 1_180, 2_900),
        ],
        euros: 438,
    },
    Month {
        tenant: Some("research"),
        ready: 3,
        degraded: 0,
        quota: &[
            ("claims", 4, 40),
            ("cpu", 52, 128),
            ("memoryGiB", 208, 512),
            ("storageGiB", 3_790, 4_000),
        ],
        euros: 2_245,
    },
    Month {
        tenant: None,
        ready: 10,
        degraded: 1,
        quota: &[],
        euros: 2_683,
    },
];

/// Inserts the samples of the 30 days before `now`. Portico did not run on two of the days.
///
/// # Errors
/// When the database fails.
pub(super) async fn insert(store: &Store, now: Timestamp) -> Result<(), StoreError> {
    for back in 1..=SAMPLES {
        let number = SAMPLES - back;
        if (40..48).contains(&number) {
            continue;
        }
        let at = now - STEP * i32::try_from(back).unwrap_or(i32::MAX);
        let hour = Timestamp::from_second(at.as_second().div_euclid(3600) * 3600).unwrap_or(at);
        let samples: BTreeMap<Option<TenantName>, UsageCounters> = MONTHS
            .iter()
            .map(|month| {
                let tenant = month.tenant.and_then(|name| name.parse().ok());
                (tenant, month.at(number))
            })
            .collect();
        store.insert_usage_samples(hour, &samples).await?;
    }
    Ok(())
}

impl Month {
    /// What was held at a sample of the month.
    fn at(&self, number: u64) -> UsageCounters {
        // From half to all, in steps: people ask for something every few days.
        let grown = |amount: u64| (amount * (SAMPLES + number / 12 * 12)).div_ceil(2 * SAMPLES);
        let is_broken = number > 96 || (60..66).contains(&number);
        let count = |health, claims| (claims > 0).then_some((health, claims));
        let claims = [
            count(Health::Ready, grown(self.ready)),
            count(Health::Pending, u64::from(number.is_multiple_of(12))),
            count(Health::Degraded, if is_broken { self.degraded } else { 0 }),
        ];
        let quota = self.quota.iter();
        let amounts = |of: fn(&(&str, u64, u64)) -> u64| -> BTreeMap<String, u64> {
            quota.clone().map(|line| (line.0.to_owned(), of(line))).collect()
        };
        let used = amounts(|line| line.1)
            .into_iter()
            .map(|(name, amount)| (name, grown(amount)));
        UsageCounters {
            claims: claims.into_iter().flatten().collect(),
            used: used.collect(),
            limits: amounts(|line| line.2),
            monthly: BTreeMap::from([(
                "EUR".to_owned(),
                f64::from(u32::try_from(grown(self.euros)).unwrap_or(u32::MAX)),
            )]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_grows_to_what_there_is() {
        for month in MONTHS {
            let (first, last) = (month.at(0), month.at(SAMPLES - 1));
            assert!(first.monthly["EUR"] < last.monthly["EUR"]);
            assert!(
                last.claims[&Health::Ready] <= month.ready && first.claims[&Health::Ready] >= month.ready / 2
            );
            for (resource, used, limit) in month.quota {
                assert!(first.used[*resource] <= last.used[*resource] && last.used[*resource] <= *used);
                assert_eq!(last.limits[*resource], *limit);
            }
        }
    }
}
