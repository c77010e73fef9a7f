//! The one connection that writes, and group commit: transactions that wait for one another share one sync of the disk.
//!
//! SQLite has one writer, and makes each commit durable by a sync that takes milliseconds. So a [`SqliteTransaction`] is a
//! savepoint within a transaction of SQLite. A task lends the connection to one of them after the other, and commits
//! when nobody waits. Each hears that it is committed only when it is durable, so what was reported survives a power
//! failure as before; what fails to become durable is reported to all of the group.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqlitePool;
use sqlx::{Executor as _, Sqlite};
use tokio::sync::{mpsc, oneshot};

use super::prepared;
use crate::backend::{Query, Row, Transaction};
use crate::{Result, StoreError};

/// How many transactions share a commit at most, so that the first of them does not wait for long.
const LARGEST_GROUP: usize = 64;
/// How long a transaction waits for its turn.
const TURN_TIMEOUT: Duration = Duration::from_secs(30);

type Turn = oneshot::Sender<Result<SqliteTransaction>>;
type Committed = oneshot::Sender<Result<()>>;

/// Gives out the connection that writes, to one transaction at a time, first come first served.
#[derive(Debug)]
pub(super) struct Writer {
    pool: SqlitePool,
    turns: mpsc::UnboundedSender<Turn>,
}

impl Writer {
    /// Starts the task that lends the connection. It ends with the writer.
    pub(super) fn start(pool: SqlitePool) -> Self {
        let (turns, waiting) = mpsc::unbounded_channel();
        tokio::spawn(lend(pool.clone(), waiting));
        Self { pool, turns }
    }

    pub(super) fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    /// Waits for its turn.
    pub(super) async fn begin(&self) -> Result<SqliteTransaction> {
        let (turn, begun) = oneshot::channel();
        self.turns.send(turn).map_err(|_| sqlx::Error::PoolClosed)?;
        let begun = tokio::time::timeout(TURN_TIMEOUT, begun).await;
        begun
            .map_err(|_| sqlx::Error::PoolTimedOut)?
            .map_err(|_| sqlx::Error::PoolClosed)?
    }
}

/// How a transaction ended.
enum End {
    /// Its answer is sent once it is durable.
    Commit(Committed),
    RollBack,
}

/// A transaction: whoever has it has the connection. Dropping it rolls it back.
pub(super) struct SqliteTransaction {
    /// `None` after it has ended.
    lent: Option<Lent>,
}

struct Lent {
    connection: PoolConnection<Sqlite>,
    back: oneshot::Sender<(PoolConnection<Sqlite>, End)>,
}

impl SqliteTransaction {
    fn connection(&mut self) -> Result<&mut PoolConnection<Sqlite>> {
        let lent = self.lent.as_mut().ok_or(sqlx::Error::PoolClosed)?;
        Ok(&mut lent.connection)
    }

    fn give_back(&mut self, end: End) {
        if let Some(Lent { connection, back }) = self.lent.take() {
            // Who lends waits for it as long as the program runs.
            let _ = back.send((connection, end));
        }
    }
}

impl Drop for SqliteTransaction {
    fn drop(&mut self) {
        self.give_back(End::RollBack);
    }
}

#[async_trait]
impl Transaction for SqliteTransaction {
    async fn execute(&mut self, query: Query) -> Result<u64> {
        let connection = self.connection()?;
        Ok(prepared(query).execute(&mut **connection).await?.rows_affected())
    }

    async fn fetch(&mut self, query: Query) -> Result<Vec<Row>> {
        let connection = self.connection()?;
        let rows = prepared(query).fetch_all(&mut **connection).await?;
        Ok(rows.into_iter().map(Row::Sqlite).collect())
    }

    async fn commit(mut self: Box<Self>) -> Result<()> {
        let (committed, answer) = oneshot::channel();
        self.give_back(End::Commit(committed));
        answer.await.map_err(|_| sqlx::Error::WorkerCrashed)?
    }
}

/// Lends the connection until nobody can ask for it any more.
async fn lend(pool: SqlitePool, mut waiting: mpsc::UnboundedReceiver<Turn>) {
    while let Some(first) = waiting.recv().await {
        match pool.acquire().await {
            Ok(connection) => group(connection, first, &mut waiting).await,
            Err(error) => drop(first.send(Err(error.into()))),
        }
    }
}

/// Runs transactions one after the other until nobody waits, and commits them together.
async fn group(
    mut connection: PoolConnection<Sqlite>,
    first: Turn,
    waiting: &mut mpsc::UnboundedReceiver<Turn>,
) {
    if let Err(error) = connection.execute("BEGIN IMMEDIATE").await {
        // Whatever was left open is not left open for the next.
        let _ = connection.execute("ROLLBACK").await;
        drop(first.send(Err(error.into())));
        return;
    }
    let mut members = Vec::new();
    let mut next = Some(first);
    let mut ran = Ok(());
    let mut turns = 0;
    while let Some(turn) = next {
        let Some((back, end)) = lend_to(connection, turn).await else {
            // It was forgotten with its connection; the pool makes another.
            return;
        };
        connection = back;
        turns += 1;
        ran = close_member(&mut connection, end, &mut members).await;
        next = match ran {
            Ok(()) if turns < LARGEST_GROUP => waiting.try_recv().ok(),
            _ => None,
        };
    }
    let committed = match ran {
        Ok(()) => connection.execute("COMMIT").await.map(drop),
        Err(error) => Err(error),
    };
    let failed = committed.err().map(Arc::new);
    if failed.is_some() {
        // SQLite may have done so already.
        let _ = connection.execute("ROLLBACK").await;
    }
    for member in members {
        let answer = failed
            .clone()
            .map_or(Ok(()), |error| Err(StoreError::NotCommitted(error)));
        // Whoever does not wait any more has gone.
        let _ = member.send(answer);
    }
}

/// Lends the connection to a transaction until it ends.
async fn lend_to(
    mut connection: PoolConnection<Sqlite>,
    turn: Turn,
) -> Option<(PoolConnection<Sqlite>, End)> {
    if let Err(error) = connection.execute("SAVEPOINT one").await {
        // Its end tells the group the same.
        drop(turn.send(Err(error.into())));
        return Some((connection, End::RollBack));
    }
    let (back, ended) = oneshot::channel();
    let lent = Some(Lent { connection, back });
    // One that does not wait any more is dropped here, which gives the connection back.
    drop(turn.send(Ok(SqliteTransaction { lent })));
    ended.await.ok()
}

/// Ends a transaction within the group.
///
/// # Errors
/// When the group is lost: after some failures, such as a full disk, SQLite has rolled back all of it, and the savepoint
/// is gone.
async fn close_member(
    connection: &mut PoolConnection<Sqlite>,
    end: End,
    members: &mut Vec<Committed>,
) -> Result<(), sqlx::Error> {
    match end {
        End::Commit(committed) => {
            members.push(committed);
            connection.execute("RELEASE one").await?;
        }
        End::RollBack => {
            connection.execute("ROLLBACK TO one").await?;
            connection.execute("RELEASE one").await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};

    use super::*;

    struct World {
        writer: Arc<Writer>,
        readers: SqlitePool,
        _folder: tempfile::TempDir,
    }

    impl World {
        async fn start() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let options = SqliteConnectOptions::new()
                .filename(folder.path().join("db"))
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal);
            let pool = SqlitePoolOptions::new().max_connections(1);
            let pool = pool.connect_with(options.clone()).await.unwrap();
            pool.execute("CREATE TABLE rows (id TEXT PRIMARY KEY, fill TEXT)")
                .await
                .unwrap();
            let readers = SqlitePoolOptions::new().connect_with(options).await.unwrap();
            Self {
                writer: Arc::new(Writer::start(pool)),
                readers,
                _folder: folder,
            }
        }

        /// What is committed, in order.
        async fn rows(&self) -> Vec<String> {
            let rows = sqlx::query_scalar("SELECT id FROM rows ORDER BY id");
            rows.fetch_all(&self.readers).await.unwrap()
        }
    }

    fn insert(id: &str, fill: usize) -> Query {
        let values = [id.to_owned().into(), "x".repeat(fill).into()];
        Query::new("INSERT INTO rows (id, fill) VALUES ($1, $2)", values)
    }

    /// Begins a transaction, and returns once it is in line.
    async fn in_line(writer: &Arc<Writer>) -> tokio::task::JoinHandle<Result<SqliteTransaction>> {
        let writer = writer.clone();
        let begun = tokio::spawn(async move { writer.begin().await });
        tokio::task::yield_now().await;
        begun
    }

    async fn save(writer: Arc<Writer>, id: String) -> Result<()> {
        let mut transaction = Box::new(writer.begin().await?);
        transaction.execute(insert(&id, 1)).await?;
        transaction.commit().await
    }

    #[tokio::test]
    async fn transactions_that_wait_share_a_commit() {
        let world = World::start().await;
        let mut first = Box::new(world.writer.begin().await.unwrap());
        first.execute(insert("0", 1)).await.unwrap();
        let mut others = tokio::task::JoinSet::new();
        for id in 1..9 {
            others.spawn(save(world.writer.clone(), id.to_string()));
        }
        tokio::task::yield_now().await;
        assert!(world.rows().await.is_empty(), "not committed yet");
        first.commit().await.unwrap();
        assert_eq!(
            world.rows().await.len(),
            9,
            "the others' rows are committed with it"
        );
        others.join_all().await.into_iter().for_each(Result::unwrap);
    }

    #[tokio::test]
    async fn who_fails_or_leaves_takes_nothing_of_others_along() {
        let world = World::start().await;
        let mut first = Box::new(world.writer.begin().await.unwrap());
        first.execute(insert("a", 1)).await.unwrap();
        let refused = in_line(&world.writer).await;
        let dropped = in_line(&world.writer).await;
        let left = in_line(&world.writer).await;
        let last = in_line(&world.writer).await;
        let first = tokio::spawn(first.commit());

        let mut refused = refused.await.unwrap().unwrap();
        refused.execute(insert("b", 1)).await.unwrap();
        let twice = refused.execute(insert("a", 1)).await.unwrap_err();
        assert!(matches!(twice, StoreError::Database(_)), "{twice}");
        drop(refused);
        // Gone before its turn comes, and gone in the middle of a statement.
        left.abort();
        let mut dropped = dropped.await.unwrap().unwrap();
        tokio::select! {
            biased;
            () = std::future::ready(()) => {}
            _ = dropped.execute(insert("c", 1)) => {}
        }
        drop(dropped);
        let mut last = Box::new(last.await.unwrap().unwrap());
        last.execute(insert("d", 1)).await.unwrap();
        last.commit().await.unwrap();
        first.await.unwrap().unwrap();
        assert_eq!(world.rows().await, ["a", "d"]);
    }

    #[tokio::test]
    async fn what_is_said_to_be_committed_is_there_and_nothing_else() {
        let world = World::start().await;
        let limit = "PRAGMA max_page_count = 40";
        world.writer.pool().execute(limit).await.unwrap();
        // The last one fills the disk, at which SQLite rolls back more than its statement.
        let mut first = Box::new(world.writer.begin().await.unwrap());
        first.execute(insert("a", 1)).await.unwrap();
        let full = in_line(&world.writer).await;
        let first = tokio::spawn(first.commit());
        let mut full = Box::new(full.await.unwrap().unwrap());
        full.execute(insert("b", 1)).await.unwrap();
        let error = full.execute(insert("c", 1_000_000)).await.unwrap_err();
        assert!(error.to_string().contains("full"), "{error}");
        let full = full.commit().await;
        let first = first.await.unwrap();
        let rows = world.rows().await;
        assert_eq!(
            rows.contains(&"a".to_owned()),
            first.is_ok(),
            "{rows:?} {first:?}"
        );
        assert_eq!(rows.contains(&"b".to_owned()), full.is_ok(), "{rows:?} {full:?}");
        assert!(!rows.contains(&"c".to_owned()));
        // And it goes on.
        save(world.writer.clone(), "z".to_owned()).await.unwrap();
        assert!(world.rows().await.contains(&"z".to_owned()));
    }
}
