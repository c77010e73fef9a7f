//! The claims that are there when the demo begins.

use portico_domain::claim::labels;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::WorldError;
use super::install::apply;
use super::people::{self, Place};
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

/// Makes the claims of a control plane: those that somebody asked for through the portal with its
/// labels, those that were made by hand without.
///
/// # Errors
/// When the demo's own files are wrong.
pub(super) fn sow(objects: &Objects, place: Place, issuer: &str) -> Result<(), WorldError> {
    let seeds: Vec<Seed> =
        serde_saphyr::from_str(SEEDS).map_err(|error| WorldError::embedded("seeds.yaml", error))?;
    let people = people::people();
    for seed in seeds.into_iter().filter(|seed| seed.plane == place.name) {
        let mut claim = seed.claim;
        let person = seed
            .by
            .as_ref()
            .and_then(|by| people.iter().find(|person| person.username == *by));
        let Some(person) = person else {
            apply(&objects.managed_by("kubectl"), place, claim)?;
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
        apply(&objects.managed_by(labels::FIELD_MANAGER), place, claim)?;
    }
    Ok(())
}
