//! The initial claims.

use portico_domain::claim::labels;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::StartError;
use super::install::{self, apply};
use super::people;
use crate::kube::{GroupKind, Key, Objects, object};

const SEEDS: &str = include_str!("seeds.yaml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seed {
    plane: String,
    by: Option<String>,
    plan: Option<String>,
    claim: Value,
}

/// Creates the claims of a control plane, or of the workspace of this path: with the portal's labels if somebody requested
/// them, without if they were created by hand. Namespaces that are not there are created.
///
/// # Errors
/// When an embedded file is invalid.
pub(super) fn create(objects: &Objects, plane: &str, issuer: &str) -> Result<(), StartError> {
    let people = people::people();
    for seed in of(plane)? {
        let mut claim = seed.claim;
        let namespace = object::namespace(&claim).to_owned();
        if objects
            .get(&("", "Namespace").into(), &Key::cluster(&namespace))
            .is_none()
        {
            apply(&objects.managed_by("demo"), plane, install::namespace(&namespace))?;
        }
        let person = seed
            .by
            .as_ref()
            .and_then(|by| people.iter().find(|person| person.username == *by));
        let Some(person) = person else {
            apply(&objects.managed_by("kubectl"), plane, claim)?;
            continue;
        };
        let (tenant, environment) = namespace.split_once('-').unwrap_or((&namespace, ""));
        let mut labels = json!({ (labels::TENANT): tenant, (labels::ENVIRONMENT): environment });
        if let Some(plan) = seed.plan {
            labels[labels::PLAN] = json!(plan);
        }
        claim["metadata"]["labels"] = labels;
        claim["metadata"]["annotations"][labels::REQUESTER] = json!(format!("{issuer}#{}", person.subject));
        claim["metadata"]["annotations"][labels::REQUESTER_NAME] = json!(person.name);
        apply(&objects.managed_by(labels::FIELD_MANAGER), plane, claim)?;
    }
    Ok(())
}

/// The kinds of the claims of a control plane.
///
/// # Errors
/// When the embedded file is invalid.
pub(super) fn kinds(plane: &str) -> Result<Vec<GroupKind>, StartError> {
    Ok(of(plane)?.iter().map(|seed| GroupKind::of(&seed.claim)).collect())
}

fn of(plane: &str) -> Result<Vec<Seed>, StartError> {
    let seeds: Vec<Seed> =
        serde_saphyr::from_str(SEEDS).map_err(|error| StartError::embedded("seeds.yaml", error))?;
    Ok(seeds.into_iter().filter(|seed| seed.plane == plane).collect())
}
