//! The main flow over real kro: an instance of a resource graph is requested, shown with its parts, changed and deleted.

use std::collections::BTreeSet;
use std::time::Duration;

use portico_tests::apiserver::ApiServer;
use portico_tests::browser_story;
use portico_tests::kro::{Kro, SITES};
use portico_tests::kubectl::Kubectl;
use portico_tests::person::Person;
use portico_tests::separate_process::SeparateProcess;
use portico_tests::story::{claim_path, request, request_id, until_claim, until_request};
use portico_tests::until::{until, until_right};
use reqwest::Method;
use serde_json::json;

use crate::real_control_plane::portal_over;

const NAMESPACE: &str = "--namespace=payments-dev";
/// kro is slow on a busy machine.
const TIMEOUT: Duration = Duration::from_mins(1);

struct World {
    kubectl: Kubectl,
    kro: Kro,
    dana: Person,
    portal: SeparateProcess,
    _server: ApiServer,
}

impl World {
    async fn start() -> Self {
        let server = ApiServer::start().await;
        let kubectl = server.kubectl();
        let _ = kubectl.run(&["create", "namespace", "payments-dev"]);
        let kro = Kro::start(&server).await;
        let portal = portal_over(&server).await;
        let dana = portal.world.sign_in("dana").await;
        dana.work_in("payments/dev").await;
        Self {
            kubectl,
            kro,
            dana,
            portal,
            _server: server,
        }
    }

    /// Waits until the tree on the claim's page has exactly these parts.
    async fn has_parts(&self, claim: &str, parts: &[(&str, &str)]) {
        let expected: BTreeSet<String> = parts
            .iter()
            .map(|(kind, name)| format!("{kind}/{name}"))
            .collect();
        let address = format!("/api/v1{claim}");
        until_right(
            &format!("the parts of {claim}\n{}", self.kro.log()),
            TIMEOUT,
            async || {
                let page = self.dana.api(Method::GET, &address, None).await.json();
                let children = page["tree"]["children"].as_array().cloned().unwrap_or_default();
                let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
                children
                    .iter()
                    .map(|part| format!("{}/{}", text(&part["kind"]), text(&part["name"])))
                    .collect()
            },
            |found: &BTreeSet<String>| *found == expected,
        )
        .await;
    }
}

/// Says as the provider of widgets whether one is ready.
fn widget_is(kubectl: &Kubectl, namespace: &str, name: &str, ready: &str) {
    let status = format!(
        r#"{{"status":{{"conditions":[{{"type":"Ready","status":"{ready}","reason":"Said","message":"","lastTransitionTime":"2026-01-01T00:00:00Z"}}]}}}}"#
    );
    let _ = kubectl.run(&[
        "patch",
        "widgets.tests.portico.dev",
        name,
        namespace,
        "--subresource=status",
        "--type=merge",
        "--patch",
        &status,
    ]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_flow_works_on_real_kro() {
    if !Kro::is_here("the_main_flow_works_on_real_kro") {
        return;
    }
    let world = World::start().await;
    for (kind, name) in SITES.into_iter().zip(["blog", "shop"]) {
        the_story(&world, kind, name).await;
    }
}

async fn the_story(world: &World, kind: &str, name: &str) {
    let dana = &world.dana;
    until("the kind is in the catalog", TIMEOUT, async || {
        let form = dana.get(&format!("/catalog/{kind}/request")).await;
        (form.status == 200).then_some(())
    })
    .await;
    let id = request(dana, kind, name, &[("/spec/title", "Hello")]).await;
    let claim = claim_path(&until_request(dana, &id, "Fulfilled").await);

    // It waits for its widget, and says so with what is there already.
    let _ = until_claim(dana, &claim, "Pending").await;
    let settings = format!("{name}-settings");
    let login = format!("{name}-login");
    world
        .has_parts(
            &claim,
            &[("ConfigMap", &settings), ("Secret", &login), ("Widget", name)],
        )
        .await;
    widget_is(&world.kubectl, NAMESPACE, name, "True");
    let ready = until_claim(dana, &claim, "Ready").await;
    assert!(!ready.text.contains("canary"), "no part shows what is in it");

    // The secret that kro made is revealed on request.
    let reveal = ready.page().form("/reveal").expect("a button that reveals");
    let (button, value, _) = reveal.buttons.first().expect("a key that is hidden");
    let revealed = dana
        .submit(&ready.url, &reveal, Some((button, value)))
        .await
        .expect(200);
    let shown = revealed.page().text("pre.revealed").unwrap_or_default();
    assert_eq!(shown.trim(), format!("kro-{name}-canary"));

    // A change reaches the parts.
    let page = dana.get(&format!("{claim}/change")).await.expect(200);
    let form = page
        .page()
        .form("/change")
        .expect("a form")
        .with("/spec/size", "5");
    let sent = dana.submit(&page.url, &form, Some(("_do", "submit"))).await;
    let _ = until_request(dana, &request_id(&sent), "Fulfilled").await;
    until("the widget has the new size", TIMEOUT, async || {
        let widget = world
            .kubectl
            .json(&["get", "widgets.tests.portico.dev", name, NAMESPACE]);
        (widget["spec"]["size"] == 5).then_some(())
    })
    .await;

    // A part is managed by the site, and left to it.
    let widget = format!("/claims/real/widgets.tests.portico.dev/payments-dev/{name}");
    let part = until_claim(dana, &widget, "Ready").await.page().body();
    assert!(part.contains(&format!("the Site {name}")), "{part}");

    // kro deletes the parts before the instance.
    let page = dana.get(&format!("{claim}/delete")).await.expect(200);
    let form = page
        .page()
        .form("/delete")
        .expect("a form")
        .with("_confirm", name);
    let sent = dana.submit(&page.url, &form, None).await;
    let _ = until_request(dana, &request_id(&sent), "Fulfilled").await;
    until("the claim and its parts are gone", TIMEOUT, async || {
        let listed = dana.get("/claims").await.page().body();
        let left = world.kubectl.run(&[
            "get",
            "configmaps,secrets,widgets.tests.portico.dev",
            NAMESPACE,
            "--output=name",
        ]);
        (!listed.contains(&claim) && !left.contains(&format!("/{name}"))).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_works_in_the_browser_over_real_kro() {
    let test = "the_main_job_works_in_the_browser_over_real_kro";
    if !Kro::is_here(test) || !browser_story::is_here(test) {
        return;
    }
    let world = World::start().await;
    let (kubectl, namespace) = (world.kubectl.clone(), "--namespace=payments-production");
    // The provider of widgets.
    let provider = tokio::spawn(async move {
        until("the widget", Duration::from_mins(5), async || {
            let widget = ["get", "widgets.tests.portico.dev", "corner", namespace];
            kubectl.try_run(&widget, None).status.success().then_some(())
        })
        .await;
        widget_is(&kubectl, namespace, "corner", "True");
    });
    let story = json!({
        "portal": world.portal.world.ready.portal, "offering": "Web site", "kind": SITES[1], "name": "corner",
        "field": { "name": "/spec/title", "before": "Corner shop", "after": "Shop at the corner" },
        "parts": ["corner-settings", "corner-login"], "secret": "kro-corner-canary",
    });
    tokio::task::spawn_blocking(move || browser_story::run(&story))
        .await
        .unwrap();
    provider.await.unwrap();
}
