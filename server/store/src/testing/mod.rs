//! What tests of this and other crates need: a database of either kind that is theirs alone, and
//! requests to put into it. Behind the feature `testing`; no part of the program.

mod postgres;
mod sample;
mod statements;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use tempfile::TempDir;

pub use postgres::PostgresServer;
pub use sample::{event, request};
pub use statements::{Statement, Statements};

use crate::{Settings, Store};

/// A store over an empty database that is removed with it.
#[derive(Debug)]
pub struct TestStore {
    /// The store.
    pub store: Store,
    /// The address of its database, for further connections.
    pub url: String,
    _folder: Option<TempDir>,
}

/// Does what somebody with the database's password could do.
///
/// # Panics
/// When the database does not do it.
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

/// A store over an SQLite file.
///
/// # Panics
/// When it cannot be made.
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

/// A store over a database of PostgreSQL; `None`, said on standard error as a line `SKIP: …`, where
/// PostgreSQL is not installed.
///
/// # Panics
/// When it cannot be made; when PostgreSQL is not installed and `PORTICO_REQUIRE_POSTGRES=1`.
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
