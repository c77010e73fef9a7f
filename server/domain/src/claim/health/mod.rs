//! Derives the health of an object from its conditions and status: a pure function of the object, the adapter of its
//! kind and the offering's health expressions.
//!
//! - `assessment` applies the kind's adapter and the offering's expressions;
//! - `generic` has the rules for what many operators write;
//! - `conditions` says what single conditions mean.

mod assessment;
mod conditions;
mod generic;

use serde_json::Value;

use super::adapter::Adapter;
use super::health_rules::HealthRules;
use super::{ClaimStatus, Condition, Health};
use crate::documents::Access;
use crate::text::sanitize;
use assessment::Assessment;
use conditions::severity;

/// Conditions kept at most; the worst are kept.
const MAX_CONDITIONS: usize = 32;

/// The input of a health assessment besides the object.
#[derive(Debug, Clone, Copy)]
pub struct HealthInput<'a> {
    /// The adapter of its kind.
    pub adapter: &'a Adapter,
    /// What the offering says about access.
    pub access: &'a Access,
    /// The offering's health expressions, compiled.
    pub rules: Option<&'a HealthRules>,
    /// True if the kind has no status, so there is nothing to wait for.
    pub has_no_status: bool,
}

/// Derives the status of an object by its kind's adapter alone. Conditions and a status that were written for an
/// older generation of the object are ignored.
#[must_use]
pub fn assess(object: &Value, adapter: &Adapter, access: &Access) -> ClaimStatus {
    let input = HealthInput {
        adapter,
        access,
        rules: None,
        has_no_status: false,
    };
    assess_with(object, &input)
}

/// Like [`assess`], with the offering's health expressions.
#[must_use]
pub fn assess_with(object: &Value, input: &HealthInput<'_>) -> ClaimStatus {
    let assessment = Assessment::read(object, input.adapter);
    let (health, reason) = assessment.health(input);
    let mut conditions: Vec<Condition> = assessment
        .conditions
        .iter()
        .map(|seen| seen.condition.clone())
        .collect();
    conditions.sort_by_key(severity);
    conditions.truncate(MAX_CONDITIONS);
    ClaimStatus {
        health,
        reason: sanitize(&reason),
        conditions,
        secret: input.adapter.secret_of(object, input.access),
    }
}

/// Returns the status of a claim whose control plane does not answer: unreachable, with the last known health in the
/// reason.
#[must_use]
pub fn unreachable_status(known: &ClaimStatus, plane_title: &str) -> ClaimStatus {
    last_known(known, &format!("{plane_title} does not answer. When it last did"))
}

/// Returns the status of a claim whose control plane Portico cannot use because of a wrong kubeconfig or rejected
/// credentials.
#[must_use]
pub fn misconfigured_status(known: &ClaimStatus, plane_title: &str) -> ClaimStatus {
    last_known(
        known,
        &format!("Portico cannot read {plane_title}: it is not set up correctly. When it last could be read"),
    )
}

/// Returns the status of a claim that cannot be read although its control plane answers.
#[must_use]
pub fn unreadable_status(known: &ClaimStatus, why: &str) -> ClaimStatus {
    let why = sanitize(why);
    last_known(
        known,
        &format!(
            "It cannot be read just now: {}. When it last could be read",
            why.trim_end_matches('.')
        ),
    )
}

/// Builds a status from the last known one. `when` is the sentence up to the point in time: "… When it last did".
fn last_known(known: &ClaimStatus, when: &str) -> ClaimStatus {
    let was = match known.health {
        Health::Unreachable => return known.clone(),
        health if known.reason.is_empty() => health.title().to_lowercase(),
        health => format!("{}: {}", health.title().to_lowercase(), known.reason),
    };
    ClaimStatus {
        health: Health::Unreachable,
        reason: format!("{when}, this claim was {was}"),
        conditions: known.conditions.clone(),
        secret: known.secret.clone(),
    }
}

#[cfg(test)]
mod operators_tests;
#[cfg(test)]
mod tests;
