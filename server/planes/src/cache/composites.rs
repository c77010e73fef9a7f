//! The status of composites of legacy claims. A claim only says that its composite is not ready; the composite says
//! why.

use std::collections::HashMap;
use std::sync::Arc;

use portico_domain::claim::health::assess;
use portico_domain::claim::{Adapter, Claim, ClaimKind, ClaimStatus, Health};
use portico_domain::documents::Access;
use portico_domain::names::OfferingName;
use serde_json::Value;

use super::{ClaimChange, Index, Inner, combined_status, key};
use crate::discovery::Kind;

/// The status of composites, by the key of the claim that each refers to.
#[derive(Default)]
pub(super) struct Composites(HashMap<String, Composite>);

struct Composite {
    offering: OfferingName,
    name: String,
    status: ClaimStatus,
}

impl Composites {
    /// The status of the claim's composite, if each refers to the other.
    pub(super) fn get(&self, claim: &str, named: Option<&str>) -> Option<&ClaimStatus> {
        let found = self.0.get(claim)?;
        (Some(found.name.as_str()) == named).then_some(&found.status)
    }
}

/// The name of the composite that a legacy claim refers to.
pub(super) fn named_by(object: &Value, kind: &Kind) -> Option<String> {
    if kind.claim_kind != ClaimKind::LegacyClaim {
        return None;
    }
    let name = object.pointer("/spec/resourceRef/name")?.as_str()?;
    Some(name.to_owned())
}

/// The status of a claim with a composite: a failure of the composite is the claim's, and its reason is the better
/// one.
pub(super) fn with_composite(claim: ClaimStatus, composite: &ClaimStatus) -> ClaimStatus {
    let speaks = !composite.reason.is_empty();
    match (claim.health, composite.health) {
        (Health::Ready | Health::Pending | Health::Degraded, Health::Degraded) if speaks => ClaimStatus {
            health: Health::Degraded,
            reason: composite.reason.clone(),
            ..claim
        },
        (Health::Ready | Health::Pending, Health::Paused) => ClaimStatus {
            health: Health::Paused,
            reason: composite.reason.clone(),
            ..claim
        },
        (Health::Pending | Health::Degraded, Health::Pending) if speaks => ClaimStatus {
            reason: composite.reason.clone(),
            ..claim
        },
        (Health::Ready, Health::Ready) if speaks && claim.reason.is_empty() => ClaimStatus {
            reason: composite.reason.clone(),
            ..claim
        },
        _ => claim,
    }
}

impl Index {
    /// Applies a composite of the offering's claims unless there are already `most`. Returns its name and the changed
    /// claim.
    pub(crate) fn apply_composite(
        &self,
        offering: &OfferingName,
        composite: &Value,
        most: usize,
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
        if inner.composites.0.len() >= most && !inner.composites.0.contains_key(&claim) {
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

    /// Removes the offering's composites that are not left.
    pub(crate) fn retain_composites(
        &self,
        offering: &OfferingName,
        is_left: impl Fn(&str) -> bool,
    ) -> Vec<ClaimChange> {
        let mut inner = self.0.write();
        let gone: Vec<String> = inner
            .composites
            .0
            .values()
            .filter(|composite| composite.offering == *offering && !is_left(&composite.name))
            .map(|composite| composite.name.clone())
            .collect();
        gone.iter()
            .filter_map(|name| inner.drop_composite(offering, name))
            .collect()
    }
}

impl Inner {
    fn drop_composite(&mut self, offering: &OfferingName, name: &str) -> Option<ClaimChange> {
        let is_it = |composite: &Composite| composite.offering == *offering && composite.name == name;
        let claim = self
            .composites
            .0
            .iter()
            .find(|(_, composite)| is_it(composite))
            .map(|(claim, _)| claim.clone())?;
        self.composites.0.remove(&claim);
        self.update_status(&claim)
    }

    /// Updates a claim after its composite changed. Returns the change, if any.
    fn update_status(&mut self, claim: &str) -> Option<ClaimChange> {
        let entry = self.entries.get(claim)?;
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
        Some(ClaimChange::of(&entry.claim, false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(health: Health, reason: &str) -> ClaimStatus {
        ClaimStatus {
            health,
            reason: reason.to_owned(),
            conditions: Vec::new(),
            secret: Some("login".to_owned()),
        }
    }

    #[test]
    fn a_failing_composite_degrades_its_claim() {
        let waiting = "Claim is waiting for composite resource to become Ready";
        for (claim, composite, health, reason) in [
            (
                status(Health::Pending, waiting),
                status(Health::Degraded, "fatal: no such size"),
                Health::Degraded,
                "fatal: no such size",
            ),
            (
                status(Health::Ready, ""),
                status(Health::Degraded, "fatal: no such size"),
                Health::Degraded,
                "fatal: no such size",
            ),
            (
                status(Health::Pending, waiting),
                status(Health::Pending, "Unready resources: disk"),
                Health::Pending,
                "Unready resources: disk",
            ),
            (
                status(Health::Pending, waiting),
                status(Health::Pending, ""),
                Health::Pending,
                waiting,
            ),
            (
                status(Health::Deleting, "Being deleted"),
                status(Health::Degraded, "fatal"),
                Health::Deleting,
                "Being deleted",
            ),
            (
                status(Health::Ready, ""),
                status(Health::Paused, "Left alone"),
                Health::Paused,
                "Left alone",
            ),
        ] {
            let joined = with_composite(claim, &composite);
            assert_eq!((joined.health, joined.reason.as_str()), (health, reason));
            assert_eq!(joined.secret.as_deref(), Some("login"));
        }
    }
}
