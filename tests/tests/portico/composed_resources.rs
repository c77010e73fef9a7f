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
    let _ = next_event(&mut stream, Duration::from_secs(10)).await;

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
    let event = next_event(&mut stream, Duration::from_secs(10)).await;
    let took = begun.elapsed();
    assert!(event.contains("event: claim") && event.contains(&page), "{event}");
    assert!(
        took < SOON,
        "a failing composed resource was reported after {took:?}"
    );
    let shown = dana.get(&page).await.expect(200).page();
    let tree = shown.text(".tree").unwrap();
    assert!(tree.contains("the disk is full"), "{tree}");

    let begun = Instant::now();
    plane
        .create("/api/v1/namespaces/payments-dev/events", &warning(&object))
        .await;
    let event = next_event(&mut stream, Duration::from_secs(10)).await;
    let took = begun.elapsed();
    assert!(event.contains("event: claim"), "{event}");
    assert!(took < SOON, "a warning event was reported after {took:?}");
    let shown = dana.get(&page).await.expect(200).page();
    assert!(shown.text(".events").unwrap().contains("zone b is out of disks"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_by_somebody_else_appears_on_the_claims_page() {
    let demo = Demo::start().await;
    let (dana, vic) = (demo.sign_in("dana").await, demo.sign_in("vic").await);
    let claim = format!("eu-shared/{POSTGRESQL}/payments-dev/orders");
    let page = format!("/claims/{claim}");
    let _ = until_claim(&dana, &page, "Ready").await;
    let mut stream = looks_on(&demo, &vic, &claim).await;
    let _ = next_event(&mut stream, Duration::from_secs(10)).await;
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
    let heard = async {
        loop {
            let event = next_event(&mut stream, Duration::from_secs(10)).await;
            if event.contains("event: request") {
                return event;
            }
        }
    };
    let event = tokio::time::timeout(Duration::from_secs(10), heard)
        .await
        .unwrap();
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

/// The next event of the stream.
pub(crate) async fn next_event(stream: &mut Response, patience: Duration) -> String {
    let mut text = String::new();
    let hearing = async {
        while let Some(part) = stream.chunk().await.unwrap() {
            text.push_str(&String::from_utf8_lossy(&part));
            if text.contains("data:") && text.ends_with("\n\n") {
                break;
            }
        }
    };
    tokio::time::timeout(patience, hearing)
        .await
        .expect("an event before the timeout");
    text
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
