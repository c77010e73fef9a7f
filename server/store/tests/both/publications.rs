use jiff::Timestamp;
use portico_domain::authz::{DecidePermission, Granted, PublicationTarget};
use portico_domain::documents::{Consumers, Permission};
use portico_domain::names::PublicationName;
use portico_domain::publication::Ask;
use portico_domain::tenancy::Person;
use portico_store::NewPermissionDecision;
use portico_store::testing::TestStore;
use uuid::Uuid;

crate::on_both! {
    decisions_on_permissions_are_kept_in_their_order,
}

pub(crate) fn decided(
    permission: Permission,
    accepted: bool,
) -> (
    Granted<PublicationTarget, DecidePermission>,
    NewPermissionDecision,
) {
    let pat = Person {
        subject: "https://sso.example#pat".to_owned(),
        name: "Pat".to_owned(),
        email: None,
    };
    let target = PublicationTarget {
        name: "search".parse().unwrap(),
        publisher: "research".parse().unwrap(),
    };
    let decision = NewPermissionDecision {
        id: Uuid::now_v7(),
        permission,
        accepted,
        ask: Ask {
            publisher: "research".parse().unwrap(),
            control_plane: "research-own".parse().unwrap(),
            offering: "indexes.search.example.org".parse().unwrap(),
            consumers: Consumers::Tenants(vec!["payments".parse().unwrap()]),
            approvers: None,
        },
        at: Timestamp::from_second(1_800_000_000).unwrap(),
    };
    (Granted::for_tests(pat, target), decision)
}

async fn decisions_on_permissions_are_kept_in_their_order(database: &TestStore) {
    let store = &database.store;
    let name: PublicationName = "search".parse().unwrap();
    let all = [
        (Permission::TakeClaims, true),
        (Permission::ReadNotes, false),
        (Permission::TakeClaims, false),
    ];
    for (permission, accepted) in all {
        let (grant, decision) = decided(permission, accepted);
        store
            .insert_permission_decision(&grant, &decision, &[])
            .await
            .unwrap();
    }
    let found = store.permission_decisions().await.unwrap();
    let kept: Vec<_> = found
        .on(&name)
        .iter()
        .map(|decision| (decision.permission, decision.accepted))
        .collect();
    assert_eq!(kept, all);
    let (grant, decision) = decided(Permission::TakeClaims, true);
    let first = &found.on(&name)[0];
    assert_eq!(
        (&first.ask, &first.by, first.at),
        (&decision.ask, grant.person(), decision.at)
    );
    assert!(found.on(&"other".parse().unwrap()).is_empty());
}
