//! What a control plane of the demo contains from the start.

use serde_json::{Value, json};

use super::error::StartError;
use super::kinds;
use super::people::PlaneSpec;
use crate::kube::Objects;

/// Creates or updates the definitions and the tenants' namespaces.
///
/// # Errors
/// When an embedded file is invalid.
pub(super) fn install(objects: &Objects, spec: PlaneSpec) -> Result<(), StartError> {
    let objects = objects.managed_by("demo");
    let namespaces = spec
        .namespaces
        .iter()
        .map(|name| json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } }));
    for object in kinds::definitions(spec.name)?.into_iter().chain(namespaces) {
        apply(&objects, spec, object)?;
    }
    Ok(())
}

/// Applies an object; an error names the object.
pub(super) fn apply(objects: &Objects, spec: PlaneSpec, object: Value) -> Result<(), StartError> {
    let what = format!(
        "the {} {}",
        object["kind"].as_str().unwrap_or_default(),
        object["metadata"]["name"].as_str().unwrap_or_default()
    );
    let refused = |error| StartError::Refused {
        plane: spec.name.to_owned(),
        what,
        source: Box::new(error),
    };
    objects.apply(object).map(|_| ()).map_err(refused)
}
