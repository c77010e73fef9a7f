use std::collections::BTreeSet;

use jiff::Timestamp;
use portico_domain::audit_log::NewEvent;
use portico_domain::authz::AuditEvent;
use portico_domain::tenancy::{KnownPerson, Person, Scope};
use portico_store::testing::TestStore;
use portico_store::{EventFilter, Logout, Page, Store};
use serde_json::json;
use uuid::Uuid;

crate::on_both! {
    a_sign_in_is_stored_and_recorded,
    a_logout_of_the_person_suspends_tokens_until_the_next_sign_in,
    a_logout_of_a_session_suspends_tokens_if_requested,
}

pub(crate) fn event(verb: &str) -> AuditEvent {
    AuditEvent::for_tests(NewEvent {
        at: Timestamp::now(),
        actor: "https://sso".into(),
        actor_name: "sso".into(),
        verb: verb.into(),
        subject: "https://sso".into(),
        tenant: None,
        request: None,
        remote: None,
        details: json!({}),
    })
}

/// Signs a person in with these groups.
pub(crate) async fn sign_in(store: &Store, subject: &str, groups: &[&str]) -> KnownPerson {
    let known = KnownPerson {
        id: Uuid::now_v7(),
        person: Person {
            subject: subject.into(),
            name: "Dana".into(),
            email: Some("dana@example.test".into()),
        },
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        signed_in_at: Timestamp::from_microsecond(Timestamp::now().as_microsecond()).unwrap(),
        suspended_at: None,
    };
    store.sign_in(&known, event("session.started")).await.unwrap();
    known
}

async fn a_sign_in_is_stored_and_recorded(database: &TestStore) {
    let store = &database.store;
    assert_eq!(store.known_person("https://sso#dana").await.unwrap(), None);
    let first = sign_in(store, "https://sso#dana", &["a", "b"]).await;
    assert_eq!(
        store.known_person("https://sso#dana").await.unwrap(),
        Some(first.clone())
    );
    let second = sign_in(store, "https://sso#dana", &["b"]).await;
    let known = store.known_person("https://sso#dana").await.unwrap().unwrap();
    assert_eq!(known.id, first.id, "one keeps one's id");
    assert_eq!(known.groups, BTreeSet::from(["b".to_owned()]));
    assert_eq!(known.signed_in_at, second.signed_in_at);
    let events = store
        .events(&Scope::for_tests(), &EventFilter::default(), &Page::first(10))
        .await
        .unwrap();
    assert_eq!(events.items.len(), 2);
}

fn logout<'a>(token: &'a str, subject: Option<&'a str>, sid: Option<&'a str>, suspends: bool) -> Logout<'a> {
    Logout {
        issuer: "https://sso",
        token,
        expires_at: Timestamp::now() + jiff::SignedDuration::from_mins(5),
        subject,
        provider_session: sid,
        suspends,
        at: Timestamp::now(),
    }
}

async fn suspended(store: &Store, subject: &str) -> bool {
    store
        .known_person(subject)
        .await
        .unwrap()
        .unwrap()
        .suspended_at
        .is_some()
}

async fn a_logout_of_the_person_suspends_tokens_until_the_next_sign_in(database: &TestStore) {
    let store = &database.store;
    for subject in ["https://sso#dana", "https://sso#devon", "https://other#dana"] {
        sign_in(store, subject, &[]).await;
    }
    let apply_logout = |logout: Logout<'static>| async move {
        store
            .apply_backchannel_logout(&logout, |_| event("session.terminated"))
            .await
            .unwrap()
            .unwrap()
    };
    // Another provider must not affect them.
    let foreign = Logout {
        issuer: "https://other",
        ..logout("1", Some("https://sso#dana"), None, true)
    };
    assert_eq!(apply_logout(foreign).await.suspended, 0);
    assert_eq!(
        apply_logout(logout("2", Some("https://sso#dana"), None, true))
            .await
            .suspended,
        1
    );
    assert!(suspended(store, "https://sso#dana").await);
    assert!(!suspended(store, "https://sso#devon").await);
    assert!(!suspended(store, "https://other#dana").await);
    sign_in(store, "https://sso#dana", &[]).await;
    assert!(!suspended(store, "https://sso#dana").await);
    assert_eq!(
        apply_logout(logout("3", Some("https://sso#dana"), None, false))
            .await
            .suspended,
        0
    );
    assert!(!suspended(store, "https://sso#dana").await);
}

async fn a_logout_of_a_session_suspends_tokens_if_requested(database: &TestStore) {
    let store = &database.store;
    sign_in(store, "https://sso#dana", &[]).await;
    sign_in(store, "https://sso#devon", &[]).await;
    crate::sessions::begin(store, "https://sso#dana").await;
    crate::sessions::begin(store, "https://sso#devon").await;
    let effect = store
        .apply_backchannel_logout(&logout("1", None, Some("sid-https://sso#dana"), true), |_| {
            event("session.terminated")
        })
        .await
        .unwrap()
        .unwrap();
    assert_eq!((effect.sessions, effect.suspended), (1, 1));
    assert!(suspended(store, "https://sso#dana").await);
    assert!(!suspended(store, "https://sso#devon").await);
}
