//! Load from one person does not slow down others.

use std::time::{Duration, Instant};

use portico_tests::demo::Demo;
use portico_tests::person::Person;
use portico_tests::story::POSTGRESQL;
use reqwest::Method;
use serde_json::{Value, json};

/// Concurrent requests.
const AT_ONCE: usize = 16;
/// The limits for the liveness response under load: median and maximum. An idle process takes a millisecond or
/// two; validation on the serving threads took over a second (median).
const IN_THE_MIDDLE: Duration = Duration::from_millis(250);
const AT_WORST: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_large_requests_at_once_delay_nobody() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let token = dana.csrf().await;
    // More values than are validated, and about as many as are.
    for (users, statuses) in [(40_000, &[400][..]), (4_000, &[422, 503][..])] {
        let body = body(users);
        assert!(body.len() < 1 << 20);
        let mut senders = Vec::new();
        for _ in 0..AT_ONCE {
            let sender = Person::anonymous(&demo.ready.portal);
            sender.set_cookies(dana.cookies());
            let (body, token) = (body.clone(), token.clone());
            senders.push(tokio::spawn(async move {
                let headers = [
                    ("accept", "application/json".to_owned()),
                    ("x-portico-csrf", token),
                ];
                let body = Some(("application/json", body));
                sender.raw(Method::POST, "/api/v1/requests", &headers, body).await
            }));
        }
        let mut took = Vec::new();
        while !senders.iter().all(tokio::task::JoinHandle::is_finished) || took.len() < 20 {
            let begun = Instant::now();
            let _ = demo.anonymous().get("/healthz").await.expect(200);
            took.push(begun.elapsed());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        for sender in senders {
            let answer = sender.await.unwrap();
            assert!(
                statuses.contains(&answer.status.as_u16()),
                "{users}: {} {}",
                answer.status,
                &answer.text[..answer.text.len().min(300)]
            );
            if answer.status == 503 {
                assert!(answer.header("retry-after").is_some());
            }
        }
        took.sort_unstable();
        let (middle, worst) = (took[took.len() / 2], took[took.len() - 1]);
        println!(
            "{users} users, {} answers meanwhile: median {middle:?}, worst {worst:?}",
            took.len()
        );
        assert!(middle < IN_THE_MIDDLE, "{users} users: median {middle:?}");
        assert!(worst < AT_WORST, "{users} users: maximum {worst:?}");
    }
}

/// A request for a database with this many users with invalid names.
fn body(users: usize) -> String {
    let users: Vec<Value> = (0..users)
        .map(|number| json!({ "name": format!("U{number}") }))
        .collect();
    let object = json!({ "spec": { "users": users } });
    json!({ "offering": POSTGRESQL, "name": "many", "object": object }).to_string()
}
