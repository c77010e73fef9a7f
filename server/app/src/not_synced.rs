//! Distinguishes "does not exist" from "not read yet": a control plane that was not read since the start may have
//! anything.

use std::time::Duration;

use portico_domain::claim::ClaimRef;
use portico_domain::documents::ControlPlane;
use portico_domain::placement::may_know;
use portico_domain::tenancy::Viewer;
use portico_planes::PlaneState;

use super::names::title;
use super::{NotSynced, Portal, PortalError};

/// How soon to try again while a control plane is being read.
const SYNC_RETRY_DELAY: Duration = Duration::from_secs(2);
/// How soon to try again while a control plane cannot be read.
const FAILURE_RETRY_DELAY: Duration = Duration::from_secs(30);

impl Portal {
    /// Distinguishes "not offered to this viewer" from "control planes not synced yet".
    pub(super) fn offering_not_found(&self, viewer: &Viewer) -> PortalError {
        let configuration = self.configuration();
        let unread: Vec<&ControlPlane> = configuration
            .control_planes
            .values()
            .filter(|plane| !self.planes().offerings_synced(&plane.name))
            .filter(|plane| may_know(viewer, configuration.tenants.values(), plane))
            .collect();
        if unread.is_empty() {
            return PortalError::NotFound;
        }
        PortalError::NotSynced {
            missing: NotSynced::Offerings {
                planes: unread.iter().map(|plane| title(plane).to_owned()).collect(),
            },
            retry_after: self.retry_after(&unread),
        }
    }

    /// Returns why a claim is not found: it does not exist for the viewer, or its control plane is not synced yet.
    pub(super) fn claim_not_found(&self, viewer: &Viewer, reference: &ClaimRef) -> PortalError {
        let configuration = self.configuration();
        let plane = configuration
            .control_planes
            .get(&reference.plane)
            .filter(|_| !self.planes().claim_synced(reference))
            .filter(|plane| may_know(viewer, configuration.tenants.values(), plane));
        let Some(plane) = plane else {
            return PortalError::NotFound;
        };
        PortalError::NotSynced {
            missing: NotSynced::Claims {
                plane: title(plane).to_owned(),
                claim: reference.name.clone(),
            },
            retry_after: self.retry_after(&[plane]),
        }
    }

    fn retry_after(&self, unread: &[&ControlPlane]) -> Duration {
        let mut states = unread
            .iter()
            .filter_map(|plane| self.planes().summary(&plane.name));
        if states.any(|status| status.state == PlaneState::Connecting) {
            SYNC_RETRY_DELAY
        } else {
            FAILURE_RETRY_DELAY
        }
    }
}
