//! Titles from documents.

use portico_api::PlaneChoice;
use portico_domain::claim::ClaimRef;
use portico_domain::documents::{Configuration, ControlPlane};
use portico_domain::names::PlaneName;

/// Returns a control plane's title, or its name if it is no longer configured.
pub(super) fn plane_title(configuration: &Configuration, name: &PlaneName) -> String {
    configuration
        .control_planes
        .get(name)
        .map_or_else(|| name.to_string(), |plane| title(plane).to_owned())
}

/// Returns where a claim is: its control plane's title, or whose service it is of. A consumer sees no more of another
/// tenant's control plane.
pub(super) fn claim_place(configuration: &Configuration, claim: &ClaimRef) -> String {
    match configuration.service_of(claim) {
        Some(service) => service.title(),
        None => plane_title(configuration, &claim.plane),
    }
}

/// Returns a control plane's title.
pub(super) fn title(plane: &ControlPlane) -> &str {
    plane.spec.title.as_deref().unwrap_or(plane.name.as_str())
}

/// Returns a control plane as a choice.
pub(super) fn choice(plane: &ControlPlane) -> PlaneChoice {
    PlaneChoice {
        name: plane.name.clone(),
        title: title(plane).to_owned(),
        region: plane.spec.region.clone(),
    }
}
