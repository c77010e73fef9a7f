//! Cordon and uncordon: closing a control plane to new claims.

use portico_domain::authz;
use portico_domain::names::PlaneName;
use portico_domain::tenancy::Viewer;
use serde_json::json;

use super::permissions::Denial;
use super::{Conflict, Portal, PortalError, Result};

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
        let configuration = self.configuration();
        let denial = Denial::Change(&configuration);
        let grant = authz::cordon(viewer, &configuration, plane).map_err(denial.error())?;
        let reason = reason
            .map(|reason| reason.split_whitespace().collect::<Vec<_>>().join(" "))
            .filter(|reason| !reason.is_empty())
            .map(|reason| reason.chars().take(REASON).collect::<String>());
        let now = self.now();
        let event = grant.audit(now, remote).with_details(json!({ "reason": reason }));
        let reason = reason.as_deref();
        if self.store().cordon(&grant, reason, now, &[event]).await? {
            Ok(())
        } else {
            Err(PortalError::Conflict(
                Conflict::AlreadyCordoned,
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
        let configuration = self.configuration();
        let denial = Denial::Change(&configuration);
        let grant = authz::uncordon(viewer, &configuration, plane).map_err(denial.error())?;
        let event = grant.audit(self.now(), remote);
        if self.store().uncordon(&grant, &[event]).await? {
            // What was approved meanwhile waits for this.
            self.store().wake_waiting_for_plane(plane, self.now()).await?;
            self.work_to_do();
            return Ok(());
        }
        let by_document = configuration
            .control_planes
            .get(plane)
            .is_some_and(|plane| plane.spec.cordoned);
        let why = if by_document {
            "Its document says cordoned: true. Take that line out of the configuration."
        } else {
            "It is not cordoned. Reload the page."
        };
        Err(PortalError::Conflict(Conflict::NotCordoned, why.to_owned()))
    }
}
