//! The kcp of the demo: a workspace is there from the start, and a developer gets another one and uses it.

use std::time::Duration;

use portico_tests::demo::Demo;
use portico_tests::person::Person;
use portico_tests::story::{BUCKET, claim_path, decide, request, until_claim, until_page, until_request};
use portico_tests::until::until;
use reqwest::Method;
use serde_json::json;

const WORKSPACE: &str = "workspaces.tenancy.kcp.io";
const TIMEOUT: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_developer_gets_a_workspace_and_a_bucket_in_it() {
    let mut demo = Demo::start_with_kcp().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let pat = demo.sign_in("pat").await;

    // The one from the start has joined, and its claims are ready.
    let seeded = joined(&dana, "/claims/workspaces/workspaces.tenancy.kcp.io/-/analytics").await;
    let admin = format!("/admin/control-planes/{seeded}");
    let _ = until_page(&pat, &admin, "root:platform:services.demo.portico.dev : bound").await;
    for name in ["events", "results"] {
        let _ = until_page(&dana, &format!("/claims?q={name}&health=ready"), name).await;
    }

    // Another one needs Pat's word, and has a bucket ready soon after.
    let id = request(&dana, WORKSPACE, "reports", &[]).await;
    decide(&pat, &id, "approve", "").await;
    let workspace = claim_path(&until_request(&dana, &id, "Fulfilled").await);
    let plane = joined(&dana, &workspace).await;
    let bucket = bucket_in(&dana, &plane, "exports").await;
    let ready = until_claim(&dana, &bucket, "Ready").await;
    assert!(ready.page().body().contains("reports"), "{bucket}");

    // All of it is there after a restart.
    demo.stop();
    demo.restart().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let _ = until_claim(&dana, &bucket, "Ready").await;
    let _ = bucket_in(&dana, &plane, "more").await;
}

/// The name of the control plane that a workspace is, once it offers buckets.
async fn joined(person: &Person, claim: &str) -> String {
    let path = format!("/api/v1{claim}");
    until("the workspace joins", TIMEOUT, async || {
        let answer = person.api(Method::GET, &path, None).await;
        let plane = (answer.status == 200).then(|| answer.json()["controlPlane"].clone())?;
        let ready = plane["state"] == "ready" && plane["offerings"].to_string().contains(BUCKET);
        ready.then(|| plane["name"].as_str().unwrap().to_owned())
    })
    .await
}

/// Requests a bucket on a control plane; returns its page.
async fn bucket_in(person: &Person, plane: &str, name: &str) -> String {
    let asked = json!({ "offering": BUCKET, "name": name, "controlPlane": plane, "plan": "small" });
    let path = "/api/v1/requests?tenant=payments&environment=dev";
    let made = person
        .api(Method::POST, path, Some(&asked))
        .await
        .expect(201)
        .json();
    let page = until_request(person, made["id"].as_str().unwrap(), "Fulfilled").await;
    claim_path(&page)
}
