use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use portico_domain::request::{Action, State};
use portico_store::testing::{TestStore, request};

crate::on_both! {
    the_typical_time_is_the_median_of_the_samples,
    readiness_is_recorded_once,
    claims_that_are_not_ready_yet_are_selected,
}

async fn the_typical_time_is_the_median_of_the_samples(database: &TestStore) {
    let store = &database.store;
    let offering = "buckets.storage.demo.portico.dev".parse().unwrap();
    assert_eq!(store.typical_time(&offering).await.unwrap(), None);
    for (number, seconds) in [30, 10, 3600].into_iter().enumerate() {
        let request = request("payments", &format!("files-{number}"), State::Fulfilled);
        store.insert_for_tests(&request, &[]).await.unwrap();
        store
            .note_ready(
                request.id,
                &offering,
                Duration::from_secs(seconds),
                Timestamp::now(),
            )
            .await
            .unwrap();
    }
    assert_eq!(
        store.typical_time(&offering).await.unwrap(),
        Some(Duration::from_secs(30))
    );
    let all = store.typical_times().await.unwrap();
    assert_eq!(
        all.into_iter().collect::<Vec<_>>(),
        [(offering, Duration::from_secs(30))]
    );
}

async fn readiness_is_recorded_once(database: &TestStore) {
    let store = &database.store;
    let request = request("payments", "files", State::Fulfilled);
    store.insert_for_tests(&request, &[]).await.unwrap();
    assert!(!store.was_ready(request.id).await.unwrap());
    for seconds in [20, 40] {
        let took = Duration::from_secs(seconds);
        store
            .note_ready(request.id, &request.claim.offering, took, Timestamp::now())
            .await
            .unwrap();
    }
    assert_eq!(
        store.typical_time(&request.claim.offering).await.unwrap(),
        Some(Duration::from_secs(20))
    );
    assert!(store.was_ready(request.id).await.unwrap());
}

async fn claims_that_are_not_ready_yet_are_selected(database: &TestStore) {
    let store = &database.store;
    let waiting = request("payments", "waiting", State::Fulfilled);
    let noted = request("payments", "noted", State::Fulfilled);
    let mut deletion = request("payments", "deleted", State::Fulfilled);
    deletion.action = Action::Delete;
    let in_progress = request("payments", "under-way", State::Applying);
    for request in [&waiting, &noted, &deletion, &in_progress] {
        store.insert_for_tests(request, &[]).await.unwrap();
    }
    store
        .note_ready(
            noted.id,
            &noted.claim.offering,
            Duration::from_secs(1),
            Timestamp::now(),
        )
        .await
        .unwrap();
    let an_hour_ago = Timestamp::now() - SignedDuration::from_hours(1);
    assert_eq!(store.awaiting_readiness(an_hour_ago).await.unwrap(), [waiting]);
    let younger = request("payments", "younger", State::Fulfilled);
    store.insert_for_tests(&younger, &[]).await.unwrap();
    let found = store.awaiting_readiness(an_hour_ago).await.unwrap();
    let names: Vec<&str> = found.iter().map(|request| request.claim.name.as_str()).collect();
    assert_eq!(
        names,
        ["younger", "waiting"],
        "what never gets ready starves nobody"
    );
    let in_an_hour = Timestamp::now() + SignedDuration::from_hours(1);
    assert!(store.awaiting_readiness(in_an_hour).await.unwrap().is_empty());
}
