use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::backend::{Backend, Dialect, Query, Row, Transaction};
use crate::{Result, Store};

/// The statements that a store has run.
#[derive(Debug, Clone, Default)]
pub struct Statements(Arc<Mutex<Vec<Statement>>>);

/// A statement with its values.
#[derive(Debug, Clone)]
pub struct Statement(Query);

impl Statement {
    /// Returns its text, with placeholders.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.text()
    }

    /// Prepares it, and returns the database's query plan.
    ///
    /// # Errors
    /// When the database rejects the statement.
    pub async fn plan(&self, store: &Store) -> Result<String> {
        let single_process = store.backend.dialect().single_process;
        let (explain, column) = if single_process {
            ("EXPLAIN QUERY PLAN ", "detail")
        } else {
            ("EXPLAIN ", "QUERY PLAN")
        };
        let rows = store.backend.fetch(self.0.clone().prepend(explain)).await?;
        let lines: Result<Vec<String>> = rows.iter().map(|row| row.text(column)).collect();
        Ok(lines?.join("\n"))
    }
}

impl Statements {
    /// Creates a store on the same database whose statements are recorded.
    #[must_use]
    pub fn of(store: &Store) -> (Store, Self) {
        let seen = Self::default();
        let backend = Watched {
            inner: store.backend.clone(),
            seen: seen.clone(),
        };
        let watched = Store {
            backend: Arc::new(backend),
            ..store.clone()
        };
        (watched, seen)
    }

    /// Returns the statements since the last call, in the order in which they ran.
    pub fn take(&self) -> Vec<Statement> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn see(&self, query: &Query) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Statement(query.clone()));
    }
}

#[derive(Debug)]
struct Watched {
    inner: Arc<dyn Backend>,
    seen: Statements,
}

#[async_trait]
impl Backend for Watched {
    fn dialect(&self) -> Dialect {
        self.inner.dialect()
    }

    async fn migrate(&self) -> Result<()> {
        self.inner.migrate().await
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>> {
        Ok(Box::new(WatchedTransaction {
            inner: self.inner.begin().await?,
            seen: self.seen.clone(),
        }))
    }

    async fn fetch(&self, query: Query) -> Result<Vec<Row>> {
        self.seen.see(&query);
        self.inner.fetch(query).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

struct WatchedTransaction {
    inner: Box<dyn Transaction>,
    seen: Statements,
}

#[async_trait]
impl Transaction for WatchedTransaction {
    async fn execute(&mut self, query: Query) -> Result<u64> {
        self.seen.see(&query);
        self.inner.execute(query).await
    }

    async fn fetch(&mut self, query: Query) -> Result<Vec<Row>> {
        self.seen.see(&query);
        self.inner.fetch(query).await
    }

    async fn commit(self: Box<Self>) -> Result<()> {
        self.inner.commit().await
    }
}
