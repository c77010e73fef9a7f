//! Test support for this and other crates: empty databases of both kinds, and sample requests. Behind the feature
//! `testing`; not part of the program.

mod postgres;
mod sample;
mod statements;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use tempfile::TempDir;

pub use postgres::PostgresServer;
pub use sample::{event, request};
pub use statements::{Statement, Statements};

use crate::{Settings, Store};

/// A store with an empty database that is removed with it.
#[derive(Debug)]
pub struct TestStore {
    /// The store.
    pub store: Store,
    /// The address of its database, for further connections.
    pub url: String,
    _folder: Option<TempDir>,
}

/// Runs a statement on a separate connection, bypassing the store.
///
/// # Panics
/// When the statement fails.
#[expect(clippy::unwrap_used, reason = "for tests: failing loudly is what they want")]
pub async fn run(url: &str, statement: &str) {
    let query = sqlx::raw_sql(AssertSqlSafe(statement.to_owned()));
    if url.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(url).await.unwrap();
        query.execute(&mut connection).await.unwrap();
    } else {
        let mut connection = PgConnection::connect(url).await.unwrap();
        query.execute(&mut connection).await.unwrap();
    }
}

/// Creates a store with an SQLite file.
///
/// # Panics
/// When it cannot be created.
#[expect(clippy::unwrap_used, reason = "for tests: failing loudly is what they want")]
pub async fn sqlite() -> TestStore {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("portico.db").display());
    let store = Store::connect(&url, &Settings::default()).await.unwrap();
    TestStore {
        store,
        url,
        _folder: Some(folder),
    }
}

/// Creates a store with a PostgreSQL database. `None`, with a line `SKIP: …` on standard error, if PostgreSQL is not
/// installed.
///
/// # Panics
/// When it cannot be created; when PostgreSQL is not installed and `PORTICO_REQUIRE_POSTGRES=1`.
#[expect(clippy::unwrap_used, reason = "for tests: failing loudly is what they want")]
pub async fn postgres(test: &str) -> Option<TestStore> {
    let server = PostgresServer::shared(test)?;
    let url = server.fresh_database().await.unwrap();
    let store = Store::connect(&url, &Settings::default()).await.unwrap();
    Some(TestStore {
        store,
        url,
        _folder: None,
    })
}
