//! Cordon and drain: a control plane that shall take no new claims, and what is still on it.

use portico_domain::names::PlaneName;
use portico_domain::placement::Cordon;
use portico_domain::tenancy::Viewer;
use serde_json::json;

use super::admin::platform_admin;
use super::{Portal, PortalError, Result};

/// Characters of a reason that are kept.
const REASON: usize = 300;

impl Portal {
    /// Closes a control plane to new claims. What is there already stays, is served and may be changed; new claims that
    /// were placed there before are not applied as long as it is closed.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] for everybody but platform admins, and when there is none of that name;
    /// [`PortalError::Conflict`] when it is closed already; when the database fails.
    pub async fn cordon(
        &self,
        viewer: &Viewer,
        remote: Option<&str>,
        plane: &PlaneName,
        reason: Option<&str>,
    ) -> Result<()> {
        self.known_plane(viewer, plane)?;
        let reason = reason
            .map(|reason| reason.split_whitespace().collect::<Vec<_>>().join(" "))
            .filter(|reason| !reason.is_empty())
            .map(|reason| reason.chars().take(REASON).collect::<String>());
        let cordon = Cordon {
            plane: plane.clone(),
            by: viewer.person.clone(),
            reason,
            since: self.now(),
        };
        let mut event = self.event(viewer, remote, "plane.cordoned", plane.as_str());
        event.details = json!({ "reason": cordon.reason });
        if self.store().cordon(&cordon, &[event]).await? {
            Ok(())
        } else {
            Err(PortalError::Conflict(
                "It is cordoned already. Reload the page to see by whom.".to_owned(),
            ))
        }
    }

    /// Opens a control plane for new claims again.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] for everybody but platform admins, and when there is none of that name;
    /// [`PortalError::Conflict`] when nobody has closed it; when the database fails.
    pub async fn uncordon(&self, viewer: &Viewer, remote: Option<&str>, plane: &PlaneName) -> Result<()> {
        self.known_plane(viewer, plane)?;
        let event = self.event(viewer, remote, "plane.uncordoned", plane.as_str());
        if self.store().uncordon(plane, &[event]).await? {
            // What was approved meanwhile waits for this.
            self.store().hurry_plane(plane, self.now()).await?;
            self.work_to_do();
            return Ok(());
        }
        let by_document = self
            .configuration()
            .control_planes
            .get(plane)
            .is_some_and(|plane| plane.spec.cordoned);
        Err(PortalError::Conflict(if by_document {
            "Its document says cordoned: true. Take that line out of the configuration.".to_owned()
        } else {
            "It is not cordoned. Reload the page.".to_owned()
        }))
    }

    fn known_plane(&self, viewer: &Viewer, plane: &PlaneName) -> Result<()> {
        platform_admin(viewer)?;
        if self.configuration().control_planes.contains_key(plane) {
            Ok(())
        } else {
            Err(PortalError::NotFound)
        }
    }
}
