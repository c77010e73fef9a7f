//! Makes a token with which an agent of a control plane enrols.

use portico_agents::EnrolmentToken;
use portico_api::CreatedEnrolment;
use portico_domain::agent::ENROLMENT_VALIDITY;
use portico_domain::authz;
use portico_domain::names::PlaneName;
use serde_json::json;

use crate::permissions::Attempt;
use crate::{Caller, Portal, PortalError, Result, Unavailable};

/// Makes a token for a new agent of a control plane.
#[derive(Debug)]
pub struct EnrolAgent<'a> {
    /// The control plane.
    pub plane: &'a PlaneName,
}

impl Portal {
    /// Makes a token that one agent can use once within 15 minutes. Only the result contains it.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] for everybody but platform admins, and when there is no control plane of that name that
    /// is reached through an agent; [`PortalError::Unavailable`] when Portico does not listen for agents; when the database
    /// fails.
    pub async fn enrol_agent(&self, caller: Caller<'_>, command: EnrolAgent<'_>) -> Result<CreatedEnrolment> {
        let configuration = self.configuration();
        let attempt = Attempt::Change(&configuration);
        let grant =
            authz::enrol_agent(caller.viewer, &configuration, command.plane).map_err(attempt.error())?;
        let agents = self.shared.agents.get();
        let agents = agents.ok_or(PortalError::Unavailable(Unavailable::NoAgentListener))?;
        let now = self.now();
        let expires_at = now.saturating_add(ENROLMENT_VALIDITY).unwrap_or(now);
        let token = EnrolmentToken::new(agents.authority, self.random());
        let event = grant
            .audit(now, caller.remote)
            .with_details(json!({ "expiresAt": expires_at }));
        self.store()
            .insert_agent_enrolment(&grant, &token.digest(), now, expires_at, event)
            .await?;
        Ok(CreatedEnrolment {
            token: token.text(),
            expires_at,
            address: agents.address.clone(),
        })
    }
}
