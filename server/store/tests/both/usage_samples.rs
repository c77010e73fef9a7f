use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use portico_domain::claim::Health;
use portico_domain::names::TenantName;
use portico_domain::request::State;
use portico_domain::tenancy::Scope;
use portico_domain::usage::UsageCounters;
use portico_store::Store;
use portico_store::testing::{TestStore, request, run};

use crate::scope_of;

crate::on_both! {
    the_first_sample_of_an_hour_stays,
    the_last_sample_of_each_slot_is_selected,
    samples_stay_within_the_scope,
    old_samples_are_deleted,
    a_sample_that_cannot_be_read_is_left_out,
    times_to_ready_are_those_of_a_tenant_since_then,
}

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn payments() -> TenantName {
    "payments".parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn counters(ready: u64) -> UsageCounters {
    UsageCounters {
        claims: BTreeMap::from([(Health::Ready, ready)]),
        used: BTreeMap::from([("claims".to_owned(), ready)]),
        limits: BTreeMap::from([("claims".to_owned(), 10)]),
        monthly: BTreeMap::from([("EUR".to_owned(), 9.5)]),
    }
}

async fn insert(store: &Store, tenant: Option<TenantName>, hour: &str, ready: u64) -> u64 {
    let samples = BTreeMap::from([(tenant, counters(ready))]);
    store.insert_usage_samples(at(hour), &samples).await.unwrap()
}

/// The hours and the numbers of ready claims.
async fn selected(
    store: &Store,
    scope: &Scope,
    tenant: Option<&TenantName>,
    since: &str,
    slot: SignedDuration,
) -> Vec<(String, u64)> {
    let samples = store.usage_samples(scope, tenant, at(since), slot).await.unwrap();
    let ready = |counters: &UsageCounters| counters.claims.get(&Health::Ready).copied().unwrap_or(0);
    samples
        .iter()
        .map(|sample| (sample.hour.to_string(), ready(&sample.counters)))
        .collect()
}

async fn the_first_sample_of_an_hour_stays(database: &TestStore) {
    let (store, all) = (&database.store, Scope::for_tests());
    assert_eq!(
        insert(store, Some(payments()), "2026-06-01T10:00:00Z", 1).await,
        1
    );
    assert_eq!(
        insert(store, Some(payments()), "2026-06-01T10:00:00Z", 2).await,
        0
    );
    assert_eq!(insert(store, None, "2026-06-01T10:00:00Z", 7).await, 1);
    let payments = payments();
    let samples = store
        .usage_samples(&all, Some(&payments), Timestamp::UNIX_EPOCH, DAY)
        .await
        .unwrap();
    assert_eq!(samples.len(), 1);
    assert_eq!(samples[0].counters, counters(1), "every counter is kept");
}

async fn the_last_sample_of_each_slot_is_selected(database: &TestStore) {
    let (store, all, payments) = (&database.store, Scope::for_tests(), payments());
    for (hour, ready) in [
        ("2026-06-01T23:00:00Z", 1),
        ("2026-06-02T00:00:00Z", 2),
        ("2026-06-02T05:00:00Z", 3),
        ("2026-06-02T06:00:00Z", 4),
        ("2026-06-04T12:00:00Z", 5),
    ] {
        insert(store, Some(payments.clone()), hour, ready).await;
    }
    let days = selected(store, &all, Some(&payments), "2026-06-01T00:00:00Z", DAY).await;
    let ready: Vec<u64> = days.iter().map(|(_, ready)| *ready).collect();
    assert_eq!(ready, [1, 4, 5]);
    assert_eq!(days[0].0, "2026-06-01T23:00:00Z");
    let quarter = SignedDuration::from_hours(6);
    let quarters = selected(store, &all, Some(&payments), "2026-06-02T00:00:00Z", quarter).await;
    let ready: Vec<u64> = quarters.into_iter().map(|(_, ready)| ready).collect();
    assert_eq!(ready, [3, 4, 5]);
    let since = store.usage_counted_since(&all, Some(&payments)).await.unwrap();
    assert_eq!(since, Some(at("2026-06-01T23:00:00Z")));
    assert_eq!(store.usage_counted_since(&all, None).await.unwrap(), None);
}

async fn samples_stay_within_the_scope(database: &TestStore) {
    let (store, payments) = (&database.store, payments());
    insert(store, Some(payments.clone()), "2026-06-01T10:00:00Z", 1).await;
    insert(store, None, "2026-06-01T10:00:00Z", 9).await;
    let since = "2026-06-01T00:00:00Z";
    for (scope, own, together) in [
        (Scope::for_tests(), 1, 1),
        (scope_of(&["payments"]), 1, 0),
        (scope_of(&["research"]), 0, 0),
        (scope_of(&[]), 0, 0),
    ] {
        let count = async |tenant| selected(store, &scope, tenant, since, DAY).await.len();
        assert_eq!(count(Some(&payments)).await, own, "{scope:?}");
        assert_eq!(count(None).await, together, "{scope:?}");
        let counted = async |tenant| store.usage_counted_since(&scope, tenant).await.unwrap().is_some();
        assert_eq!(counted(Some(&payments)).await, own == 1, "{scope:?}");
        assert_eq!(counted(None).await, together == 1, "{scope:?}");
    }
}

async fn old_samples_are_deleted(database: &TestStore) {
    let (store, all, payments) = (&database.store, Scope::for_tests(), payments());
    for hour in ["2026-06-01T10:00:00Z", "2026-06-01T11:00:00Z"] {
        insert(store, Some(payments.clone()), hour, 1).await;
        insert(store, None, hour, 1).await;
    }
    let before = at("2026-06-01T11:00:00Z");
    assert_eq!(store.delete_usage_samples(before).await.unwrap(), 2);
    assert_eq!(store.delete_usage_samples(before).await.unwrap(), 0);
    let since = store.usage_counted_since(&all, Some(&payments)).await.unwrap();
    assert_eq!(since, Some(before));
}

async fn a_sample_that_cannot_be_read_is_left_out(database: &TestStore) {
    let (store, all, payments) = (&database.store, Scope::for_tests(), payments());
    insert(store, Some(payments.clone()), "2026-06-01T10:00:00Z", 1).await;
    let later = at("2026-06-02T10:00:00Z").as_microsecond();
    run(
        &database.url,
        &format!(
            "INSERT INTO usage_samples (tenant, hour, counters) VALUES ('payments', {later}, \
             '{{\"claims\": {{\"a-health-of-another-version\": 1}}}}')"
        ),
    )
    .await;
    let found = selected(store, &all, Some(&payments), "2026-06-01T00:00:00Z", DAY).await;
    assert_eq!(found, [("2026-06-01T10:00:00Z".to_owned(), 1)]);
}

async fn times_to_ready_are_those_of_a_tenant_since_then(database: &TestStore) {
    let store = &database.store;
    let (buckets, caches) = (
        "buckets.example.test".parse().unwrap(),
        "caches.example.test".parse().unwrap(),
    );
    let (old, new) = (at("2026-05-01T00:00:00Z"), at("2026-06-01T00:00:00Z"));
    for (number, (tenant, offering, seconds, noted)) in [
        ("payments", &buckets, 50, new),
        ("payments", &buckets, 20, new),
        ("payments", &caches, 7, new),
        ("payments", &buckets, 999, old),
        ("research", &buckets, 30, new),
    ]
    .into_iter()
    .enumerate()
    {
        let request = request(tenant, &format!("files-{number}"), State::Fulfilled);
        store.insert_for_tests(&request, &[]).await.unwrap();
        let took = Duration::from_secs(seconds);
        store.note_ready(request.id, offering, took, noted).await.unwrap();
    }
    let (all, payments) = (Scope::for_tests(), payments());
    let own = store.ready_times(&all, Some(&payments), new).await.unwrap();
    assert_eq!(
        own,
        BTreeMap::from([(buckets.clone(), vec![20, 50]), (caches, vec![7])])
    );
    let everybodys = store.ready_times(&all, None, new).await.unwrap();
    assert_eq!(everybodys[&buckets], [20, 30, 50]);
    let of_research = store
        .ready_times(&scope_of(&["research"]), None, old)
        .await
        .unwrap();
    assert_eq!(of_research, BTreeMap::from([(buckets, vec![30])]));
    let foreign = store
        .ready_times(&scope_of(&["research"]), Some(&payments), old)
        .await
        .unwrap();
    assert!(foreign.is_empty());
}
