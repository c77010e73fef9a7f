use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Connection, PgConnection};

use super::migrations::{self, migrator};
use super::{Backend, Dialect, Query, Row, Transaction, Value};
use crate::{Result, StoreError};

/// How long an operation waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// PostgreSQL 13 or later.
#[derive(Debug)]
pub(crate) struct Postgres(PgPool);

impl Postgres {
    pub(crate) async fn connect(url: &str, shown: &str, connections: u32) -> Result<Self> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|error| StoreError::Address {
                url: shown.to_owned(),
                why: error.to_string(),
            })?
            .application_name("portico");
        // The pool would retry until its own timeout. The probe finds out sooner whether the server is up.
        let probe = tokio::time::timeout(ACQUIRE_TIMEOUT, PgConnection::connect_with(&options));
        probe
            .await
            .map_err(|_| sqlx::Error::PoolTimedOut)??
            .close()
            .await?;
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_lazy_with(options);
        Ok(Self(pool))
    }

    /// True if exactly these migrations are applied. False if that cannot be read; applying them then reports why.
    async fn is_up_to_date(&self, migrator: &Migrator) -> bool {
        let applied: Result<Vec<(i64, Vec<u8>)>, _> =
            sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations WHERE success ORDER BY version")
                .fetch_all(&self.0)
                .await;
        let known: Vec<(i64, Vec<u8>)> = migrator
            .iter()
            .map(|migration| (migration.version, migration.checksum.to_vec()))
            .collect();
        applied.is_ok_and(|applied| applied == known)
    }
}

#[async_trait]
impl Backend for Postgres {
    fn dialect(&self) -> Dialect {
        Dialect {
            skip_locked: " FOR UPDATE SKIP LOCKED",
            single_process: false,
        }
    }

    async fn migrate(&self) -> Result<()> {
        let migrator = migrator(migrations::POSTGRES);
        // Checking needs no right to change the schema, which the serving role should not have.
        if self.is_up_to_date(&migrator).await {
            return Ok(());
        }
        migrator.run(&self.0).await.map_err(StoreError::Migration)
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>> {
        Ok(Box::new(PostgresTransaction(self.0.begin().await?)))
    }

    async fn fetch(&self, query: Query) -> Result<Vec<Row>> {
        let rows = prepared(query).fetch_all(&self.0).await?;
        Ok(rows.into_iter().map(Row::Postgres).collect())
    }

    async fn close(&self) {
        self.0.close().await;
    }
}

struct PostgresTransaction(sqlx::Transaction<'static, sqlx::Postgres>);

#[async_trait]
impl Transaction for PostgresTransaction {
    async fn execute(&mut self, query: Query) -> Result<u64> {
        Ok(prepared(query).execute(&mut *self.0).await?.rows_affected())
    }

    async fn fetch(&mut self, query: Query) -> Result<Vec<Row>> {
        let rows = prepared(query).fetch_all(&mut *self.0).await?;
        Ok(rows.into_iter().map(Row::Postgres).collect())
    }

    async fn commit(self: Box<Self>) -> Result<()> {
        Ok(self.0.commit().await?)
    }
}

prepared!(sqlx::Postgres, sqlx::postgres::PgArguments);
