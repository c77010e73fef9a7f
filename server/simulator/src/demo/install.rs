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
    let namespaces = spec.namespaces.iter().map(|name| namespace(name));
    for object in kinds::definitions(spec.name)?.into_iter().chain(namespaces) {
        apply(&objects, spec.name, object)?;
    }
    Ok(())
}

/// A namespace of a tenant.
pub(super) fn namespace(name: &str) -> Value {
    // So Portico knows it as that of its tenant, and keeps it by its templates.
    let labels = json!({ "portico.dev/tenant": name.split('-').next() });
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": labels } })
}

/// Creates or updates what provisioners need besides the definitions of what is offered, on the control plane of this
/// name.
///
/// # Errors
/// When an embedded file is invalid.
pub(super) fn install_foundations(objects: &Objects, plane: &str) -> Result<(), StartError> {
    let objects = objects.managed_by("demo");
    for object in kinds::foundations()? {
        apply(&objects, plane, object)?;
    }
    Ok(())
}

/// Applies an object; an error names the object and the control plane.
pub(super) fn apply(objects: &Objects, plane: &str, object: Value) -> Result<(), StartError> {
    let what = format!(
        "the {} {}",
        object["kind"].as_str().unwrap_or_default(),
        object["metadata"]["name"].as_str().unwrap_or_default()
    );
    let refused = |error| StartError::Refused {
        plane: plane.to_owned(),
        what,
        source: Box::new(error),
    };
    objects.apply(object).map(|_| ()).map_err(refused)
}
