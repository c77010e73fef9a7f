//! A control plane is a cluster, not an address: whoever else answers there is not used. On real API servers.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use portico_tests::agents::{until_page, until_ready};
use portico_tests::apiserver::ApiServer;
use portico_tests::kubectl::Kubectl;
use portico_tests::person::Person;
use portico_tests::proxy::{Fault, Operation, Proxy};
use portico_tests::separate_process::SeparateProcess;
use portico_tests::story::{claim_path, request, submit_form, until_request};
use portico_tests::until::until;
use reqwest::Method;
use serde_json::{Value, json};

const WIDGET: &str = "widgets.tests.portico.dev";
const NAMESPACE: &str = "--namespace=payments-dev";
const SIZE: &[(&str, &str)] = &[("/spec/size", "3"), ("/spec/colour", "green")];
const SOON: Duration = Duration::from_secs(40);

fn is_here(test: &str) -> bool {
    Kubectl::is_here(test) && ApiServer::is_here(test)
}

/// A real API server that offers widgets.
async fn server() -> ApiServer {
    let server = ApiServer::start().await;
    server.kubectl().apply(include_str!("widget.yaml"), &[]);
    let _ = server
        .kubectl()
        .try_run(&["create", "namespace", "payments-dev"], None);
    server
}

fn uid_of(server: &ApiServer) -> String {
    let namespace = server.kubectl().json(&["get", "namespace", "kube-system"]);
    namespace["metadata"]["uid"].as_str().unwrap().to_owned()
}

/// A document for the control plane `name` with this kubeconfig.
fn write_document(folder: &std::path::Path, name: &str, kubeconfig: &std::path::Path) {
    let document = format!(
        "apiVersion: portico.dev/v1alpha1\nkind: ControlPlane\nmetadata: {{ name: {name}, labels: {{ shared: 'true' }} }}\n\
         spec:\n  connection: {{ kubeconfig: {{ path: '{}' }} }}\n  limits: {{ timeoutSeconds: 5 }}\n",
        kubeconfig.display()
    );
    fs::write(folder.join(format!("{name}.yaml")), document).unwrap();
}

/// A portal that reaches the control plane `real` through a proxy.
struct Setting {
    portal: SeparateProcess,
    proxy: Proxy,
    kubeconfig: PathBuf,
    dana: Person,
    pat: Person,
}

impl Setting {
    async fn start(server: &ApiServer) -> Self {
        let world = SeparateProcess::world().await;
        let kubeconfig = world.data().join("proxied.yaml");
        let proxy = Proxy::start(server.kubeconfig(), &kubeconfig).await;
        write_document(&world.ready.configuration, "real", &kubeconfig);
        let portal = SeparateProcess::over(world, "info").await;
        let pat = portal.world.sign_in("pat").await;
        let dana = portal.world.sign_in("dana").await;
        dana.work_in("payments/dev").await;
        until_ready(&pat, "real").await;
        Self {
            portal,
            proxy,
            kubeconfig,
            dana,
            pat,
        }
    }

    /// The cluster as the API has it.
    async fn cluster(&self) -> Value {
        let path = "/api/v1/control-planes/real";
        self.pat.api(Method::GET, path, None).await.expect(200).json()["cluster"].clone()
    }

    async fn claims(&self) -> String {
        self.dana.get("/claims").await.expect(200).page().body()
    }
}

fn widget(name: &str) -> String {
    format!(
        "kind: Widget\napiVersion: tests.portico.dev/v1\nmetadata: {{ name: {name}, namespace: payments-dev }}\n\
         spec: {{ size: 3, colour: green }}\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn another_cluster_at_the_address_is_not_used_until_it_is_accepted() {
    if !is_here("another_cluster_at_the_address_is_not_used_until_it_is_accepted") {
        return;
    }
    let (right, wrong) = (server().await, server().await);
    let mut setting = Setting::start(&right).await;
    let id = request(&setting.dana, WIDGET, "steady", SIZE).await;
    let claim = claim_path(&until_request(&setting.dana, &id, "Fulfilled").await);
    wrong.kubectl().apply(&widget("intruder"), &[]);
    assert_eq!(setting.cluster().await["found"], json!(uid_of(&right)));

    // The address leads elsewhere, with connections that are open and with new ones.
    setting.proxy.lead_to(wrong.kubeconfig());
    let answer = submit_form(&setting.dana, WIDGET, "early", SIZE).await;
    setting.proxy.go_down().await;
    setting.proxy.come_back().await;
    until_page(&setting.pat, "real", "The wrong cluster answers").await;
    let found = setting.cluster().await;
    assert_eq!(found["problem"], json!("another"));
    assert_eq!(found["found"], json!(uid_of(&wrong)));
    assert_eq!(found["recorded"]["id"], json!(uid_of(&right)));
    // What was known stays, and nothing of the other cluster shows.
    let shown = setting.dana.get(&claim).await.expect(200).page().body();
    assert!(shown.contains("steady"), "{shown}");
    let listed = setting.claims().await;
    assert!(
        listed.contains("steady") && !listed.contains("intruder"),
        "{listed}"
    );
    // Nothing is done there, whatever is asked for.
    let refused = submit_form(&setting.dana, WIDGET, "late", SIZE)
        .await
        .page()
        .body();
    assert!(refused.contains("not set up correctly"), "{refused}");
    tokio::time::sleep(Duration::from_secs(3)).await;
    let there = wrong.kubectl().run(&["get", WIDGET, NAMESPACE, "--output=name"]);
    assert_eq!(
        there.trim(),
        format!("widget.tests.portico.dev/intruder"),
        "{}",
        answer.url
    );

    // The cluster that was there before needs no word of anybody.
    setting.proxy.lead_to(right.kubeconfig());
    setting.proxy.go_down().await;
    setting.proxy.come_back().await;
    until_ready(&setting.pat, "real").await;
    assert_eq!(setting.cluster().await["problem"], Value::Null);

    // It is built anew: an admin accepts it, and its claims take the place of the others.
    setting.proxy.lead_to(wrong.kubeconfig());
    setting.proxy.go_down().await;
    setting.proxy.come_back().await;
    until_page(&setting.pat, "real", "The wrong cluster answers").await;
    // What others saw earlier is not accepted.
    let stale = json!({ "was": uid_of(&wrong), "is": uid_of(&right) });
    let path = "/api/v1/control-planes/real/cluster";
    let answer = setting
        .pat
        .api(Method::POST, path, Some(&stale))
        .await
        .expect(409);
    assert!(answer.text.contains("cluster-changed"), "{}", answer.text);
    let page = setting.pat.get("/admin/control-planes/real").await.expect(200);
    let form = page.page().form("/cluster").expect("a button to accept it");
    let _ = setting.pat.submit(&page.url, &form, None).await.expect(200);
    until_ready(&setting.pat, "real").await;
    until("the claims of the new cluster alone", SOON, async || {
        let listed = setting.claims().await;
        (!listed.contains("steady")).then_some(())
    })
    .await;
    let record = setting.pat.get("/admin/record").await.expect(200).page().body();
    assert!(record.contains("accepted another cluster for"), "{record}");
    let id = request(&setting.dana, WIDGET, "anew", SIZE).await;
    let _ = until_request(&setting.dana, &id, "Fulfilled").await;
    let made = wrong.kubectl().try_run(&["get", WIDGET, "anew", NAMESPACE], None);
    assert!(made.status.success());

    // A restart forgets nothing.
    setting.proxy.lead_to(right.kubeconfig());
    setting.proxy.go_down().await;
    setting.portal.stop();
    setting.proxy.come_back().await;
    setting.portal.restart("info").await;
    until_page(&setting.pat, "real", "The wrong cluster answers").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_cluster_is_one_control_plane() {
    if !is_here("the_same_cluster_is_one_control_plane") {
        return;
    }
    let server = server().await;
    let setting = Setting::start(&server).await;
    let id = request(&setting.dana, WIDGET, "once", SIZE).await;
    let _ = until_request(&setting.dana, &id, "Fulfilled").await;
    let folder = &setting.portal.world.ready.configuration;
    write_document(folder, "again", server.kubeconfig());
    let said = until_page(&setting.pat, "again", "the same cluster as").await;
    assert!(said.contains("real"), "{said}");
    let claims = setting.dana.api(Method::GET, "/api/v1/claims", None).await;
    let listed = claims.expect(200).text;
    assert_eq!(listed.matches("\"once\"").count(), 1, "{listed}");
    let _ = setting.pat.get("/admin/control-planes/real").await.expect(200);
    until_ready(&setting.pat, "real").await;
    // Without the first the other has it.
    fs::remove_file(folder.join("real.yaml")).unwrap();
    until_ready(&setting.pat, "again").await;
    assert!(setting.kubeconfig.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_stops_saying_who_it_is_may_be_another() {
    if !is_here("a_cluster_that_stops_saying_who_it_is_may_be_another") {
        return;
    }
    let server = server().await;
    let setting = Setting::start(&server).await;
    let forbidden = Fault::Refusal {
        code: 403,
        status: json!({ "reason": "Forbidden", "message": "namespaces \"kube-system\" is forbidden" }),
        retry_after: None,
    };
    setting
        .proxy
        .inject(Operation::Read, Some("kube-system"), forbidden);
    let said = until_page(&setting.pat, "real", "does not say any more which cluster").await;
    assert!(said.contains("Take it off the record"), "{said}");
    let page = setting.pat.get("/admin/control-planes/real").await.expect(200);
    let form = page.page().form("/cluster").expect("a button");
    let _ = setting.pat.submit(&page.url, &form, None).await.expect(200);
    until_ready(&setting.pat, "real").await;
    let page = until_page(&setting.pat, "real", "would not notice another cluster").await;
    assert!(!page.contains("The wrong cluster answers"), "{page}");
    let id = request(&setting.dana, WIDGET, "unknown", SIZE).await;
    let _ = until_request(&setting.dana, &id, "Fulfilled").await;
}
