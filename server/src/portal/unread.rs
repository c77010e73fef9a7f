//! What is not known yet: a control plane that was not read since Portico started may hold anything.

use portico_domain::claim::ClaimRef;
use portico_domain::documents::ControlPlane;
use portico_domain::placement::may_use;
use portico_domain::tenancy::Viewer;

use super::names::title;
use super::{Portal, PortalError};

impl Portal {
    /// Why there is no such offering: nobody offers it to the viewer, or whoever may has not been read yet.
    pub(super) fn no_offering(&self, viewer: &Viewer) -> PortalError {
        let configuration = self.configuration();
        let unread: Vec<&str> = configuration
            .control_planes
            .values()
            .filter(|plane| !self.planes().has_read_offerings(&plane.name) && self.may_know(viewer, plane))
            .map(title)
            .collect();
        if unread.is_empty() {
            return PortalError::NotFound;
        }
        PortalError::Unread(format!(
            "Nothing of that name is in the catalog, but since Portico was started it could not yet read what is \
             offered on {}.",
            unread.join(", ")
        ))
    }

    /// Why there is no such claim: none is there for the viewer, or its control plane has not been read yet.
    pub(super) fn no_claim(&self, viewer: &Viewer, reference: &ClaimRef) -> PortalError {
        let configuration = self.configuration();
        match configuration.control_planes.get(&reference.plane) {
            Some(plane) if !self.planes().has_read_claim(reference) && self.may_know(viewer, plane) => {
                PortalError::Unread(format!(
                    "Since Portico was started it could not yet read what runs on {}, so it does not know of {}.",
                    title(plane),
                    reference.name
                ))
            }
            _ => PortalError::NotFound,
        }
    }

    /// Whether the control plane exists for the viewer.
    fn may_know(&self, viewer: &Viewer, plane: &ControlPlane) -> bool {
        let configuration = self.configuration();
        let mut tenants = configuration.tenants.values();
        viewer.platform_admin || tenants.any(|tenant| viewer.sees(&tenant.name) && may_use(tenant, plane))
    }
}
