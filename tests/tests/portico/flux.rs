//! A claim that real Flux keeps as its repository has it: named, left to it, and adopted once it lets go.

use std::time::Duration;

use portico_tests::apiserver::ApiServer;
use portico_tests::flux::Flux;
use portico_tests::kubectl::Kubectl;
use portico_tests::person::Person;
use portico_tests::separate_process::SeparateProcess;
use portico_tests::story::{request_id, until_request};
use portico_tests::until::{until, until_right};
use reqwest::Method;
use serde_json::Value;

use crate::real_control_plane::portal_over;

const WIDGETS: &str = "widgets.tests.portico.dev";
const NAMESPACE: &str = "--namespace=payments-dev";
const FILE: &str = "shop-front.yaml";
/// Flux is slow on a busy machine.
const TIMEOUT: Duration = Duration::from_mins(1);

struct World {
    kubectl: Kubectl,
    flux: Flux,
    dana: Person,
    _portal: SeparateProcess,
    _server: ApiServer,
}

impl World {
    async fn start() -> Self {
        let server = ApiServer::start().await;
        let kubectl = server.kubectl();
        let _ = kubectl.run(&["create", "namespace", "payments-dev"]);
        kubectl.apply(include_str!("widget.yaml"), &[]);
        let flux = Flux::start(&server).await;
        let portal = portal_over(&server).await;
        let dana = portal.world.sign_in("dana").await;
        dana.work_in("payments/dev").await;
        Self {
            kubectl,
            flux,
            dana,
            _portal: portal,
            _server: server,
        }
    }

    async fn push(&self, size: u8, annotations: &str) {
        let manifest = format!(
            "apiVersion: tests.portico.dev/v1
kind: Widget
metadata: {{ name: shop-front, namespace: payments-dev, annotations: {{ {annotations} }} }}
spec: {{ size: {size} }}
"
        );
        self.flux.push(FILE, Some(&manifest)).await;
    }

    /// The widget, if it is there.
    fn widget(&self) -> Option<Value> {
        let said = self
            .kubectl
            .try_run(&["get", WIDGETS, "shop-front", NAMESPACE, "--output=json"], None);
        serde_json::from_slice(&said.stdout).ok()
    }

    async fn until_widget(&self, what: &str, right: impl Fn(&Value) -> bool) -> Value {
        until(&format!("{what}\n{}", self.flux.log()), TIMEOUT, async || {
            self.widget().filter(|widget| right(widget))
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_real_flux_manages_is_left_to_it_until_it_lets_go() {
    if !Flux::is_here("what_real_flux_manages_is_left_to_it_until_it_lets_go") {
        return;
    }
    let world = World::start().await;
    let dana = &world.dana;
    world.push(3, "").await;
    let made = world.widget().expect("Flux applies the widget");

    // Its page says whose it is, and nothing that Flux would undo is offered or done.
    let claim = format!("/claims/real/{WIDGETS}/payments-dev/shop-front");
    let sentence =
        "Managed by the Flux kustomization apps in flux-system; changes here would be undone by it.";
    let page = until_right(
        "the claim's page",
        TIMEOUT,
        async || dana.get(&claim).await,
        |answer| answer.status == 200 && answer.page().body().contains(sentence),
    )
    .await;
    assert!(
        page.page()
            .body()
            .contains("Change it in the kustomization’s source.")
    );
    for act in ["change", "delete"] {
        assert_ne!(dana.get(&format!("{claim}/{act}")).await.status, 200, "{act}");
    }
    let adoption = format!("/api/v1{claim}/adoption");
    let refused = dana.api(Method::GET, &adoption, None).await;
    assert!(
        refused
            .text
            .contains("kustomize.toolkit.fluxcd.io/prune: disabled"),
        "{}",
        refused.text
    );

    // It would indeed be undone.
    let patch = r#"{"spec":{"size":7}}"#;
    let _ = world.kubectl.run(&[
        "patch",
        WIDGETS,
        "shop-front",
        NAMESPACE,
        "--type=merge",
        "--patch",
        patch,
    ]);
    world.flux.reconcile();
    let _ = world
        .until_widget("Flux undoes the change", |widget| widget["spec"]["size"] == 3)
        .await;

    // Flux lets go as the page says: first without pruning, then out of the source, then without its labels.
    world.push(3, "kustomize.toolkit.fluxcd.io/prune: disabled").await;
    world.flux.push(FILE, None).await;
    let labels = [
        "kustomize.toolkit.fluxcd.io/name-",
        "kustomize.toolkit.fluxcd.io/namespace-",
    ];
    let _ = world
        .kubectl
        .run(&[&["label", WIDGETS, "shop-front", NAMESPACE][..], &labels].concat());

    // Now it is adopted, as it is.
    let form = until("the widget can be adopted", TIMEOUT, async || {
        let page = dana.get(&format!("{claim}/adopt")).await;
        page.page().form("/adopt").map(|form| (page.url, form))
    })
    .await;
    let sent = dana.submit(&form.0, &form.1, None).await;
    let _ = until_request(dana, &request_id(&sent), "Fulfilled").await;
    let adopted = world.widget().expect("it is still there");
    assert_eq!(adopted["metadata"]["uid"], made["metadata"]["uid"]);
    assert_eq!(adopted["spec"]["size"], 3);
    assert_eq!(adopted["metadata"]["labels"]["portico.dev/tenant"], "payments");

    // It is Portico's: a change stays, also when Flux runs again.
    let page = dana.get(&format!("{claim}/change")).await.expect(200);
    let form = page
        .page()
        .form("/change")
        .expect("a form")
        .with("/spec/size", "4");
    let sent = dana.submit(&page.url, &form, Some(("_do", "submit"))).await;
    let _ = until_request(dana, &request_id(&sent), "Fulfilled").await;
    world.flux.push("readme.txt", Some("Nothing to apply.")).await;
    let kept = world.widget().expect("Flux does not prune it");
    assert_eq!(kept["spec"]["size"], 4, "{}", world.flux.log());
}
