mod writer;

use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use super::migrations::{self, migrator};
use writer::Writer;

use super::{Backend, Dialect, Query, Row, Transaction, Value};
use crate::{Result, StoreError};

/// SQLite's busy timeout.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// SQLite, in a file or in memory. One connection writes; readers use the write-ahead log.
#[derive(Debug)]
pub(crate) struct Sqlite {
    writer: Writer,
    readers: SqlitePool,
}

impl Sqlite {
    pub(crate) async fn connect(url: &str, readers: u32) -> Result<Self> {
        let address = |why: String| StoreError::Address {
            url: url.to_owned(),
            why,
        };
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|error| address(error.to_string()))?
            .create_if_missing(true)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .journal_mode(SqliteJournalMode::Wal)
            // What was reported as submitted must survive a power failure.
            .synchronous(SqliteSynchronous::Full);
        let in_memory = url.contains(":memory:") || url.contains("mode=memory");
        if !in_memory
            && let Some(folder) = options.get_filename().parent()
            && !folder.as_os_str().is_empty()
        {
            tokio::fs::create_dir_all(folder).await.map_err(|error| {
                address(format!("the folder {} cannot be made: {error}", folder.display()))
            })?;
        }
        if !in_memory {
            let file = options.get_filename().to_owned();
            let restricted = tokio::task::spawn_blocking(move || restrict_permissions(&file)).await;
            restricted
                .map_err(std::io::Error::other)
                .flatten()
                .map_err(|error| address(format!("its file cannot be made its owner's alone: {error}")))?;
        }
        // A database in memory lives as long as its only connection.
        let pool = |size| {
            SqlitePoolOptions::new()
                .max_connections(size)
                .min_connections(1)
                .idle_timeout(None)
                .max_lifetime(None)
                .acquire_timeout(BUSY_TIMEOUT + Duration::from_secs(20))
        };
        let file = options.get_filename().to_owned();
        let open_error = |error: sqlx::Error| {
            address(format!(
                "the file {} cannot be opened: {error}. Its folder must be one that Portico may write to; --database or \
                 PORTICO_DATABASE names another place",
                file.display()
            ))
        };
        let writer = pool(1).connect_with(options.clone()).await.map_err(open_error)?;
        let readers = if in_memory {
            writer.clone()
        } else {
            pool(readers)
                .connect_with(options.read_only(true))
                .await
                .map_err(open_error)?
        };
        Ok(Self {
            writer: Writer::start(writer),
            readers,
        })
    }
}

/// Restricts the database's file and its auxiliary files to their owner (mode 0600), since they contain sessions.
/// SQLite gives new auxiliary files the same mode.
#[cfg(unix)]
fn restrict_permissions(file: &std::path::Path) -> std::io::Result<()> {
    use std::fs::{OpenOptions, Permissions, set_permissions};
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(file)?;
    for end in ["", "-wal", "-shm", "-journal"] {
        let mut name = file.as_os_str().to_owned();
        name.push(end);
        match set_permissions(&name, Permissions::from_mode(0o600)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn restrict_permissions(_: &std::path::Path) -> std::io::Result<()> {
    Ok(())
}

#[async_trait]
impl Backend for Sqlite {
    fn dialect(&self) -> Dialect {
        // Transactions begin immediate: there is one writer, so no row can be locked by another.
        Dialect {
            skip_locked: "",
            single_process: true,
        }
    }

    async fn migrate(&self) -> Result<()> {
        migrator(migrations::SQLITE)
            .run(self.writer.pool())
            .await
            .map_err(StoreError::Migration)
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>> {
        Ok(Box::new(self.writer.begin().await?))
    }

    async fn fetch(&self, query: Query) -> Result<Vec<Row>> {
        let rows = prepared(query).fetch_all(&self.readers).await?;
        Ok(rows.into_iter().map(Row::Sqlite).collect())
    }

    async fn close(&self) {
        self.readers.close().await;
        self.writer.pool().close().await;
    }
}

prepared!(sqlx::Sqlite, sqlx::sqlite::SqliteArguments);
