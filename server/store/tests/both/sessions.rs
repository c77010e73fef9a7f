use jiff::Timestamp;
use portico_store::testing::TestStore;
use portico_store::{Logout, LogoutEffect, PROVIDER_SESSION_KEY, SUBJECT_KEY, Sessions};
use serde_json::json;
use sqlx::{Connection, PgConnection, SqliteConnection};
use time::{Duration, OffsetDateTime};
use tower_sessions_core::SessionStore;
use tower_sessions_core::session::{Id, Record};

crate::on_both! {
    a_session_can_be_loaded_changed_and_deleted,
    a_late_save_does_not_restore_an_ended_session,
    a_session_id_that_is_taken_is_generated_again,
    an_expired_session_is_not_loaded_and_is_deleted,
    all_sessions_of_a_person_end_together,
    a_provider_ends_only_its_own_sessions_and_each_logout_applies_once,
    the_database_does_not_contain_the_session_id,
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

/// Begins a session of a person, with the provider's `sid` derived from the subject.
pub(crate) async fn begin(store: &portico_store::Store, subject: &str) -> Id {
    let mut record = record(subject);
    Sessions::new(store.clone()).create(&mut record).await.unwrap();
    record.id
}

async fn a_session_can_be_loaded_changed_and_deleted(database: &TestStore) {
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

async fn a_late_save_does_not_restore_an_ended_session(database: &TestStore) {
    let sessions = Sessions::new(database.store.clone());
    let mut record = record("dana");
    sessions.create(&mut record).await.unwrap();
    sessions.delete(&record.id).await.unwrap();
    sessions.save(&record).await.unwrap();
    assert_eq!(sessions.load(&record.id).await.unwrap(), None);
}

async fn a_session_id_that_is_taken_is_generated_again(database: &TestStore) {
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

async fn an_expired_session_is_not_loaded_and_is_deleted(database: &TestStore) {
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
    let mut records = [record("dana"), record("dana"), record("devon")];
    for record in &mut records {
        sessions.create(record).await.unwrap();
    }
    assert_eq!(database.store.end_sessions_of("dana").await.unwrap(), 2);
    assert_eq!(sessions.load(&records[0].id).await.unwrap(), None);
    assert_eq!(
        sessions.load(&records[2].id).await.unwrap(),
        Some(records[2].clone())
    );
}

async fn a_provider_ends_only_its_own_sessions_and_each_logout_applies_once(database: &TestStore) {
    let store = &database.store;
    let sessions = Sessions::new(store.clone());
    let names = [
        "https://sso#dana",
        "https://sso#devon",
        "https://sso#ada",
        "https://other#dana",
    ];
    let mut records = names.map(record);
    // A session of another provider with the same `sid`, and one without a `sid`.
    records[3]
        .data
        .insert(PROVIDER_SESSION_KEY.to_owned(), json!("sid-https://sso#dana"));
    records[2].data.remove(PROVIDER_SESSION_KEY);
    for record in &mut records {
        sessions.create(record).await.unwrap();
    }
    let soon = Timestamp::now() + jiff::SignedDuration::from_mins(5);
    let by_session = Logout {
        issuer: "https://sso",
        token: "1",
        expires_at: soon,
        subject: None,
        provider_session: Some("sid-https://sso#dana"),
        suspends: false,
        at: Timestamp::now(),
    };
    let apply_logout = |logout: Logout<'static>| async move {
        let event = |_: LogoutEffect| crate::people::event("session.terminated");
        let effect = store.apply_backchannel_logout(&logout, event).await.unwrap();
        effect.map(|effect| effect.sessions)
    };
    assert_eq!(apply_logout(by_session).await, Some(1));
    assert_eq!(apply_logout(by_session).await, None);
    let nobody = Logout {
        token: "2",
        subject: None,
        provider_session: None,
        ..by_session
    };
    assert_eq!(apply_logout(nobody).await, Some(0));
    let both = Logout {
        token: "3",
        subject: Some("https://sso#ada"),
        provider_session: Some("unheard of"),
        ..by_session
    };
    assert_eq!(apply_logout(both).await, Some(1));
    let of_another = Logout {
        token: "4",
        subject: Some("https://other#dana"),
        provider_session: None,
        ..by_session
    };
    assert_eq!(apply_logout(of_another).await, Some(0));
    let by_person = Logout {
        token: "5",
        subject: Some("https://sso#devon"),
        ..of_another
    };
    assert_eq!(apply_logout(by_person).await, Some(1));
    for (record, left) in records.iter().zip([false, false, false, true]) {
        assert_eq!(
            sessions.load(&record.id).await.unwrap().is_some(),
            left,
            "{record:?}"
        );
    }
    // The same `jti` at another provider is another token; an expired one is deleted.
    let other = Logout {
        issuer: "https://other",
        ..by_session
    };
    assert_eq!(apply_logout(other).await, Some(1));
    store.sweep_sessions(soon).await.unwrap();
    assert_eq!(apply_logout(by_session).await, Some(0));
    let events = store
        .events(
            &portico_domain::tenancy::Scope::for_tests(),
            &portico_store::EventFilter::default(),
            &portico_store::Page::first(10),
        )
        .await
        .unwrap();
    assert_eq!(events.items.len(), 4, "what ended nothing is not recorded");
}

async fn the_database_does_not_contain_the_session_id(database: &TestStore) {
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
