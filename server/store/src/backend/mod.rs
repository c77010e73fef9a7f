//! The differences between the databases, behind one small trait.
//!
//! Columns have only two types, `TEXT` and `BIGINT`, so that statements, values and rows are the same for both.
//! `SQLx`'s `Any` driver does less: it cannot begin an immediate transaction, nor distinguish the errors of the
//! databases.

/// A statement with bound values, which differs only by sqlx's types.
macro_rules! prepared {
    ($database:ty, $arguments:ty) => {
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

/// The parts of SQL that differ between the databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// The end of a `SELECT` that locks its rows until the transaction ends.
    pub(crate) skip_locked: &'static str,
    /// True if only one process at a time uses the database.
    pub(crate) single_process: bool,
}

/// A database.
#[async_trait]
pub(crate) trait Backend: Debug + Send + Sync + 'static {
    /// Returns its SQL dialect.
    fn dialect(&self) -> Dialect;

    /// Applies the migrations. Several processes may do so at the same time.
    async fn migrate(&self) -> Result<()>;

    /// Begins a writing transaction. Dropping it rolls it back.
    async fn begin(&self) -> Result<Box<dyn Transaction>>;

    /// Runs one reading statement.
    async fn fetch(&self, query: Query) -> Result<Vec<Row>>;

    /// Closes all connections.
    async fn close(&self);
}

/// An open transaction.
#[async_trait]
pub(crate) trait Transaction: Send {
    /// Runs a statement, and returns the number of affected rows.
    async fn execute(&mut self, query: Query) -> Result<u64>;

    /// Runs a statement that returns rows.
    async fn fetch(&mut self, query: Query) -> Result<Vec<Row>>;

    /// Commits.
    async fn commit(self: Box<Self>) -> Result<()>;
}
