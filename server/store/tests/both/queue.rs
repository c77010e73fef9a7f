use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use portico_domain::authz::SystemAuthority;
use portico_domain::names::RequestId;
use portico_domain::reason::WaitingReason;
use portico_domain::request::{Request, State};
use portico_domain::tenancy::Scope;
use portico_store::testing::{TestStore, event, request};
use portico_store::{EventFilter, Page, Renewal, RequestFilter, Retry, StoreError};

const MINUTE: Duration = Duration::from_mins(1);

crate::on_both! {
    only_due_requests_that_may_be_applied_are_leased,
    concurrent_workers_never_lease_the_same_request,
    an_expired_lease_is_taken_over_and_its_holder_notices,
    a_retry_counts_and_becomes_due_again,
    an_ended_request_releases_its_lease,
    a_request_can_be_withdrawn_until_a_worker_begins,
    a_leased_request_is_not_leased_again,
    the_next_due_time_is_known,
    requests_without_a_decision_expire,
    an_unreadable_row_does_not_block_the_others,
    unreadable_rows_at_the_head_do_not_block_the_queue,
    an_unreadable_overdue_row_does_not_block_the_others,
}

async fn put(database: &TestStore, name: &str, state: State) -> Request {
    let request = request("payments", name, state);
    database.store.insert_for_tests(&request, &[]).await.unwrap();
    request
}

async fn only_due_requests_that_may_be_applied_are_leased(database: &TestStore) {
    let now = Timestamp::now();
    for state in State::ALL {
        put(database, state.slug(), state).await;
    }
    let mut later = request("payments", "later", State::Approved);
    later.next_attempt_at = Some(now + SignedDuration::from_secs(1));
    database.store.insert_for_tests(&later, &[]).await.unwrap();
    let leased = database.store.lease("one", now, MINUTE, 100, &[]).await.unwrap();
    let names: Vec<&str> = leased.iter().map(|request| request.claim.name.as_str()).collect();
    assert_eq!(names, ["approved", "applying"]);
    assert!(
        database
            .store
            .lease("two", now, MINUTE, 100, &[])
            .await
            .unwrap()
            .is_empty()
    );
    let in_a_second = now + SignedDuration::from_secs(1);
    assert_eq!(
        database
            .store
            .lease("two", in_a_second, MINUTE, 100, &[])
            .await
            .unwrap()
            .len(),
        1
    );
}

async fn concurrent_workers_never_lease_the_same_request(database: &TestStore) {
    const REQUESTS: usize = 60;
    for number in 0..REQUESTS {
        put(database, &format!("files-{number}"), State::Approved).await;
    }
    let now = Timestamp::now();
    let workers: Vec<_> = (0..8)
        .map(|number| {
            let store = database.store.clone();
            tokio::spawn(async move {
                let mut taken = Vec::new();
                loop {
                    let leased = store
                        .lease(&format!("worker-{number}"), now, MINUTE, 3, &[])
                        .await
                        .unwrap();
                    assert!(leased.len() <= 3);
                    if leased.is_empty() {
                        return taken;
                    }
                    taken.extend(leased.into_iter().map(|request| request.id));
                }
            })
        })
        .collect();
    let mut times: BTreeMap<RequestId, u32> = BTreeMap::new();
    for worker in workers {
        for id in worker.await.unwrap() {
            *times.entry(id).or_default() += 1;
        }
    }
    // A worker may skip rows that others have locked, but no two get the same one.
    assert!(times.values().all(|times| *times == 1), "{times:?}");
    let left = database
        .store
        .lease("sweeper", now, MINUTE, 100, &[])
        .await
        .unwrap();
    assert_eq!(times.len() + left.len(), REQUESTS);
}

async fn an_expired_lease_is_taken_over_and_its_holder_notices(database: &TestStore) {
    let store = &database.store;
    let id = put(database, "files", State::Approved).await.id;
    let now = Timestamp::now();
    store.lease("slow", now, MINUTE, 1, &[]).await.unwrap();
    assert_eq!(
        store.renew_lease(id, "slow", now, 2 * MINUTE).await.unwrap(),
        Renewal::Held
    );
    let after_first = now + SignedDuration::from_secs(90);
    assert!(
        store
            .lease("quick", after_first, MINUTE, 1, &[])
            .await
            .unwrap()
            .is_empty(),
        "renewed, it holds"
    );
    let after_second = now + SignedDuration::from_secs(120);
    let taken = store.lease("quick", after_second, MINUTE, 1, &[]).await.unwrap();
    assert_eq!(taken.len(), 1);
    assert_eq!(
        store.renew_lease(id, "slow", after_second, MINUTE).await.unwrap(),
        Renewal::Lost
    );
    assert_eq!(
        store.release(id, "slow", after_second, None, &[]).await.unwrap(),
        Renewal::Lost
    );
    // The update that commits second is stale.
    let begun = Request {
        state: State::Applying,
        ..taken[0].clone()
    };
    store.update_for_tests(&begun, &[]).await.unwrap();
    assert!(matches!(
        store.update_for_tests(&begun, &[]).await,
        Err(StoreError::Stale(_))
    ));
}

async fn a_retry_counts_and_becomes_due_again(database: &TestStore) {
    let store = &database.store;
    let request = put(database, "files", State::Applying).await;
    let now = request.updated_at;
    store.lease("one", now, MINUTE, 1, &[]).await.unwrap();
    let at = now + SignedDuration::from_secs(5);
    let retry = Retry {
        at,
        waiting_for: WaitingReason::PlaneTimeout {
            plane: "eu-shared".into(),
        },
    };
    store
        .release(
            request.id,
            "one",
            now,
            Some(&retry),
            &[event(&request, "request.waiting")],
        )
        .await
        .unwrap();
    let waiting = store
        .request(&Scope::for_tests(), request.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (waiting.attempts, waiting.revision, waiting.next_attempt_at),
        (1, 2, Some(at))
    );
    assert_eq!(waiting.waiting_for.as_ref(), Some(&retry.waiting_for));
    assert!(store.lease("two", now, MINUTE, 1, &[]).await.unwrap().is_empty());
    assert_eq!(store.lease("two", at, MINUTE, 1, &[]).await.unwrap(), [waiting]);
    let told = store
        .events(&Scope::for_tests(), &EventFilter::default(), &Page::first(5))
        .await
        .unwrap();
    assert_eq!(told.items.len(), 1);
}

async fn an_ended_request_releases_its_lease(database: &TestStore) {
    let store = &database.store;
    let request = put(database, "files", State::Applying).await;
    store
        .lease("one", Timestamp::now(), MINUTE, 1, &[])
        .await
        .unwrap();
    let fulfilled = Request {
        state: State::Fulfilled,
        ..request
    };
    store.update_for_tests(&fulfilled, &[]).await.unwrap();
    assert_eq!(
        store
            .renew_lease(fulfilled.id, "one", Timestamp::now(), MINUTE)
            .await
            .unwrap(),
        Renewal::Lost
    );
}

async fn a_request_can_be_withdrawn_until_a_worker_begins(database: &TestStore) {
    let store = &database.store;
    let request = put(database, "files", State::Approved).await;
    let leased = store
        .lease("one", Timestamp::now(), MINUTE, 1, &[])
        .await
        .unwrap()
        .remove(0);
    store
        .update_for_tests(
            &Request {
                state: State::Withdrawn,
                ..request
            },
            &[],
        )
        .await
        .unwrap();
    let begun = Request {
        state: State::Applying,
        ..leased
    };
    assert!(matches!(
        store.update_for_tests(&begun, &[]).await,
        Err(StoreError::Stale(_))
    ));
}

async fn a_leased_request_is_not_leased_again(database: &TestStore) {
    let store = &database.store;
    put(database, "files", State::Applying).await;
    let now = Timestamp::now();
    let leased = store.lease("one", now, MINUTE, 1, &[]).await.unwrap().remove(0);
    let given_up = Request {
        state: State::Withdrawn,
        ..leased.clone()
    };
    assert!(matches!(
        store
            .update_idle_request(&SystemAuthority::for_tests(), &given_up, now, &[])
            .await,
        Err(StoreError::Stale(_))
    ));
    let retry = Retry {
        at: now + SignedDuration::from_mins(5),
        waiting_for: WaitingReason::PlaneTimeout {
            plane: "eu-shared".into(),
        },
    };
    store
        .release(leased.id, "one", now, Some(&retry), &[])
        .await
        .unwrap();
    let given_up = Request {
        revision: leased.revision + 1,
        ..given_up
    };
    store
        .update_idle_request(&SystemAuthority::for_tests(), &given_up, now, &[])
        .await
        .unwrap();
}

async fn the_next_due_time_is_known(database: &TestStore) {
    let store = &database.store;
    assert_eq!(store.next_due(&[]).await.unwrap(), None);
    let mut request = request("payments", "files", State::Approved);
    let now = request.created_at;
    let soon = now + SignedDuration::from_secs(30);
    request.next_attempt_at = Some(soon);
    store.insert_for_tests(&request, &[]).await.unwrap();
    assert_eq!(store.next_due(&[]).await.unwrap(), Some(soon));
    store.lease("one", soon, MINUTE, 1, &[]).await.unwrap();
    assert_eq!(
        store.next_due(&[]).await.unwrap(),
        Some(soon + SignedDuration::from_secs(60))
    );
}

async fn requests_without_a_decision_expire(database: &TestStore) {
    let store = &database.store;
    let now = Timestamp::now();
    for (name, state, hours) in [
        ("over", State::AwaitingApproval, -1),
        ("open", State::AwaitingApproval, 1),
        ("done", State::Fulfilled, -1),
    ] {
        let mut request = request("payments", name, state);
        request.approval = Some(portico_domain::request::ApprovalNeed {
            rules: Vec::new(),
            expires_at: now + SignedDuration::from_hours(hours),
        });
        store.insert_for_tests(&request, &[]).await.unwrap();
    }
    let expired = store.expired(now).await.unwrap();
    let names: Vec<&str> = expired
        .iter()
        .map(|request| request.claim.name.as_str())
        .collect();
    assert_eq!(names, ["over"]);
}

async fn an_unreadable_row_does_not_block_the_others(database: &TestStore) {
    let broken = put(database, "broken", State::Approved).await;
    let whole = put(database, "whole", State::Approved).await;
    crate::run(
        database,
        "UPDATE requests SET placement = 'nonsense' WHERE name = 'broken'",
    )
    .await
    .unwrap();
    let leased = database
        .store
        .lease("one", Timestamp::now(), MINUTE, 10, &[])
        .await
        .unwrap();
    assert_eq!(leased, [whole]);
    let error = database
        .store
        .request(&Scope::for_tests(), broken.id)
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Unreadable { .. }), "{error}");
}

/// Checks that these requests have failed, and that the audit log says so once for each.
async fn assert_quarantined(database: &TestStore, broken: &[Request]) {
    let store = &database.store;
    let failed = RequestFilter {
        states: vec![State::Failed],
        ..RequestFilter::default()
    };
    let counts = store.count_requests(&Scope::for_tests(), &failed).await.unwrap();
    assert_eq!(
        counts.get(&State::Failed).copied().unwrap_or_default(),
        broken.len() as u64
    );
    let filter = EventFilter {
        verb: Some("request.failed".into()),
        ..EventFilter::default()
    };
    let told = store
        .events(&Scope::for_tests(), &filter, &Page::first(500))
        .await
        .unwrap()
        .items;
    let mut of: Vec<RequestId> = told.iter().filter_map(|event| event.event.request).collect();
    of.sort();
    let mut wanted: Vec<RequestId> = broken.iter().map(|request| request.id).collect();
    wanted.sort();
    assert_eq!(of, wanted);
    for event in told {
        let event = event.event;
        assert_eq!(event.details["reason"], "unreadable", "{event:?}");
        assert!(
            event.details["why"].as_str().unwrap().contains("placement"),
            "{event:?}"
        );
        assert_eq!(event.tenant.unwrap().as_str(), "payments");
    }
}

async fn make_unreadable(database: &TestStore) {
    let make_unreadable = "UPDATE requests SET placement = 'nonsense' WHERE name LIKE 'broken%'";
    crate::run(database, make_unreadable).await.unwrap();
}

async fn unreadable_rows_at_the_head_do_not_block_the_queue(database: &TestStore) {
    const LIMIT: u32 = 3;
    let store = &database.store;
    let mut broken = Vec::new();
    for number in 0..LIMIT * 2 {
        broken.push(put(database, &format!("broken-{number}"), State::Approved).await);
    }
    let whole = put(database, "whole", State::Approved).await;
    make_unreadable(database).await;
    let mut changes = store.subscribe();
    let now = Timestamp::now();
    let leased = store.lease("one", now, MINUTE, LIMIT, &[]).await.unwrap();
    assert_eq!(
        leased.iter().map(|request| request.id).collect::<Vec<_>>(),
        [whole.id]
    );
    assert_quarantined(database, &broken).await;
    let told = std::iter::from_fn(|| changes.try_recv().ok());
    assert_eq!(
        told.filter(|change| change.state == State::Failed).count(),
        broken.len()
    );
    // Nothing is due before the lease expires, so the worker does not poll.
    assert!(store.next_due(&[]).await.unwrap().unwrap() > now);
    assert!(
        store
            .lease("two", now, MINUTE, LIMIT, &[])
            .await
            .unwrap()
            .is_empty()
    );
    // The claim is free again, and the row does not break any list.
    put(database, "broken-0", State::Approved).await;
    let listed = store
        .requests(&Scope::for_tests(), &RequestFilter::default(), &Page::first(2))
        .await
        .unwrap();
    assert_eq!(listed.items.len(), 2);
    let page = Page {
        limit: 100,
        before: listed.next,
    };
    let rest = store
        .requests(&Scope::for_tests(), &RequestFilter::default(), &page)
        .await
        .unwrap();
    assert_eq!((rest.items.len(), rest.next), (0, None));
}

async fn an_unreadable_overdue_row_does_not_block_the_others(database: &TestStore) {
    let store = &database.store;
    let now = Timestamp::now();
    let mut broken = Vec::new();
    // One more than a batch.
    for number in 0..=100_i64 {
        let name = if number == 100 {
            "whole".to_owned()
        } else {
            format!("broken-{number}")
        };
        let mut request = request("payments", &name, State::AwaitingApproval);
        request.approval = Some(portico_domain::request::ApprovalNeed {
            rules: Vec::new(),
            expires_at: now - SignedDuration::from_secs(1_000 - number),
        });
        store.insert_for_tests(&request, &[]).await.unwrap();
        broken.push(request);
    }
    let whole = broken.pop().unwrap();
    make_unreadable(database).await;
    let expired = store.expired(now).await.unwrap();
    assert_eq!(
        expired.iter().map(|request| request.id).collect::<Vec<_>>(),
        [whole.id]
    );
    assert_quarantined(database, &broken).await;
}
