//! Claims that Argo CD, Flux, Helm or a controller manages: the portal names who, and does nothing that would be undone.

use std::time::Duration;

use portico_tests::demo::{Demo, Planes};
use portico_tests::person::Person;
use portico_tests::raw_client::RawClient;
use portico_tests::story::{BUCKET, decide, request, request_id, until_request};
use portico_tests::until::until;
use reqwest::Method;
use serde_json::{Value, json};

use crate::permission::rewrite;

on_all_planes!(what_a_tool_manages_is_named_and_left_to_it);

const TIMEOUT: Duration = Duration::from_secs(20);
const BUCKETS: &str = "/apis/storage.demo.portico.dev/v1/namespaces";

/// A client of the control plane where the claims here are.
pub(crate) fn plane(demo: &Demo) -> RawClient {
    let mut planes = demo.ready.control_planes.iter();
    RawClient::of(&planes.find(|plane| plane.name == "eu-shared").unwrap().kubeconfig)
}

/// Creates a bucket as kubectl does, with these labels, annotations and owners.
pub(crate) async fn create_bucket(plane: &RawClient, namespace: &str, name: &str, metadata: &Value) {
    let mut bucket = json!({
        "apiVersion": "storage.demo.portico.dev/v1", "kind": "Bucket",
        "metadata": { "name": name, "namespace": namespace },
        "spec": { "quota": "10Gi" },
    });
    for (key, value) in metadata.as_object().unwrap() {
        bucket["metadata"][key] = value.clone();
    }
    let path = format!("{BUCKETS}/{namespace}/buckets?fieldManager=kubectl-create");
    plane.create(&path, &bucket).await;
}

/// The claim at `path` as the API answers it, once it is there.
pub(crate) async fn until_there(person: &Person, path: &str) -> Value {
    until(&format!("{path} to be there"), TIMEOUT, async || {
        let answer = person.api(Method::GET, &format!("/api/v1{path}"), None).await;
        (answer.status == 200).then(|| answer.json())
    })
    .await
}

pub(crate) fn path_of(namespace: &str, name: &str) -> String {
    format!("/claims/eu-shared/{BUCKET}/{namespace}/{name}")
}

async fn what_a_tool_manages_is_named_and_left_to_it(planes: Planes) {
    let demo = Demo::start_on(planes).await;
    let dana = demo.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    // Nothing is said of Portico's own.
    let id = request(&dana, BUCKET, "own", &[("_plan", "small")]).await;
    let _ = until_request(&dana, &id, "Fulfilled").await;
    let list = dana.api(Method::GET, "/api/v1/claims?q=own", None).await;
    let list = list.expect(200).json();
    assert!(list["rows"]["items"][0]["managedBy"].is_null(), "{list}");

    let eu = plane(&demo);
    let tracking = "shop:storage.demo.portico.dev/Bucket:payments-dev/by-argo";
    for (name, metadata, word, sentence) in [
        (
            "by-argo",
            json!({ "annotations": { "argocd.argoproj.io/tracking-id": tracking } }),
            "Argo CD",
            "Managed by the Argo CD application shop; changes here would be undone by it.",
        ),
        (
            "by-flux",
            json!({ "labels": {
                "kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
            } }),
            "Flux",
            "Managed by the Flux kustomization apps in flux-system; changes here would be undone by it.",
        ),
        (
            "by-helm",
            json!({
                "labels": { "app.kubernetes.io/managed-by": "Helm" },
                "annotations": {
                    "meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "payments-dev",
                },
            }),
            "Helm",
            "Managed by the Helm release shop in payments-dev; its next upgrade would undo changes made here.",
        ),
        (
            "by-controller",
            json!({ "ownerReferences": [{
                "apiVersion": "example.org/v1", "kind": "Website", "name": "shop", "uid": "1", "controller": true,
            }] }),
            "Website",
            "Managed by the Website shop; changes here would be undone by it.",
        ),
    ] {
        create_bucket(&eu, "payments-dev", name, &metadata).await;
        let path = path_of("payments-dev", name);
        let claim = until_there(&dana, &path).await;
        assert_eq!(claim["row"]["managedBy"]["message"], sentence, "{claim}");
        assert_eq!(claim["mayChange"]["allowed"], false, "{claim}");
        let list = dana.get(&format!("/claims?q={name}")).await.expect(200).page();
        assert!(list.text("tbody tr").unwrap().contains(word), "{word}");
        let page = dana.get(&path).await.expect(200).page();
        let said = page.text("main").unwrap();
        assert!(said.contains(sentence), "{said}");
        assert!(
            page.form("/renew").is_none()
                && page
                    .attributes("a", "href")
                    .iter()
                    .all(|to| *to != format!("{path}/change"))
        );
        for act in ["change", "delete"] {
            let refused = dana.get(&format!("{path}/{act}")).await;
            assert_eq!(refused.status, 403, "{act}");
            assert!(
                refused.page().body().contains(sentence),
                "{}",
                refused.page().body()
            );
        }
        for (act, wish) in [
            ("deletion", json!({ "confirm": name })),
            ("change", json!({ "object": { "spec": { "quota": "20Gi" } } })),
            ("renewal", json!({})),
        ] {
            let api = format!("/api/v1{path}/{act}");
            let refused = dana.api(Method::POST, &api, Some(&wish)).await.expect(403).json();
            assert!(
                refused["detail"].as_str().unwrap().contains(sentence),
                "{refused}"
            );
        }
        assert!(
            eu.get(&format!("{BUCKETS}/payments-dev/buckets/{name}"))
                .await
                .is_some()
        );
    }
    // What nobody keeps as it is may be changed and deleted.
    create_bucket(&eu, "payments-dev", "by-hand", &json!({})).await;
    let path = path_of("payments-dev", "by-hand");
    let claim = until_there(&dana, &path).await;
    assert_eq!(claim["row"]["managedBy"]["word"], "kubectl", "{claim}");
    assert_eq!(claim["mayChange"]["allowed"], true, "{claim}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_takes_a_claim_over_stops_the_requests_about_it() {
    let demo = Demo::start().await;
    rewrite(&demo, "approval-policies.yaml", |text| {
        let rule = "request.action == 'create' && environment.production";
        text.replacen(rule, "environment.production", 1)
    })
    .await;
    let (dana, ada) = (demo.sign_in("dana").await, demo.sign_in("ada").await);
    dana.work_in("payments/production").await;
    let eu = plane(&demo);
    create_bucket(&eu, "payments-production", "receipts", &json!({})).await;
    let path = path_of("payments-production", "receipts");
    let _ = until_there(&dana, &path).await;
    let page = dana.get(&format!("{path}/delete")).await.expect(200);
    let form = page.page().form("/delete").unwrap().with("_confirm", "receipts");
    let sent = dana.submit(&page.url, &form, None).await;
    let id = request_id(&sent);
    let _ = until_request(&dana, &id, "Awaiting approval").await;

    let labels = json!({ "metadata": { "labels": { "kustomize.toolkit.fluxcd.io/name": "apps" } } });
    let bucket = format!("{BUCKETS}/payments-production/buckets/receipts");
    let patched = eu.send(
        Method::PATCH,
        &bucket,
        "application/merge-patch+json",
        labels.to_string(),
    );
    assert!(patched.await.is_success());
    let why = "Managed by the Flux kustomization apps";
    until("the obstacle", TIMEOUT, async || {
        let page = ada.get(&format!("/requests/{id}")).await.expect(200).page();
        page.text(".steps").unwrap().contains(why).then_some(())
    })
    .await;
    let told = decide(&ada, &id, "approve", "").await;
    assert_eq!(told.status, 409, "{}", told.page().body());
    assert!(told.page().body().contains(why), "{}", told.page().body());
    assert!(eu.get(&bucket).await.is_some());
}
