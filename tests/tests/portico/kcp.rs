//! Workspaces of kcp as control planes: requested, joined with the exports that the platform publishes, used, and given
//! back. The same story on the simulator and, where `PORTICO_KCP` names one, on a real kcp.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use portico_simulator::kube::Kcp;
use portico_tests::kcp::KcpServer;
use portico_tests::person::Person;
use portico_tests::separate_process::SeparateProcess;
use portico_tests::story::{claim_path, request, request_id, until_claim, until_page, until_request};
use portico_tests::until::{until, until_right};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

const WORKSPACE: &str = "workspaces.tenancy.kcp.io";
const THING: &str = "things.tests.portico.dev";
const WORKSPACES: &str = "/apis/tenancy.kcp.io/v1alpha1/workspaces";
const EXPORTS: &str = "/apis/apis.kcp.io/v1alpha2/apiexports";
const THINGS: &str = "/apis/tests.portico.dev/v1/namespaces/payments-dev/things";
const TIMEOUT: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_is_requested_used_and_given_back() {
    story(&KcpServer::simulated().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_is_requested_used_and_given_back_on_a_real_kcp() {
    if let Some(kcp) = KcpServer::real("a_workspace_is_requested_used_and_given_back_on_a_real_kcp").await {
        story(&kcp).await;
    }
}

/// The export of things, which asks for these verbs on configmaps.
fn export(verbs: &[&str]) -> Value {
    json!({
        "apiVersion": "apis.kcp.io/v1alpha2", "kind": "APIExport", "metadata": { "name": "things" },
        "spec": {
            "resources": [{
                "group": "tests.portico.dev", "name": "things", "schema": "v1.things.tests.portico.dev", "storage": { "crd": {} },
            }],
            "permissionClaims": [{ "group": "", "resource": "configmaps", "verbs": verbs }],
        },
    })
}

/// The provider's workspace with an export, and the parent of tenants' workspaces.
async fn platform(kcp: &KcpServer) {
    kcp.workspace("root", "platform").await;
    kcp.workspace("root", "tenants").await;
    let schema = json!({
        "apiVersion": "apis.kcp.io/v1alpha1", "kind": "APIResourceSchema",
        "metadata": { "name": "v1.things.tests.portico.dev" },
        "spec": {
            "group": "tests.portico.dev", "scope": "Namespaced",
            "names": { "kind": "Thing", "plural": "things", "singular": "thing", "listKind": "ThingList" },
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": { "status": {} },
                "schema": { "type": "object", "properties": {
                    "spec": { "type": "object", "properties": { "size": { "type": "integer", "maximum": 9 } } },
                    "status": { "type": "object", "x-kubernetes-preserve-unknown-fields": true },
                } },
            }],
        },
    });
    let client = kcp.client("root:platform");
    client
        .create("/apis/apis.kcp.io/v1alpha1/apiresourceschemas", &schema)
        .await;
    client.create(EXPORTS, &export(&["get", "list"])).await;
}

/// The documents of the platform.
fn documents(kcp: &KcpServer, accepted: &str) -> String {
    format!(
        "apiVersion: portico.dev/v1alpha1
kind: ControlPlane
metadata: {{ name: tenants, labels: {{ shared: 'true' }} }}
spec:
  title: Tenants
  kind: kcpWorkspace
  connection: {{ kubeconfig: {{ path: '{}' }} }}
  kcp: {{ workspace: root:tenants }}
---
apiVersion: portico.dev/v1alpha1
kind: Offering
metadata: {{ name: {WORKSPACE} }}
spec:
  title: Workspace
  controlPlane:
    kind: kcpWorkspace
    exports:
      - path: root:platform
        name: things
        accept: [{{ resource: configmaps, verbs: [{accepted}] }}]
---
apiVersion: portico.dev/v1alpha1
kind: Offering
metadata: {{ name: {THING} }}
spec: {{ title: Thing }}
",
        kcp.kubeconfig().display()
    )
}

/// The name of the control plane that a claim is, once it offers things.
async fn joined(person: &Person, claim: &str) -> String {
    let api = format!("/api/v1{claim}");
    until("the workspace joins", TIMEOUT, async || {
        let page = person.api(Method::GET, &api, None).await.expect(200).json();
        let plane = &page["controlPlane"];
        let ready = plane["state"] == "ready" && plane["offerings"].to_string().contains(THING);
        ready.then(|| plane["name"].as_str().unwrap().to_owned())
    })
    .await
}

/// The state of the claim on configmaps in the binding that Portico made.
async fn binding_state(kcp: &KcpServer, workspace: &str) -> Option<(String, Value)> {
    let path = "/apis/apis.kcp.io/v1alpha2/apibindings/things";
    let binding = kcp.client(workspace).get(path).await?;
    let claim = &binding["spec"]["permissionClaims"][0];
    Some((claim["state"].as_str()?.to_owned(), claim["verbs"].clone()))
}

async fn story(kcp: &KcpServer) {
    platform(kcp).await;
    let world = SeparateProcess::world().await;
    let file = world.ready.configuration.join("kcp.yaml");
    fs::write(&file, documents(kcp, "get")).unwrap();
    let portal = SeparateProcess::over(world, "warn").await;
    let dana = portal.world.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let devon = portal.world.sign_in("devon").await;
    let pat = portal.world.sign_in("pat").await;

    // The claim is a workspace. It joins once kcp says that it is ready, and gets what the platform publishes.
    let id = request(&dana, WORKSPACE, "analytics", &[]).await;
    let workspace = claim_path(&until_request(&dana, &id, "Fulfilled").await);
    let _ = until_claim(&dana, &workspace, "Ready").await;
    let plane = joined(&dana, &workspace).await;
    let path = "root:tenants:analytics";
    let admin = format!("/admin/control-planes/{plane}");
    let page = until_page(&pat, &admin, "root:platform:things : bound")
        .await
        .page();
    let said = page.text("main").unwrap();
    for text in [
        path,
        "May get configmaps in it.",
        "Asks to list configmaps. Rejected until",
    ] {
        assert!(said.contains(text), "{text}: {said}");
    }
    let (state, verbs) = binding_state(kcp, path).await.unwrap();
    assert_eq!((state.as_str(), verbs), ("Accepted", json!(["get"])));

    // A claim on it is made in the workspace itself, and is its tenant's alone.
    let asked = json!({ "offering": THING, "name": "gadget", "controlPlane": plane, "object": { "spec": { "size": 3 } } });
    let path_of_requests = "/api/v1/requests?tenant=payments&environment=dev";
    let made = dana
        .api(Method::POST, path_of_requests, Some(&asked))
        .await
        .expect(201)
        .json();
    let id = made["id"].as_str().unwrap();
    let gadget = claim_path(&until_request(&dana, id, "Fulfilled").await);
    assert!(gadget.contains(&plane), "{gadget}");
    let there = kcp.client(path).get(&format!("{THINGS}/gadget")).await.unwrap();
    assert_eq!(there["spec"]["size"], 3);
    let _ = until_page(&dana, "/claims", "gadget").await;
    for path in [&workspace, &gadget] {
        let _ = devon.get(path).await.expect(404);
    }

    // An export that asks for more waits for the document's word.
    let client = kcp.client("root:platform");
    let mut asks_for_more = client.get(&format!("{EXPORTS}/things")).await.unwrap();
    asks_for_more["spec"]["permissionClaims"][0]["verbs"] = json!(["get", "list", "delete"]);
    let put = client
        .ask(Method::PUT, &format!("{EXPORTS}/things"), Some(&asks_for_more))
        .await;
    assert!(put.is_success(), "{put:?}");
    let _ = until_page(&pat, &admin, "Asks to list, delete configmaps.").await;
    let (_, verbs) = binding_state(kcp, path).await.unwrap();
    assert_eq!(verbs, json!(["get"]));
    fs::write(&file, documents(kcp, "get, delete")).unwrap();
    let _ = until_page(&pat, &admin, "May get, delete configmaps in it.").await;
    until("the binding accepts it", TIMEOUT, async || {
        let (_, verbs) = binding_state(kcp, path).await?;
        (verbs == json!(["get", "delete"])).then_some(())
    })
    .await;

    give_back(kcp, &dana, &workspace).await;
    let _ = until_right(
        "the control plane leaves",
        TIMEOUT,
        async || pat.get(&admin).await,
        |answer| answer.status == 404,
    )
    .await;
}

/// It is not deleted while something is on it. Abandoned, it goes, and the workspace with it.
async fn give_back(kcp: &KcpServer, dana: &Person, workspace: &str) {
    let delete = format!("{workspace}/delete");
    let page = until_page(dana, &delete, "Still on analytics (dev)").await;
    let form = page
        .page()
        .form("/delete")
        .expect("a form")
        .with("_confirm", "analytics");
    let refused = dana.submit(&page.url, &form, None).await.expect(422).page();
    let said = refused.text("main").unwrap();
    assert!(
        said.contains("It is a control plane with 1 claim on it."),
        "{said}"
    );
    let sent = dana.submit(&page.url, &form.with("_abandon", "yes"), None).await;
    let _ = until_request(dana, &request_id(&sent), "Fulfilled").await;
    let tenants = kcp.client("root:tenants");
    until("the workspace is gone", TIMEOUT, async || {
        let left = tenants.get(&format!("{WORKSPACES}/analytics")).await;
        left.is_none().then_some(())
    })
    .await;
    until("its claims are no longer shown", TIMEOUT, async || {
        let claims = dana.get("/claims").await.page().body();
        (!claims.contains("gadget")).then_some(())
    })
    .await;
}

/// A workspace on a shard, with a namespace of Payments, that binds the export of things.
fn workspace_on(kcp: &Kcp, shard: usize, name: &str) {
    kcp.create_workspace_on(shard, "root", name).unwrap();
    let namespace =
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "payments-dev" } });
    let binding = json!({
        "apiVersion": "apis.kcp.io/v1alpha2", "kind": "APIBinding", "metadata": { "name": "things" },
        "spec": { "reference": { "export": { "path": "root:platform", "name": "things" } } },
    });
    for object in [namespace, binding] {
        kcp.create(&format!("root:{name}"), object).unwrap();
    }
}

/// Makes a thing on a control plane, and waits until it is there and listed once.
async fn has_thing(person: &Person, plane: &str, name: &str) {
    let asked = json!({ "offering": THING, "name": name, "controlPlane": plane, "object": { "spec": { "size": 1 } } });
    let path = "/api/v1/requests?tenant=payments&environment=dev";
    let made = until_right(
        &format!("{name} is asked for on {plane}"),
        TIMEOUT,
        async || person.api(Method::POST, path, Some(&asked)).await,
        |answer| answer.status == 201,
    )
    .await
    .json();
    let _ = until_request(person, made["id"].as_str().unwrap(), "Fulfilled").await;
    let _ = until_page(person, &format!("/claims?q={name}"), name).await;
    assert_eq!(things_named(person, name).await.len(), 1);
}

/// The things of this name in the list of claims.
async fn things_named(person: &Person, name: &str) -> Vec<Value> {
    let path = format!("/api/v1/claims?q={name}&tenant=payments&environment=dev");
    let page = person.api(Method::GET, &path, None).await.expect(200).json();
    let rows = page["rows"]["items"].as_array().unwrap().iter();
    rows.filter(|row| row["reference"]["name"] == name)
        .cloned()
        .collect()
}

/// A kcp has several shards. One that stops takes nothing of the others along, and nothing is taken for deleted.
#[tokio::test(flavor = "multi_thread")]
async fn claims_in_workspaces_of_two_shards_outlive_one_that_stops() {
    let server = KcpServer::simulated().await;
    let kcp = server.simulation().unwrap();
    platform(&server).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let shard = kcp.serve_shard(1, listener).unwrap();
    let address = shard.address();
    workspace_on(kcp, 0, "near");
    workspace_on(kcp, 1, "far");
    let world = SeparateProcess::world().await;
    let mut documents = documents(&server, "get");
    for name in ["near", "far"] {
        write!(
            documents,
            "---
apiVersion: portico.dev/v1alpha1
kind: ControlPlane
metadata: {{ name: {name}, labels: {{ shared: 'true' }} }}
spec:
  kind: kcpWorkspace
  connection: {{ kubeconfig: {{ path: '{}' }} }}
  kcp:
    workspace: root:{name}
    exports: [{{ path: root:platform, name: things }}]
",
            server.kubeconfig().display()
        )
        .unwrap();
    }
    fs::write(world.ready.configuration.join("kcp.yaml"), documents).unwrap();
    let portal = SeparateProcess::over(world, "warn").await;
    let dana = portal.world.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let pat = portal.world.sign_in("pat").await;
    has_thing(&dana, "near", "nail").await;
    has_thing(&dana, "far", "feather").await;

    shard.shutdown().await;
    let of_far = "/admin/control-planes/far";
    let said = until_page(&pat, of_far, "Its claims may be out of date").await;
    assert!(
        said.page().body().contains(&address.to_string()),
        "{}",
        said.page().body()
    );
    has_thing(&dana, "near", "nut").await;
    let near = pat.get("/admin/control-planes/near").await.page().body();
    assert!(!near.contains("may be out of date"), "{near}");
    let feathers = things_named(&dana, "feather").await;
    assert_eq!(feathers.len(), 1, "it is not taken for deleted");

    let listener = TcpListener::bind(address).await.unwrap();
    let _shard = kcp.serve_shard(1, listener).unwrap();
    has_thing(&dana, "far", "fan").await;
    until("the shard's workspace is up to date", TIMEOUT, async || {
        let page = pat.get(of_far).await.page().body();
        (!page.contains("may be out of date")).then_some(())
    })
    .await;
    for name in ["nail", "nut", "feather", "fan"] {
        assert_eq!(things_named(&dana, name).await.len(), 1, "{name}");
    }
}
