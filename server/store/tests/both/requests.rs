use std::collections::BTreeSet;
use std::time::Duration;

use portico_domain::request::{Action, Decision, Request, State, Transition};
use portico_domain::tenancy::Scope;
use portico_store::testing::{TestStore, event, request};
use portico_store::{EventFilter, Page, RequestFilter, StoreError};
use serde_json::json;

use crate::scope_of;

crate::on_both! {
    a_request_round_trips,
    a_request_outside_the_scope_does_not_exist,
    a_claim_has_one_open_request_at_most,
    an_update_of_an_old_revision_fails_and_records_no_event,
    of_two_concurrent_decisions_one_is_stale,
    frozen_columns_do_not_change,
    lists_are_filtered_and_paged,
    open_requests_count_before_their_claims_exist,
    cluster_scoped_claims_belong_to_the_tenant_of_their_request,
    requests_are_found_by_the_name_of_their_claim_on_every_plane,
    migrations_are_applied_once,
    subscribers_get_committed_changes_only,
}

async fn a_request_round_trips(database: &TestStore) {
    let mut request = request("payments", "files", State::AwaitingApproval);
    request.manifest["metadata"]["annotations"] =
        json!({"note": "ünïcode, \"quotes\", '; DROP TABLE requests; --\u{0}"});
    request.note = Some("please".into());
    request.previous = Some(json!({"spec": {"sizeGb": 5}}));
    request.schema_hash = Some("0a1b".into());
    request.approval = Some(serde_json::from_value(json!({
        "rules": [{"policy": "p", "rule": "r", "reason": "why", "approvers": {"tenantApprovers": {}}, "count": 1}],
        "expiresAt": "2031-01-02T03:04:05.678901Z",
    })).unwrap());
    database.store.insert_for_tests(&request, &[]).await.unwrap();
    let back = database
        .store
        .request(&scope_of(&["payments"]), request.id)
        .await
        .unwrap();
    assert_eq!(back, Some(request.clone()));
    let again = database.store.insert_for_tests(&request, &[]).await.unwrap_err();
    assert!(matches!(again, StoreError::Duplicate(_)), "{again}");
}

async fn cluster_scoped_claims_belong_to_the_tenant_of_their_request(database: &TestStore) {
    let store = &database.store;
    let mut made = Vec::new();
    for (name, state, uid) in [
        ("made", State::Fulfilled, Some("uid-1")),
        ("failed", State::Failed, Some("uid-2")),
        ("asked", State::Approved, None),
    ] {
        let mut request = request("payments", name, state);
        request.claim.namespace = None;
        request.uid = uid.map(str::to_owned);
        store.insert_for_tests(&request, &[]).await.unwrap();
        made.push(request);
    }
    let mut namespaced = request("payments", "namespaced", State::Fulfilled);
    namespaced.uid = Some("uid-3".into());
    store.insert_for_tests(&namespaced, &[]).await.unwrap();
    let found = store.recorded_claims().await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (&found[0].claim, found[0].uid.as_str()),
        (&made[0].claim, "uid-1")
    );
    assert_eq!(
        (
            found[0].owner.tenant.as_str(),
            found[0].owner.environment.as_str()
        ),
        ("payments", "dev")
    );

    // Created again for another tenant: the later entry counts.
    let mut again = request("research", "made", State::Fulfilled);
    again.claim.namespace = None;
    again.uid = Some("uid-4".into());
    store.insert_for_tests(&again, &[]).await.unwrap();
    let found = store.recorded_claims().await.unwrap();
    assert_eq!(
        found.last().map(|made| made.owner.tenant.as_str()),
        Some("research"),
        "{found:?}"
    );
}

async fn requests_are_found_by_the_name_of_their_claim_on_every_plane(database: &TestStore) {
    let store = &database.store;
    let here = request("payments", "files", State::Fulfilled);
    let mut there = request("payments", "files", State::Approved);
    there.claim.plane = "us-shared".parse().unwrap();
    let other = request("payments", "files-2", State::Approved);
    for request in [&here, &there, &other] {
        store.insert_for_tests(request, &[]).await.unwrap();
    }
    let named = RequestFilter {
        name: Some("files".parse().unwrap()),
        ..RequestFilter::default()
    };
    let found = store
        .requests(&scope_of(&["payments"]), &named, &Page::first(10))
        .await
        .unwrap();
    let ids: Vec<_> = found.items.iter().map(|request| request.id).collect();
    assert_eq!(ids, [there.id, here.id]);
}

async fn a_request_outside_the_scope_does_not_exist(database: &TestStore) {
    let theirs = request("research", "files", State::AwaitingApproval);
    database
        .store
        .insert_for_tests(&theirs, &[event(&theirs, "request.submitted")])
        .await
        .unwrap();
    for scope in [scope_of(&["payments"]), scope_of(&[])] {
        let store = &database.store;
        let filter = RequestFilter {
            tenant: Some(theirs.tenant.clone()),
            ..RequestFilter::default()
        };
        assert_eq!(store.request(&scope, theirs.id).await.unwrap(), None);
        assert!(
            store
                .requests(&scope, &filter, &Page::first(10))
                .await
                .unwrap()
                .items
                .is_empty()
        );
        assert!(store.count_requests(&scope, &filter).await.unwrap().is_empty());
        assert_eq!(store.open_request_of(&scope, &theirs.claim).await.unwrap(), None);
        let tenants = BTreeSet::from([theirs.tenant.clone()]);
        assert!(
            store
                .open_create_and_change_requests(&scope, &tenants)
                .await
                .unwrap()
                .is_empty()
        );
        assert!(
            store
                .events(&scope, &EventFilter::default(), &Page::first(10))
                .await
                .unwrap()
                .items
                .is_empty()
        );
    }
}

async fn a_claim_has_one_open_request_at_most(database: &TestStore) {
    let store = &database.store;
    let first = request("payments", "files", State::AwaitingApproval);
    store.insert_for_tests(&first, &[]).await.unwrap();
    let second = request("payments", "files", State::Approved);
    let error = store
        .insert_for_tests(&second, &[event(&second, "request.submitted")])
        .await
        .unwrap_err();
    assert!(
        matches!(error, StoreError::ClaimBusy { by: Some(by) } if by == first.id),
        "{error}"
    );
    let events = store
        .events(&Scope::for_tests(), &EventFilter::default(), &Page::first(10))
        .await
        .unwrap();
    assert!(events.items.is_empty(), "what was refused is not in the record");

    let mut cluster_scoped = request("payments", "files", State::Approved);
    cluster_scoped.claim.namespace = None;
    store.insert_for_tests(&cluster_scoped, &[]).await.unwrap();
    let mut another = request("payments", "files", State::Approved);
    another.claim.namespace = None;
    let error = store.insert_for_tests(&another, &[]).await.unwrap_err();
    assert!(
        matches!(error, StoreError::ClaimBusy { .. }),
        "a cluster-scoped claim is one claim: {error}"
    );

    let first = Request {
        state: first.state.apply(Transition::Withdraw).unwrap(),
        ..first
    };
    store.update_for_tests(&first, &[]).await.unwrap();
    store.insert_for_tests(&second, &[]).await.unwrap();
    let open = store
        .open_request_of(&scope_of(&["payments"]), &second.claim)
        .await
        .unwrap();
    assert_eq!(open.map(|request| request.id), Some(second.id));
}

async fn an_update_of_an_old_revision_fails_and_records_no_event(database: &TestStore) {
    let store = &database.store;
    let read = request("payments", "files", State::AwaitingApproval);
    store.insert_for_tests(&read, &[]).await.unwrap();
    let approved = Request {
        state: State::Approved,
        ..read.clone()
    };
    let saved = store
        .update_for_tests(&approved, &[event(&read, "request.approved")])
        .await
        .unwrap();
    assert_eq!(saved.revision, 2);
    let withdrawn = Request {
        state: State::Withdrawn,
        ..read
    };
    let error = store
        .update_for_tests(&withdrawn, &[event(&withdrawn, "request.withdrawn")])
        .await
        .unwrap_err();
    assert!(
        matches!(error, StoreError::Stale(id) if id == withdrawn.id),
        "{error}"
    );
    let events = store
        .events(&Scope::for_tests(), &EventFilter::default(), &Page::first(10))
        .await
        .unwrap();
    let verbs: Vec<&str> = events
        .items
        .iter()
        .map(|event| event.event.verb.as_str())
        .collect();
    assert_eq!(verbs, ["request.approved"]);
}

async fn of_two_concurrent_decisions_one_is_stale(database: &TestStore) {
    for round in 0..10 {
        let read = request("payments", &format!("files-{round}"), State::AwaitingApproval);
        database.store.insert_for_tests(&read, &[]).await.unwrap();
        let decide = |approved: bool| {
            let mut decided = read.clone();
            decided.state = read
                .state
                .apply(if approved {
                    Transition::Approve
                } else {
                    Transition::Reject
                })
                .unwrap();
            decided.decisions.push(Decision {
                digest: None,
                policy: None,
                void: false,
                undone_at: None,
                by: read.requester.clone(),
                provider: None,
                groups: Vec::new(),
                tenant_approver: true,
                approved,
                comment: None,
                at: read.created_at,
            });
            let store = database.store.clone();
            tokio::spawn(async move {
                store
                    .update_for_tests(&decided, &[event(&decided, "request.decided")])
                    .await
            })
        };
        let (yes, no) = (decide(true), decide(false));
        let outcomes = [yes.await.unwrap(), no.await.unwrap()];
        let stale = outcomes
            .iter()
            .filter(|outcome| matches!(outcome, Err(StoreError::Stale(_))))
            .count();
        assert_eq!(stale, 1, "{outcomes:?}");
        let kept = database
            .store
            .request(&Scope::for_tests(), read.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(kept.decisions.len(), 1);
    }
    let all = database
        .store
        .events(&Scope::for_tests(), &EventFilter::default(), &Page::first(100))
        .await
        .unwrap();
    assert_eq!(all.items.len(), 10, "one decision each, and one event for it");
}

async fn frozen_columns_do_not_change(database: &TestStore) {
    let store = &database.store;
    let read = request("payments", "files", State::AwaitingApproval);
    store.insert_for_tests(&read, &[]).await.unwrap();
    let mut changed = Request {
        state: State::Approved,
        ..read.clone()
    };
    changed.manifest["spec"]["sizeGb"] = json!(1000);
    store.update_for_tests(&changed, &[]).await.unwrap();
    let kept = store
        .request(&Scope::for_tests(), read.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((kept.state, &kept.manifest), (State::Approved, &read.manifest));
    changed = Request {
        manifest_hash: "another".into(),
        ..kept
    };
    assert!(matches!(
        store.update_for_tests(&changed, &[]).await,
        Err(StoreError::Stale(_))
    ));
}

async fn lists_are_filtered_and_paged(database: &TestStore) {
    let store = &database.store;
    let mut made = Vec::new();
    for number in 0..7 {
        let state = if number % 2 == 0 {
            State::AwaitingApproval
        } else {
            State::Fulfilled
        };
        let request = request("payments", &format!("files-{number}"), state);
        store.insert_for_tests(&request, &[]).await.unwrap();
        made.push(request.id);
    }
    let mut by_another = request("research", "files", State::AwaitingApproval);
    by_another.requester.subject = "https://sso.example#devon".into();
    store.insert_for_tests(&by_another, &[]).await.unwrap();

    let scope = scope_of(&["payments", "research"]);
    let payments = RequestFilter {
        tenant: Some("payments".parse().unwrap()),
        ..RequestFilter::default()
    };
    let mut seen = Vec::new();
    let mut page = Page::first(3);
    loop {
        let part = store.requests(&scope, &payments, &page).await.unwrap();
        seen.extend(part.items.iter().map(|request| request.id));
        let Some(next) = part.next else { break };
        page.before = Some(next);
    }
    made.reverse();
    assert_eq!(seen, made, "all of them, each once, the newest first");

    let ids = |filter: RequestFilter| {
        let (store, scope) = (store.clone(), scope.clone());
        async move {
            let listing = store.requests(&scope, &filter, &Page::first(100)).await.unwrap();
            listing.items.len()
        }
    };
    assert_eq!(ids(RequestFilter::awaiting_decision()).await, 5);
    let not_mine = RequestFilter {
        not_requester: Some("https://sso.example#dana".into()),
        ..RequestFilter::awaiting_decision()
    };
    assert_eq!(ids(not_mine).await, 1);
    assert_eq!(
        ids(RequestFilter {
            requester: Some("https://sso.example#devon".into()),
            ..Default::default()
        })
        .await,
        1
    );
    assert_eq!(ids(RequestFilter::of_claim(by_another.claim.clone())).await, 1);
    assert_eq!(
        ids(RequestFilter {
            plane: Some("us-shared".parse().unwrap()),
            ..Default::default()
        })
        .await,
        0
    );
    assert_eq!(
        ids(RequestFilter {
            offering: Some(by_another.claim.offering.clone()),
            ..Default::default()
        })
        .await,
        8
    );

    let counts = store
        .count_requests(&scope, &RequestFilter::default())
        .await
        .unwrap();
    assert_eq!(
        counts.into_iter().collect::<Vec<_>>(),
        [(State::AwaitingApproval, 5), (State::Fulfilled, 3)]
    );
}

async fn open_requests_count_before_their_claims_exist(database: &TestStore) {
    let store = &database.store;
    let tenants = BTreeSet::from(["payments".parse().unwrap()]);
    for (number, state) in [State::AwaitingApproval, State::Approved, State::Applying]
        .into_iter()
        .enumerate()
    {
        store
            .insert_for_tests(&request("payments", &format!("open-{number}"), state), &[])
            .await
            .unwrap();
    }
    for (name, action) in [
        ("changed", Action::Change),
        ("renewed", Action::Renew),
        ("deleted", Action::Delete),
    ] {
        let mut about = request("payments", name, State::AwaitingApproval);
        about.action = action;
        store.insert_for_tests(&about, &[]).await.unwrap();
    }
    for (number, state) in [State::Fulfilled, State::Rejected, State::Failed]
        .into_iter()
        .enumerate()
    {
        store
            .insert_for_tests(&request("payments", &format!("done-{number}"), state), &[])
            .await
            .unwrap();
    }
    let open = store
        .open_create_and_change_requests(&scope_of(&["payments"]), &tenants)
        .await
        .unwrap();
    let names: Vec<&str> = open.iter().map(|request| request.claim.name.as_str()).collect();
    assert_eq!(names, ["open-0", "open-1", "open-2", "changed"]);
}

async fn migrations_are_applied_once(database: &TestStore) {
    let kept = request("payments", "files", State::Approved);
    database.store.insert_for_tests(&kept, &[]).await.unwrap();
    let settings = portico_store::Settings {
        wait: Duration::from_secs(5),
        ..Default::default()
    };
    let again = portico_store::Store::connect(&database.url, &settings)
        .await
        .unwrap();
    assert_eq!(
        again.request(&Scope::for_tests(), kept.id).await.unwrap(),
        Some(kept)
    );
    again.ping().await.unwrap();
}

async fn subscribers_get_committed_changes_only(database: &TestStore) {
    let store = &database.store;
    let mut changes = store.subscribe();
    let read = request("payments", "files", State::Approved);
    store.insert_for_tests(&read, &[]).await.unwrap();
    let applying = Request {
        state: State::Applying,
        ..read.clone()
    };
    store.update_for_tests(&applying, &[]).await.unwrap();
    store.update_for_tests(&applying, &[]).await.unwrap_err();
    let states: Vec<State> = std::iter::from_fn(|| changes.try_recv().ok())
        .map(|change| change.state)
        .collect();
    assert_eq!(states, [State::Approved, State::Applying]);
}
