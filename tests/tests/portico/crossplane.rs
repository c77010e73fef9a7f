//! The portal shows the state of claims on real Crossplane correctly.

use std::collections::BTreeSet;
use std::time::Duration;

use portico_tests::apiserver::ApiServer;
use portico_tests::browser_story;
use portico_tests::crossplane::Crossplane;
use portico_tests::kubectl::Kubectl;
use portico_tests::person::Person;
use portico_tests::separate_process::SeparateProcess;
use portico_tests::story::until_claim;
use portico_tests::until::{until, until_right};
use reqwest::Method;
use serde_json::{Value, json};

use crate::real_control_plane::portal_over;

const NOTES: &str = "notes.tests.portico.dev";
const MEMOS: &str = "memos.tests.portico.dev";
const NAMESPACE: &str = "payments-dev";
/// Crossplane is slow on a busy machine.
const TIMEOUT: Duration = Duration::from_mins(1);

/// A portal over an API server with Crossplane, and a person who looks at it.
struct World {
    kubectl: Kubectl,
    crossplane: Crossplane,
    dana: Person,
    portal: SeparateProcess,
    _server: ApiServer,
}

impl World {
    async fn start() -> Self {
        let server = ApiServer::start().await;
        let crossplane = Crossplane::start(&server).await;
        let portal = portal_over(&server).await;
        let dana = portal.world.sign_in("dana").await;
        dana.work_in("payments/dev").await;
        Self {
            kubectl: server.kubectl(),
            crossplane,
            dana,
            portal,
            _server: server,
        }
    }

    fn apply(&self, kind: &str, name: &str, spec: &str) {
        let kind = if kind == NOTES { "Note" } else { "Memo" };
        self.kubectl.apply(
            &format!(
                "apiVersion: tests.portico.dev/v1\nkind: {kind}\nmetadata: {{ name: {name}, namespace: {NAMESPACE} }}\nspec: {spec}\n"
            ),
            &[],
        );
    }

    /// Waits until the claim's page shows this health and message.
    async fn shows(&self, kind: &str, name: &str, health: &str, words: &str) {
        let path = path(kind, name);
        let right = |verdict: &String| verdict.starts_with(health) && verdict.contains(words);
        until_right(
            &format!("{path}: {health}, {words:?}\n{}", self.crossplane.log()),
            TIMEOUT,
            async || {
                self.dana
                    .get(&path)
                    .await
                    .page()
                    .text(".verdict")
                    .unwrap_or_default()
            },
            right,
        )
        .await;
    }

    /// The tree on the claim's page matches `crossplane beta trace`.
    async fn has_the_tree_of_trace(&self, kind: &str, name: &str) {
        let traced = self.crossplane.trace(kind, NAMESPACE, name);
        assert!(!traced.is_empty(), "{name} has composed resources");
        let address = format!("/api/v1{}", path(kind, name));
        until_right(
            &format!("the tree of {name} is {traced:?}"),
            TIMEOUT,
            async || {
                let page = self.dana.api(Method::GET, &address, None).await.json();
                let mut found = BTreeSet::new();
                below(&page["tree"], &mut found);
                found
            },
            |found: &BTreeSet<String>| *found == traced,
        )
        .await;
    }
}

fn path(kind: &str, name: &str) -> String {
    format!("/claims/real/{kind}/{NAMESPACE}/{name}")
}

fn below(node: &Value, found: &mut BTreeSet<String>) {
    for child in node["children"].as_array().into_iter().flatten() {
        let text = |key: &str| child[key].as_str().unwrap_or_default().to_owned();
        found.insert(format!("{}/{}", text("kind"), text("name")));
        below(child, found);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn status_of_real_crossplane_claims_is_shown_correctly() {
    if !Crossplane::is_here("status_of_real_crossplane_claims_is_shown_correctly") {
        return;
    }
    let world = World::start().await;
    a_composite_and_a_legacy_claim_get_ready(&world).await;
    a_fatal_result_is_shown_wherever_the_claim_is(&world).await;
    a_pending_claim_shows_what_it_waits_for(&world).await;
    a_paused_claim_is_shown_as_paused(&world).await;
    a_deleted_claim_takes_its_composed_resources_with_it(&world).await;
}

async fn a_composite_and_a_legacy_claim_get_ready(world: &World) {
    for kind in [NOTES, MEMOS] {
        world.apply(kind, "first", "{ text: hello }");
        let _ = until_claim(&world.dana, &path(kind, "first"), "Ready").await;
        world.has_the_tree_of_trace(kind, "first").await;
    }
}

async fn a_fatal_result_is_shown_wherever_the_claim_is(world: &World) {
    for kind in [NOTES, MEMOS] {
        world.apply(kind, "doomed", "{ fatal: there is no such size }");
        world
            .shows(kind, "doomed", "Degraded", "there is no such size")
            .await;
        for page in ["/claims", "/"] {
            let body = world.dana.get(page).await.page().body();
            assert!(body.contains("there is no such size"), "{page} says why: {body}");
        }
        // Once repaired, it works.
        let mend = [
            "patch",
            kind,
            "doomed",
            "--namespace",
            NAMESPACE,
            "--type=json",
            "--patch",
            r#"[{"op":"remove","path":"/spec/fatal"}]"#,
        ];
        let _ = world.kubectl.run(&mend);
        let _ = until_claim(&world.dana, &path(kind, "doomed"), "Ready").await;
    }
}

async fn a_pending_claim_shows_what_it_waits_for(world: &World) {
    for kind in [NOTES, MEMOS] {
        world.apply(kind, "waiting", "{ text: hello, deployment: true }");
        world.shows(kind, "waiting", "Pending", "deployment").await;
        // There is no kubelet, so the test sets the status.
        let deployment = until("a deployment", TIMEOUT, async || {
            let found = world
                .kubectl
                .json(&["get", "deployments", "--namespace", NAMESPACE]);
            let items = found["items"].as_array().cloned().unwrap_or_default();
            let mut unready = items
                .iter()
                .filter(|item| item["status"]["readyReplicas"].is_null());
            unready
                .next()
                .map(|item| item["metadata"]["name"].as_str().unwrap().to_owned())
        })
        .await;
        let status = r#"{"status":{"replicas":1,"readyReplicas":1,"availableReplicas":1,"updatedReplicas":1,"conditions":[{"type":"Available","status":"True","reason":"MinimumReplicasAvailable","message":"","lastUpdateTime":"2026-01-01T00:00:00Z","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}"#;
        let patch = [
            "patch",
            "deployment",
            deployment.as_str(),
            "--namespace",
            NAMESPACE,
            "--subresource=status",
            "--type=merge",
            "--patch",
            status,
        ];
        let _ = world.kubectl.run(&patch);
        let _ = until_claim(&world.dana, &path(kind, "waiting"), "Ready").await;
        world.has_the_tree_of_trace(kind, "waiting").await;
    }
}

async fn a_paused_claim_is_shown_as_paused(world: &World) {
    let paused = "crossplane.io/paused=true";
    let _ = world
        .kubectl
        .run(&["annotate", NOTES, "first", "--namespace", NAMESPACE, paused]);
    let _ = until_claim(&world.dana, &path(NOTES, "first"), "Paused").await;
    // The same for composed resources.
    let memo = world
        .kubectl
        .json(&["get", MEMOS, "first", "--namespace", NAMESPACE]);
    let composite = memo["spec"]["resourceRef"]["name"].as_str().unwrap().to_owned();
    let composites = "xmemos.tests.portico.dev";
    let _ = world.kubectl.run(&["annotate", composites, &composite, paused]);
    let _ = until_claim(&world.dana, &path(MEMOS, "first"), "Paused").await;
    let resume = "crossplane.io/paused-";
    let _ = world
        .kubectl
        .run(&["annotate", NOTES, "first", "--namespace", NAMESPACE, resume]);
    let _ = world.kubectl.run(&["annotate", composites, &composite, resume]);
    for kind in [NOTES, MEMOS] {
        let _ = until_claim(&world.dana, &path(kind, "first"), "Ready").await;
    }
}

async fn a_deleted_claim_takes_its_composed_resources_with_it(world: &World) {
    for kind in [NOTES, MEMOS] {
        let composed = world.crossplane.trace(kind, NAMESPACE, "first");
        let notes: Vec<&str> = composed
            .iter()
            .filter_map(|name| name.strip_prefix("ConfigMap/"))
            .collect();
        assert_eq!(notes.len(), 1, "{composed:?}");
        let _ = world
            .kubectl
            .run(&["delete", kind, "first", "--namespace", NAMESPACE]);
        until("the composed resources to be deleted", TIMEOUT, async || {
            let found = world
                .kubectl
                .try_run(&["get", "configmap", notes[0], "--namespace", NAMESPACE], None);
            (!found.status.success()).then_some(())
        })
        .await;
        until("the claim to leave the list", TIMEOUT, async || {
            let page = world.dana.get("/claims").await.page();
            let links = page.attributes("a", "href");
            (!links.contains(&path(kind, "first"))).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_works_in_the_browser_over_real_crossplane() {
    let test = "the_main_job_works_in_the_browser_over_real_crossplane";
    if !Crossplane::is_here(test) || !browser_story::is_here(test) {
        return;
    }
    let world = World::start().await;
    for (kind, offering) in [(NOTES, "Note"), (MEMOS, "Memo")] {
        let story = json!({
            "portal": world.portal.world.ready.portal, "offering": offering, "kind": kind, "name": "to-the-baker",
            "field": { "name": "/spec/text", "before": "Two loaves", "after": "Three loaves, please" },
            "parts": ["ConfigMap"],
        });
        tokio::task::spawn_blocking(move || browser_story::run(&story))
            .await
            .unwrap();
    }
}
