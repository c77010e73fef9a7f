//! Quota: how much a tenant may hold, and what a request does to that.

use std::collections::BTreeMap;

use crate::documents::Quota;
use crate::view::QuotaLine;

/// A line for each limited resource that the request takes of, and for `claims`.
#[must_use]
pub fn lines(quota: &Quota, used: &BTreeMap<String, u64>, takes: &BTreeMap<String, u64>) -> Vec<QuotaLine> {
    quota
        .0
        .iter()
        .filter(|(resource, _)| takes.get(*resource).is_some_and(|amount| *amount > 0))
        .map(|(resource, limit)| QuotaLine {
            resource: resource.clone(),
            takes: takes.get(resource).copied().unwrap_or(0),
            used: used.get(resource).copied().unwrap_or(0),
            limit: *limit,
        })
        .collect()
}

/// What the request would exceed, a sentence each; empty when it fits.
#[must_use]
pub fn exceeded(lines: &[QuotaLine]) -> Vec<String> {
    lines
        .iter()
        .filter(|line| line.used.saturating_add(line.takes) > line.limit)
        .map(|line| {
            format!(
                "The quota of {} does not allow it: {} of {} are in use, and this takes {}. Delete something, or ask a platform administrator for more.",
                line.resource, line.used, line.limit, line.takes
            )
        })
        .collect()
}

/// Adds `takes` to `used`.
pub fn add(used: &mut BTreeMap<String, u64>, takes: &BTreeMap<String, u64>) {
    for (resource, amount) in takes {
        let sum = used.entry(resource.clone()).or_default();
        *sum = sum.saturating_add(*amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_limited_and_taken_has_a_line_and_the_limit_itself_fits() {
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
        let lines = lines(&quota, &used, &takes);
        assert_eq!(
            lines
                .iter()
                .map(|line| line.resource.as_str())
                .collect::<Vec<_>>(),
            ["claims", "memoryGib"]
        );
        let exceeded = exceeded(&lines);
        assert_eq!(exceeded.len(), 1);
        assert!(exceeded[0].starts_with("The quota of memoryGib"), "{exceeded:?}");
    }
}
