use std::sync::Arc;
use std::time::Duration;

use portico_domain::names::RequestId;

/// Why an operation of the store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The request was changed since it was read. Read it again and decide again.
    #[error("request {0} was changed by somebody else in the meantime")]
    Stale(RequestId),
    /// Another request about the same claim is still open.
    #[error("another request about this claim is still open")]
    ClaimBusy {
        /// That request; `None` if it ended just now.
        by: Option<RequestId>,
    },
    /// The grant was made for another request, or for another revision of it.
    #[error("the grant does not cover request {0} as it was to be written")]
    NotCovered(RequestId),
    /// A row with this id exists.
    #[error("{0} exists already")]
    Duplicate(String),
    /// The maximum number of rows is reached.
    #[error("there is room for no more: {0}")]
    Full(String),
    /// The database's address is invalid.
    #[error("the database address {url:?} cannot be used: {why}")]
    Address {
        /// The address, without its password.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The database did not start in time.
    #[error("the database at {url} did not answer within {} seconds: {source}", waited.as_secs())]
    Unreachable {
        /// The address, without its password.
        url: String,
        /// How long Portico waited.
        waited: Duration,
        /// The last failure.
        source: Box<StoreError>,
    },
    /// A migration failed.
    #[error("the database's schema could not be brought up to date: {0}")]
    Migration(#[source] sqlx::migrate::MigrateError),
    /// A row cannot be decoded: something else or a newer Portico wrote it.
    #[error("the database holds something that cannot be read: {what}: {why}")]
    Unreadable {
        /// The row or column.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[source] sqlx::Error),
    /// The transactions that were to become durable together did not.
    #[error("the database failed to commit: {0}")]
    NotCommitted(#[source] Arc<sqlx::Error>),
}

impl StoreError {
    /// True if it may succeed when tried again later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Database(error) => is_transient(error),
            Self::NotCommitted(error) => is_transient(error),
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

fn is_transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => {
            true
        }
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
