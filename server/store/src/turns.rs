//! Work that several replicas of Portico must not do at the same time.

use std::fmt;

use crate::backend::{Query, Transaction};
use crate::{Result, Store};

/// A turn at some work. It ends when this is dropped, or when the process ends.
#[must_use = "the turn ends when it is dropped"]
pub struct Turn(#[expect(dead_code, reason = "held until it is dropped")] Option<Box<dyn Transaction>>);

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").finish_non_exhaustive()
    }
}

impl Store {
    /// Waits until no other replica is at `work`, and is at it then. With SQLite there are no replicas, and no wait:
    /// within one process, whoever needs it keeps order by other means.
    ///
    /// # Errors
    /// When the database fails, or the work is not free within half a minute.
    pub async fn turn(&self, work: &str) -> Result<Turn> {
        if self.backend.dialect().one_process {
            return Ok(Turn(None));
        }
        let mut transaction = self.backend.begin().await?;
        // What holds it does little; one that hangs is not waited for without end.
        transaction
            .execute(Query::new("SET LOCAL lock_timeout = '30s'", []))
            .await?;
        let lock = Query::new(
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
            [work.into()],
        );
        transaction.execute(lock).await?;
        Ok(Turn(Some(transaction)))
    }
}
