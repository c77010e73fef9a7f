//! Reads all claims again after a change of tenants, control planes or offerings.
//!
//! Claims are read in batches while the index stays readable; the lock is held only to swap in the results.

use std::ops::Bound;
use std::sync::Arc;

use portico_domain::claim::{Claim, HealthRules};
use portico_domain::documents::Access;
use portico_domain::names::OfferingName;
use portico_domain::ownership::Ownership;

use super::{Entry, Index, Inner, Reading, Touched, settle, settled};

/// Claims per batch.
const AT_ONCE: usize = 500;
/// Attempts for a claim that keeps changing. After that it is read under the lock.
const TRIES: usize = 3;

/// What the documents say about an offering's claims.
type Words = (Access, Option<Arc<HealthRules>>);

/// A claim that was read again, and what it was read from.
struct Reread {
    key: String,
    object: Arc<str>,
    version: String,
    reading: Arc<Reading>,
    /// `None`: it is no longer a claim.
    claim: Option<Claim>,
}

impl Index {
    /// Reads all claims again. Returns the changes for tenants that lost or gained claims. `ownership` is called
    /// under the lock, so that no claim misses a change of it.
    pub(crate) fn reread(
        &self,
        ownership: impl Fn() -> Ownership,
        words: impl Fn(&OfferingName) -> Words,
    ) -> Vec<Touched> {
        let mut moved = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let mut keys = self.keys_after(after.as_deref());
            let Some(last) = keys.last().cloned() else {
                return moved;
            };
            for _ in 0..TRIES {
                let reread = self.read_aside(&keys, &words);
                keys = self.swap(reread, &ownership, &mut moved);
            }
            self.read_in_place(&keys, &ownership, &words, &mut moved);
            after = Some(last);
        }
    }

    fn keys_after(&self, after: Option<&str>) -> Vec<String> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let inner = self.0.read();
        let keys = inner.entries.range::<str, _>((from, Bound::Unbounded));
        keys.take(AT_ONCE).map(|(key, _)| key.clone()).collect()
    }

    fn read_aside(&self, keys: &[String], words: &impl Fn(&OfferingName) -> Words) -> Vec<Reread> {
        let held: Vec<_> = {
            let inner = self.0.read();
            let entries = keys.iter().filter_map(|key| Some((key, inner.entries.get(key)?)));
            entries
                .map(|(key, entry)| {
                    (
                        key.clone(),
                        entry.object.clone(),
                        entry.version.clone(),
                        entry.reading.clone(),
                        entry.claim.observed_at,
                    )
                })
                .collect()
        };
        held.into_iter()
            .map(|(key, object, version, reading, observed_at)| {
                let reading = with_words(&reading, words);
                let parsed = serde_json::from_str(&object).unwrap_or_default();
                Reread {
                    claim: reading.read(&parsed, observed_at),
                    key,
                    object,
                    version,
                    reading,
                }
            })
            .collect()
    }

    /// Swaps in the results. Returns the keys of claims that changed in the meantime.
    fn swap(
        &self,
        reread: Vec<Reread>,
        ownership: &impl Fn() -> Ownership,
        moved: &mut Vec<Touched>,
    ) -> Vec<String> {
        let mut changed = Vec::new();
        if reread.is_empty() {
            return changed;
        }
        let mut inner = self.0.write();
        let ownership = ownership();
        for one in reread {
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

    fn read_in_place(
        &self,
        keys: &[String],
        ownership: &impl Fn() -> Ownership,
        words: &impl Fn(&OfferingName) -> Words,
        moved: &mut Vec<Touched>,
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
            let reading = with_words(&entry.reading, words);
            let reread = Reread {
                key: key.clone(),
                object: entry.object.clone(),
                version: entry.version.clone(),
                claim: reading.read(&entry.object(), entry.claim.observed_at),
                reading,
            };
            inner.replace(reread, &ownership, moved);
        }
    }
}

fn with_words(reading: &Arc<Reading>, words: &impl Fn(&OfferingName) -> Words) -> Arc<Reading> {
    let (access, health) = words(&reading.offering);
    Arc::new(Reading {
        access,
        health,
        ..Reading::clone(reading)
    })
}

impl Inner {
    fn replace(&mut self, reread: Reread, ownership: &Ownership, moved: &mut Vec<Touched>) {
        let Some(mut entry) = self.take(&reread.key) else {
            return;
        };
        let Some(mut claim) = reread.claim else {
            return;
        };
        settle(&mut claim, ownership);
        self.judge_again(&reread.key, &mut entry, &mut claim);
        moved.extend(Touched::moved(&entry.claim, &claim));
        entry.claim = Arc::new(claim);
        entry.reading = reread.reading;
        self.put(reread.key, entry);
    }

    fn judge_again(&self, key: &str, entry: &mut Entry, claim: &mut Claim) {
        // `managedFields` was dropped from the cached object, so the machinery cannot be derived again.
        claim.own_machinery.clone_from(&entry.claim.own_machinery);
        claim.observed_at = entry.claim.observed_at;
        if entry.whole {
            entry.own = claim.status.clone();
            let composite = self.composites.get(key, entry.composite.as_deref());
            claim.status = settled(&entry.own, entry.ready_at, composite);
            entry.known = claim.status.clone();
        } else {
            claim.status = entry.known.clone();
        }
        if self.stale.contains(&entry.stream) {
            claim.status = entry.claim.status.clone();
        }
    }
}
