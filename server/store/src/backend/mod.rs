//! What differs between the databases, behind one small face: run this text with these values.
//!
//! Columns are of two kinds only, `TEXT` and `BIGINT`, so that the same statements, the same
//! values and the same rows serve both. `SQLx`'s `Any` driver would do less: it can neither begin an
//! immediate transaction nor tell one database's errors from the other's.

/// What is the same on both but for sqlx's types: an open transaction, and a statement with its values bound.
macro_rules! statements {
    ($transaction:ident, $database:ty, $arguments:ty, $row:path) => {
        struct $transaction(sqlx::Transaction<'static, $database>);

        #[async_trait]
        impl Transaction for $transaction {
            async fn execute(&mut self, query: Query) -> Result<u64> {
                Ok(prepared(query).execute(&mut *self.0).await?.rows_affected())
            }

            async fn fetch(&mut self, query: Query) -> Result<Vec<Row>> {
                let rows = prepared(query).fetch_all(&mut *self.0).await?;
                Ok(rows.into_iter().map($row).collect())
            }

            async fn commit(self: Box<Self>) -> Result<()> {
                Ok(self.0.commit().await?)
            }
        }

        fn prepared(query: Query) -> sqlx::query::Query<'static, $database, $arguments> {
            let (text, values) = query.into_parts();
            values
                .into_iter()
                .fold(sqlx::query(text), |query, value| match value {
                    Value::Text(text) => query.bind(text),
                    Value::Integer(integer) => query.bind(integer),
                })
        }
    };
}

mod migrations;
mod postgres;
mod query;
mod row;
mod sqlite;

use std::fmt::Debug;

use async_trait::async_trait;

pub(crate) use postgres::Postgres;
pub(crate) use query::{Query, Value};
pub(crate) use row::Row;
pub(crate) use sqlite::Sqlite;

use crate::Result;

/// The few words in which statements differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// Ends a `SELECT` in a writing transaction whose rows nobody else shall take meanwhile.
    pub(crate) skip_locked: &'static str,
    /// Whether one process at a time uses the database.
    pub(crate) one_process: bool,
}

/// A database.
#[async_trait]
pub(crate) trait Backend: Debug + Send + Sync + 'static {
    /// The words in which its statements differ.
    fn dialect(&self) -> Dialect;

    /// Brings the schema up to date. Several processes may do so at once.
    async fn migrate(&self) -> Result<()>;

    /// Begins to write. Dropped without [`Transaction::commit`], nothing has happened.
    async fn begin(&self) -> Result<Box<dyn Transaction>>;

    /// Reads by one statement.
    async fn fetch(&self, query: Query) -> Result<Vec<Row>>;

    /// Ends all connections.
    async fn close(&self);
}

/// Several statements that happen together or not at all.
#[async_trait]
pub(crate) trait Transaction: Send {
    /// Runs a statement; how many rows it touched.
    async fn execute(&mut self, query: Query) -> Result<u64>;

    /// Runs a statement that yields rows.
    async fn fetch(&mut self, query: Query) -> Result<Vec<Row>>;

    /// Makes it last.
    async fn commit(self: Box<Self>) -> Result<()>;
}
