//! Revokes an API token.

use portico_domain::authz;
use uuid::Uuid;

use super::create_token::about_token;
use crate::permissions::Attempt;
use crate::{Caller, Portal, PortalError, Result};

/// Revokes one of the caller's API tokens, for good.
#[derive(Debug)]
pub struct RevokeToken {
    /// The token.
    pub id: Uuid,
}

impl Portal {
    /// Revokes a token.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] when the caller has no such token; when the database fails.
    pub async fn revoke_token(&self, caller: Caller<'_>, command: RevokeToken) -> Result<()> {
        let grant = authz::revoke_token(caller.viewer, command.id).map_err(Attempt::Token.error())?;
        let token = self
            .store()
            .tokens_of(&authz::own_access(caller.viewer))
            .await?
            .into_iter()
            .find(|token| token.id == command.id)
            .ok_or(PortalError::NotFound)?;
        let event = about_token(grant.audit(self.now(), caller.remote), &token);
        if !self.store().delete_token(&grant, event).await? {
            return Err(PortalError::NotFound);
        }
        Ok(())
    }
}
