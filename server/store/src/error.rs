use std::time::Duration;

use portico_domain::names::RequestId;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else changed the request since it was read. Read it again and judge anew.
    #[error("request {0} was changed by somebody else in the meantime")]
    Stale(RequestId),
    /// Another request about the same claim is still open.
    #[error("another request about this claim is still open")]
    ClaimBusy {
        /// That request, unless it ended at this very moment.
        by: Option<RequestId>,
    },
    /// The grant was made for another request, or for another state of it.
    #[error("the grant does not cover request {0} as it was to be written")]
    NotCovered(RequestId),
    /// There is a row of this identity already.
    #[error("{0} exists already")]
    Duplicate(String),
    /// There is room for no more.
    #[error("there is room for no more: {0}")]
    Full(String),
    /// The database's address cannot be used.
    #[error("the database address {url:?} cannot be used: {why}")]
    Address {
        /// The address, without its password.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The database did not come up in time.
    #[error("the database at {url} did not answer within {} seconds: {source}", waited.as_secs())]
    Unreachable {
        /// The address, without its password.
        url: String,
        /// How long it was waited for.
        waited: Duration,
        /// The last failure.
        source: Box<StoreError>,
    },
    /// The schema could not be brought up to date.
    #[error("the database's schema could not be brought up to date: {0}")]
    Migration(#[source] sqlx::migrate::MigrateError),
    /// What stands in the database cannot be understood: it was written by other hands or a newer Portico.
    #[error("the database holds something that cannot be read: {what}: {why}")]
    Unreadable {
        /// Where it stands.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[source] sqlx::Error),
}

impl StoreError {
    /// Whether it may succeed when tried again later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Database(error) => match error {
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::WorkerCrashed => true,
                // PostgreSQL: class 08 connection, 40 rollback, 53 resources, 57 operator intervention
                // (starting up, shutting down). SQLite: 5 busy, 6 locked, and their extended codes.
                sqlx::Error::Database(error) => error.code().is_some_and(|code| {
                    ["08", "40", "53", "57"]
                        .iter()
                        .any(|class| code.len() == 5 && code.starts_with(class))
                        || code
                            .parse::<u32>()
                            .is_ok_and(|code| matches!(code & 0xff, 5 | 6) && code < 100_000)
                }),
                _ => false,
            },
            _ => false,
        }
    }

    pub(crate) fn unreadable(what: impl Into<String>, why: impl std::fmt::Display) -> Self {
        Self::Unreadable {
            what: what.into(),
            why: why.to_string(),
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Migrate(error) => Self::Migration(*error),
            other => Self::Database(other),
        }
    }
}
