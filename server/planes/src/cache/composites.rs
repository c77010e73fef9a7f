//! The status of composites of legacy claims. A claim only says that its composite is not ready; the composite says
//! why.

use std::collections::HashMap;
use std::sync::Arc;

use portico_domain::claim::{ClaimKind, ClaimStatus, Health};
use portico_domain::names::OfferingName;
use serde_json::Value;

use crate::discovery::Kind;

/// The status of composites, by the key of the claim that each refers to.
#[derive(Default)]
pub(super) struct Composites(pub(super) HashMap<Arc<str>, Composite>);

/// A composite of a legacy claim.
pub(super) struct Composite {
    pub(super) offering: OfferingName,
    pub(super) name: String,
    pub(super) status: ClaimStatus,
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
