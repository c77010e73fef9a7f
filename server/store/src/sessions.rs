//! Browser sessions. The database contains the SHA-256 of a session's id, never the id, so that read access to the
//! table does not allow signing in.

use std::collections::HashMap;

use async_trait::async_trait;
use jiff::Timestamp;
use portico_domain::authz::AuditEvent;
use serde_json::Value;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use tower_sessions_core::SessionStore;
use tower_sessions_core::session::{Id, Record};
use tower_sessions_core::session_store::{Error, Result as SessionResult};

use crate::backend::Query;
use crate::{Result, Store};

/// The key of the person's subject, a string, in a session's data. [`Store::end_sessions_of`] needs it.
pub const SUBJECT_KEY: &str = "subject";
/// The key of the identity provider's `sid`, a string, in a session's data. [`Store::apply_backchannel_logout`] needs
/// it (OpenID Connect Back-Channel Logout 1.0).
pub const PROVIDER_SESSION_KEY: &str = "sid";

/// A logout from a provider's logout token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Logout<'a> {
    /// The provider.
    pub issuer: &'a str,
    /// The token's `jti`.
    pub token: &'a str,
    /// When the token is rejected because of its age.
    pub expires_at: Timestamp,
    /// The person: [`portico_domain::tenancy::Person::subject`].
    pub subject: Option<&'a str>,
    /// The provider's `sid`.
    pub provider_session: Option<&'a str>,
    /// True to suspend the API tokens of the sessions' owners until they sign in again.
    pub suspends: bool,
    /// The current time.
    pub at: Timestamp,
}

/// The effect of a logout.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogoutEffect {
    /// Number of sessions that it ended.
    pub sessions: u64,
    /// Number of people whose tokens it suspended.
    pub suspended: u64,
}

/// The session store for `tower-sessions`.
#[derive(Debug, Clone)]
pub struct Sessions {
    store: Store,
    clock: fn() -> Timestamp,
}

impl Sessions {
    /// Creates a session store with the system's clock.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self {
            store,
            clock: Timestamp::now,
        }
    }

    /// Creates a session store with another clock.
    #[must_use]
    pub fn with_clock(store: Store, clock: fn() -> Timestamp) -> Self {
        Self { store, clock }
    }
}

impl Store {
    /// Deletes all sessions of a person, and returns their number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_sessions_of(&self, subject: &str) -> Result<u64> {
        self.write(Query::new(
            "DELETE FROM sessions WHERE subject = $1",
            [subject.into()],
        ))
        .await
    }

    /// Applies an OpenID Connect back-channel logout: deletes the sessions, suspends tokens if the logout says so,
    /// and records the effect, if any. `None` if the same logout token was applied before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn apply_backchannel_logout(
        &self,
        logout: &Logout<'_>,
        event: impl FnOnce(LogoutEffect) -> AuditEvent + Send,
    ) -> Result<Option<LogoutEffect>> {
        let mut transaction = self.backend.begin().await?;
        let spend = Query::new(
            "INSERT INTO logout_tokens (issuer, token, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            [
                logout.issuer.into(),
                logout.token.into(),
                logout.expires_at.into(),
            ],
        );
        if transaction.execute(spend).await? == 0 {
            return Ok(None);
        }
        let mut effect = LogoutEffect::default();
        if logout.subject.is_some() || logout.provider_session.is_some() {
            if logout.suspends {
                effect.suspended = transaction.execute(logout.suspend()).await?;
            }
            let mut end = Query::new("DELETE FROM sessions", []);
            logout.write_sessions(&mut end);
            effect.sessions = transaction.execute(end).await?;
        }
        if effect != LogoutEffect::default() {
            crate::audit_log::append(&mut *transaction, &[event(effect)]).await?;
        }
        transaction.commit().await?;
        Ok(Some(effect))
    }

    /// Deletes expired sessions and expired logout tokens. Returns the number of sessions.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sweep_sessions(&self, now: Timestamp) -> Result<u64> {
        self.write(Query::new(
            "DELETE FROM logout_tokens WHERE expires_at <= $1",
            [now.into()],
        ))
        .await?;
        self.write(Query::new(
            "DELETE FROM sessions WHERE expires_at <= $1",
            [now.into()],
        ))
        .await
    }
}

impl Logout<'_> {
    /// Appends the condition for the sessions that the logout ends.
    fn write_sessions(&self, query: &mut Query) {
        query.push(" WHERE ");
        self.write_issuer(query);
        if let Some(subject) = self.subject {
            query.push(" AND subject = ").bind(subject);
        }
        if let Some(sid) = self.provider_session {
            query.push(" AND (provider_session = ").bind(sid);
            if self.subject.is_some() {
                // The provider sent no `sid` at sign-in, so it may be this session.
                query.push(" OR provider_session IS NULL");
            }
            query.push(")");
        }
    }

    /// Builds the statement that suspends the tokens of the person, or of the session's owner.
    fn suspend(&self) -> Query {
        let mut suspend = Query::new("UPDATE people SET suspended_at = ", []);
        suspend.bind(self.at).push(" WHERE suspended_at IS NULL AND ");
        self.write_issuer(&mut suspend);
        if let Some(subject) = self.subject {
            suspend.push(" AND subject = ").bind(subject);
        } else {
            suspend.push(" AND subject IN (SELECT subject FROM sessions");
            self.write_sessions(&mut suspend);
            suspend.push(")");
        }
        suspend
    }

    /// Appends the condition for sessions of this provider: it may end no others.
    fn write_issuer(&self, query: &mut Query) {
        let prefix = format!("{}#", self.issuer);
        let length = i64::try_from(prefix.chars().count()).unwrap_or(i64::MAX);
        query
            .push("substr(subject, 1, CAST(")
            .bind(length)
            .push(" AS INTEGER)) = ")
            .bind(prefix);
    }
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> SessionResult<()> {
        // An id has 128 random bits; if it is taken, another one is generated.
        loop {
            let insert = Query::new(
                "INSERT INTO sessions (id_hash, subject, provider_session, data, created_at, expires_at) \
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id_hash) DO NOTHING",
                [
                    hashed(&record.id).into(),
                    text(&record.data, SUBJECT_KEY).into(),
                    text(&record.data, PROVIDER_SESSION_KEY).into(),
                    encoded(&record.data)?.into(),
                    (self.clock)().into(),
                    microseconds(record.expiry_date).into(),
                ],
            );
            if self.store.write(insert).await.map_err(backend)? > 0 {
                return Ok(());
            }
            record.id = Id::default();
        }
    }

    /// Updates an existing session. A session that was ended meanwhile stays ended.
    async fn save(&self, record: &Record) -> SessionResult<()> {
        let update = Query::new(
            "UPDATE sessions SET subject = $1, provider_session = $2, data = $3, expires_at = $4 WHERE id_hash = $5",
            [
                text(&record.data, SUBJECT_KEY).into(),
                text(&record.data, PROVIDER_SESSION_KEY).into(),
                encoded(&record.data)?.into(),
                microseconds(record.expiry_date).into(),
                hashed(&record.id).into(),
            ],
        );
        self.store.write(update).await.map_err(backend).map(|_| ())
    }

    async fn load(&self, id: &Id) -> SessionResult<Option<Record>> {
        let select = Query::new(
            "SELECT data, expires_at FROM sessions WHERE id_hash = $1 AND expires_at > $2",
            [hashed(id).into(), (self.clock)().into()],
        );
        let rows = self.store.backend.fetch(select).await.map_err(backend)?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let expires_at = row.integer("expires_at").map_err(backend)?;
        Ok(Some(Record {
            id: *id,
            data: row
                .json("data")
                .map_err(|error| Error::Decode(error.to_string()))?,
            expiry_date: OffsetDateTime::from_unix_timestamp_nanos(i128::from(expires_at) * 1000)
                .map_err(|error| Error::Decode(error.to_string()))?,
        }))
    }

    async fn delete(&self, id: &Id) -> SessionResult<()> {
        let delete = Query::new("DELETE FROM sessions WHERE id_hash = $1", [hashed(id).into()]);
        self.store.write(delete).await.map_err(backend).map(|_| ())
    }
}

pub(crate) fn hashed(id: &Id) -> String {
    hex::encode(Sha256::digest(id.0.to_le_bytes()))
}

fn text<'d>(data: &'d HashMap<String, Value>, key: &str) -> Option<&'d str> {
    data.get(key).and_then(Value::as_str)
}

fn encoded(data: &HashMap<String, Value>) -> SessionResult<String> {
    serde_json::to_string(data).map_err(|error| Error::Encode(error.to_string()))
}

fn microseconds(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX)
}

fn backend(error: impl std::fmt::Display) -> Error {
    Error::Backend(error.to_string())
}
