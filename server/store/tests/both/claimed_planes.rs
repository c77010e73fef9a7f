use jiff::{SignedDuration, Timestamp};
use portico_domain::authz::SystemAuthority;
use portico_domain::claim::ClaimRef;
use portico_domain::claimed_plane::PlaneClaim;
use portico_domain::tenancy::Scope;
use portico_store::testing::TestStore;
use portico_store::{EventFilter, Page};

crate::on_both! {
    a_control_plane_joins_once_and_leaves_once,
}

pub(crate) fn joined(uid: &str) -> PlaneClaim {
    PlaneClaim {
        claim: ClaimRef {
            plane: "eu-shared".parse().unwrap(),
            offering: "clusters.example.org".parse().unwrap(),
            namespace: Some("payments-dev".into()),
            name: "analytics".parse().unwrap(),
        },
        uid: uid.to_owned(),
        tenant: "payments".parse().unwrap(),
        environment: "dev".parse().unwrap(),
    }
}

async fn a_control_plane_joins_once_and_leaves_once(database: &TestStore) {
    let store = &database.store;
    let authority = SystemAuthority::for_tests();
    let now = Timestamp::now();
    let event = |verb: &str| {
        [authority.audit_plane(
            verb,
            &"analytics-1".parse().unwrap(),
            &"payments".parse().unwrap(),
            now,
        )]
    };
    let (first, second) = (joined("1"), joined("2"));
    let later = now + SignedDuration::from_secs(1);
    let insert = async |joined: &PlaneClaim, at| {
        let events = event("plane.joined");
        store
            .insert_claimed_plane(&authority, joined, at, &events)
            .await
            .unwrap()
    };
    assert!(insert(&second, later).await);
    assert!(insert(&first, now).await);
    assert!(!insert(&first, later).await, "another replica was faster");
    assert_eq!(
        store.claimed_planes(&authority).await.unwrap(),
        [first, second.clone()]
    );
    let left = event("plane.left");
    let plane = "analytics-1".parse().unwrap();
    let cluster = "0a-1".parse().unwrap();
    let recorded = async |found| {
        store
            .record_cluster(&authority, &plane, found, now)
            .await
            .unwrap()
    };
    recorded(Some(&cluster)).await;
    let leave = async |uid, forgotten| {
        let deleted = store
            .delete_claimed_plane(&authority, uid, forgotten, &left)
            .await;
        deleted.unwrap()
    };
    assert!(leave("1", None).await);
    assert!(recorded(None).await.is_some(), "it may come back");
    assert!(insert(&joined("1"), now).await);
    assert!(leave("1", Some(&plane)).await);
    assert!(recorded(None).await.is_none());
    assert!(!leave("1", Some(&plane)).await);
    assert_eq!(store.claimed_planes(&authority).await.unwrap(), [second]);
    let events = store
        .events(&Scope::for_tests(), &EventFilter::default(), &Page::first(9))
        .await
        .unwrap();
    let verbs: Vec<_> = events
        .items
        .iter()
        .map(|event| event.event.verb.as_str())
        .collect();
    assert_eq!(
        verbs,
        [
            "plane.left",
            "plane.joined",
            "plane.left",
            "plane.joined",
            "plane.joined"
        ]
    );
}
