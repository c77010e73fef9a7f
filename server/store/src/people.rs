//! People, as their provider described them at their last sign-in.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use portico_domain::authz::{AuditEvent, PeopleScope};
use portico_domain::tenancy::{KnownPerson, Person};
use uuid::Uuid;

use crate::backend::{Query, Row};
use crate::{Result, Store, StoreError};

/// A person with the numbers of their sessions and tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonAccess {
    /// The person.
    pub known: KnownPerson,
    /// Their sessions that have not expired.
    pub sessions: u64,
    /// Their API tokens that have not expired.
    pub tokens: u64,
}

/// The columns of a person, with unambiguous names.
pub(crate) const COLUMNS: &str = "people.subject AS person_subject, people.id AS person_id, people.name AS person_name, people.email AS person_email, people.sso_groups AS person_groups, \
     people.signed_in_at AS person_signed_in_at, people.suspended_at AS person_suspended_at";

impl Store {
    /// Upserts a person as the provider described them at sign-in, and records the sign-in. Ends a suspension of
    /// their tokens; tokens and sessions have the new groups from now on. A known person keeps their id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sign_in(&self, known: &KnownPerson, event: AuditEvent) -> Result<()> {
        let groups = serde_json::to_string(&known.groups)
            .map_err(|error| StoreError::unreadable("a person's groups", error))?;
        let upsert = Query::new(
            "INSERT INTO people (subject, id, name, email, sso_groups, signed_in_at, suspended_at) \
             VALUES ($1, $2, $3, $4, $5, $6, NULL) \
             ON CONFLICT (subject) DO UPDATE SET name = excluded.name, email = excluded.email, \
             sso_groups = excluded.sso_groups, signed_in_at = excluded.signed_in_at, \
             suspended_at = NULL",
            [
                known.person.subject.as_str().into(),
                known.id.to_string().into(),
                known.person.name.as_str().into(),
                known.person.email.as_deref().into(),
                groups.into(),
                known.signed_in_at.into(),
            ],
        );
        let mut transaction = self.backend.begin().await?;
        transaction.execute(upsert).await?;
        crate::audit_log::append(&mut *transaction, &[event]).await?;
        transaction.commit().await
    }

    /// Selects the person with that [`Person::subject`]. `None` if they never signed in.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn known_person(&self, subject: &str) -> Result<Option<KnownPerson>> {
        let mut select = Query::new("SELECT ", []);
        select
            .push(COLUMNS)
            .push(" FROM people WHERE people.subject = ")
            .bind(subject);
        let rows = self.backend.fetch(select).await?;
        rows.first().map(KnownPerson::try_from).transpose()
    }

    /// Selects the people with these subjects, as [`Store::known_person`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn known_people(&self, subjects: &BTreeSet<String>) -> Result<BTreeMap<String, KnownPerson>> {
        if subjects.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut select = Query::new("SELECT ", []);
        select
            .push(COLUMNS)
            .push(" FROM people WHERE people.subject IN ")
            .bind_list(subjects.iter().map(String::as_str));
        let rows = self.backend.fetch(select).await?;
        rows.iter()
            .map(|row| {
                let known = KnownPerson::try_from(row)?;
                Ok((known.person.subject.clone(), known))
            })
            .collect()
    }

    /// Selects the person with that id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn person(&self, _scope: &PeopleScope, id: Uuid) -> Result<Option<KnownPerson>> {
        let mut select = Query::new("SELECT ", []);
        select
            .push(COLUMNS)
            .push(" FROM people WHERE people.id = ")
            .bind(id.to_string());
        let rows = self.backend.fetch(select).await?;
        rows.first().map(KnownPerson::try_from).transpose()
    }

    /// Selects people with `words` in their name, e-mail address or subject, last signed in first; at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn people(
        &self,
        _scope: &PeopleScope,
        words: &str,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<PersonAccess>> {
        let mut select = Query::new("SELECT ", []);
        select.push(COLUMNS);
        for (count, name) in [
            (
                ", (SELECT COUNT(*) FROM sessions WHERE sessions.subject = people.subject AND sessions.expires_at > ",
                ") AS open_sessions",
            ),
            (
                ", (SELECT COUNT(*) FROM api_tokens WHERE api_tokens.subject = people.subject AND api_tokens.expires_at > ",
                ") AS open_tokens",
            ),
        ] {
            select.push(count).bind(now).push(name);
        }
        select.push(" FROM people");
        let words = words.trim().to_lowercase();
        if !words.is_empty() {
            let escaped = words
                .replace('\\', "\\\\")
                .replace('%', "\\%")
                .replace('_', "\\_");
            select
                .push(" WHERE LOWER(people.name || ' ' || COALESCE(people.email, '') || ' ' || people.subject) LIKE ")
                .bind(format!("%{escaped}%"))
                .push(" ESCAPE '\\'");
        }
        select
            .push(" ORDER BY people.signed_in_at DESC, people.subject LIMIT ")
            .bind(i64::from(limit));
        let rows = self.backend.fetch(select).await?;
        rows.iter()
            .map(|row| {
                let count = |column| Ok::<_, StoreError>(u64::try_from(row.integer(column)?).unwrap_or(0));
                Ok(PersonAccess {
                    known: row.try_into()?,
                    sessions: count("open_sessions")?,
                    tokens: count("open_tokens")?,
                })
            })
            .collect()
    }
}

impl TryFrom<&Row> for KnownPerson {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.parsed("person_id")?,
            person: Person {
                subject: row.text("person_subject")?,
                name: row.text("person_name")?,
                email: row.text_if_any("person_email")?,
            },
            groups: row.json("person_groups")?,
            signed_in_at: row.time("person_signed_in_at")?,
            suspended_at: row.time_if_any("person_suspended_at")?,
        })
    }
}
