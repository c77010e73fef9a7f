use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use portico_domain::audit_log::NewEvent;
use portico_domain::authz::{self, AuditEvent, Granted, SystemAuthority};
use portico_domain::names::PlaneName;
use portico_domain::tenancy::Person;
use portico_store::testing::TestStore;
use portico_store::{Enrolled, Enrolment, Store};
use uuid::Uuid;

crate::on_both! {
    a_token_enrols_one_agent_of_its_control_plane_in_time,
    of_many_that_show_a_token_at_once_one_is_enrolled,
    a_revoked_agent_stays_out,
    replicas_that_are_silent_are_forgotten,
}

pub(crate) fn plane(name: &str) -> PlaneName {
    name.parse().unwrap()
}

pub(crate) fn grant<O: authz::Operation>(name: &str) -> Granted<PlaneName, O> {
    let person = Person {
        subject: "https://sso.example#pat".into(),
        name: "Pat".into(),
        email: None,
    };
    Granted::for_tests(person, plane(name))
}

pub(crate) fn event(verb: &str) -> AuditEvent {
    AuditEvent::for_tests(NewEvent {
        at: Timestamp::now(),
        actor: "portico".into(),
        actor_name: "Portico".into(),
        verb: verb.into(),
        subject: "eu-3".into(),
        tenant: None,
        request: None,
        remote: None,
        details: serde_json::Value::Null,
    })
}

fn now() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).unwrap()
}

pub(crate) async fn insert_token(store: &Store, digest: &str, at: Timestamp) {
    let until = at + SignedDuration::from_mins(15);
    store
        .insert_agent_enrolment(&grant("eu-3"), digest, at, until, event("agent.token-created"))
        .await
        .unwrap();
}

pub(crate) async fn enrol(store: &Store, digest: &str, name: &str, at: Timestamp) -> (Enrolled, Uuid) {
    let agent = Uuid::now_v7();
    let plane = plane(name);
    let enrolment = Enrolment {
        digest,
        agent,
        plane: &plane,
        remote: "10.0.0.7",
        certificate_expires_at: at + SignedDuration::from_hours(24),
        now: at,
    };
    let authority = SystemAuthority::for_tests();
    let enrolled = store
        .enrol_agent(&authority, &enrolment, event("agent.enrolled"))
        .await;
    (enrolled.unwrap(), agent)
}

async fn a_token_enrols_one_agent_of_its_control_plane_in_time(database: &TestStore) {
    let (store, now) = (&database.store, now());
    insert_token(store, "digest", now).await;
    assert_eq!(enrol(store, "another", "eu-3", now).await.0, Enrolled::NoToken);
    assert_eq!(enrol(store, "digest", "eu-4", now).await.0, Enrolled::OtherPlane);
    let late = now + SignedDuration::from_mins(15);
    assert_eq!(enrol(store, "digest", "eu-3", late).await.0, Enrolled::NoToken);
    let (enrolled, agent) = enrol(store, "digest", "eu-3", now).await;
    assert_eq!(enrolled, Enrolled::Yes);
    assert_eq!(enrol(store, "digest", "eu-3", now).await.0, Enrolled::NoToken);
    let known = store.agents_of(&plane("eu-3")).await.unwrap();
    assert_eq!(known.iter().map(|known| known.id).collect::<Vec<_>>(), [agent]);
    assert_eq!(
        (known[0].enrolled_at, known[0].remote.as_str()),
        (now, "10.0.0.7")
    );
    assert!(store.agents_of(&plane("eu-4")).await.unwrap().is_empty());

    // Old tokens are removed when new ones are made.
    insert_token(store, "next", late).await;
    assert_eq!(enrol(store, "digest", "eu-3", now).await.0, Enrolled::NoToken);
}

async fn of_many_that_show_a_token_at_once_one_is_enrolled(database: &TestStore) {
    let (store, now) = (&database.store, now());
    insert_token(store, "digest", now).await;
    let show = || enrol(store, "digest", "eu-3", now);
    let (one, two, three, four) = tokio::join!(show(), show(), show(), show());
    let shown = [one, two, three, four];
    let enrolled = shown.iter().filter(|(enrolled, _)| *enrolled == Enrolled::Yes);
    assert_eq!(enrolled.count(), 1);
}

async fn a_revoked_agent_stays_out(database: &TestStore) {
    let (store, now) = (&database.store, now());
    let authority = SystemAuthority::for_tests();
    insert_token(store, "one", now).await;
    insert_token(store, "two", now).await;
    let (_, one) = enrol(store, "one", "eu-3", now).await;
    let (_, two) = enrol(store, "two", "eu-3", now).await;
    let later = now + SignedDuration::from_hours(40);
    assert!(
        store
            .renew_agent(&authority, one, &plane("eu-3"), later)
            .await
            .unwrap()
    );
    assert!(
        !store
            .renew_agent(&authority, one, &plane("eu-4"), later)
            .await
            .unwrap()
    );
    assert!(
        !store
            .renew_agent(&authority, Uuid::now_v7(), &plane("eu-3"), later)
            .await
            .unwrap()
    );
    let known = store.agent(&authority, one).await.unwrap().unwrap();
    assert_eq!(known.certificate_expires_at, later);

    let revoke = async |name: &str| {
        let event = event("agent.revoked");
        store.revoke_agent(&grant(name), one, now, event).await.unwrap()
    };
    assert!(!revoke("eu-4").await);
    assert!(revoke("eu-3").await);
    assert!(!revoke("eu-3").await);
    assert!(
        !store
            .renew_agent(&authority, one, &plane("eu-3"), later)
            .await
            .unwrap()
    );
    let may_stay = store
        .see_agents(&authority, &[one, two, Uuid::now_v7()], later)
        .await
        .unwrap();
    assert_eq!(may_stay, [two]);
    let known: Vec<_> = store.agents_of(&plane("eu-3")).await.unwrap();
    let of = |id| known.iter().find(|known| known.id == id).unwrap();
    assert_eq!(of(one).revoked_by.as_deref(), Some("Pat"));
    assert_eq!((of(one).last_seen_at, of(two).last_seen_at), (None, Some(later)));
}

async fn replicas_that_are_silent_are_forgotten(database: &TestStore) {
    let (store, now) = (&database.store, now());
    let authority = SystemAuthority::for_tests();
    let (one, two) = (Uuid::now_v7(), Uuid::now_v7());
    let see = async |replica, at: Timestamp| {
        let since = at - SignedDuration::from_secs(15);
        let alive = store.see_replica(&authority, replica, at, since).await.unwrap();
        alive.into_iter().collect::<BTreeSet<_>>()
    };
    assert_eq!(see(one, now).await, [one].into());
    let soon = now + SignedDuration::from_secs(10);
    assert_eq!(see(two, soon).await, [one, two].into());
    assert_eq!(see(two, soon + SignedDuration::from_secs(10)).await, [two].into());
    store.forget_replica(&authority, two).await.unwrap();
    assert_eq!(see(one, soon).await, [one].into());
}
