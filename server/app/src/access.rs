//! Sessions and API tokens: a person's own, and for platform admins everybody's.

use portico_api::{PeoplePage, PersonPage, PersonRow, SessionRow, SessionsPage};
use portico_domain::documents::TokenRules;
use portico_domain::tenancy::{KnownPerson, Viewer};
use portico_store::{OpenSession, PersonAccess};
use uuid::Uuid;

use super::permissions::read_people;
use super::tokens::row as token_row;
use super::{Portal, PortalError, Result};
use portico_domain::authz::{self, PeopleScope};

/// People listed at most.
const MAX_PEOPLE: u32 = 200;

impl Portal {
    /// Returns the viewer's own sessions. `current` is the session that asks, if any.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn own_sessions(&self, viewer: &Viewer, current: Option<&str>) -> Result<SessionsPage> {
        let sessions = self
            .store()
            .sessions_of(&authz::own_access(viewer), self.now())
            .await?;
        Ok(SessionsPage {
            rows: sessions
                .into_iter()
                .map(|session| session_row(session, current))
                .collect(),
        })
    }

    /// Returns the people who have signed in and who match `query`.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] for everybody but platform admins; when the database fails.
    pub async fn people_page(&self, viewer: &Viewer, query: &str) -> Result<PeoplePage> {
        let people = read_people(viewer)?;
        let mut found = self
            .store()
            .people(&people, query, MAX_PEOPLE + 1, self.now())
            .await?;
        let most = usize::try_from(MAX_PEOPLE).unwrap_or(usize::MAX);
        let more = found.len() > most;
        found.truncate(most);
        Ok(PeoplePage {
            query: query.to_owned(),
            rows: found.into_iter().map(|person| self.person_row(person)).collect(),
            more,
        })
    }

    /// Returns one person with their sessions and tokens.
    ///
    /// # Errors
    /// [`PortalError::NotFound`] for everybody but platform admins, and where there is nobody of that id; when the
    /// database fails.
    pub async fn person_page(&self, viewer: &Viewer, id: Uuid, current: Option<&str>) -> Result<PersonPage> {
        let people = read_people(viewer)?;
        let known = self.known(&people, id).await?;
        let scope = people.access_of(&known);
        let subject = known.person.subject.clone();
        let now = self.now();
        let sessions = self.store().sessions_of(&scope, now).await?;
        let tokens = self.store().tokens_of(&scope).await?;
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

    pub(crate) async fn known(&self, people: &PeopleScope, id: Uuid) -> Result<KnownPerson> {
        self.store()
            .person(people, id)
            .await?
            .ok_or(PortalError::NotFound)
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
