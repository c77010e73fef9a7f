//! Revokes an agent of a control plane.

use portico_domain::authz;
use portico_domain::names::PlaneName;
use serde_json::json;
use uuid::Uuid;

use crate::permissions::Attempt;
use crate::{Caller, Portal, PortalError, Result};

/// Revokes an agent for good: its connections end, and its certificate is refused.
#[derive(Debug)]
pub struct RevokeAgent<'a> {
    /// The control plane.
    pub plane: &'a PlaneName,
    /// The agent.
    pub agent: Uuid,
}

impl Portal {
    /// Revokes an agent. Connections to this replica end at once, those to others within seconds.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] for everybody but platform admins, and when the control plane has no such agent or it is
    /// revoked already; when the database fails.
    pub async fn revoke_agent(&self, caller: Caller<'_>, command: RevokeAgent<'_>) -> Result<()> {
        let configuration = self.configuration();
        let attempt = Attempt::Change(&configuration);
        let grant =
            authz::revoke_agent(caller.viewer, &configuration, command.plane).map_err(attempt.error())?;
        let now = self.now();
        let event = grant
            .audit(now, caller.remote)
            .with_details(json!({ "agent": command.agent }));
        if !self
            .store()
            .revoke_agent(&grant, command.agent, now, event)
            .await?
        {
            return Err(PortalError::NotFound);
        }
        if let Some(agents) = self.shared.agents.get() {
            agents.hub.cut(command.agent);
        }
        Ok(())
    }
}
