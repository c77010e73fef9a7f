//! The main flow over a real API server, which is stricter than the simulator.

use std::fs;
use std::time::{Duration, Instant};

use portico_tests::apiserver::ApiServer;
use portico_tests::demo::Demo;
use portico_tests::kubectl::Kubectl;
use portico_tests::person::{Answer, Person};
use portico_tests::separate_process::SeparateProcess;
use portico_tests::story::{claim_path, request, request_id, submit_form, until_claim, until_request};
use portico_tests::until::{until, until_right};

const WIDGET: &str = "widgets.tests.portico.dev";
const NAMESPACE: &str = "--namespace=payments-dev";

/// The demo's portal with a real API server as an additional control plane for all teams.
pub(crate) async fn portal_over(server: &ApiServer) -> SeparateProcess {
    SeparateProcess::over(world_over(server).await, "warn").await
}

/// The configuration of such a portal, which starts later.
pub(crate) async fn world_over(server: &ApiServer) -> Demo {
    let world = SeparateProcess::world().await;
    let document = format!(
        "apiVersion: portico.dev/v1alpha1
kind: ControlPlane
metadata: {{ name: real, labels: {{ shared: 'true' }} }}
spec:
  title: The real one
  region: here
  connection: {{ kubeconfig: {{ path: '{}' }} }}
",
        server.kubeconfig().display()
    );
    fs::write(world.ready.configuration.join("real.yaml"), document).unwrap();
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_flow_works_on_a_real_api_server() {
    let test = "the_main_flow_works_on_a_real_api_server";
    if !Kubectl::is_here(test) || !ApiServer::is_here(test) {
        return;
    }
    let server = ApiServer::start().await;
    let kubectl = server.kubectl();
    let portal = portal_over(&server).await;
    let dana = portal.world.sign_in("dana").await;
    dana.work_in("payments/dev").await;

    // An installed kind appears in the catalog.
    kubectl.apply(include_str!("widget.yaml"), &[]);
    let installed = Instant::now();
    until_catalog(&dana, "a card for widgets", true).await;
    assert!(
        installed.elapsed() < Duration::from_secs(5),
        "within two seconds, with a margin for a busy machine; took {:?}",
        installed.elapsed()
    );

    // Errors are beside their field, including messages of rules.
    let refused = submit_form(
        &dana,
        WIDGET,
        "shop-front",
        &[("/spec/size", "7"), ("/spec/colour", "red")],
    )
    .await;
    let said = refused.expect(422).page().body();
    assert!(said.contains("ed ones come up to size 4 only"), "{said}");

    // Submitted, and applied by `portico` with the labels that survive a lost database.
    let id = request(
        &dana,
        WIDGET,
        "shop-front",
        &[("/spec/size", "3"), ("/spec/colour", "green")],
    )
    .await;
    let claim = claim_path(&until_request(&dana, &id, "Fulfilled").await);
    let object = kubectl.json(&["get", WIDGET, "shop-front", NAMESPACE, "--show-managed-fields"]);
    assert_eq!(object["spec"]["size"], 3);
    assert_eq!(object["metadata"]["managedFields"][0]["manager"], "portico");
    assert_eq!(object["metadata"]["managedFields"][0]["operation"], "Apply");
    assert_eq!(object["metadata"]["labels"]["portico.dev/tenant"], "payments");

    // The status that a provider sets is shown.
    let _ = until_claim(&dana, &claim, "Pending").await;
    let status = r#"{"status":{"conditions":[{"type":"Ready","status":"True","reason":"Made","message":"","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}"#;
    let patched = [
        "patch",
        WIDGET,
        "shop-front",
        NAMESPACE,
        "--subresource=status",
        "--type=merge",
    ];
    let _ = kubectl.run(&[&patched[..], &["--patch", status]].concat());
    let _ = until_claim(&dana, &claim, "Ready").await;

    // A change updates the same object.
    let sent = change(&dana, &claim, "4").await;
    let _ = until_request(&dana, &request_id(&sent), "Fulfilled").await;
    let changed = kubectl.json(&["get", WIDGET, "shop-front", NAMESPACE]);
    assert_eq!(changed["spec"]["size"], 4);
    assert_eq!(changed["metadata"]["uid"], object["metadata"]["uid"]);
    assert_eq!(changed["status"]["conditions"][0]["reason"], "Made");

    // When another manager takes over a field, the portal names it.
    kubectl.apply(
        "kind: Widget\napiVersion: tests.portico.dev/v1\nmetadata: { name: shop-front, namespace: payments-dev }\nspec: { size: 5 }\n",
        &["--server-side", "--field-manager=someone-else", "--force-conflicts"],
    );
    until_right(
        "the other's change on the claim's page",
        Duration::from_secs(10),
        async || dana.get(&claim).await.page().text("main").unwrap_or_default(),
        |page| page.contains("someone-else sets spec.size"),
    )
    .await;
    let contested = change(&dana, &claim, "6").await;
    let said = contested.page().body();
    assert!(said.contains("someone-else"), "{}\n{said}", contested.url);
    let kept = kubectl.json(&["get", WIDGET, "shop-front", NAMESPACE]);
    assert_eq!(kept["spec"]["size"], 5, "the apply must not be forced");

    // Deleted, after its name is confirmed.
    let delete = dana.get(&format!("{claim}/delete")).await.expect(200);
    let form = delete.page().form("/delete").expect("a form");
    let sent = dana
        .submit(&delete.url, &form.with("_confirm", "shop-front"), None)
        .await;
    let _ = until_request(&dana, &request_id(&sent), "Fulfilled").await;
    let gone = kubectl.try_run(&["get", WIDGET, "shop-front", NAMESPACE], None);
    assert!(
        String::from_utf8_lossy(&gone.stderr).contains("NotFound"),
        "{gone:?}"
    );
    until(
        "the claim leaves the portal",
        Duration::from_secs(10),
        async || (!dana.get("/claims").await.page().body().contains("shop-front")).then_some(()),
    )
    .await;

    // A removed kind leaves the catalog.
    let _ = kubectl.run(&["delete", "customresourcedefinition", WIDGET]);
    until_catalog(&dana, "no card for widgets", false).await;
}

async fn until_catalog(person: &Person, what: &str, has_widgets: bool) {
    until(what, Duration::from_secs(20), async || {
        let cards = person.get("/catalog").await.page().texts(".card h2");
        (cards.contains(&"Widget".to_owned()) == has_widgets).then_some(())
    })
    .await;
}

async fn change(person: &Person, claim: &str, size: &str) -> Answer {
    let page = person.get(&format!("{claim}/change")).await.expect(200);
    let form = page.page().form("/change").expect("a form");
    let form = form.with("/spec/size", size);
    person.submit(&page.url, &form, Some(("_do", "submit"))).await
}
