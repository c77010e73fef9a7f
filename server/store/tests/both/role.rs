//! The role of `deploy/docs/postgres-role.sql` may do all that Portico does, and cannot change the tables.

use jiff::Timestamp;
use portico_domain::request::State;
use portico_domain::usage::UsageCounters;
use portico_store::testing::{event, postgres, request, run};
use portico_store::{Checkpoint, Settings, Store};
use sqlx::{Connection as _, PgConnection};

const ROLE: &str = include_str!("../../../../deploy/docs/postgres-role.sql");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_serving_role_suffices_and_cannot_change_the_schema() {
    let Some(database) = postgres("role::the_serving_role_suffices_and_cannot_change_the_schema").await
    else {
        return;
    };
    run(&database.url, ROLE).await;
    let url = database
        .url
        .replace("postgres://portico@", "postgres://portico_serve@");
    let store = Store::connect(&url, &Settings::default()).await.unwrap();
    let asked = request("payments", "files", State::Approved);
    let events = [event(&asked, "request.submitted")];
    store.insert_for_tests(&asked, &events).await.unwrap();
    store
        .store_checkpoint(&Checkpoint {
            newest: Some(store.audit_log_end().await.unwrap()),
            ..Checkpoint::beginning()
        })
        .await
        .unwrap();
    assert_eq!(store.breaks().await.unwrap(), []);
    let _one = store.lock("payments").await.unwrap();
    let samples = [(None, UsageCounters::default())].into();
    store
        .insert_usage_samples(Timestamp::UNIX_EPOCH, &samples)
        .await
        .unwrap();
    assert_eq!(store.delete_usage_samples(Timestamp::now()).await.unwrap(), 1);

    let mut connection = PgConnection::connect(&url).await.unwrap();
    for statement in [
        "UPDATE events SET actor = 'nobody'",
        "DELETE FROM events",
        "TRUNCATE events",
        "DROP TRIGGER events_are_not_changed ON events",
        "ALTER TABLE events DISABLE TRIGGER ALL",
        "DROP TABLE events",
        "DELETE FROM record_breaks",
        "CREATE TABLE mine (x BIGINT)",
        "DELETE FROM _sqlx_migrations",
    ] {
        let error = sqlx::raw_sql(statement)
            .execute(&mut connection)
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("permission denied") || error.contains("must be owner"),
            "{statement}: {error}"
        );
    }
}
