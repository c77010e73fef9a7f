//! Health from an operator's own words at any path, and kinds that are installed and removed.

use std::fs;
use std::time::Duration;

use portico_tests::demo::Demo;
use portico_tests::person::Person;
use portico_tests::raw_client::RawClient;
use portico_tests::story::{request, until_request};
use portico_tests::until::{until, until_right};
use reqwest::Method;
use serde_json::{Value, json};

const TIMEOUT: Duration = Duration::from_secs(30);
const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const BOATS: &str = "boats.words.tests.portico.dev";
const COLLECTION: &str = "/apis/words.tests.portico.dev/v1/namespaces/payments-dev/boats";

/// A kind whose operator may write anything into the status.
fn boats() -> Value {
    let anything = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": BOATS, "labels": { "portico.dev/offered": "true" } },
        "spec": {
            "group": "words.tests.portico.dev", "scope": "Namespaced",
            "names": { "plural": "boats", "singular": "boat", "kind": "Boat", "listKind": "BoatList" },
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": { "status": {} },
                "schema": { "openAPIV3Schema": { "type": "object", "properties": { "spec": anything, "status": anything } } },
            }],
        },
    })
}

fn plane_of(demo: &Demo) -> RawClient {
    let plane = demo
        .ready
        .control_planes
        .iter()
        .find(|plane| plane.name == "eu-shared");
    RawClient::of(&plane.unwrap().kubeconfig)
}

async fn boat(plane: &RawClient, name: &str, status: &Value) {
    let object = json!({
        "apiVersion": "words.tests.portico.dev/v1", "kind": "Boat",
        "metadata": { "name": name, "namespace": "payments-dev" }, "spec": { "size": 1 },
    });
    plane.create(COLLECTION, &object).await;
    report(plane, name, status).await;
}

async fn report(plane: &RawClient, name: &str, status: &Value) {
    let said = plane
        .send(
            Method::PATCH,
            &format!("{COLLECTION}/{name}/status"),
            "application/merge-patch+json",
            json!({ "status": status }).to_string(),
        )
        .await;
    assert!(said.is_success(), "{said:?}");
}

/// Health and reason of a claim in the list.
async fn row(dana: &Person, name: &str) -> Option<(String, String)> {
    let address = format!("/api/v1/claims?offering={BOATS}");
    let list = dana.api(Method::GET, &address, None).await.json();
    let row = list["rows"]["items"]
        .as_array()?
        .iter()
        .find(|row| row["reference"]["name"] == name)?;
    let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
    Some((text("health"), text("reason")))
}

async fn shows(dana: &Person, name: &str, health: &str, word: &str) {
    until_right(
        &format!("{name} is {health}, {word:?}"),
        TIMEOUT,
        async || row(dana, name).await,
        |row| matches!(row, Some((found, reason)) if found == health && reason.contains(word)),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_state_word_is_shown_and_an_offering_can_set_its_path() {
    let demo = Demo::start().await;
    let plane = plane_of(&demo);
    plane.create(DEFINITIONS, &boats()).await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    until("boats are served", TIMEOUT, async || plane.get(COLLECTION).await).await;
    let rows = [
        ("nested-running", json!({ "BoatStatus": "Running" }), "ready", ""),
        (
            "nested-failed",
            json!({ "BoatStatus": "CreateFailed" }),
            "degraded",
            "Create failed",
        ),
        (
            "applied",
            json!({ "applied": true, "observedGeneration": 1 }),
            "ready",
            "",
        ),
        (
            "applied-not",
            json!({ "applied": false, "message": "there is no harbour" }),
            "degraded",
            "there is no harbour",
        ),
        (
            "update-status",
            json!({ "updateStatus": "operational" }),
            "ready",
            "",
        ),
        (
            "small-letters",
            json!({ "phase": "failed" }),
            "degraded",
            "Failed",
        ),
        ("own-word", json!({ "phase": "Becalmed" }), "unknown", "Becalmed"),
        ("nothing-said", json!({}), "pending", ""),
    ];
    for (name, status, ..) in &rows {
        boat(&plane, name, status).await;
    }
    for (name, _, health, word) in &rows {
        shows(&dana, name, health, word).await;
    }

    // The platform team maps the operator's word.
    let document = format!(
        "apiVersion: portico.dev/v1alpha1
kind: Offering
metadata: {{ name: {BOATS} }}
spec:
  title: Boat
  health:
    ready: object.status.phase == 'Becalmed'
    failed: object.status.phase == 'Sunk'
    message: '\"the boat is \" + object.status.phase'
"
    );
    fs::write(demo.ready.configuration.join("boats.yaml"), document).unwrap();
    shows(&dana, "own-word", "ready", "").await;
    report(&plane, "own-word", &json!({ "phase": "Sunk" })).await;
    shows(&dana, "own-word", "degraded", "the boat is Sunk").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn history_of_claims_survives_the_removal_of_their_kind() {
    let demo = Demo::start().await;
    let plane = plane_of(&demo);
    plane.create(DEFINITIONS, &boats()).await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    until("boats to be in the catalog", TIMEOUT, async || {
        let page = dana.get("/catalog").await.page();
        page.texts(".card h2").contains(&"Boat".to_owned()).then_some(())
    })
    .await;
    let id = request(&dana, BOATS, "nut-shell", &[]).await;
    let _ = until_request(&dana, &id, "Fulfilled").await;
    let path = format!("/claims/eu-shared/{BOATS}/payments-dev/nut-shell");

    // The kind is no longer offered: it leaves the catalog, but its claims stay and can be deleted.
    let unlabelled = json!({ "metadata": { "labels": { "portico.dev/offered": "false" } } });
    let said = plane
        .send(
            Method::PATCH,
            &format!("{DEFINITIONS}/{BOATS}"),
            "application/merge-patch+json",
            unlabelled.to_string(),
        )
        .await;
    assert!(said.is_success(), "{said:?}");
    until("boats to leave the catalog", TIMEOUT, async || {
        let page = dana.get("/catalog").await.page();
        (!page.texts(".card h2").contains(&"Boat".to_owned())).then_some(())
    })
    .await;
    let page = dana.get(&path).await.expect(200).page();
    assert!(page.body().contains("nut-shell"));
    let delete = dana.get(&format!("{path}/delete")).await.expect(200);
    assert!(delete.page().form("/delete").is_some(), "it can be deleted");

    // The definition is removed with its claims: the claim's address still shows the history.
    let said = plane
        .ask(Method::DELETE, &format!("{DEFINITIONS}/{BOATS}"), None)
        .await;
    assert!(said.is_success(), "{said:?}");
    let gone = until_right(
        "the page says that it is gone",
        TIMEOUT,
        async || dana.get(&path).await,
        |answer| {
            let verdict = answer.page().text(".verdict").unwrap_or_default();
            verdict.starts_with("Gone") && verdict.contains("no longer serves its kind")
        },
    )
    .await;
    assert!(
        gone.page()
            .attributes("a", "href")
            .contains(&format!("/requests/{id}")),
        "its history is kept"
    );
    // A person who may not see the history learns nothing.
    let devon = demo.sign_in("devon").await;
    let _ = devon.get(&path).await.expect(404);
}
