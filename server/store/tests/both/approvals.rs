//! Counts and lists of the requests that wait for an approver.

use jiff::Timestamp;
use portico_domain::approver::Approver;
use portico_domain::documents::{Approvers, GroupRef};
use portico_domain::request::{ApprovalNeed, Decision, Request, RuleNeed, State};
use portico_domain::tenancy::{Person, Role, Viewer};
use portico_store::testing::{TestStore, request};
use portico_store::{Settings, Store};

crate::on_both! {
    pending_approvals_are_ordered_oldest_first,
    a_request_waits_for_the_approvers_that_are_still_missing,
    a_decided_request_waits_for_nobody,
    approvers_of_older_requests_are_derived_at_start,
}

fn person(name: &str) -> Person {
    Person {
        subject: format!("https://sso.example#{name}"),
        name: name.to_owned(),
        email: Some(format!("{name}@example.com")),
    }
}

/// Creates a person who approves in these tenants and is in these groups.
fn approver(name: &str, tenants: &[&str], groups: &[&str]) -> Approver {
    let viewer = Viewer::for_tests(person(name)).with_groups(groups.iter().copied());
    let viewer = tenants.iter().fold(viewer, |viewer, tenant| {
        viewer.with_role(tenant.parse().unwrap(), Role::Approver)
    });
    Approver::of(&viewer)
}

fn rule(approvers: Approvers, count: u32) -> RuleNeed {
    RuleNeed {
        policy: "p".into(),
        rule: "r".into(),
        reason: "why".into(),
        approvers,
        count,
        publication: None,
    }
}

fn group(provider: Option<&str>, group: &str) -> Approvers {
    Approvers::Groups(vec![GroupRef {
        provider: provider.map(str::to_owned),
        group: group.to_owned(),
    }])
}

fn waiting(tenant: &str, name: &str, rules: Vec<RuleNeed>) -> Request {
    Request {
        approval: Some(ApprovalNeed {
            rules,
            expires_at: Timestamp::MAX,
        }),
        ..request(tenant, name, State::AwaitingApproval)
    }
}

fn agreed(by: &str) -> Decision {
    Decision {
        by: person(by),
        provider: Some("sso".into()),
        groups: Vec::new(),
        tenant_approver: true,
        approved: true,
        comment: None,
        at: Timestamp::UNIX_EPOCH,
        digest: None,
        policy: None,
        void: false,
        undone_at: None,
    }
}

/// Returns the names of the claims that wait for the approver, oldest first, and checks the count.
async fn names(store: &Store, approver: &Approver) -> Vec<String> {
    let found = store.pending_approvals(approver, 0, 100).await.unwrap();
    let count = store.count_pending_approvals(approver).await.unwrap();
    assert_eq!(count, found.len() as u64);
    found
        .iter()
        .map(|request| request.claim.name.to_string())
        .collect()
}

async fn pending_approvals_are_ordered_oldest_first(database: &TestStore) {
    let store = &database.store;
    for number in 0..30 {
        let tenant = if number % 3 == 0 { "research" } else { "payments" };
        let rules = vec![rule(Approvers::TenantApprovers {}, 1)];
        let request = waiting(tenant, &format!("files-{number:02}"), rules);
        store.insert_for_tests(&request, &[]).await.unwrap();
    }
    // An id that the caller chose does not follow the time.
    let mut late = waiting("payments", "late", vec![rule(Approvers::TenantApprovers {}, 1)]);
    late.id = "00000000-0000-4000-8000-000000000001".parse().unwrap();
    store.insert_for_tests(&late, &[]).await.unwrap();
    let ada = approver("ada", &["payments"], &[]);
    assert_eq!(store.count_pending_approvals(&ada).await.unwrap(), 21);
    let mut found = Vec::new();
    for skip in [0, 8, 16, 24] {
        let part = store.pending_approvals(&ada, skip, 8).await.unwrap();
        found.extend(part.into_iter().map(|request| request.claim.name.to_string()));
    }
    let mut wanted: Vec<String> = (0..30)
        .filter(|number| number % 3 != 0)
        .map(|number| format!("files-{number:02}"))
        .collect();
    wanted.push("late".into());
    assert_eq!(found, wanted);
    assert_eq!(
        store
            .count_pending_approvals(&approver("bo", &[], &[]))
            .await
            .unwrap(),
        0
    );
}

async fn a_request_waits_for_the_approvers_that_are_still_missing(database: &TestStore) {
    let store = &database.store;
    let of_tenant = rule(Approvers::TenantApprovers {}, 2);
    let both = waiting("payments", "both", vec![of_tenant, rule(group(None, "dbas"), 1)]);
    let elsewhere = waiting(
        "payments",
        "elsewhere",
        vec![rule(group(Some("partner"), "dbas"), 1)],
    );
    let mut own = waiting("payments", "own", vec![rule(Approvers::TenantApprovers {}, 1)]);
    own.requester = Person {
        email: Some("ADA@example.com".into()),
        ..person("another-account-of-ada")
    };
    for request in [&both, &elsewhere, &own] {
        store.insert_for_tests(request, &[]).await.unwrap();
    }
    let ada = approver("ada", &["payments"], &[]);
    let bo = approver("bo", &["payments"], &[]);
    let dba = approver("dee", &["research"], &["dbas"]);
    assert_eq!(names(store, &ada).await, ["both"], "nobody decides on their own");
    assert_eq!(names(store, &bo).await, ["both", "own"]);
    assert_eq!(
        names(store, &dba).await,
        ["both"],
        "groups belong to their provider"
    );
    // A person who agreed is not asked again; others are.
    let once = Request {
        decisions: vec![agreed("ada")],
        ..both
    };
    let once = store.update_for_tests(&once, &[]).await.unwrap();
    assert!(names(store, &ada).await.is_empty());
    assert_eq!(names(store, &bo).await, ["both", "own"]);
    // A rule that is met waits for nobody.
    let twice = Request {
        decisions: vec![agreed("ada"), agreed("cy")],
        ..once
    };
    store.update_for_tests(&twice, &[]).await.unwrap();
    assert_eq!(names(store, &bo).await, ["own"]);
    assert_eq!(names(store, &dba).await, ["both"]);
}

async fn a_decided_request_waits_for_nobody(database: &TestStore) {
    let store = &database.store;
    let bo = approver("bo", &["payments"], &[]);
    let asked = waiting("payments", "files", vec![rule(Approvers::TenantApprovers {}, 1)]);
    store.insert_for_tests(&asked, &[]).await.unwrap();
    assert_eq!(names(store, &bo).await, ["files"]);
    let approved = Request {
        state: State::Approved,
        ..asked
    };
    let approved = store.update_for_tests(&approved, &[]).await.unwrap();
    assert!(names(store, &bo).await.is_empty());
    // Policy may require approval again before it is applied.
    let again = Request {
        state: State::AwaitingApproval,
        ..approved
    };
    store.update_for_tests(&again, &[]).await.unwrap();
    assert_eq!(names(store, &bo).await, ["files"]);
}

async fn approvers_of_older_requests_are_derived_at_start(database: &TestStore) {
    let store = &database.store;
    let bo = approver("bo", &["payments"], &[]);
    for number in 0..450 {
        let rules = vec![rule(Approvers::TenantApprovers {}, 1)];
        let asked = waiting("payments", &format!("files-{number}"), rules);
        store.insert_for_tests(&asked, &[]).await.unwrap();
    }
    let forget = "DELETE FROM pending_approvers; DELETE FROM excluded_approvers; \
                  UPDATE requests SET placement = 'nonsense' WHERE name IN ('files-0', 'files-199', 'files-449')";
    crate::run(database, forget).await.unwrap();
    assert_eq!(store.count_pending_approvals(&bo).await.unwrap(), 0);
    let again = Store::connect(&database.url, &Settings::default()).await.unwrap();
    // A row that cannot be decoded waits for nobody, and does not hide others.
    assert_eq!(again.count_pending_approvals(&bo).await.unwrap(), 447);
}
