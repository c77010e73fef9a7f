//! The initial claims.

use portico_domain::claim::labels;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::StartError;
use super::install::apply;
use super::people::{self, PlaneSpec};
use crate::kube::Objects;

const SEEDS: &str = include_str!("seeds.yaml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seed {
    plane: String,
    by: Option<String>,
    plan: Option<String>,
    claim: Value,
}

/// Creates the claims of a control plane: with the portal's labels if somebody requested them, without if they
/// were created by hand.
///
/// # Errors
/// When an embedded file is invalid.
pub(super) fn create(objects: &Objects, spec: PlaneSpec, issuer: &str) -> Result<(), StartError> {
    let seeds: Vec<Seed> =
        serde_saphyr::from_str(SEEDS).map_err(|error| StartError::embedded("seeds.yaml", error))?;
    let people = people::people();
    for seed in seeds.into_iter().filter(|seed| seed.plane == spec.name) {
        let mut claim = seed.claim;
        let person = seed
            .by
            .as_ref()
            .and_then(|by| people.iter().find(|person| person.username == *by));
        let Some(person) = person else {
            apply(&objects.managed_by("kubectl"), spec.name, claim)?;
            continue;
        };
        let namespace = claim["metadata"]["namespace"].as_str().unwrap_or_default();
        let (tenant, environment) = namespace.split_once('-').unwrap_or((namespace, ""));
        let mut labels = json!({ (labels::TENANT): tenant, (labels::ENVIRONMENT): environment });
        if let Some(plan) = seed.plan {
            labels[labels::PLAN] = json!(plan);
        }
        claim["metadata"]["labels"] = labels;
        claim["metadata"]["annotations"][labels::REQUESTER] = json!(format!("{issuer}#{}", person.subject));
        claim["metadata"]["annotations"][labels::REQUESTER_NAME] = json!(person.name);
        apply(&objects.managed_by(labels::FIELD_MANAGER), spec.name, claim)?;
    }
    Ok(())
}
