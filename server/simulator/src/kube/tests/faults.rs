//! Fault injection.

use std::time::{Duration, Instant};

use serde_json::json;

use super::super::{Fault, Matcher};
use super::{BUCKETS, Served, bucket};

#[tokio::test]
async fn a_status_fault_affects_matching_requests_until_it_expires() {
    let served = Served::new().await;
    let fault = Fault::Status {
        code: 429,
        message: "slow down".into(),
        retry_after: Some(2),
    };
    served
        .plane
        .faults()
        .add(Matcher::of("create", "buckets").times(1), fault);
    assert_eq!(served.get(BUCKETS).await.0, 200);
    let request = served
        .request(reqwest::Method::POST, BUCKETS)
        .json(&bucket("one"));
    let response = request.send().await.unwrap();
    assert_eq!(
        (
            response.status().as_u16(),
            response.headers()["retry-after"].to_str().unwrap()
        ),
        (429, "2")
    );
    let body: serde_json::Value = response.json().await.unwrap();
    assert_eq!(
        (&body["reason"], &body["details"]["retryAfterSeconds"]),
        (&json!("TooManyRequests"), &json!(2))
    );
    assert_eq!(served.post(BUCKETS, &bucket("one")).await.0, 201);
}

#[tokio::test]
async fn garbage_latency_and_hangup_faults_work() {
    let served = Served::new().await;
    let faults = served.plane.faults();
    faults.add(
        Matcher::of("list", "buckets.storage.example.org").times(1),
        Fault::Garbage,
    );
    let response = served
        .request(reqwest::Method::GET, BUCKETS)
        .send()
        .await
        .unwrap();
    assert!(response.text().await.unwrap().starts_with("<html>"));
    let slow = faults.add(Matcher::any(), Fault::Latency(Duration::from_millis(80)));
    let start = Instant::now();
    served.get(BUCKETS).await;
    assert!(start.elapsed() >= Duration::from_millis(80));
    faults.remove(slow);
    faults.add(Matcher::any().times(1), Fault::Hangup);
    assert!(
        served
            .request(reqwest::Method::GET, BUCKETS)
            .send()
            .await
            .is_err()
    );
    assert_eq!(served.get(BUCKETS).await.0, 200);
}

#[tokio::test]
async fn refusing_connections_closes_existing_ones() {
    let served = Served::new().await;
    let mut watch = served
        .request(reqwest::Method::GET, &format!("{BUCKETS}?watch=1"))
        .send()
        .await
        .unwrap();
    served.plane.faults().refuse_connections(true);
    assert!(matches!(watch.chunk().await, Err(_) | Ok(None)));
    assert!(
        served
            .request(reqwest::Method::GET, BUCKETS)
            .send()
            .await
            .is_err()
    );
    served.plane.faults().clear();
    assert_eq!(served.get(BUCKETS).await.0, 200);
}
