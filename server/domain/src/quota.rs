//! Quota: how much a tenant may hold, and how a request changes that.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::documents::{Quota, Tenant};
use crate::names::TenantName;

/// Amounts by resource name.
pub type Amounts = BTreeMap<String, u64>;

/// A resource of the quota.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuotaLine {
    /// `claims`, `memoryGib` …
    pub resource: String,
    /// Whose quota it is, where that is a tenant above the one of the request. It bounds what that tenant and everything
    /// below it hold together.
    #[serde(default)]
    pub above: Option<QuotaOwner>,
    /// What this request adds; negative if it frees some.
    pub takes: i64,
    /// The amount used before it.
    pub used: u64,
    /// The limit.
    pub limit: u64,
    /// Number of other requests for this resource that await approval.
    #[serde(default)]
    pub others_waiting: usize,
    /// The amount used if this and those requests are applied.
    #[serde(default)]
    pub with_others: u64,
}

/// A tenant whose quota bounds those below it.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuotaOwner {
    /// Its name.
    pub tenant: TenantName,
    /// The name to show.
    pub title: String,
}

impl From<&Tenant> for QuotaOwner {
    fn from(tenant: &Tenant) -> Self {
        Self {
            tenant: tenant.name.clone(),
            title: tenant.title().to_owned(),
        }
    }
}

impl QuotaLine {
    /// Returns the amount used after it.
    #[must_use]
    pub fn after(&self) -> u64 {
        self.used.saturating_add_signed(self.takes)
    }

    /// True if the request consumes more and exceeds the limit.
    #[must_use]
    pub fn exceeds(&self) -> bool {
        self.takes > 0 && self.after() > self.limit
    }
}

/// Returns one line per limited resource whose amount the request changes. `used` is the tenant's usage before the
/// request, `before` the part of it that the claim already consumes.
#[must_use]
pub fn lines(quota: &Quota, used: &Amounts, before: &Amounts, after: &Amounts) -> Vec<QuotaLine> {
    let of = |amounts: &Amounts, resource: &str| amounts.get(resource).copied().unwrap_or(0);
    quota
        .0
        .iter()
        .filter(|(resource, _)| of(before, resource) != of(after, resource))
        .map(|(resource, limit)| QuotaLine {
            resource: resource.clone(),
            above: None,
            takes: growth(of(before, resource), of(after, resource)),
            used: of(used, resource),
            limit: *limit,
            others_waiting: 0,
            with_others: of(used, resource)
                .saturating_add_signed(growth(of(before, resource), of(after, resource))),
        })
        .collect()
}

fn growth(before: u64, after: u64) -> i64 {
    let amount = i64::try_from(before.abs_diff(after)).unwrap_or(i64::MAX);
    if after < before { -amount } else { amount }
}

/// Returns the lines whose limit is exceeded; none if the request fits. A request that consumes no more than before is
/// never refused, even over a limit that was lowered.
pub fn exceeded(lines: &[QuotaLine]) -> impl Iterator<Item = &QuotaLine> {
    lines.iter().filter(|line| line.exceeds())
}

/// Returns a resource's name on screens: `storageGiB` is `Storage GiB`, `cpu` is `CPU`.
#[must_use]
pub fn title(resource: &str) -> String {
    let mut words = String::with_capacity(resource.len() + 4);
    for (index, letter) in resource.chars().enumerate() {
        if index == 0 {
            words.extend(letter.to_uppercase());
        } else if letter.is_uppercase() {
            words.push(' ');
            words.extend(letter.to_lowercase());
        } else {
            words.push(letter);
        }
    }
    words
        .replace(" gi b", " GiB")
        .replace(" gib", " GiB")
        .replace("Cpu", "CPU")
}

/// Adds `takes` to `used`.
pub fn add(used: &mut Amounts, takes: &Amounts) {
    for (resource, amount) in takes {
        let sum = used.entry(resource.clone()).or_default();
        *sum = sum.saturating_add(*amount);
    }
}

/// Returns the maximum of both amounts of each resource.
#[must_use]
pub fn larger(one: &Amounts, other: &Amounts) -> Amounts {
    let mut larger = one.clone();
    for (resource, amount) in other {
        let kept = larger.entry(resource.clone()).or_default();
        *kept = (*kept).max(*amount);
    }
    larger
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_limited_resources_and_the_limit_itself_fits() {
        let quota = Quota(BTreeMap::from([
            ("claims".into(), 10),
            ("memoryGib".into(), 64),
            ("gpus".into(), 1),
        ]));
        let used = BTreeMap::from([("claims".into(), 9), ("memoryGib".into(), 60)]);
        let takes = BTreeMap::from([
            ("claims".into(), 1),
            ("memoryGib".into(), 5),
            ("storageGib".into(), 100),
        ]);
        let lines = lines(&quota, &used, &BTreeMap::new(), &takes);
        assert_eq!(
            lines
                .iter()
                .map(|line| line.resource.as_str())
                .collect::<Vec<_>>(),
            ["claims", "memoryGib"]
        );
        let exceeded: Vec<_> = exceeded(&lines).collect();
        assert_eq!(exceeded.len(), 1);
        assert_eq!(exceeded[0].resource, "memoryGib");
    }

    #[test]
    fn only_growth_is_refused_whatever_the_limit() {
        let quota = Quota(BTreeMap::from([("cpu".into(), 8), ("storageGiB".into(), 100)]));
        let used = BTreeMap::from([("cpu".into(), 30), ("storageGiB".into(), 90)]);
        let amounts =
            |cpu, storage| BTreeMap::from([("cpu".to_owned(), cpu), ("storageGiB".to_owned(), storage)]);
        let change = |after| lines(&quota, &used, &amounts(24, 50), &after);
        let same = change(amounts(24, 50));
        assert!(same.is_empty(), "a renewal changes nothing: {same:?}");
        let less = change(amounts(4, 50));
        assert_eq!((less[0].takes, less[0].after()), (-20, 10));
        assert_eq!(exceeded(&less).count(), 0, "still over the limit, and less so");
        let mixed = change(amounts(4, 61));
        let refused: Vec<_> = exceeded(&mixed).collect();
        assert_eq!(refused.len(), 1);
        assert_eq!(
            (refused[0].resource.as_str(), refused[0].takes),
            ("storageGiB", 11)
        );
    }
}
