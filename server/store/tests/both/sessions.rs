use jiff::Timestamp;
use portico_store::testing::TestStore;
use portico_store::{PROVIDER_SESSION_KEY, SUBJECT_KEY, Sessions};
use serde_json::json;
use sqlx::{Connection, PgConnection, SqliteConnection};
use time::{Duration, OffsetDateTime};
use tower_sessions_core::SessionStore;
use tower_sessions_core::session::{Id, Record};

crate::on_both! {
    a_session_comes_back_and_can_change_and_end,
    an_ended_session_is_not_brought_back_by_a_late_save,
    an_id_that_is_taken_is_drawn_anew,
    an_expired_session_is_none_and_is_swept,
    all_sessions_of_a_person_end_together,
    the_database_does_not_hold_the_id,
}

fn record(subject: &str) -> Record {
    Record {
        id: Id::default(),
        data: [
            (SUBJECT_KEY.to_owned(), json!(subject)),
            (PROVIDER_SESSION_KEY.to_owned(), json!(format!("sid-{subject}"))),
        ]
        .into(),
        expiry_date: OffsetDateTime::from_unix_timestamp(Timestamp::now().as_second()).unwrap()
            + Duration::hours(1),
    }
}

async fn a_session_comes_back_and_can_change_and_end(database: &TestStore) {
    let sessions = Sessions::new(database.store.clone());
    let mut record = record("dana");
    assert_eq!(sessions.load(&record.id).await.unwrap(), None);
    sessions.create(&mut record).await.unwrap();
    assert_eq!(sessions.load(&record.id).await.unwrap(), Some(record.clone()));
    record.data.insert("tenant".into(), json!("payments"));
    sessions.save(&record).await.unwrap();
    assert_eq!(sessions.load(&record.id).await.unwrap(), Some(record.clone()));
    sessions.delete(&record.id).await.unwrap();
    assert_eq!(sessions.load(&record.id).await.unwrap(), None);
}

async fn an_ended_session_is_not_brought_back_by_a_late_save(database: &TestStore) {
    let sessions = Sessions::new(database.store.clone());
    let mut record = record("dana");
    sessions.create(&mut record).await.unwrap();
    sessions.delete(&record.id).await.unwrap();
    sessions.save(&record).await.unwrap();
    assert_eq!(sessions.load(&record.id).await.unwrap(), None);
}

async fn an_id_that_is_taken_is_drawn_anew(database: &TestStore) {
    let sessions = Sessions::new(database.store.clone());
    let mut first = record("dana");
    sessions.create(&mut first).await.unwrap();
    let mut second = Record {
        id: first.id,
        ..record("devon")
    };
    sessions.create(&mut second).await.unwrap();
    assert_ne!(first.id, second.id);
    assert_eq!(sessions.load(&first.id).await.unwrap(), Some(first));
}

async fn an_expired_session_is_none_and_is_swept(database: &TestStore) {
    fn in_two_hours() -> Timestamp {
        Timestamp::now() + jiff::SignedDuration::from_hours(2)
    }
    let mut record = record("dana");
    Sessions::new(database.store.clone())
        .create(&mut record)
        .await
        .unwrap();
    let later = Sessions::with_clock(database.store.clone(), in_two_hours);
    assert_eq!(later.load(&record.id).await.unwrap(), None);
    assert_eq!(database.store.sweep_sessions(Timestamp::now()).await.unwrap(), 0);
    assert_eq!(database.store.sweep_sessions(in_two_hours()).await.unwrap(), 1);
}

async fn all_sessions_of_a_person_end_together(database: &TestStore) {
    let sessions = Sessions::new(database.store.clone());
    let mut records = [record("dana"), record("dana"), record("devon"), record("ada")];
    for record in &mut records {
        sessions.create(record).await.unwrap();
    }
    assert_eq!(database.store.end_sessions_of("dana").await.unwrap(), 2);
    assert_eq!(database.store.end_provider_session("sid-ada").await.unwrap(), 1);
    assert_eq!(sessions.load(&records[0].id).await.unwrap(), None);
    assert_eq!(sessions.load(&records[3].id).await.unwrap(), None);
    assert_eq!(
        sessions.load(&records[2].id).await.unwrap(),
        Some(records[2].clone())
    );
}

async fn the_database_does_not_hold_the_id(database: &TestStore) {
    let mut record = record("dana");
    Sessions::new(database.store.clone())
        .create(&mut record)
        .await
        .unwrap();
    let select = "SELECT id_hash || data FROM sessions";
    let row: String = if database.url.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(&database.url).await.unwrap();
        sqlx::query_scalar(select)
            .fetch_one(&mut connection)
            .await
            .unwrap()
    } else {
        let mut connection = PgConnection::connect(&database.url).await.unwrap();
        sqlx::query_scalar(select)
            .fetch_one(&mut connection)
            .await
            .unwrap()
    };
    assert!(!row.contains(&record.id.to_string()), "{row}");
}
