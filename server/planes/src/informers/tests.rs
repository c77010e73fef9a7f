//! Tests of informers without connections.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use portico_domain::documents::ResourceRef;
use serde_json::json;
use tokio::sync::Notify;

use super::objects::{Known, MAX_BYTES_PER_OBJECT, Ticket};
use super::states::MAX_WATCHES_PER_OBSERVER;
use super::store::{InformerKey, Informers, MAX_WATCHES, ObservedStatus, ObserverId, State};
use super::wanted::Wanted;
use crate::error::PlaneError;

fn wanted(kind: usize, name: &str) -> (InformerKey, Wanted) {
    let resource = ResourceRef {
        group: "example.org".to_owned(),
        version: "v1".to_owned(),
        kind: format!("Kind{kind}"),
        plural: format!("kind{kind}s"),
        namespaced: true,
    };
    let key = InformerKey {
        actor: None,
        path: format!("/apis/example.org/v1/namespaces/payments-dev/kind{kind}s"),
        by_subject: false,
    };
    (key, Wanted::object(&resource, Some("payments-dev"), name))
}

/// An observer of one object with an open watch.
fn live() -> (Informers, InformerKey, ObserverId, Arc<Notify>) {
    let informers = Informers::default();
    let (key, object) = wanted(0, "a");
    let (observer, wake) = (informers.next_observer(), Arc::new(Notify::new()));
    informers.register(&key, &object, observer, &wake);
    informers.set_state(&key, State::Live);
    (informers, key, observer, wake)
}

fn ticket(informers: &Informers, key: &InformerKey) -> Ticket {
    match informers.known(key, "a", false) {
        Known::Unknown(ticket) => ticket,
        Known::Current(known) | Known::Older(known, _) => panic!("{known:?}"),
    }
}

#[test]
fn a_read_is_current_until_the_watch_reports_a_change() {
    let (informers, key, _, wake) = live();
    let read = Ok(json!({ "a": 1 }));
    assert_eq!(informers.store(&key, "a", ticket(&informers, &key), &read), None);
    assert_eq!(informers.current(&key, "a"), Some(read.clone()));
    informers.changed(&key, "another");
    assert_eq!(informers.current(&key, "a"), Some(read));
    informers.changed(&key, "a");
    assert_eq!(informers.current(&key, "a"), None);
    assert!(futures::FutureExt::now_or_never(wake.notified()).is_some());
}

#[test]
fn a_change_during_a_read_makes_it_stale() {
    let (informers, key, ..) = live();
    let begun = ticket(&informers, &key);
    informers.changed(&key, "a");
    let due = informers.store(&key, "a", begun, &Ok(json!({ "a": 1 })));
    assert!(due.is_some());
    assert_eq!(informers.current(&key, "a"), None);
}

#[test]
fn caches_absence_but_not_temporary_errors() {
    let (informers, key, ..) = live();
    let absent = Err(PlaneError::NotFound {
        plane: "eu".to_owned(),
        message: "no".to_owned(),
    });
    informers.store(&key, "a", ticket(&informers, &key), &absent);
    assert_eq!(informers.current(&key, "a"), Some(absent.clone()));
    informers.changed(&key, "a");
    let trouble = Err(PlaneError::Unreachable {
        plane: "eu".to_owned(),
        message: "gone".to_owned(),
    });
    informers.store(&key, "a", ticket(&informers, &key), &trouble);
    informers.all_changed(&key, State::Interrupted);
    assert!(matches!(informers.known(&key, "a", false), Known::Older(known, _) if known == absent));
}

#[test]
fn polls_less_often_while_an_object_does_not_change() {
    let (informers, key, ..) = live();
    informers.set_state(&key, State::Denied);
    let read = |value: i32| {
        let ticket = Ticket {
            version: 0,
            is_live: false,
        };
        let due = informers.store(&key, "a", ticket, &Ok(json!(value))).unwrap();
        due.saturating_duration_since(Instant::now())
            .as_secs_f64()
            .round()
    };
    let pauses: Vec<f64> = [1, 1, 1, 1, 1, 1, 1, 2].map(read).into();
    assert_eq!(pauses, [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 2.0]);
    assert!(matches!(informers.known(&key, "a", false), Known::Older(..)));
}

#[test]
fn a_watch_ends_with_its_last_observer() {
    let (informers, key, observer, wake) = live();
    let (_, object) = wanted(0, "a");
    let other = informers.next_observer();
    informers.register(&key, &object, other, &wake);
    informers.store(&key, "a", ticket(&informers, &key), &Ok(json!("kept")));
    informers.release(observer, &HashSet::new());
    assert_eq!(informers.select_watches().len(), 1);
    assert!(informers.status().bytes > 0);
    informers.release(other, &HashSet::new());
    assert!(informers.select_watches().is_empty());
    assert_eq!(informers.status(), ObservedStatus::default());
}

#[test]
fn limits_watches_per_observer_and_overall() {
    let informers = Informers::default();
    let wake = Arc::new(Notify::new());
    let greedy = informers.next_observer();
    for kind in 0..MAX_WATCHES {
        let (key, object) = wanted(kind, "a");
        informers.register(&key, &object, greedy, &wake);
    }
    assert_eq!(informers.select_watches().len(), MAX_WATCHES_PER_OBSERVER);
    let others: Vec<ObserverId> = (0..20)
        .map(|number| {
            let observer = informers.next_observer();
            for kind in 0..10 {
                let (key, object) = wanted(1000 + number * 10 + kind, "a");
                informers.register(&key, &object, observer, &wake);
            }
            observer
        })
        .collect();
    assert_eq!(informers.select_watches().len(), MAX_WATCHES);
    let last = wanted(1000 + 199, "a").0;
    let is_admitted = || informers.select_watches().iter().any(|(key, _)| *key == last);
    assert!(!is_admitted());
    assert_eq!(informers.status().polled, 200);
    for observer in &others[..15] {
        informers.release(*observer, &HashSet::new());
    }
    assert!(is_admitted());
}

#[test]
fn does_not_cache_large_objects() {
    let (informers, key, ..) = live();
    let large = Ok(json!("x".repeat(MAX_BYTES_PER_OBJECT)));
    let due = informers.store(&key, "a", ticket(&informers, &key), &large);
    assert!(due.is_some());
    assert_eq!(informers.current(&key, "a"), None);
    assert_eq!(informers.status().bytes, 0);
}
