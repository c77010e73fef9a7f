//! Accepts or refuses a permission that a publication asks for.

use portico_domain::authz;
use portico_domain::documents::Permission;
use portico_domain::names::PublicationName;
use portico_domain::publication::Ask;
use portico_store::NewPermissionDecision;
use serde_json::json;

use crate::permissions::Attempt;
use crate::{Caller, Conflict, Portal, PortalError, Result};

/// Accepts or refuses a permission that a publication asks for.
#[derive(Debug)]
pub struct DecidePermission<'a> {
    /// The publication.
    pub publication: &'a PublicationName,
    /// The permission.
    pub permission: Permission,
    /// True accepts, false refuses.
    pub accept: bool,
    /// [`Ask::digest`] of what the caller saw.
    pub asked: &'a str,
}

impl Portal {
    /// Accepts or refuses a permission. It takes effect with the next use: requests, decisions, attempts to apply, and
    /// reveals of secrets. Claims stay as they are.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] for everybody but platform admins, and when there is no such publication or it does not
    /// ask for the permission; [`PortalError::Conflict`] when it asks for something else by now; when the database fails.
    pub async fn decide_permission(&self, caller: Caller<'_>, command: DecidePermission<'_>) -> Result<()> {
        let configuration = self.configuration_now().await?;
        let attempt = Attempt::Change(&configuration);
        let grant = authz::decide_permission(caller.viewer, &configuration, command.publication)
            .map_err(attempt.error())?;
        let publication = configuration
            .publications
            .get(command.publication)
            .filter(|publication| publication.claim(command.permission).is_some())
            .ok_or(PortalError::NotFound)?;
        let ask = Ask::of(publication, command.permission);
        if ask.digest() != command.asked {
            return Err(PortalError::Conflict(Conflict::AskChanged));
        }
        let now = self.now();
        let event = grant
            .audit(command.accept, now, caller.remote)
            .with_details(json!({ "permission": command.permission, "ask": ask, "digest": ask.digest() }));
        let decision = NewPermissionDecision {
            id: self.new_id(),
            permission: command.permission,
            accepted: command.accept,
            ask,
            at: now,
        };
        self.store()
            .insert_permission_decision(&grant, &decision, &[event])
            .await?;
        self.configuration_now().await?;
        // What was approved and waited for this may be applied.
        let plane = &publication.spec.control_plane;
        self.store().wake_waiting_for_plane(plane, now).await?;
        self.work_to_do();
        Ok(())
    }
}
