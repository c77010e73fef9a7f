//! What happens to control planes over the years, on real API servers.

use std::time::Duration;

use portico_tests::agents::{until_page, until_ready};
use portico_tests::apiserver::ApiServer;
use portico_tests::kubectl::Kubectl;
use portico_tests::story::{claim_path, decide, request, submit_form, until_claim, until_request};
use portico_tests::until::until;
use serde_json::{Value, json};

use crate::real_control_plane::portal_over;

const WIDGET: &str = "widgets.tests.portico.dev";
const NAMESPACE: &str = "--namespace=payments-dev";
const SIZE: &[(&str, &str)] = &[("/spec/size", "3"), ("/spec/colour", "green")];
const SOON: Duration = Duration::from_mins(1);

fn is_here(test: &str) -> bool {
    Kubectl::is_here(test) && ApiServer::is_here(test)
}

fn set_ready(kubectl: &Kubectl, name: &str, ready: &str) {
    let status = json!({ "status": { "conditions": [{
        "type": "Ready", "status": ready, "reason": "Made", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z",
    }] } });
    let patch = [
        "patch",
        WIDGET,
        name,
        NAMESPACE,
        "--subresource=status",
        "--type=merge",
    ];
    let _ = kubectl.run(&[&patch[..], &["--patch", &status.to_string()]].concat());
}

/// Versions of objects go back, so what was watched last is from a future that never was.
#[tokio::test(flavor = "multi_thread")]
async fn a_control_plane_is_restored_from_an_old_backup() {
    if !is_here("a_control_plane_is_restored_from_an_old_backup") {
        return;
    }
    let mut server = ApiServer::start().await;
    let kubectl = server.kubectl();
    kubectl.apply(include_str!("widget.yaml"), &[]);
    let portal = portal_over(&server).await;
    let (pat, dana) = (
        portal.world.sign_in("pat").await,
        portal.world.sign_in("dana").await,
    );
    dana.work_in("payments/dev").await;
    until_ready(&pat, "real").await;
    let make = async |name: &str| {
        let id = request(&dana, WIDGET, name, SIZE).await;
        claim_path(&until_request(&dana, &id, "Fulfilled").await)
    };
    let kept = make("kept").await;
    set_ready(&kubectl, "kept", "True");
    let _ = until_claim(&dana, &kept, "Ready").await;
    server.back_up().await;
    until_ready(&pat, "real").await;
    let lost = make("lost").await;
    // Many versions later.
    for ready in ["False", "True"].iter().cycle().take(40) {
        set_ready(&kubectl, "lost", ready);
    }
    let _ = until_claim(&dana, &lost, "Ready").await;

    server.restore().await;
    // It is the same cluster; what it has forgotten leaves the list, and what it has stays and is followed.
    until("the claim that was made since to leave", SOON, async || {
        let listed = dana.get("/claims").await.page().body();
        (listed.contains("kept") && !listed.contains(">lost<")).then_some(())
    })
    .await;
    until_ready(&pat, "real").await;
    let page = pat.get("/admin/control-planes/real").await.page().body();
    assert!(!page.contains("The wrong cluster answers"), "{page}");
    set_ready(&kubectl, "kept", "False");
    let _ = until_claim(&dana, &kept, "Degraded").await;
    // It can be asked for again.
    let again = make("lost").await;
    assert_eq!(again, lost);
    assert_eq!(
        kubectl.json(&["get", WIDGET, "lost", NAMESPACE])["spec"]["size"],
        3
    );
}

fn gadgets(versions: &Value, conversion: &Value) -> String {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {
            "name": "gadgets.tests.portico.dev", "labels": { "portico.dev/offered": "true" },
            "annotations": { "portico.dev/title": "Gadget" },
        },
        "spec": {
            "group": "tests.portico.dev", "scope": "Namespaced", "conversion": conversion, "versions": versions,
            "names": { "kind": "Gadget", "plural": "gadgets", "singular": "gadget", "listKind": "GadgetList" },
        },
    })
    .to_string()
}

fn version(name: &str, storage: bool) -> Value {
    json!({
        "name": name, "served": true, "storage": storage,
        "schema": { "openAPIV3Schema": { "type": "object", "properties": {
            "spec": { "type": "object", "x-kubernetes-preserve-unknown-fields": true },
        } } },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversion_webhook_or_an_aggregated_api_that_is_down_costs_its_own_kind_only() {
    if !is_here("a_conversion_webhook_or_an_aggregated_api_that_is_down_costs_its_own_kind_only") {
        return;
    }
    let server = ApiServer::start().await;
    let kubectl = server.kubectl();
    kubectl.apply(include_str!("widget.yaml"), &[]);
    let own = gadgets(&json!([version("v1", true)]), &json!({ "strategy": "None" }));
    kubectl.apply(&own, &[]);
    let portal = portal_over(&server).await;
    let (pat, dana) = (
        portal.world.sign_in("pat").await,
        portal.world.sign_in("dana").await,
    );
    dana.work_in("payments/dev").await;
    until_ready(&pat, "real").await;
    let id = request(&dana, WIDGET, "steady", SIZE).await;
    let claim = claim_path(&until_request(&dana, &id, "Fulfilled").await);
    kubectl.apply(
        "kind: Gadget\napiVersion: tests.portico.dev/v1\nmetadata: { name: old, namespace: payments-dev }\nspec: {}\n",
        &[],
    );

    // Gadgets are stored as before, and nobody can convert them; a group is served by nobody.
    let webhook = json!({ "strategy": "Webhook", "webhook": {
        "clientConfig": { "url": "https://127.0.0.1:1/convert" }, "conversionReviewVersions": ["v1"],
    } });
    kubectl.apply(
        &gadgets(&json!([version("v1", false), version("v2", true)]), &webhook),
        &[],
    );
    kubectl.apply(
        "kind: APIService\napiVersion: apiregistration.k8s.io/v1\nmetadata: { name: v1.dead.example.com }\n\
         spec: { group: dead.example.com, version: v1, groupPriorityMinimum: 1000, versionPriority: 10, \
         insecureSkipTLSVerify: true, service: { name: nobody, namespace: default } }\n",
        &[],
    );
    let said = until_page(&pat, "real", "gadgets.tests.portico.dev: ").await;
    assert!(said.contains("Recent errors"), "{said}");

    // The others are as alive as before.
    for ready in ["True", "False", "True"] {
        set_ready(&kubectl, "steady", ready);
        let health = if ready == "True" { "Ready" } else { "Degraded" };
        let _ = until_claim(&dana, &claim, health).await;
    }
    let id = request(&dana, WIDGET, "another", SIZE).await;
    let _ = until_request(&dana, &id, "Fulfilled").await;
    let _ = dana.get("/catalog").await.expect(200);
    until_ready(&pat, "real").await;
}

/// What the namespace controller does last: nothing is left in it, so it goes.
fn finish(kubectl: &Kubectl, namespace: &str) {
    let found = kubectl.json(&["get", "namespace", namespace]);
    assert!(found["metadata"]["deletionTimestamp"].is_string(), "{found}");
    let body = json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace }, "spec": { "finalizers": [] },
    });
    let path = format!("--raw=/api/v1/namespaces/{namespace}/finalize");
    let done = kubectl.try_run(&["replace", &path, "--filename=-"], Some(&body.to_string()));
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_was_deleted_by_hand_is_waited_for_and_made_again() {
    if !is_here("a_namespace_that_was_deleted_by_hand_is_waited_for_and_made_again") {
        return;
    }
    let server = ApiServer::start().await;
    let kubectl = server.kubectl();
    kubectl.apply(include_str!("widget.yaml"), &[]);
    let portal = portal_over(&server).await;
    let world = &portal.world;
    let (pat, ada) = (world.sign_in("pat").await, world.sign_in("ada").await);
    let dana = world.sign_in("dana").await;
    dana.work_in("payments/production").await;
    until_ready(&pat, "real").await;
    let id = request(&dana, WIDGET, "first", SIZE).await;
    let _ = decide(&ada, &id, "approve", "").await.expect(200);
    let first = claim_path(&until_request(&dana, &id, "Fulfilled").await);
    let waiting = request(&dana, WIDGET, "second", SIZE).await;

    // Somebody deletes the namespace with what is in it. Who asks now is told why it does not work.
    let namespace = "payments-production";
    let _ = kubectl.run(&["delete", "namespace", namespace, "--wait=false"]);
    let within = format!("--namespace={namespace}");
    let _ = kubectl.run(&["delete", WIDGET, "first", &within]);
    let refused = submit_form(&dana, WIDGET, "third", SIZE).await.page();
    let said = refused.text("main").unwrap();
    assert!(
        said.contains("namespace is being deleted on The real one"),
        "{said}"
    );
    until("the claim to leave the list", SOON, async || {
        let listed = dana.get("/claims").await.page().body();
        (!listed.contains(">first<")).then_some(())
    })
    .await;

    // What was asked for before is neither refused nor lost.
    let _ = decide(&ada, &waiting, "approve", "").await.expect(200);
    until("the request to say what it waits for", SOON, async || {
        let page = dana.get(&format!("/requests/{waiting}")).await.page();
        let said = page.text("main").unwrap();
        said.contains("Waiting until the namespace is gone").then_some(())
    })
    .await;
    finish(&kubectl, namespace);
    let second = claim_path(&until_request(&dana, &waiting, "Fulfilled").await);
    let made = kubectl.json(&["get", "namespace", namespace]);
    assert_eq!(made["metadata"]["labels"]["portico.dev/tenant"], "payments");
    assert_eq!(
        kubectl.json(&["get", WIDGET, "second", &within])["spec"]["size"],
        3
    );
    let _ = dana.get(&second).await.expect(200);

    // The deleted claim says so at its address, and can be asked for again.
    let gone = dana.get(&first).await.page().text("main").unwrap();
    assert!(gone.contains("no longer on The real one"), "{gone}");
    let id = request(&dana, WIDGET, "first", SIZE).await;
    let _ = decide(&ada, &id, "approve", "").await.expect(200);
    let again = claim_path(&until_request(&dana, &id, "Fulfilled").await);
    assert_eq!(again, first);
}
