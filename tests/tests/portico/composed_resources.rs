//! Changes of composed resources and events appear on the claim's page within a second.

use std::time::{Duration, Instant};

use portico_tests::demo::Demo;
use portico_tests::person::Person;
use portico_tests::raw_client::RawClient;
use portico_tests::story::{POSTGRESQL, until_claim};
use reqwest::{Method, Response};
use serde_json::{Value, json};

/// How long a change may take to appear on a busy machine.
const SOON: Duration = Duration::from_millis(1500);

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_composed_resource_and_a_warning_event_appear_within_a_second() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    let claim = format!("eu-shared/{POSTGRESQL}/payments-dev/orders");
    let page = format!("/claims/{claim}");
    let _ = until_claim(&dana, &page, "Ready").await;
    let plane = demo
        .ready
        .control_planes
        .iter()
        .find(|plane| plane.name == "eu-shared");
    let plane = RawClient::of(&plane.unwrap().kubeconfig);
    let databases = "/apis/databases.demo.portico.dev/v1";
    let at = format!("{databases}/namespaces/payments-dev/postgresqlinstances/orders");
    let object = plane.get(&at).await.unwrap();

    let mut stream = looks_on(&demo, &dana, &claim).await;
    // Wait until the initial state was read, so that everything after it is a change.
    let _ = next_event(&mut stream, "claim").await;

    let composite = object["spec"]["resourceRef"]["name"].as_str().unwrap();
    let server = format!("/apis/cloud.demo.portico.dev/v1/databaseservers/{composite}-server/status");
    let status = json!({ "status": { "conditions": [
        { "type": "Ready", "status": "False", "reason": "Failed", "message": "the disk is full",
          "lastTransitionTime": "2026-01-01T00:00:00Z" },
    ] } });
    let begun = Instant::now();
    let said = plane
        .send(
            Method::PATCH,
            &server,
            "application/merge-patch+json",
            status.to_string(),
        )
        .await;
    assert!(said.is_success(), "{said:?}");
    until_shown(&mut stream, &dana, &page, ".tree", "the disk is full").await;
    let took = begun.elapsed();
    assert!(
        took < SOON,
        "a failing composed resource was reported after {took:?}"
    );

    let begun = Instant::now();
    plane
        .create("/api/v1/namespaces/payments-dev/events", &warning(&object))
        .await;
    until_shown(&mut stream, &dana, &page, ".events", "zone b is out of disks").await;
    let took = begun.elapsed();
    assert!(took < SOON, "a warning event was reported after {took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_by_somebody_else_appears_on_the_claims_page() {
    let demo = Demo::start().await;
    let (dana, vic) = (demo.sign_in("dana").await, demo.sign_in("vic").await);
    let claim = format!("eu-shared/{POSTGRESQL}/payments-dev/orders");
    let page = format!("/claims/{claim}");
    let _ = until_claim(&dana, &page, "Ready").await;
    let mut stream = looks_on(&demo, &vic, &claim).await;
    let _ = next_event(&mut stream, "claim").await;
    let form = dana.get(&format!("{page}/change")).await.expect(200);
    let change = form
        .page()
        .form("/change")
        .unwrap()
        .with("/spec/storage/size", "50Gi");
    let _ = dana
        .submit(&form.url, &change, Some(("_do", "submit")))
        .await
        .expect(200);
    let event = next_event(&mut stream, "request").await;
    assert!(event.contains(&format!("\"claim\":\"{page}\"")), "{event}");
}

/// Opens the event stream of an open claim page.
pub(crate) async fn looks_on(demo: &Demo, person: &Person, claim: &str) -> Response {
    let cookies = person.cookies();
    let cookies: Vec<String> = cookies
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    reqwest::Client::new()
        .get(format!("{}/events?claim={claim}", demo.ready.portal))
        .header("cookie", cookies.join("; "))
        .send()
        .await
        .unwrap()
}

/// The next event of this kind, as `claim`. Others may come first, for example `catalog` when the kinds of a control
/// plane are established.
pub(crate) async fn next_event(stream: &mut Response, kind: &str) -> String {
    let line = format!("event: {kind}\n");
    let mut text = String::new();
    let hearing = async {
        while let Some(part) = stream.chunk().await.unwrap() {
            text.push_str(&String::from_utf8_lossy(&part));
            while let Some(end) = text.find("\n\n") {
                let event: String = text.drain(..end + 2).collect();
                if event.contains(&line) {
                    return event;
                }
            }
        }
        panic!("the stream ended before an event of the kind {kind}");
    };
    tokio::time::timeout(Duration::from_secs(10), hearing)
        .await
        .unwrap_or_else(|_| panic!("no event of the kind {kind} came"))
}

/// Reads the page after each event about the claim, as a browser does, until the text is there.
async fn until_shown(stream: &mut Response, person: &Person, page: &str, part: &str, text: &str) {
    loop {
        let event = next_event(stream, "claim").await;
        // One of the demo's own claims may be in the making.
        if !event.contains(page) {
            continue;
        }
        let shown = person.get(page).await.expect(200).page();
        if shown.text(part).is_some_and(|shown| shown.contains(text)) {
            return;
        }
    }
}

fn warning(about: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Event", "type": "Warning", "count": 1,
        "metadata": { "name": "orders.out-of-disks", "namespace": "payments-dev" },
        "reason": "OutOfDisks", "message": "zone b is out of disks",
        "involvedObject": {
            "apiVersion": about["apiVersion"], "kind": about["kind"], "namespace": "payments-dev",
            "name": about["metadata"]["name"], "uid": about["metadata"]["uid"],
        },
    })
}
