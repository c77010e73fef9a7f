//! Sessions and API tokens of a person: listing and ending them.

use jiff::Timestamp;
use portico_domain::authz::{AccessOf, AccessScope, AuditEvent, EndAccess, Granted};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tower_sessions_core::session::Id;
use uuid::Uuid;

use crate::backend::Query;
use crate::sessions::hashed;
use crate::{Result, Store};

/// The key of a session's data that holds its [`SessionDetails`].
pub const DETAILS_KEY: &str = "details";

/// Details that help people recognize a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionDetails {
    /// When they signed in.
    pub started_at: Timestamp,
    /// When it was last used, to the minute.
    pub seen_at: Timestamp,
    /// The address that they signed in from.
    pub address: Option<String>,
    /// The browser, in a few words.
    pub browser: Option<String>,
}

/// A session without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSession {
    /// Its public id: the hash of the cookie's value, which does not allow signing in.
    pub id: String,
    /// Its details.
    pub details: SessionDetails,
    /// When it expires unless it is used.
    pub expires_at: Timestamp,
}

/// Which access of a person to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access<'a> {
    /// One session.
    Session(&'a str),
    /// All sessions but this one.
    OtherSessions(&'a str),
    /// One API token.
    Token(Uuid),
    /// All sessions and API tokens.
    Everything,
}

/// Numbers of sessions and tokens that were ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ended {
    /// Sessions.
    pub sessions: u64,
    /// API tokens.
    pub tokens: u64,
}

/// Returns the public id of a session.
#[must_use]
pub fn session_key(id: &Id) -> String {
    hashed(id)
}

impl Store {
    /// Selects a person's sessions that have not expired, last used first; at most 200.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sessions_of(&self, scope: &AccessScope, now: Timestamp) -> Result<Vec<OpenSession>> {
        let select = "SELECT id_hash, data, created_at, expires_at FROM sessions \
                      WHERE subject = $1 AND expires_at > $2 ORDER BY created_at DESC LIMIT 200";
        let rows = self
            .backend
            .fetch(Query::new(select, [scope.subject().into(), now.into()]))
            .await?;
        let mut sessions = Vec::with_capacity(rows.len());
        for row in &rows {
            let created_at = row.time("created_at")?;
            let mut data: Value = row.json("data")?;
            // Sessions from before details were stored only have their creation time.
            let details = serde_json::from_value(data[DETAILS_KEY].take()).unwrap_or(SessionDetails {
                started_at: created_at,
                seen_at: created_at,
                address: None,
                browser: None,
            });
            sessions.push(OpenSession {
                id: row.text("id_hash")?,
                details,
                expires_at: row.time("expires_at")?,
            });
        }
        sessions.sort_by_key(|session| std::cmp::Reverse(session.details.seen_at));
        Ok(sessions)
    }

    /// Selects the stored data of a session, for tests.
    ///
    /// # Errors
    /// When the database fails, or has no such session.
    #[cfg(feature = "testing")]
    pub async fn session_data(&self, id: &str) -> Result<String> {
        let select = "SELECT data FROM sessions WHERE id_hash = $1";
        let rows = self.backend.fetch(Query::new(select, [id.into()])).await?;
        let row = rows
            .first()
            .ok_or_else(|| crate::StoreError::unreadable("session", "there is none"))?;
        row.text("data")
    }

    /// Deletes sessions and tokens of the person that the grant names, and records it. Nothing is recorded if nothing
    /// was deleted.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_access(
        &self,
        grant: &Granted<AccessOf, EndAccess>,
        access: Access<'_>,
        event: impl FnOnce(Ended) -> AuditEvent + Send,
    ) -> Result<Ended> {
        let subject = grant.target().subject.as_str();
        let mut ended = Ended::default();
        let mut transaction = self.backend.begin().await?;
        let sessions = match access {
            Access::Session(id) => Some(Query::new(
                "DELETE FROM sessions WHERE subject = $1 AND id_hash = $2",
                [subject.into(), id.into()],
            )),
            Access::OtherSessions(except) => Some(Query::new(
                "DELETE FROM sessions WHERE subject = $1 AND id_hash <> $2",
                [subject.into(), except.into()],
            )),
            Access::Everything => Some(Query::new(
                "DELETE FROM sessions WHERE subject = $1",
                [subject.into()],
            )),
            Access::Token(_) => None,
        };
        let tokens = match access {
            Access::Token(id) => Some(Query::new(
                "DELETE FROM api_tokens WHERE subject = $1 AND id = $2",
                [subject.into(), id.to_string().into()],
            )),
            Access::Everything => Some(Query::new(
                "DELETE FROM api_tokens WHERE subject = $1",
                [subject.into()],
            )),
            Access::Session(_) | Access::OtherSessions(_) => None,
        };
        if let Some(sessions) = sessions {
            ended.sessions = transaction.execute(sessions).await?;
        }
        if let Some(tokens) = tokens {
            ended.tokens = transaction.execute(tokens).await?;
        }
        if ended != Ended::default() {
            crate::audit_log::append(&mut *transaction, &[event(ended)]).await?;
        }
        transaction.commit().await?;
        Ok(ended)
    }
}
