//! Ends sessions and API tokens: a person's own, and for platform admins everybody's.

use portico_domain::authz::{self, AccessOf, EndAccess as MayEnd, Granted};
use portico_store::{Access, Ended};
use serde_json::json;
use uuid::Uuid;

use crate::permissions::{Attempt, read_people};
use crate::{Caller, Portal, PortalError, Result};

/// Ends sessions of the caller's own.
#[derive(Debug)]
pub struct EndOwnAccess<'a> {
    /// Which.
    pub access: Access<'a>,
}

/// Ends sessions and tokens of a person.
#[derive(Debug)]
pub struct EndAccess<'a> {
    /// The person's id.
    pub person: Uuid,
    /// Which of their sessions and tokens.
    pub access: Access<'a>,
}

impl Portal {
    /// Ends sessions of the caller's own.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] when they have no such session; when the database fails.
    pub async fn end_own_access(&self, caller: Caller<'_>, command: EndOwnAccess<'_>) -> Result<()> {
        let grant = authz::end_own_access(caller.viewer).map_err(Attempt::Token.error())?;
        let ended = self.end(&grant, caller.remote, command.access).await?;
        if ended == Ended::default() && !matches!(command.access, Access::OtherSessions(_)) {
            return Err(PortalError::NotFound);
        }
        Ok(())
    }

    /// Ends sessions and tokens of a person.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] for everybody except platform admins, and when there is no such person, session or
    /// token; when the database fails.
    pub async fn end_access(&self, caller: Caller<'_>, command: EndAccess<'_>) -> Result<()> {
        let people = read_people(caller.viewer)?;
        let known = self.known(&people, command.person).await?;
        let grant = authz::end_access(caller.viewer, &known).map_err(Attempt::Token.error())?;
        let ended = self.end(&grant, caller.remote, command.access).await?;
        if ended == Ended::default() && command.access != Access::Everything {
            return Err(PortalError::NotFound);
        }
        Ok(())
    }

    async fn end(
        &self,
        grant: &Granted<AccessOf, MayEnd>,
        remote: Option<&str>,
        access: Access<'_>,
    ) -> Result<Ended> {
        let now = self.now();
        let event = |ended: Ended| {
            let details = json!({ "sessions": ended.sessions, "tokens": ended.tokens });
            grant.audit(now, remote).with_details(details)
        };
        Ok(self.store().end_access(grant, access, event).await?)
    }
}

#[cfg(test)]
mod tests {
    use portico_domain::tenancy::TokenScope;

    use super::*;
    use crate::CreateToken;
    use crate::testing::{TestApp, caller, developer, everyone, platform_admin};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn platform_admins_end_what_others_can_do() {
        let app = TestApp::new().await;
        let token = CreateToken {
            name: "ci".to_owned(),
            days: 30,
            scope: TokenScope::Read,
        };
        app.portal
            .create_token(caller(&developer(0)), &token)
            .await
            .unwrap();
        let people = app
            .portal
            .people_page(&platform_admin(), "developer-0")
            .await
            .unwrap();
        let person = people.rows[0].id;
        for (who, viewer) in everyone() {
            let command = EndAccess {
                person,
                access: Access::Everything,
            };
            let ended = app.portal.end_access(caller(&viewer), command).await;
            match who {
                "platform admin" => assert!(ended.is_ok(), "{ended:?}"),
                _ => assert!(matches!(ended, Err(PortalError::NotFound)), "{who}: {ended:?}"),
            }
        }
        assert!(app.portal.tokens(&developer(0)).await.unwrap().is_empty());
        for (person, access) in [
            (Uuid::nil(), Access::Everything),
            (person, Access::Token(Uuid::nil())),
            (person, Access::Session("none")),
        ] {
            let command = EndAccess { person, access };
            let ended = app.portal.end_access(caller(&platform_admin()), command).await;
            assert!(
                matches!(ended, Err(PortalError::NotFound)),
                "{access:?}: {ended:?}"
            );
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn people_end_sessions_of_their_own() {
        let app = TestApp::new().await;
        let end = async |access| {
            let command = EndOwnAccess { access };
            app.portal.end_own_access(caller(&developer(0)), command).await
        };
        assert!(
            end(Access::OtherSessions("mine")).await.is_ok(),
            "there may be none"
        );
        let missing = end(Access::Session("none")).await;
        assert!(matches!(missing, Err(PortalError::NotFound)), "{missing:?}");
    }
}
