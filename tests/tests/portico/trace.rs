//! A request's life in the log: one trace from the call that submits it to the work that applies it.

use std::time::Duration;

use portico_tests::separate_process::SeparateProcess;
use portico_tests::story::BUCKET;
use portico_tests::until::until;
use reqwest::Method;
use serde_json::json;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

#[tokio::test(flavor = "multi_thread")]
async fn a_request_has_one_trace_from_the_call_to_the_control_plane() {
    let portal = SeparateProcess::over(SeparateProcess::world().await, "info").await;
    let dana = portal.world.sign_in("dana").await;
    let csrf = dana.csrf().await;
    let headers = [
        ("accept", "application/json".to_owned()),
        ("x-portico-csrf", csrf),
        ("traceparent", format!("00-{TRACE}-b7ad6b7169203331-01")),
    ];
    let body = json!({ "offering": BUCKET, "name": "traced" }).to_string();
    let path = "/api/v1/requests?tenant=payments&environment=dev";
    let answer = dana
        .raw(Method::POST, path, &headers, Some(("application/json", body)))
        .await
        .expect(201);
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    for what in ["a request was submitted", "a request was applied"] {
        let line = until(what, Duration::from_secs(30), async || {
            let log = portal.log();
            let found = log.lines().find(|line| line.contains(what) && line.contains(&id));
            found.map(str::to_owned)
        })
        .await;
        assert!(line.contains(TRACE), "{line}");
    }
}
