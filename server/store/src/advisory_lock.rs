//! Locks between the replicas of Portico, as PostgreSQL advisory locks.

use std::fmt;

use crate::backend::{Query, Transaction};
use crate::{Result, Store};

/// A held lock. Released when this is dropped, or when the process ends.
#[must_use = "the lock is released when it is dropped"]
pub struct LockGuard(#[expect(dead_code, reason = "held until it is dropped")] Option<Box<dyn Transaction>>);

impl fmt::Debug for LockGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockGuard").finish_non_exhaustive()
    }
}

impl Store {
    /// Takes the lock `name`, waiting for another replica that holds it. With SQLite there is one process, and the guard
    /// holds nothing: within a process, use a mutex.
    ///
    /// # Errors
    /// When the database fails, or the lock is not free within 30 seconds.
    pub async fn lock(&self, name: &str) -> Result<LockGuard> {
        if self.backend.dialect().single_process {
            return Ok(LockGuard(None));
        }
        let mut transaction = self.backend.begin().await?;
        transaction
            .execute(Query::new("SET LOCAL lock_timeout = '30s'", []))
            .await?;
        let lock = Query::new(
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
            [name.into()],
        );
        transaction.execute(lock).await?;
        Ok(LockGuard(Some(transaction)))
    }
}
