//! A field that somebody else set is taken over by a change that says so, and nothing else is.

use std::time::Duration;

use portico_tests::demo::{Demo, Planes};
use portico_tests::person::Person;
use portico_tests::raw_client::RawClient;
use portico_tests::story::{BUCKET, decide, request, request_id, until_claim, until_request};
use portico_tests::until::until;
use reqwest::Method;
use serde_json::{Value, json};

use crate::managed_elsewhere::{path_of, plane};
use crate::permission::rewrite;

on_all_planes!(
    a_field_is_taken_over_after_it_was_shown_whose_it_is,
    only_what_was_agreed_to_is_taken_over,
);

const TIMEOUT: Duration = Duration::from_secs(20);
const OBJECT: &str = "/apis/storage.demo.portico.dev/v1/namespaces/payments-dev/buckets/contested";

/// A bucket of Dana's, whose storage class was changed with kubectl since.
async fn contested(demo: &Demo, dana: &Person, eu: &RawClient) -> String {
    dana.work_in("payments/dev").await;
    let wish = [("_plan", "small"), ("_plane", "eu-shared")];
    let id = request(dana, BUCKET, "contested", &wish).await;
    let _ = until_request(dana, &id, "Fulfilled").await;
    let path = path_of("payments-dev", "contested");
    let _ = until_claim(dana, &path, "Ready").await;
    patch(
        dana,
        eu,
        &json!({ "storageClass": "infrequent" }),
        "storageClass: infrequent",
    )
    .await;
    assert!(demo.ready.portal.starts_with("http"));
    path
}

/// Changes the bucket with kubectl, and waits until the portal shows it.
async fn patch(dana: &Person, eu: &RawClient, spec: &Value, shown: &str) {
    let body = json!({ "spec": spec }).to_string();
    let at = format!("{OBJECT}?fieldManager=kubectl-patch");
    let patched = eu
        .send(Method::PATCH, &at, "application/merge-patch+json", body)
        .await;
    assert!(patched.is_success(), "{patched:?}");
    let path = path_of("payments-dev", "contested");
    until("the change", TIMEOUT, async || {
        let claim = dana.api(Method::GET, &format!("/api/v1{path}"), None).await;
        claim.expect(200).json()["yaml"]
            .as_str()
            .unwrap()
            .contains(shown)
            .then_some(())
    })
    .await;
}

async fn a_field_is_taken_over_after_it_was_shown_whose_it_is(planes: Planes) {
    let demo = Demo::start_on(planes).await;
    let dana = demo.sign_in("dana").await;
    let eu = plane(&demo);
    let path = contested(&demo, &dana, &eu).await;

    let open = dana.get(&format!("{path}/change")).await.expect(200);
    let form = open
        .page()
        .form("/change")
        .unwrap()
        .with("/spec/storageClass", "archive");
    let refused = dana.submit(&open.url, &form, Some(("_do", "submit"))).await;
    assert_eq!(refused.status, 409, "{}", refused.page().body());
    let page = refused.page();
    let said = page.text("#take-over").expect("a choice");
    for fact in [
        "spec.storageClass",
        "kubectl-patch",
        "It is infrequent now",
        "kubectl again sets it back",
    ] {
        assert!(said.contains(fact), "{fact}: {said}");
    }
    // For programs too.
    let wish = json!({ "object": { "spec": { "storageClass": "archive" } } });
    let api = format!("/api/v1{path}/change");
    let refused = dana.api(Method::POST, &api, Some(&wish)).await.expect(409).json();
    assert_eq!(refused["errors"][0]["field"], "spec.storageClass", "{refused}");

    let form = page
        .form("/change")
        .unwrap()
        .with("_take_over", "spec.storageClass");
    let sent = dana.submit(&open.url, &form, Some(("_do", "submit"))).await;
    let id = request_id(&sent);
    let done = until_request(&dana, &id, "Fulfilled").await;
    let said = done.page().text("main").unwrap();
    assert!(said.contains("Takes over spec.storageClass"), "{said}");
    let object = eu.get(OBJECT).await.unwrap();
    assert_eq!(object["spec"]["storageClass"], "archive");
    let entries = object["metadata"]["managedFields"].as_array().unwrap().iter();
    let theirs: Vec<&Value> = entries
        .filter(|entry| entry["manager"] == "kubectl-patch")
        .collect();
    assert!(
        theirs
            .iter()
            .all(|entry| entry.pointer("/fieldsV1/f:spec/f:storageClass").is_none()),
        "{theirs:?}"
    );
}

async fn only_what_was_agreed_to_is_taken_over(planes: Planes) {
    let demo = Demo::start_on(planes).await;
    let (dana, ada) = (demo.sign_in("dana").await, demo.sign_in("ada").await);
    // The platform decides who may take over.
    rewrite(&demo, "approval-policies.yaml", |text| {
        let rule = "request.action == 'create' && environment.production";
        text.replacen(rule, "request.takeOver.size() > 0", 1)
    })
    .await;
    let eu = plane(&demo);
    let path = contested(&demo, &dana, &eu).await;
    let api = format!("/api/v1{path}/change");
    let wish = json!({
        "plan": "medium",
        "object": { "spec": { "storageClass": "archive", "versioning": true } },
        "takeOver": ["spec.storageClass"],
    });
    let sent = dana.api(Method::POST, &api, Some(&wish)).await.expect(201).json();
    let id = sent["id"].as_str().unwrap().to_owned();
    let _ = until_request(&dana, &id, "Awaiting approval").await;
    let shown = ada.get(&format!("/requests/{id}")).await.expect(200).page();
    assert!(
        shown
            .text("main")
            .unwrap()
            .contains("Takes over spec.storageClass")
    );

    // Meanwhile somebody sets another field that the request would change.
    patch(&dana, &eu, &json!({ "quota": "60Gi" }), "quota: 60Gi").await;
    let _ = decide(&ada, &id, "approve", "").await;
    let failed = until_request(&dana, &id, "Failed").await;
    let said = failed.page().text("main").unwrap();
    assert!(said.contains("kubectl-patch sets fields"), "{said}");
    let object = eu.get(OBJECT).await.unwrap();
    assert_eq!(
        object["spec"]["storageClass"], "infrequent",
        "nothing was applied"
    );
    assert_eq!(object["spec"]["quota"], "60Gi");
}
