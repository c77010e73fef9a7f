use std::time::Duration;

use portico_store::testing::TestStore;
use sqlx::{Connection as _, PgConnection};

const TIMEOUT: Duration = Duration::from_secs(10);

crate::on_both! {
    a_lock_excludes_other_replicas_and_other_locks_do_not,
}

async fn a_lock_excludes_other_replicas_and_other_locks_do_not(database: &TestStore) {
    let store = database.store.clone();
    let first = store.lock("acme").await.unwrap();
    // A lock with another name does not wait.
    drop(store.lock("globex").await.unwrap());
    let second = tokio::spawn({
        let store = store.clone();
        async move { store.lock("acme").await.map(drop) }
    });
    if database.url.starts_with("postgres") {
        tokio::time::timeout(TIMEOUT, until_somebody_waits(&database.url))
            .await
            .unwrap();
        assert!(!second.is_finished());
        drop(first);
        tokio::time::timeout(TIMEOUT, second)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
    } else {
        // With SQLite there is only one process, so the lock never waits.
        tokio::time::timeout(TIMEOUT, second)
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        drop(first);
    }
}

/// Waits until a connection of this database waits for an advisory lock.
async fn until_somebody_waits(url: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    while sqlx::query_scalar::<_, i64>(waiting)
        .fetch_one(&mut connection)
        .await
        .unwrap()
        == 0
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
