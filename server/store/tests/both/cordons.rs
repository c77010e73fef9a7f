use jiff::Timestamp;
use portico_domain::audit_log::NewEvent;
use portico_domain::authz::{self, AuditEvent, Granted};
use portico_domain::names::PlaneName;
use portico_domain::placement::Cordon;
use portico_domain::tenancy::{Person, Scope};
use portico_store::testing::TestStore;
use portico_store::{EventFilter, Page, Store};

crate::on_both! {
    a_plane_is_cordoned_once_and_uncordoned_once,
}

fn cordon(plane: &str, reason: Option<&str>) -> Cordon {
    Cordon {
        plane: plane.parse().unwrap(),
        by: Person {
            subject: "https://sso.example#pat".into(),
            name: "Pat".into(),
            email: None,
        },
        reason: reason.map(Into::into),
        since: Timestamp::from_microsecond(Timestamp::now().as_microsecond()).unwrap(),
    }
}

fn grant<O: authz::Operation>(cordon: &Cordon) -> Granted<PlaneName, O> {
    Granted::for_tests(cordon.by.clone(), cordon.plane.clone())
}

async fn close(store: &Store, cordon: &Cordon, events: &[AuditEvent]) -> bool {
    let reason = cordon.reason.as_deref();
    store
        .cordon(&grant(cordon), reason, cordon.since, events)
        .await
        .unwrap()
}

fn event(verb: &str) -> AuditEvent {
    AuditEvent::for_tests(NewEvent {
        at: Timestamp::now(),
        actor: "https://sso.example#pat".into(),
        actor_name: "Pat".into(),
        verb: verb.into(),
        subject: "eu-shared".into(),
        tenant: None,
        request: None,
        remote: None,
        details: serde_json::Value::Null,
    })
}

async fn a_plane_is_cordoned_once_and_uncordoned_once(database: &TestStore) {
    let store = &database.store;
    assert!(store.cordons().await.unwrap().is_empty());
    let (us, eu) = (cordon("us-shared", None), cordon("eu-shared", Some("Moving out")));
    assert!(close(store, &us, &[]).await);
    assert!(close(store, &eu, &[event("plane.cordoned")]).await);
    // The first cordon stays, and the second is not recorded.
    let late = cordon("eu-shared", Some("Another reason"));
    assert!(!close(store, &late, &[event("plane.cordoned")]).await);
    assert_eq!(store.cordons().await.unwrap(), [eu.clone(), us.clone()]);
    assert!(
        store
            .uncordon(&grant(&eu), &[event("plane.uncordoned")])
            .await
            .unwrap()
    );
    assert!(
        !store
            .uncordon(&grant(&eu), &[event("plane.uncordoned")])
            .await
            .unwrap()
    );
    assert_eq!(store.cordons().await.unwrap(), [us]);
    let events = store
        .events(&Scope::for_tests(), &EventFilter::default(), &Page::first(10))
        .await
        .unwrap();
    let verbs: Vec<_> = events
        .items
        .iter()
        .map(|event| event.event.verb.as_str())
        .collect();
    assert_eq!(verbs, ["plane.uncordoned", "plane.cordoned"]);
}
