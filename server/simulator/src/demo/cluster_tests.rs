//! Tests the control planes of clusters over HTTP, by what their claims publish.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::remote::{Remote, is};
use super::*;

/// The seeded cluster.
const LAB: &str = "/apis/clusters.demo.portico.dev/v1/namespaces/research-production/kubernetesclusters/lab";
const LAB_SECRET: &str = "/api/v1/namespaces/research-production/secrets/lab-kubeconfig";
const NAMESPACES: &str = "/api/v1/namespaces";

async fn start(folder: &Path, step: Duration) -> (Demo, Remote) {
    let settings = Settings {
        step,
        ..Settings::new(folder, "127.0.0.1:8080")
    };
    let demo = Demo::start(settings).await.unwrap();
    let host = Remote::of_plane(demo.plane("research-own").unwrap());
    (demo, host)
}

async fn kubeconfig(host: &Remote) -> String {
    let (_, secret) = host.get(LAB_SECRET).await;
    let value = STANDARD
        .decode(secret["data"]["value"].as_str().unwrap())
        .unwrap();
    String::from_utf8(value).unwrap()
}

/// The seeded cluster once its claim is ready.
async fn lab(host: &Remote) -> Remote {
    host.until(LAB, |_, claim| is(claim, "Ready", "True")).await;
    Remote::of(&kubeconfig(host).await)
}

fn definition(name: &str) -> Value {
    let (_, text) = kinds::OFFERED
        .iter()
        .find(|(offered, _)| *offered == name)
        .unwrap();
    serde_saphyr::from_str(text).unwrap()
}

/// Applies an offered kind's definition.
async fn define(cluster: &Remote, name: &str) {
    let definition = definition(name);
    let collection = if definition["kind"] == "CompositeResourceDefinition" {
        format!(
            "/apis/{}/compositeresourcedefinitions",
            definition["apiVersion"].as_str().unwrap()
        )
    } else {
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions".to_owned()
    };
    let path = format!(
        "{collection}/{}",
        definition["metadata"]["name"].as_str().unwrap()
    );
    assert_eq!(
        cluster.apply(&path, &definition).await,
        StatusCode::CREATED,
        "{path}"
    );
}

async fn make_namespace(cluster: &Remote, name: &str) {
    let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } });
    let applied = cluster.apply(&format!("{NAMESPACES}/{name}"), &namespace).await;
    assert_eq!(applied, StatusCode::CREATED);
}

#[tokio::test]
async fn the_kubeconfig_of_a_ready_cluster_works() {
    let folder = tempfile::tempdir().unwrap();
    let (demo, host) = start(folder.path(), Duration::ZERO).await;
    let cluster = lab(&host).await;
    let (status, namespaces) = cluster.get(NAMESPACES).await;
    assert_eq!(status, StatusCode::OK);
    let names: Vec<_> = namespaces["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["metadata"]["name"])
        .collect();
    assert!(names.contains(&&json!("default")), "{names:?}");
    let (_, claim) = host.get(LAB).await;
    assert_eq!(claim["status"]["endpoint"], cluster.server);
    assert_eq!(claim["status"]["phase"], "Provisioned");
    let (_, secret) = host.get(LAB_SECRET).await;
    assert_eq!(
        secret["metadata"]["ownerReferences"][0]["uid"],
        claim["metadata"]["uid"]
    );

    let text = kubeconfig(&host).await;
    let of_another: Value =
        serde_saphyr::from_str(&std::fs::read_to_string(&demo.planes[0].kubeconfig_path).unwrap()).unwrap();
    let (own, other) = (
        serde_saphyr::from_str::<Value>(&text).unwrap()["users"][0]["user"]["token"].clone(),
        of_another["users"][0]["user"]["token"].clone(),
    );
    let stranger = Remote::of(&text.replace(own.as_str().unwrap(), other.as_str().unwrap()));
    assert_eq!(stranger.get(NAMESPACES).await.0, StatusCode::UNAUTHORIZED);
    demo.shutdown().await;
}

#[tokio::test]
async fn claims_of_the_demos_kinds_become_ready_on_a_cluster_once_they_are_defined() {
    let folder = tempfile::tempdir().unwrap();
    let (demo, host) = start(folder.path(), Duration::ZERO).await;
    let cluster = lab(&host).await;
    make_namespace(&cluster, "apps").await;
    for (name, _) in kinds::OFFERED {
        define(&cluster, name).await;
    }
    let claims = [
        (
            "databases",
            "v1",
            "PostgreSQLInstance",
            "postgresqlinstances",
            json!({ "storage": { "size": "20Gi" } }),
        ),
        (
            "databases",
            "v1beta1",
            "MySQLInstance",
            "mysqlinstances",
            json!({ "storageGiB": 20 }),
        ),
        ("databases", "v1", "Cache", "caches", json!({})),
        ("streaming", "v1", "Topic", "topics", json!({})),
        ("messaging", "v1", "Queue", "queues", json!({})),
        ("storage", "v1", "Bucket", "buckets", json!({})),
        ("science", "v1", "Notebook", "notebooks", json!({})),
    ];
    for (group, version, kind, plural, spec) in claims {
        let api = format!("{group}.demo.portico.dev/{version}");
        let path = format!("/apis/{api}/namespaces/apps/{plural}/one");
        let claim = json!({
            "apiVersion": api, "kind": kind,
            "metadata": { "name": "one", "namespace": "apps" }, "spec": spec,
        });
        assert_eq!(cluster.apply(&path, &claim).await, StatusCode::CREATED, "{kind}");
        cluster.until(&path, |_, claim| is(claim, "Ready", "True")).await;
    }

    let path = "/apis/clusters.demo.portico.dev/v1/namespaces/apps/kubernetesclusters/inner";
    let inner = json!({
        "apiVersion": "clusters.demo.portico.dev/v1", "kind": "KubernetesCluster",
        "metadata": { "name": "inner", "namespace": "apps" }, "spec": { "nodePools": [{ "name": "default" }] },
    });
    assert_eq!(cluster.apply(path, &inner).await, StatusCode::CREATED);
    let says = |claim: &Value| claim.to_string().contains("no cluster inside another cluster");
    let inner = cluster.until(path, |_, claim| says(claim)).await;
    assert!(is(&inner, "Ready", "False"));
    demo.shutdown().await;
}

#[tokio::test]
async fn a_cluster_answers_until_its_claim_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let (demo, host) = start(folder.path(), Duration::from_millis(200)).await;
    let cluster = lab(&host).await;
    let kept = || std::fs::read_dir(folder.path().join("clusters")).unwrap().count();
    assert_eq!(kept(), 1);
    host.delete(LAB).await;
    host.until(LAB, |_, claim| claim["status"]["phase"] == "Deleting")
        .await;
    assert_eq!(cluster.get(NAMESPACES).await.0, StatusCode::OK);
    host.until(LAB, |status, _| status == StatusCode::NOT_FOUND).await;
    host.until(LAB_SECRET, |status, _| status == StatusCode::NOT_FOUND)
        .await;
    assert_eq!(kept(), 0);
    tokio::time::timeout(Duration::from_secs(10), async {
        while cluster.try_get(NAMESPACES).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("it stops");
    demo.shutdown().await;
}

#[tokio::test]
async fn a_cluster_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (demo, host) = start(folder.path(), Duration::ZERO).await;
    let cluster = lab(&host).await;
    make_namespace(&cluster, "apps").await;
    define(&cluster, "bucket").await;
    let (_, before) = host.get(LAB).await;
    let (_, secret) = host.get(LAB_SECRET).await;
    demo.shutdown().await;
    assert!(
        cluster.try_get(NAMESPACES).await.is_err(),
        "it stops with the demo"
    );

    let (demo, host) = start(folder.path(), Duration::ZERO).await;
    let (status, _) = cluster.get(&format!("{NAMESPACES}/apps")).await;
    assert_eq!(
        status,
        StatusCode::OK,
        "the same port, token, certificate and objects"
    );
    let path = "/apis/storage.demo.portico.dev/v1/namespaces/apps/buckets/files";
    let bucket = json!({
        "apiVersion": "storage.demo.portico.dev/v1", "kind": "Bucket",
        "metadata": { "name": "files", "namespace": "apps" }, "spec": {},
    });
    assert_eq!(cluster.apply(path, &bucket).await, StatusCode::CREATED);
    cluster.until(path, |_, claim| is(claim, "Ready", "True")).await;
    let unchanged = |now: &Value, before: &Value| {
        assert_eq!(
            now["metadata"]["resourceVersion"],
            before["metadata"]["resourceVersion"]
        );
    };
    unchanged(&host.get(LAB).await.1, &before);
    unchanged(&host.get(LAB_SECRET).await.1, &secret);
    demo.shutdown().await;
}

#[tokio::test]
async fn a_taken_port_or_a_broken_snapshot_does_not_stop_the_demo() {
    let folder = tempfile::tempdir().unwrap();
    let (demo, host) = start(folder.path(), Duration::ZERO).await;
    let before = lab(&host).await;
    demo.shutdown().await;
    let address = before.server.trim_start_matches("https://").to_owned();
    let holder = std::net::TcpListener::bind(&address).unwrap();
    for cluster in std::fs::read_dir(folder.path().join("clusters")).unwrap() {
        std::fs::write(cluster.unwrap().path().join("plane.json"), "not a snapshot").unwrap();
    }

    let (demo, host) = start(folder.path(), Duration::ZERO).await;
    let (_, claim) = host.get(LAB).await;
    let after = Remote::of(&kubeconfig(&host).await);
    assert_ne!(after.server, before.server);
    assert_eq!(claim["status"]["endpoint"], after.server);
    assert!(is(&claim, "Ready", "True"));
    assert_eq!(after.get(NAMESPACES).await.0, StatusCode::OK);
    drop(holder);
    demo.shutdown().await;
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_of_a_cluster_are_readable_only_by_their_owner() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let (_demo, host) = start(folder.path(), Duration::ZERO).await;
    lab(&host).await;
    let clusters = folder.path().join("clusters");
    let cluster = std::fs::read_dir(&clusters)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let files = std::fs::read_dir(&cluster)
        .unwrap()
        .map(|file| file.unwrap().path());
    let modes: BTreeMap<_, _> = files
        .chain([clusters, cluster.clone()])
        .map(|path| {
            (
                path.clone(),
                std::fs::metadata(path).unwrap().permissions().mode() & 0o077,
            )
        })
        .collect();
    assert!(modes.len() > 3, "{modes:?}");
    assert!(modes.values().all(|mode| *mode == 0), "{modes:?}");
}
