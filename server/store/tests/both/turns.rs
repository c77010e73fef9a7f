use std::time::Duration;

use portico_store::testing::TestStore;

crate::on_both! {
    replicas_take_turns_at_the_same_work_and_not_at_others,
}

async fn replicas_take_turns_at_the_same_work_and_not_at_others(database: &TestStore) {
    let store = database.store.clone();
    let first = store.turn("acme").await.unwrap();
    // Other work waits for nobody.
    drop(store.turn("globex").await.unwrap());
    let second = tokio::spawn({
        let store = store.clone();
        async move { store.turn("acme").await.map(drop) }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let waits = !second.is_finished();
    drop(first);
    tokio::time::timeout(Duration::from_secs(10), second)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    // With SQLite there is one process, which keeps order by itself.
    assert_eq!(waits, database.url.starts_with("postgres"));
}
