//! Tests the demo over HTTP and by its files, as the portal and a person at a terminal use it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::*;

async fn start(folder: &std::path::Path) -> Demo {
    let settings = Settings {
        step: Duration::ZERO,
        ..Settings::new(folder, "127.0.0.1:8080")
    };
    Demo::start(settings).await.unwrap()
}

/// A control plane, accessed through its kubeconfig.
struct Remote {
    http: reqwest::Client,
    server: String,
    token: String,
}

impl Remote {
    fn new(plane: &Plane) -> Self {
        let text = std::fs::read_to_string(&plane.kubeconfig_path).unwrap();
        let config: Value = serde_saphyr::from_str(&text).unwrap();
        let text = |pointer: &str| config.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        let authority = STANDARD
            .decode(text("/clusters/0/cluster/certificate-authority-data"))
            .unwrap();
        let authority = reqwest::Certificate::from_pem(&authority).unwrap();
        Self {
            http: reqwest::Client::builder()
                .tls_certs_only([authority])
                .build()
                .unwrap(),
            server: text("/clusters/0/cluster/server"),
            token: text("/users/0/user/token"),
        }
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        let answer = self
            .http
            .get(format!("{}{path}", self.server))
            .bearer_auth(&self.token)
            .send()
            .await
            .unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    async fn apply(&self, path: &str, object: &Value) -> StatusCode {
        let url = format!("{}{path}?fieldManager=portico", self.server);
        let request = self.http.patch(url).bearer_auth(&self.token);
        let request = request
            .header("content-type", "application/apply-patch+yaml")
            .body(object.to_string());
        request.send().await.unwrap().status()
    }

    /// Polls until the object matches: plain HTTP offers nothing else to wait for.
    async fn until(&self, path: &str, so: impl Fn(StatusCode, &Value) -> bool) -> Value {
        for _ in 0..400 {
            let (status, object) = self.get(path).await;
            if so(status, &object) {
                return object;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{path} never came to that: {:#}", self.get(path).await.1)
    }
}

fn is(object: &Value, kind: &str, status: &str) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    conditions
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == kind && condition["status"] == status)
}

const PRODUCTION: &str =
    "/apis/databases.demo.portico.dev/v1/namespaces/payments-production/postgresqlinstances";

#[tokio::test]
async fn a_claim_is_created_changed_and_deleted_over_http() {
    let folder = tempfile::tempdir().unwrap();
    let demo = start(folder.path()).await;
    let remote = Remote::new(demo.plane("eu-shared").unwrap());
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

    let url = format!("{}{path}", remote.server);
    remote
        .http
        .delete(url)
        .bearer_auth(&remote.token)
        .send()
        .await
        .unwrap();
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
    let eu = Remote::new(demo.plane("eu-shared").unwrap());
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

    let research = Remote::new(demo.plane("research-own").unwrap());
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
    let remote = Remote::new(demo.plane("eu-shared").unwrap());
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
