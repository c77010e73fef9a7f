//! Sessions and API tokens: a person's own, and for platform admins everybody's.

use portico_api::{PeoplePage, PersonPage, PersonRow, SessionRow, SessionsPage};
use portico_domain::authz::{self, AccessOf, EndAccess, Granted};
use portico_domain::documents::TokenRules;
use portico_domain::tenancy::{KnownPerson, Viewer};
use portico_store::{Access, Ended, OpenSession, PersonAccess};
use serde_json::json;
use uuid::Uuid;

use super::permissions::{Denial, platform_admin};
use super::tokens::row as token_row;
use super::{Portal, PortalError, Result};

/// People in a list.
const LISTED: u32 = 200;

impl Portal {
    /// The viewer's own sessions. `current` is the one that asks, where one does.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn own_sessions(&self, viewer: &Viewer, current: Option<&str>) -> Result<SessionsPage> {
        let sessions = self
            .store()
            .sessions_of(&viewer.person.subject, self.now())
            .await?;
        Ok(SessionsPage {
            rows: sessions
                .into_iter()
                .map(|session| session_row(session, current))
                .collect(),
        })
    }

    /// Ends sessions of the viewer's: one, or all but one.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] when they have no such session; when the database fails.
    pub async fn end_own_access(
        &self,
        viewer: &Viewer,
        remote: Option<&str>,
        access: Access<'_>,
    ) -> Result<()> {
        let grant = authz::end_own_access(viewer).map_err(Denial::Token.error())?;
        let ended = self.end(&grant, remote, access).await?;
        if ended == Ended::default() && !matches!(access, Access::OtherSessions(_)) {
            return Err(PortalError::NotFound);
        }
        Ok(())
    }

    /// People who have signed in, with `query` in what they are called.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] for everybody but platform admins; when the database fails.
    pub async fn people_page(&self, viewer: &Viewer, query: &str) -> Result<PeoplePage> {
        platform_admin(viewer)?;
        let mut found = self.store().people(query, LISTED + 1, self.now()).await?;
        let most = usize::try_from(LISTED).unwrap_or(usize::MAX);
        let more = found.len() > most;
        found.truncate(most);
        Ok(PeoplePage {
            query: query.to_owned(),
            rows: found.into_iter().map(|person| self.person_row(person)).collect(),
            more,
        })
    }

    /// One person, with all that can be done in their name.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] for everybody but platform admins, and where there is nobody of that id; when the
    /// database fails.
    pub async fn person_page(&self, viewer: &Viewer, id: Uuid, current: Option<&str>) -> Result<PersonPage> {
        let known = self.known(viewer, id).await?;
        let subject = known.person.subject.clone();
        let now = self.now();
        let sessions = self.store().sessions_of(&subject, now).await?;
        let tokens = self.store().tokens_of(&subject).await?;
        let groups = known.groups.iter().cloned().collect();
        let configuration = self.configuration();
        let rules: &TokenRules = &configuration.portal.spec.tokens;
        let tokens: Vec<_> = tokens.into_iter().map(|token| token_row(token, rules)).collect();
        let row = self.person_row(PersonAccess {
            known,
            sessions: sessions.len().try_into().unwrap_or(u64::MAX),
            tokens: tokens
                .iter()
                .filter(|token| token.expires_at > now)
                .count()
                .try_into()
                .unwrap_or(u64::MAX),
        });
        Ok(PersonPage {
            row,
            subject,
            groups,
            sessions: sessions
                .into_iter()
                .map(|session| session_row(session, current))
                .collect(),
            tokens,
        })
    }

    /// Ends something of somebody's, or everything.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] for everybody but platform admins, and where there is no such thing; when the database
    /// fails.
    pub async fn end_access(
        &self,
        viewer: &Viewer,
        remote: Option<&str>,
        id: Uuid,
        access: Access<'_>,
    ) -> Result<()> {
        let known = self.known(viewer, id).await?;
        let grant = authz::end_access(viewer, &known).map_err(Denial::Token.error())?;
        let ended = self.end(&grant, remote, access).await?;
        if ended == Ended::default() && access != Access::Everything {
            return Err(PortalError::NotFound);
        }
        Ok(())
    }

    async fn known(&self, viewer: &Viewer, id: Uuid) -> Result<KnownPerson> {
        platform_admin(viewer)?;
        self.store().person(id).await?.ok_or(PortalError::NotFound)
    }

    async fn end(
        &self,
        grant: &Granted<AccessOf, EndAccess>,
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

    fn person_row(&self, person: PersonAccess) -> PersonRow {
        let PersonAccess {
            known,
            sessions,
            tokens,
        } = person;
        let configuration = self.configuration();
        let provider = configuration.provider_of(&known.person);
        PersonRow {
            id: known.id,
            provider: provider
                .map(|provider| provider.title.clone().unwrap_or_else(|| provider.name.clone())),
            name: known.person.name,
            email: known.person.email,
            signed_in_at: known.signed_in_at,
            suspended_at: known.suspended_at,
            sessions,
            tokens,
        }
    }
}

fn session_row(session: OpenSession, current: Option<&str>) -> SessionRow {
    let OpenSession {
        id,
        details,
        expires_at,
    } = session;
    SessionRow {
        current: current == Some(id.as_str()),
        id,
        started_at: details.started_at,
        seen_at: details.seen_at,
        expires_at,
        address: details.address,
        browser: details.browser,
    }
}
