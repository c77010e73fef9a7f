//! A control plane as a service: somebody asks for one, it joins Portico, claims are made on it, and it leaves.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portico_simulator::kube::{ControlPlane, Serving, Settings};
use portico_tests::apiserver::ApiServer;
use portico_tests::html::Form;
use portico_tests::person::{Answer, Person};
use portico_tests::raw_client::RawClient;
use portico_tests::separate_process::SeparateProcess;
use portico_tests::story::{claim_path, decide, request, request_id, until_claim, until_page, until_request};
use portico_tests::until::until;
use reqwest::{Method, Url};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

const CLUSTER: &str = "clusters.tests.portico.dev";
const WIDGET: &str = "widgets.tests.portico.dev";
const WIDGETS: &str = "/apis/tests.portico.dev/v1/namespaces/payments-dev/widgets";
const CLUSTERS: &str = "/apis/tests.portico.dev/v1/namespaces/payments-dev/clusters";
const TIMEOUT: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_control_plane_is_requested_used_and_given_back() {
    let hub = Cluster::simulated("hub").await;
    let spoke = Cluster::simulated("spoke").await;
    story(&hub, &spoke).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_control_plane_is_requested_used_and_given_back_on_real_api_servers() {
    if !ApiServer::is_here("a_control_plane_is_requested_used_and_given_back_on_real_api_servers") {
        return;
    }
    let hub = Cluster::Real(Box::new(ApiServer::start().await));
    let spoke = Cluster::Real(Box::new(ApiServer::start().await));
    story(&hub, &spoke).await;
}

/// A Kubernetes API server.
enum Cluster {
    Real(Box<ApiServer>),
    Simulated {
        kubeconfig: PathBuf,
        _serving: Serving,
        _folder: TempDir,
    },
}

impl Cluster {
    async fn simulated(name: &str) -> Self {
        let simulated = ControlPlane::new(name, Settings::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let serving = simulated.serve(listener).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = folder.path().join("kubeconfig.yaml");
        fs::write(&kubeconfig, simulated.kubeconfig(serving.address())).unwrap();
        Self::Simulated {
            kubeconfig,
            _serving: serving,
            _folder: folder,
        }
    }

    fn kubeconfig(&self) -> &Path {
        match self {
            Self::Real(server) => server.kubeconfig(),
            Self::Simulated { kubeconfig, .. } => kubeconfig,
        }
    }

    fn client(&self) -> RawClient {
        RawClient::of(self.kubeconfig())
    }
}

/// The definition of a cluster, as an operator would install it.
fn cluster_definition() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": CLUSTER },
        "spec": {
            "group": "tests.portico.dev", "scope": "Namespaced",
            "names": { "kind": "Cluster", "listKind": "ClusterList", "plural": "clusters", "singular": "cluster" },
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": { "status": {} },
                "schema": { "openAPIV3Schema": { "type": "object", "properties": {
                    "spec": { "type": "object", "properties": { "nodes": { "type": "integer", "default": 1 } } },
                    "status": { "type": "object", "properties": { "phase": { "type": "string" } } },
                } } },
            }],
        },
    })
}

/// The documents of the platform: a control plane for all, clusters that are control planes, and widgets for those.
fn documents(hub: &Cluster, definitions: &Path) -> String {
    format!(
        "apiVersion: portico.dev/v1alpha1
kind: ControlPlane
metadata: {{ name: hub, labels: {{ shared: 'true' }} }}
spec:
  title: The hub
  connection: {{ kubeconfig: {{ path: '{}' }} }}
---
apiVersion: portico.dev/v1alpha1
kind: Offering
metadata: {{ name: {CLUSTER} }}
spec:
  title: Cluster
  access:
    secret: {{ name: '{{name}}-kubeconfig' }}
    keys: {{ kubeconfig: value }}
  health: {{ ready: object.status.phase == 'Provisioned' }}
  controlPlane:
    definitions: ['{}']
    hosts: ['127.0.0.1']
---
apiVersion: portico.dev/v1alpha1
kind: Offering
metadata: {{ name: {WIDGET} }}
spec: {{ title: Widget }}
---
apiVersion: portico.dev/v1alpha1
kind: ApprovalPolicy
metadata: {{ name: clusters-go }}
spec:
  rules:
    - name: clusters-go
      when: request.action == 'delete' && offering.name == '{CLUSTER}'
      then: {{ require: {{ approvers: {{ tenantApprovers: {{}} }} }} }}
      reason: Others may use it.
",
        hub.kubeconfig().display(),
        definitions.display()
    )
}

/// The demo's portal with the hub, and the definition of widgets to publish.
async fn portal(hub: &Cluster) -> SeparateProcess {
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    hub.client().create(definitions, &cluster_definition()).await;
    let world = SeparateProcess::world().await;
    let folder = &world.ready.configuration;
    fs::create_dir_all(folder.join("published")).unwrap();
    fs::write(folder.join("published/widget.yaml"), include_str!("widget.yaml")).unwrap();
    let text = documents(hub, Path::new("published/widget.yaml"));
    fs::write(folder.join("clusters.yaml"), text).unwrap();
    // What is approved is applied some seconds later.
    let portal = fs::read_to_string(folder.join("portal.yaml")).unwrap();
    let slower = portal.replace("undoSeconds: 0", "undoSeconds: 5");
    assert_ne!(slower, portal, "{portal}");
    fs::write(folder.join("portal.yaml"), slower).unwrap();
    SeparateProcess::over(world, "warn").await
}

/// Does what the operator of clusters does: publishes the kubeconfig and says that the cluster is there.
async fn provision(hub: &Cluster, spoke: &Cluster, name: &str) {
    let client = hub.client();
    let cluster = client.get(&format!("{CLUSTERS}/{name}")).await.unwrap();
    let kubeconfig = STANDARD.encode(fs::read(spoke.kubeconfig()).unwrap());
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": { "name": format!("{name}-kubeconfig"), "namespace": "payments-dev", "ownerReferences": [{
            "apiVersion": "tests.portico.dev/v1", "kind": "Cluster", "name": name, "uid": cluster["metadata"]["uid"],
        }] },
        "data": { "value": kubeconfig },
    });
    client
        .create("/api/v1/namespaces/payments-dev/secrets", &secret)
        .await;
    set_phase(&client, name, "Provisioned").await;
}

async fn set_phase(client: &RawClient, name: &str, phase: &str) {
    let path = format!("{CLUSTERS}/{name}");
    let mut cluster = client.get(&path).await.unwrap();
    cluster["status"] = json!({ "phase": phase });
    let put = client
        .ask(Method::PUT, &format!("{path}/status"), Some(&cluster))
        .await;
    assert!(put.is_success(), "{put:?}");
}

/// The name of the control plane that a claim is.
async fn joined(person: &Person, claim: &str) -> String {
    let api = format!("/api/v1{claim}");
    until("the cluster joins", TIMEOUT, async || {
        let page = person.api(Method::GET, &api, None).await.expect(200).json();
        let plane = &page["controlPlane"];
        let widgets = plane["offerings"].to_string().contains(WIDGET);
        let ready = plane["state"] == "ready" && widgets;
        ready.then(|| plane["name"].as_str().unwrap().to_owned())
    })
    .await
}

async fn candidates(person: &Person, place: &str) -> String {
    let (tenant, environment) = place.split_once('/').unwrap();
    let path = format!("/api/v1/offerings/{WIDGET}/check?tenant={tenant}&environment={environment}");
    let body = json!({ "name": "where" });
    let answer = person.api(Method::POST, &path, Some(&body)).await;
    answer.text
}

async fn story(hub: &Cluster, spoke: &Cluster) {
    let portal = portal(hub).await;
    let dana = portal.world.sign_in("dana").await;
    dana.work_in("payments/dev").await;
    let devon = portal.world.sign_in("devon").await;

    // It joins once it is ready, and gets the definitions that the platform publishes to it.
    let id = request(&dana, CLUSTER, "analytics", &[]).await;
    let cluster = claim_path(&until_request(&dana, &id, "Fulfilled").await);
    let early = dana.get(&cluster).await.expect(200).page();
    assert!(early.text("#control-plane").is_none(), "it has not joined");
    provision(hub, spoke, "analytics").await;
    let _ = until_claim(&dana, &cluster, "Ready").await;
    let plane = joined(&dana, &cluster).await;
    assert!(plane.starts_with("analytics-"), "{plane}");
    let page = until_page(&dana, &cluster, "It has joined Portico").await.page();
    let widget = page
        .attributes("main .chips a", "href")
        .into_iter()
        .find(|href| href.contains(WIDGET))
        .expect("a link to the form of a widget");

    // A claim is made on it by that link.
    let form_page = dana.get(&widget).await.expect(200);
    let form = form_page.page().form("/request").expect("a form");
    let form = form.with("_name", "gadget").with("/spec/size", "3");
    let sent = dana.submit(&form_page.url, &form, Some(("_do", "submit"))).await;
    let gadget = claim_path(&until_request(&dana, &request_id(&sent), "Fulfilled").await);
    assert!(gadget.contains(&plane), "{gadget}");
    let there = spoke.client().get(&format!("{WIDGETS}/gadget")).await;
    assert_eq!(there.unwrap()["spec"]["size"], 3);

    nobody_else_uses_it(&dana, &devon, &plane, &cluster, &gadget).await;

    // It stays while its claim is unwell.
    set_phase(&hub.client(), "analytics", "Broken").await;
    let _ = until_claim(&dana, &cluster, "Degraded").await;
    let _ = dana.get(&gadget).await.expect(200);
    set_phase(&hub.client(), "analytics", "Provisioned").await;

    // It is not deleted while something is on it.
    let delete = format!("{cluster}/delete");
    let page = until_page(&dana, &delete, "Still on analytics (dev)").await;
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
    assert!(said.contains("gadget"), "{said}");
    let by_api = dana
        .api(
            Method::POST,
            &format!("/api/v1{cluster}/deletion"),
            Some(&json!({ "confirm": "analytics" })),
        )
        .await
        .expect(422);
    assert!(by_api.text.contains("control-plane-in-use"), "{}", by_api.text);
    hub.client()
        .get(&format!("{CLUSTERS}/analytics"))
        .await
        .expect("it is still there");

    // Abandoned, it goes, and what was on it is no longer shown.
    let form = form.with("_abandon", "yes");
    let deletion = only_what_was_seen_is_abandoned(&portal, &dana, spoke, &page.url, &form).await;
    let said = deletion.page().text("main").unwrap();
    assert!(
        said.contains("Abandons 1 claim on analytics (dev): gadget."),
        "{said}"
    );
    until("the control plane leaves", TIMEOUT, async || {
        let claims = dana.get("/claims").await.page().body();
        (!claims.contains("gadget")).then_some(())
    })
    .await;
    let pat = portal.world.sign_in("pat").await;
    let _ = pat
        .get(&format!("/admin/control-planes/{plane}"))
        .await
        .expect(404);
    let left = spoke.client().get(&format!("{WIDGETS}/gadget")).await;
    assert!(left.is_some(), "what was abandoned is not deleted");
}

/// A claim that appears after the page was shown, after the request was sent, or after it was approved is not abandoned with
/// the others. Returns the page of the request that went through.
async fn only_what_was_seen_is_abandoned(
    portal: &SeparateProcess,
    dana: &Person,
    spoke: &Cluster,
    url: &Url,
    form: &Form,
) -> Answer {
    let ada = portal.world.sign_in("ada").await;
    let client = spoke.client();
    let appears = async |name: &str| {
        let widget = json!({
            "apiVersion": "tests.portico.dev/v1", "kind": "Widget",
            "metadata": { "name": name, "namespace": "payments-dev" }, "spec": { "size": 1 },
        });
        client.create(WIDGETS, &widget).await;
        let _ = until_page(dana, "/claims", name).await;
    };
    let goes = async |name: &str| {
        let gone = client
            .ask(Method::DELETE, &format!("{WIDGETS}/{name}"), None)
            .await;
        assert!(gone.is_success(), "{gone:?}");
        until("it is gone", TIMEOUT, async || {
            let claims = dana.get("/claims").await.page().body();
            (!claims.contains(name)).then_some(())
        })
        .await;
    };

    // Between the page and its form.
    appears("unseen").await;
    let sent = dana.submit(url, form, None).await.expect(422).page();
    let said = sent.text("#abandon-problems").unwrap();
    assert!(said.contains("now it is 2 claims"), "{said}");
    assert!(sent.text("main").unwrap().contains("unseen"));
    goes("unseen").await;

    // Between the request and the decision.
    let sent = dana.submit(url, form, None).await;
    let id = request_id(&sent);
    appears("late").await;
    let refused = decide(&ada, &id, "approve", "").await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    assert!(
        refused
            .page()
            .body()
            .contains("there is now late, which nobody agreed to abandon"),
        "{}",
        refused.page().body()
    );
    goes("late").await;

    // Between the decision and the moment that it is applied.
    let _ = decide(&ada, &id, "approve", "").await.expect(200);
    appears("later").await;
    let failed = until_request(dana, &id, "Failed").await;
    let said = failed.page().text("main").unwrap();
    assert!(
        said.contains("there is now later, which nobody agreed to abandon"),
        "{said}"
    );
    goes("later").await;

    // What was seen goes.
    let form = form.clone().without("_request");
    let sent = dana.submit(url, &form, None).await;
    let id = request_id(&sent);
    let _ = decide(&ada, &id, "approve", "").await.expect(200);
    until_request(dana, &id, "Fulfilled").await
}

/// Neither another tenant nor another environment of the tenant can use it, and another tenant learns nothing of it.
async fn nobody_else_uses_it(dana: &Person, devon: &Person, plane: &str, cluster: &str, gadget: &str) {
    let own = candidates(dana, "payments/dev").await;
    assert!(own.contains(plane), "{own}");
    let production = candidates(dana, "payments/production").await;
    assert!(
        production.contains("it does not serve production"),
        "{production}"
    );
    for place in ["research/dev", "research/production"] {
        let others = candidates(devon, place).await;
        assert!(!others.contains("analytics"), "{others}");
    }
    for path in [cluster, gadget] {
        let _ = devon.get(path).await.expect(404);
    }
    // Nothing that they may use serves widgets, so that offering is not there for them.
    let asked = json!({ "offering": WIDGET, "name": "stray", "controlPlane": plane, "object": { "spec": { "size": 1 } } });
    let refused = devon
        .api(
            Method::POST,
            "/api/v1/requests?tenant=research&environment=dev",
            Some(&asked),
        )
        .await;
    let _ = refused.expect(404);
}
