//! Which cluster answers for a control plane.

use jiff::Timestamp;
use portico_domain::audit_log::NewEvent;
use portico_domain::authz::{AuditEvent, Granted, SystemAuthority};
use portico_domain::cluster::ClusterId;
use portico_domain::names::PlaneName;
use portico_domain::tenancy::Person;
use portico_store::testing::TestStore;

crate::on_both! {
    the_first_cluster_stays_on_record_until_another_is_accepted,
}

fn accepted() -> AuditEvent {
    AuditEvent::for_tests(NewEvent {
        at: Timestamp::now(),
        actor: "https://sso.example#pat".into(),
        actor_name: "Pat".into(),
        verb: "plane.cluster-accepted".into(),
        subject: "eu-shared".into(),
        tenant: None,
        request: None,
        remote: None,
        details: serde_json::Value::Null,
    })
}

async fn the_first_cluster_stays_on_record_until_another_is_accepted(database: &TestStore) {
    let store = &database.store;
    let system = SystemAuthority::for_tests();
    let plane: PlaneName = "eu-shared".parse().unwrap();
    let [first, second]: [ClusterId; 2] = ["0a-1", "0b-2"].map(|id| id.parse().unwrap());
    let now = Timestamp::from_microsecond(Timestamp::now().as_microsecond()).unwrap();
    let recorded = async |found| store.record_cluster(&system, &plane, found, now).await.unwrap();

    assert_eq!(recorded(None).await, None);
    let known = recorded(Some(&first)).await.unwrap();
    assert_eq!((&known.id, known.since), (&first, now));
    assert_eq!(recorded(Some(&second)).await.unwrap().id, first);

    let pat = Person {
        subject: "https://sso.example#pat".into(),
        name: "Pat".into(),
        email: None,
    };
    let grant = Granted::for_tests(pat, plane.clone());
    let accept = async |was, is| {
        let done = store.accept_cluster(&grant, was, is, now, &[accepted()]).await;
        done.unwrap()
    };
    // Whoever looked at an older page changes nothing.
    assert!(!accept(&second, Some(&first)).await);
    assert!(accept(&first, Some(&second)).await);
    assert!(!accept(&first, Some(&second)).await);
    assert_eq!(recorded(Some(&first)).await.unwrap().id, second);
    assert!(accept(&second, None).await);
    assert_eq!(recorded(None).await, None);
}
