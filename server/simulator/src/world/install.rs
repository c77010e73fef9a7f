//! What a control plane of the demo holds before anybody asks for anything.

use serde_json::{Value, json};

use super::error::WorldError;
use super::kinds;
use super::people::Place;
use crate::kube::Objects;

/// Installs the definitions and the tenants' namespaces, or brings them up to date.
///
/// # Errors
/// When the demo's own files are wrong.
pub(super) fn install(objects: &Objects, place: Place) -> Result<(), WorldError> {
    let objects = objects.managed_by("demo");
    let namespaces = place
        .namespaces
        .iter()
        .map(|name| json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } }));
    for object in kinds::definitions(place.name)?.into_iter().chain(namespaces) {
        apply(&objects, place, object)?;
    }
    Ok(())
}

/// Applies an object, and says which one it was if that is refused.
pub(super) fn apply(objects: &Objects, place: Place, object: Value) -> Result<(), WorldError> {
    let what = format!(
        "the {} {}",
        object["kind"].as_str().unwrap_or_default(),
        object["metadata"]["name"].as_str().unwrap_or_default()
    );
    let refused = |error| WorldError::Refused {
        plane: place.name.to_owned(),
        what,
        source: Box::new(error),
    };
    objects.apply(object).map(|_| ()).map_err(refused)
}
