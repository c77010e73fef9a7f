//! Applies changes of composites to the index, and updates the claims that they belong to.

use std::sync::Arc;

use portico_domain::claim::health::assess;
use portico_domain::claim::{Adapter, Claim, ClaimKind};
use portico_domain::documents::Access;
use portico_domain::names::OfferingName;
use serde_json::Value;

use super::composites::Composite;
use super::{ClaimChange, Index, Inner, combined_status, key, set_of_tenant};

impl Index {
    /// Applies a composite of the offering's claims unless there are already `limit`. Returns its name and the changed
    /// claim.
    pub(crate) fn apply_composite(
        &self,
        offering: &OfferingName,
        composite: &Value,
        limit: usize,
    ) -> Option<(String, Option<ClaimChange>)> {
        let text = |pointer: &str| composite.pointer(pointer).and_then(Value::as_str);
        let name = text("/metadata/name")?.to_owned();
        let mut inner = self.0.write();
        let claim = match (text("/spec/claimRef/namespace"), text("/spec/claimRef/name")) {
            (Some(namespace), Some(claim)) => key(offering, Some(namespace), claim),
            // It refers to no claim now, but may have before.
            _ => return Some((name.clone(), inner.drop_composite(offering, &name))),
        };
        let adapter = Adapter::of("", "", ClaimKind::Composite);
        let status = assess(composite, adapter, &Access::default());
        if inner.composites.0.len() >= limit && !inner.composites.0.contains_key(&claim) {
            return Some((name, None));
        }
        let composite = Composite {
            offering: offering.clone(),
            name: name.clone(),
            status,
        };
        inner.composites.0.insert(claim.clone(), composite);
        let change = inner.update_status(&claim);
        Some((name, change))
    }

    /// Removes a composite.
    pub(crate) fn delete_composite(&self, offering: &OfferingName, composite: &Value) -> Option<ClaimChange> {
        let name = composite.pointer("/metadata/name").and_then(Value::as_str)?;
        self.0.write().drop_composite(offering, name)
    }

    /// Removes the offering's composites that `is_kept` rejects.
    pub(crate) fn retain_composites(
        &self,
        offering: &OfferingName,
        is_kept: impl Fn(&str) -> bool,
    ) -> Vec<ClaimChange> {
        let mut inner = self.0.write();
        let removed: Vec<String> = inner
            .composites
            .0
            .values()
            .filter(|composite| composite.offering == *offering && !is_kept(&composite.name))
            .map(|composite| composite.name.clone())
            .collect();
        removed
            .iter()
            .filter_map(|name| inner.drop_composite(offering, name))
            .collect()
    }
}

impl Inner {
    fn drop_composite(&mut self, offering: &OfferingName, name: &str) -> Option<ClaimChange> {
        let is_same = |composite: &Composite| composite.offering == *offering && composite.name == name;
        let claim = self
            .composites
            .0
            .iter()
            .find(|(_, composite)| is_same(composite))
            .map(|(claim, _)| claim.clone())?;
        self.composites.0.remove(&claim);
        self.update_status(&claim)
    }

    /// Updates a claim after its composite changed. Returns the change, if any.
    fn update_status(&mut self, claim: &str) -> Option<ClaimChange> {
        let (key, entry) = self.entries.get_key_value(claim)?;
        let key = key.clone();
        let composite = self.composites.get(claim, entry.composite.as_deref());
        let known = combined_status(&entry.own, entry.ready_at, composite);
        let is_stale = self.stale.contains(&entry.stream);
        let entry = self.entries.get_mut(claim)?;
        if entry.known == known {
            return None;
        }
        entry.known = known.clone();
        if is_stale {
            return None;
        }
        let changed = Claim {
            status: known,
            ..Claim::clone(&entry.claim)
        };
        entry.claim = Arc::new(changed);
        let claim = entry.claim.clone();
        set_of_tenant(&mut self.by_tenant, &key, &claim);
        Some(ClaimChange::of(&claim, false))
    }
}
