//! Tests the demo's kcp over HTTP, as the portal uses it, and the documents that name it.

use std::time::Duration;

use portico_domain::documents::{API_VERSION, ControlPlaneSpec, OfferingSpec};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::remote::{Remote, is};
use super::*;

const WORKSPACES: &str = "/apis/tenancy.kcp.io/v1alpha1/workspaces";
const BINDINGS: &str = "/apis/apis.kcp.io/v1alpha2/apibindings";
const BUCKETS: &str = "/apis/storage.demo.portico.dev/v1/namespaces/payments-dev/buckets";

async fn start(folder: &std::path::Path) -> Demo {
    let settings = Settings {
        step: Duration::ZERO,
        ..Settings::new(folder, "127.0.0.1:8080")
    };
    Demo::start(settings).await.unwrap()
}

/// A workspace, as its clients use it.
fn remote(demo: &Demo, path: &str) -> Remote {
    let kubeconfig = std::fs::read_to_string(&demo.workspaces.as_ref().unwrap().kubeconfig_path).unwrap();
    let mut remote = Remote::of(&kubeconfig);
    remote.server = remote
        .server
        .replace("/clusters/root", &format!("/clusters/{path}"));
    remote
}

/// Makes a workspace that binds the export of the demo.
async fn make(demo: &Demo, name: &str) -> Remote {
    let workspace = json!({
        "apiVersion": "tenancy.kcp.io/v1alpha1", "kind": "Workspace", "metadata": { "name": name },
    });
    let tenants = remote(demo, "root:tenants");
    let path = format!("{WORKSPACES}/{name}");
    assert_eq!(tenants.apply(&path, &workspace).await, StatusCode::CREATED);
    tenants
        .until(&path, |_, workspace| workspace["status"]["phase"] == "Ready")
        .await;
    let binding = json!({
        "apiVersion": "apis.kcp.io/v1alpha2", "kind": "APIBinding", "metadata": { "name": "services" },
        "spec": { "reference": { "export": { "path": "root:platform", "name": "services.demo.portico.dev" } } },
    });
    let inside = remote(demo, &format!("root:tenants:{name}"));
    let made = inside.apply(&format!("{BINDINGS}/services"), &binding).await;
    assert_eq!(made, StatusCode::CREATED);
    inside
}

fn bucket(name: &str) -> Value {
    json!({
        "apiVersion": "storage.demo.portico.dev/v1", "kind": "Bucket",
        "metadata": { "name": name, "namespace": "payments-dev" }, "spec": {},
    })
}

#[tokio::test]
async fn claims_in_a_workspace_become_ready_also_after_a_restart_and_leave_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let demo = start(folder.path()).await;
    let inside = make(&demo, "analytics").await;
    let ready = |_: StatusCode, object: &Value| is(object, "Ready", "True");
    inside.until(&format!("{BUCKETS}/events"), ready).await;
    demo.shutdown().await;

    let demo = start(folder.path()).await;
    let inside = remote(&demo, "root:tenants:analytics");
    let path = format!("{BUCKETS}/more");
    assert_eq!(inside.apply(&path, &bucket("more")).await, StatusCode::CREATED);
    let made = inside.until(&path, ready).await;
    let endpoint = made["status"]["endpoint"].as_str().unwrap();
    assert_eq!(endpoint, "https://s3.analytics.kcp.demo.internal");
    let secret = "/api/v1/namespaces/payments-dev/secrets/more-s3";
    assert_eq!(inside.get(secret).await.0, StatusCode::OK);

    let workspace = format!("{WORKSPACES}/analytics");
    assert_eq!(
        remote(&demo, "root:tenants").delete(&workspace).await,
        StatusCode::OK
    );
    let gone = inside
        .until(&path, |status, _| status == StatusCode::FORBIDDEN)
        .await;
    assert!(
        gone["message"].as_str().unwrap().contains("not permitted"),
        "{gone}"
    );
    demo.shutdown().await;
}

#[tokio::test]
async fn only_the_workspace_of_the_seeds_has_claims_from_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let demo = start(folder.path()).await;
    let other = make(&demo, "reports").await;
    let path = format!("{BUCKETS}/mine");
    let namespace =
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "payments-dev" } });
    other.apply("/api/v1/namespaces/payments-dev", &namespace).await;
    other.apply(&path, &bucket("mine")).await;
    other.until(&path, |_, object| is(object, "Ready", "True")).await;
    let (_, all) = other.get(BUCKETS).await;
    assert_eq!(all["items"].as_array().unwrap().len(), 1, "{all}");
    demo.shutdown().await;
}

#[test]
fn the_documents_name_what_the_kcp_has() {
    let read = |index: usize| {
        let (_, text) = configuration::KCP_DOCUMENTS[index];
        let document: Value = serde_saphyr::from_str(text).unwrap();
        assert_eq!(document["apiVersion"], API_VERSION);
        document["spec"].clone()
    };
    let plane: ControlPlaneSpec = serde_json::from_value(read(0)).unwrap();
    assert_eq!(plane.kcp.unwrap().workspace.unwrap(), "root:tenants");
    let offering: OfferingSpec = serde_json::from_value(read(1)).unwrap();
    let exports = offering.control_plane.unwrap().exports;
    assert_eq!(exports.len(), 1);
    assert_eq!(exports[0].path, "root:platform");
}
