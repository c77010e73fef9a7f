//! A claim that was made by kubectl is adopted: Portico manages it afterwards, and nothing of it changed.

use std::time::Duration;

use portico_tests::demo::{Demo, Planes};
use portico_tests::person::Person;
use portico_tests::raw_client::RawClient;
use portico_tests::story::{decide, request_id, until_request};
use portico_tests::until::until;
use reqwest::Method;
use serde_json::{Value, json};

use crate::managed_elsewhere::{create_bucket, path_of, plane, until_there};
use crate::permission::rewrite;

on_all_planes!(
    an_adopted_claim_is_as_it_was_and_can_be_changed,
    a_claim_that_changed_since_is_not_adopted,
);

const TIMEOUT: Duration = Duration::from_secs(20);

fn object_path(namespace: &str, name: &str) -> String {
    format!("/apis/storage.demo.portico.dev/v1/namespaces/{namespace}/buckets/{name}")
}

async fn bucket(plane: &RawClient, namespace: &str, name: &str) -> Value {
    plane.get(&object_path(namespace, name)).await.expect("a bucket")
}

/// The managers of fields below `spec`.
fn managers(bucket: &Value) -> Vec<String> {
    let entries = bucket["metadata"]["managedFields"].as_array().unwrap().iter();
    entries
        .filter(|entry| entry.pointer("/fieldsV1/f:spec").is_some())
        .map(|entry| entry["manager"].as_str().unwrap().to_owned())
        .collect()
}

/// Opens the page by its link on the claim's page and sends its form.
async fn adopt(person: &Person, path: &str) -> String {
    let claim = person.get(path).await.expect(200).page();
    let link = format!("{path}/adopt");
    assert!(claim.attributes("a", "href").contains(&link), "{}", claim.body());
    let page = person.get(&link).await.expect(200);
    let form = page.page().form("/adopt").expect("a form");
    request_id(&person.submit(&page.url, &form, None).await)
}

async fn an_adopted_claim_is_as_it_was_and_can_be_changed(planes: Planes) {
    let demo = Demo::start_on(planes).await;
    let (dana, vic) = (demo.sign_in("dana").await, demo.sign_in("vic").await);
    dana.work_in("payments/dev").await;
    let eu = plane(&demo);
    // A restored backup may have the labels of an earlier claim.
    let restored = json!({ "labels": { "team": "payments", "portico.dev/tenant": "research" } });
    create_bucket(&eu, "payments-dev", "by-hand", &restored).await;
    let path = path_of("payments-dev", "by-hand");
    let api = format!("/api/v1{path}");
    let _ = until_there(&dana, &path).await;
    let before = bucket(&eu, "payments-dev", "by-hand").await;

    // The page says exactly what changes.
    let page = dana.get(&format!("{path}/adopt")).await.expect(200).page();
    let said = page.text("main").unwrap();
    for fact in [
        "Made with kubectl, not through Portico.",
        "No value of its spec changes",
        "kubectl-create gives up",
        "spec.quota",
        "portico.dev/tenant",
        "It was research",
    ] {
        assert!(said.contains(fact), "{fact}: {said}");
    }
    let preview = dana.api(Method::GET, &format!("{api}/adoption"), None).await;
    let preview = preview.expect(200).json();
    assert_eq!(preview["problems"], json!([]), "{preview}");
    assert_eq!(preview["givenUp"][0]["manager"], "kubectl-create", "{preview}");
    // Who may not change it may not adopt it.
    assert_eq!(vic.get(&format!("{path}/adopt")).await.status, 403);
    let refused = vic
        .api(Method::POST, &format!("{api}/adoption"), Some(&json!({})))
        .await;
    assert_eq!(refused.status, 403, "{}", refused.text);

    let id = adopt(&dana, &path).await;
    let done = until_request(&dana, &id, "Fulfilled").await;
    assert!(
        done.page().text("main").unwrap().contains("Adoption of the"),
        "{}",
        done.page().body()
    );
    let after = bucket(&eu, "payments-dev", "by-hand").await;
    assert_eq!(after["spec"], before["spec"]);
    assert_eq!(after["metadata"]["uid"], before["metadata"]["uid"]);
    assert_eq!(
        after["metadata"]["generation"], before["metadata"]["generation"],
        "nothing to reconcile"
    );
    assert_eq!(after["metadata"]["labels"]["team"], "payments");
    assert_eq!(after["metadata"]["labels"]["portico.dev/tenant"], "payments");
    assert_eq!(managers(&after), ["portico"], "{after}");
    let claim = until("Portico to manage it", TIMEOUT, async || {
        let claim = dana.api(Method::GET, &api, None).await.expect(200).json();
        claim["row"]["managedBy"].is_null().then_some(claim)
    })
    .await;
    assert_eq!(claim["mayAdopt"]["allowed"], false, "{claim}");
    let again = dana
        .api(Method::POST, &format!("{api}/adoption"), Some(&json!({})))
        .await;
    assert_eq!(again.status, 403, "{}", again.text);

    // It is changed like any other: nobody else holds its fields.
    let form = dana.get(&format!("{path}/change")).await.expect(200);
    let change = form.page().form("/change").unwrap().with("_plan", "medium");
    let sent = dana.submit(&form.url, &change, Some(("_do", "submit"))).await;
    let _ = until_request(&dana, &request_id(&sent), "Fulfilled").await;
    let changed = bucket(&eu, "payments-dev", "by-hand").await;
    assert_ne!(changed["spec"]["quota"], before["spec"]["quota"], "{changed}");
    let page = dana.get(&format!("{path}/delete")).await.expect(200);
    let form = page.page().form("/delete").unwrap().with("_confirm", "by-hand");
    let sent = dana.submit(&page.url, &form, None).await;
    let _ = until_request(&dana, &request_id(&sent), "Fulfilled").await;
    assert!(eu.get(&object_path("payments-dev", "by-hand")).await.is_none());
}

async fn a_claim_that_changed_since_is_not_adopted(planes: Planes) {
    let demo = Demo::start_on(planes).await;
    rewrite(&demo, "approval-policies.yaml", |text| {
        let rule = "request.action == 'create' && environment.production";
        text.replacen(
            rule,
            "request.action in ['create', 'adopt'] && environment.production",
            1,
        )
    })
    .await;
    let (dana, ada) = (demo.sign_in("dana").await, demo.sign_in("ada").await);
    dana.work_in("payments/production").await;
    let eu = plane(&demo);
    create_bucket(&eu, "payments-production", "by-hand", &json!({})).await;
    let path = path_of("payments-production", "by-hand");
    let _ = until_there(&dana, &path).await;
    let page = dana.get(&format!("{path}/adopt")).await.expect(200);
    let form = page.page().form("/adopt").expect("a form");

    // After the page was made.
    let quota = async |quota: &str| {
        let change = json!({ "spec": { "quota": quota } }).to_string();
        let at = format!(
            "{}?fieldManager=kubectl-patch",
            object_path("payments-production", "by-hand")
        );
        let patched = eu
            .send(Method::PATCH, &at, "application/merge-patch+json", change)
            .await;
        assert!(patched.is_success(), "{patched:?}");
        until("the change", TIMEOUT, async || {
            let claim = until_there(&dana, &path).await;
            claim["yaml"].as_str().unwrap().contains(quota).then_some(())
        })
        .await;
    };
    quota("11Gi").await;
    let stale = dana.submit(&page.url, &form, None).await;
    assert_eq!(stale.status, 422, "{}", stale.page().body());

    // While it waits for approval.
    let id = adopt(&dana, &path).await;
    let _ = until_request(&dana, &id, "Awaiting approval").await;
    let shown = ada.get(&format!("/requests/{id}")).await.expect(200).page();
    let diff = shown.text(".diff").unwrap();
    assert!(
        diff.contains("+ portico.dev/tenant") || diff.contains("portico.dev/tenant: payments"),
        "{diff}"
    );
    assert!(!diff.contains("- quota") && !diff.contains("+ quota"), "{diff}");
    quota("12Gi").await;
    let _ = decide(&ada, &id, "approve", "").await;
    let failed = until_request(&dana, &id, "Failed").await;
    let said = failed.page().text("main").unwrap();
    assert!(said.contains("has changed since it was requested"), "{said}");
    let left = bucket(&eu, "payments-production", "by-hand").await;
    assert_eq!(left["spec"]["quota"], "12Gi");
    assert!(
        left["metadata"]["labels"]["portico.dev/tenant"].is_null(),
        "{left}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tool_keeps_is_not_adopted_and_the_page_says_how_it_lets_go() {
    let demo = Demo::start().await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let eu = plane(&demo);
    let labels = json!({ "labels": { "kustomize.toolkit.fluxcd.io/name": "apps" } });
    create_bucket(&eu, "payments-dev", "by-flux", &labels).await;
    let path = path_of("payments-dev", "by-flux");
    let _ = until_there(&dana, &path).await;
    let claim = dana.get(&path).await.expect(200).page();
    assert!(!claim.attributes("a", "href").contains(&format!("{path}/adopt")));
    let refused = dana.get(&format!("{path}/adopt")).await;
    assert_eq!(refused.status, 403);
    let said = refused.page().body();
    assert!(
        said.contains("kustomize.toolkit.fluxcd.io/prune: disabled"),
        "{said}"
    );
    let api = format!("/api/v1{path}/adoption");
    let refused = dana
        .api(Method::POST, &api, Some(&json!({})))
        .await
        .expect(403)
        .json();
    assert_eq!(refused["reason"]["code"], "not-adoptable", "{refused}");

    // Once Flux has let go of it, it can be adopted.
    let gone = json!({ "metadata": { "labels": { "kustomize.toolkit.fluxcd.io/name": null } } });
    let at = object_path("payments-dev", "by-flux");
    let patched = eu.send(
        Method::PATCH,
        &at,
        "application/merge-patch+json",
        gone.to_string(),
    );
    assert!(patched.await.is_success());
    until("a link to adopt it", TIMEOUT, async || {
        let page = dana.get(&path).await.expect(200).page();
        page.attributes("a", "href")
            .contains(&format!("{path}/adopt"))
            .then_some(())
    })
    .await;
}
