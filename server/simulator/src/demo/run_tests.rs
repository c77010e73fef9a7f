//! Tests the demo over HTTP and by its files, as the portal and a person at a terminal use it.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::remote::{Remote, is};
use super::*;

async fn start(folder: &std::path::Path) -> Demo {
    let settings = Settings {
        step: Duration::ZERO,
        ..Settings::new(folder, "127.0.0.1:8080")
    };
    Demo::start(settings).await.unwrap()
}

const PRODUCTION: &str =
    "/apis/databases.demo.portico.dev/v1/namespaces/payments-production/postgresqlinstances";

#[tokio::test]
async fn a_claim_is_created_changed_and_deleted_over_http() {
    let folder = tempfile::tempdir().unwrap();
    let demo = start(folder.path()).await;
    let remote = Remote::of_plane(demo.plane("eu-shared").unwrap());
    let path = format!("{PRODUCTION}/ledger");
    let claim = |size: &str| {
        json!({
            "apiVersion": "databases.demo.portico.dev/v1", "kind": "PostgreSQLInstance",
            "metadata": { "name": "ledger", "namespace": "payments-production" },
            "spec": { "storage": { "size": size } },
        })
    };
    assert_eq!(remote.apply(&path, &claim("20Gi")).await, StatusCode::CREATED);
    let made = remote.until(&path, |_, object| is(object, "Ready", "True")).await;
    let secrets = "/api/v1/namespaces/payments-production/secrets/ledger-connection";
    assert_eq!(remote.get(secrets).await.0, StatusCode::OK);

    assert_eq!(remote.apply(&path, &claim("30Gi")).await, StatusCode::OK);
    let generation = made["metadata"]["generation"].as_u64().unwrap();
    let current = |object: &Value| {
        let conditions = object["status"]["conditions"].as_array().unwrap();
        conditions
            .iter()
            .all(|condition| condition["observedGeneration"].as_u64() > Some(generation))
    };
    remote
        .until(&path, |_, object| current(object) && is(object, "Ready", "True"))
        .await;

    remote.delete(&path).await;
    remote
        .until(&path, |status, _| status == StatusCode::NOT_FOUND)
        .await;
    remote
        .until(secrets, |status, _| status == StatusCode::NOT_FOUND)
        .await;
    demo.shutdown().await;
}

#[tokio::test]
async fn the_seeds_have_ready_and_failing_claims_of_both_tenants() {
    let folder = tempfile::tempdir().unwrap();
    let demo = start(folder.path()).await;
    let eu = Remote::of_plane(demo.plane("eu-shared").unwrap());
    let orders = eu
        .until(&format!("{PRODUCTION}/orders"), |_, object| {
            is(object, "Ready", "True")
        })
        .await;
    assert_eq!(orders["metadata"]["labels"]["portico.dev/tenant"], "payments");
    assert_eq!(
        orders["metadata"]["annotations"]["portico.dev/requester"],
        format!("{}#demo-dana", demo.issuer)
    );
    let queue = "/apis/messaging.demo.portico.dev/v1/namespaces/payments-dev/queues/refunds";
    eu.until(queue, |_, object| is(object, "Synced", "False")).await;

    let research = Remote::of_plane(demo.plane("research-own").unwrap());
    let databases = "/apis/databases.demo.portico.dev/v1/namespaces";
    let by_hand = format!("{databases}/research-dev/postgresqlinstances/papers");
    let papers = research
        .until(&by_hand, |_, object| is(object, "Ready", "True"))
        .await;
    assert!(papers["metadata"]["labels"].is_null());
    let waiting = format!("{databases}/research-production/postgresqlinstances/genomes");
    let genomes = research
        .until(&waiting, |_, object| {
            object.to_string().contains("quota exceeded in zone b")
        })
        .await;
    assert!(is(&genomes, "Ready", "False"));
}

#[tokio::test]
async fn all_state_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let demo = start(folder.path()).await;
    let remote = Remote::of_plane(demo.plane("eu-shared").unwrap());
    let path = format!("{PRODUCTION}/orders");
    let before = remote.until(&path, |_, object| is(object, "Ready", "True")).await;
    let (issuer, secret) = (demo.issuer.clone(), demo.client_secret.clone());
    let keys = async |issuer: &str| {
        reqwest::get(format!("{issuer}/jwks"))
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    };
    let key = keys(&issuer).await;
    let changed = demo.config_dir.join("tenants.yaml");
    std::fs::write(&changed, "# changed by hand\n").unwrap();
    demo.shutdown().await;

    let demo = start(folder.path()).await;
    assert_eq!(
        (demo.issuer.as_str(), &demo.client_secret),
        (issuer.as_str(), &secret)
    );
    assert_eq!(keys(&issuer).await, key);
    assert_eq!(std::fs::read_to_string(changed).unwrap(), "# changed by hand\n");
    let (status, after) = remote.get(&path).await;
    assert_eq!(status, StatusCode::OK, "the same address, the same token");
    assert_eq!(after["metadata"]["uid"], before["metadata"]["uid"]);
    assert!(is(&after, "Ready", "True"));
    demo.shutdown().await;
}

#[cfg(unix)]
#[tokio::test]
async fn secret_files_are_readable_only_by_their_owner() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let demo = start(folder.path()).await;
    let mut secret: Vec<_> = demo
        .planes
        .iter()
        .map(|plane| plane.kubeconfig_path.clone())
        .collect();
    secret.extend(
        [
            "planes",
            "kubeconfigs",
            "client-secret",
            "identity-key.der",
            "demo.json",
        ]
        .map(|name| folder.path().join(name)),
    );
    for path in secret {
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o077,
            0,
            "{}",
            path.display()
        );
    }
}
