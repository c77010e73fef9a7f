//! Reads all claims again after a change of tenants, control planes or offerings.
//!
//! Claims are read in batches while the index stays readable; the lock is held only to swap in the results.

use std::ops::Bound;
use std::sync::Arc;

use portico_domain::claim::{Claim, Manager};
use portico_domain::names::OfferingName;
use portico_domain::ownership::Ownership;

use super::{ClaimChange, ClaimReader, DocumentRules, Entry, Index, Inner, combined_status, set_owner};

/// Claims per batch.
const BATCH: usize = 500;
/// Attempts for a claim that keeps changing. After that it is read under the lock.
const MAX_ATTEMPTS: usize = 3;

/// A claim that was read again, and what it was read from.
struct RebuiltClaim {
    key: Arc<str>,
    object: Arc<str>,
    version: String,
    reader: Arc<ClaimReader>,
    /// `None`: it is no longer a claim.
    claim: Option<Claim>,
}

impl Index {
    /// Reads all claims again. Returns the changes for tenants that lost or gained claims. `ownership` is called
    /// under the lock, so that no claim misses a change of it.
    pub(crate) fn rebuild(
        &self,
        ownership: impl Fn() -> Ownership,
        rules: impl Fn(&OfferingName) -> DocumentRules,
    ) -> Vec<ClaimChange> {
        let mut moved = Vec::new();
        let mut after: Option<Arc<str>> = None;
        loop {
            let mut keys = self.keys_after(after.as_deref());
            let Some(last) = keys.last().cloned() else {
                return moved;
            };
            for _ in 0..MAX_ATTEMPTS {
                let rebuilt = self.read_unlocked(&keys, &rules);
                keys = self.swap(rebuilt, &ownership, &mut moved);
            }
            self.read_locked(&keys, &ownership, &rules, &mut moved);
            after = Some(last);
        }
    }

    fn keys_after(&self, after: Option<&str>) -> Vec<Arc<str>> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let inner = self.0.read();
        let keys = inner.entries.range::<str, _>((from, Bound::Unbounded));
        keys.take(BATCH).map(|(key, _)| key.clone()).collect()
    }

    fn read_unlocked(
        &self,
        keys: &[Arc<str>],
        rules: &impl Fn(&OfferingName) -> DocumentRules,
    ) -> Vec<RebuiltClaim> {
        let held: Vec<_> = {
            let inner = self.0.read();
            let entries = keys.iter().filter_map(|key| Some((key, inner.entries.get(key)?)));
            entries
                .map(|(key, entry)| {
                    (
                        key.clone(),
                        entry.object.clone(),
                        entry.version.clone(),
                        entry.reader.clone(),
                        entry.claim.observed_at,
                    )
                })
                .collect()
        };
        held.into_iter()
            .map(|(key, object, version, reader, observed_at)| {
                let reader = with_rules(&reader, rules);
                let parsed = serde_json::from_str(&object).unwrap_or_default();
                RebuiltClaim {
                    claim: reader.read(&parsed, observed_at),
                    key,
                    object,
                    version,
                    reader,
                }
            })
            .collect()
    }

    /// Swaps in the results. Returns the keys of claims that changed in the meantime.
    fn swap(
        &self,
        rebuilt: Vec<RebuiltClaim>,
        ownership: &impl Fn() -> Ownership,
        moved: &mut Vec<ClaimChange>,
    ) -> Vec<Arc<str>> {
        let mut changed = Vec::new();
        if rebuilt.is_empty() {
            return changed;
        }
        let mut inner = self.0.write();
        let ownership = ownership();
        for one in rebuilt {
            match inner.entries.get(&one.key) {
                Some(entry) if Arc::ptr_eq(&entry.object, &one.object) && entry.version == one.version => {
                    inner.replace(one, &ownership, moved);
                }
                Some(_) => changed.push(one.key),
                None => {}
            }
        }
        changed
    }

    fn read_locked(
        &self,
        keys: &[Arc<str>],
        ownership: &impl Fn() -> Ownership,
        rules: &impl Fn(&OfferingName) -> DocumentRules,
        moved: &mut Vec<ClaimChange>,
    ) {
        if keys.is_empty() {
            return;
        }
        let mut inner = self.0.write();
        let ownership = ownership();
        for key in keys {
            let Some(entry) = inner.entries.get(key) else {
                continue;
            };
            let reader = with_rules(&entry.reader, rules);
            let rebuilt = RebuiltClaim {
                key: key.clone(),
                object: entry.object.clone(),
                version: entry.version.clone(),
                claim: reader.read(&entry.object(), entry.claim.observed_at),
                reader,
            };
            inner.replace(rebuilt, &ownership, moved);
        }
    }
}

fn with_rules(
    reader: &Arc<ClaimReader>,
    rules: &impl Fn(&OfferingName) -> DocumentRules,
) -> Arc<ClaimReader> {
    Arc::new(ClaimReader {
        rules: rules(&reader.offering),
        ..ClaimReader::clone(reader)
    })
}

impl Inner {
    fn replace(&mut self, rebuilt: RebuiltClaim, ownership: &Ownership, moved: &mut Vec<ClaimChange>) {
        let Some(mut entry) = self.remove(&rebuilt.key) else {
            return;
        };
        let Some(mut claim) = rebuilt.claim else {
            return;
        };
        set_owner(&mut claim, ownership);
        self.carry_over_status(&rebuilt.key, &mut entry, &mut claim);
        moved.extend(ClaimChange::moved(&entry.claim, &claim));
        entry.claim = Arc::new(claim);
        entry.reader = rebuilt.reader;
        self.insert(rebuilt.key, entry);
    }

    fn carry_over_status(&self, key: &str, entry: &mut Entry, claim: &mut Claim) {
        // `managedFields` was dropped from the cached object, so what follows from it cannot be derived again.
        claim.own_machinery.clone_from(&entry.claim.own_machinery);
        claim.controller_fields.clone_from(&entry.claim.controller_fields);
        let is_portal = |claim: &Claim| matches!(claim.manager.as_deref(), Some(Manager::Portal { .. }));
        if !is_portal(claim) && !is_portal(&entry.claim) {
            claim.manager.clone_from(&entry.claim.manager);
        }
        claim.observed_at = entry.claim.observed_at;
        if entry.whole {
            entry.own = claim.status.clone();
            let composite = self.composites.get(key, entry.composite.as_deref());
            claim.status = combined_status(&entry.own, entry.ready_at, composite);
            entry.known = claim.status.clone();
        } else {
            claim.status = entry.known.clone();
        }
        if self.stale.contains(&entry.stream) {
            claim.status = entry.claim.status.clone();
        }
    }
}
