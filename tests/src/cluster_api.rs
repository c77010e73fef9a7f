//! A stand-in for Cluster API: for each `Cluster` it starts a real API server with kro, publishes the kubeconfig as Cluster
//! API does, and says that the cluster is available. Deleted ones end.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::apiserver::ApiServer;
use crate::kro::Kro;
use crate::raw_client::RawClient;

const CLUSTERS: &str = "/apis/cluster.x-k8s.io/v1beta2";
/// How often it looks at the clusters.
const PAUSE: Duration = Duration::from_millis(200);

/// The controller. It ends when this is dropped, and its clusters with it.
#[derive(Debug)]
pub struct ClusterApi {
    reconciling: JoinHandle<()>,
}

impl ClusterApi {
    /// Installs the definition of clusters on a management cluster, and reconciles them.
    ///
    /// # Panics
    /// When the definition cannot be installed.
    #[must_use]
    pub fn start(management: &ApiServer) -> Self {
        let kubectl = management.kubectl();
        kubectl.apply(&definition().to_string(), &[]);
        let name = "customresourcedefinition/clusters.cluster.x-k8s.io";
        let _ = kubectl.run(&["wait", "--for=condition=Established", "--timeout=120s", name]);
        let client = management.raw_client();
        Self {
            reconciling: tokio::spawn(reconcile(client)),
        }
    }
}

impl Drop for ClusterApi {
    fn drop(&mut self) {
        self.reconciling.abort();
    }
}

async fn reconcile(client: RawClient) {
    let mut running: BTreeMap<String, (ApiServer, Kro)> = BTreeMap::new();
    loop {
        if let Some(list) = client.get(&format!("{CLUSTERS}/clusters")).await {
            let clusters = list["items"].as_array().into_iter().flatten();
            let clusters: BTreeMap<String, &Value> =
                clusters.map(|cluster| (text(cluster, "uid"), cluster)).collect();
            running.retain(|uid, _| clusters.contains_key(uid));
            for (uid, cluster) in clusters {
                if let Entry::Vacant(vacant) = running.entry(uid) {
                    let server = ApiServer::start().await;
                    let kro = Kro::without_kinds(&server);
                    publish(&client, cluster, &server).await;
                    vacant.insert((server, kro));
                }
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Writes the Secret with the kubeconfig, and the status.
async fn publish(client: &RawClient, cluster: &Value, server: &ApiServer) {
    let (namespace, name) = (text(cluster, "namespace"), text(cluster, "name"));
    let kubeconfig = STANDARD.encode(fs::read(server.kubeconfig()).unwrap());
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "cluster.x-k8s.io/secret",
        "metadata": {
            "name": format!("{name}-kubeconfig"), "namespace": namespace,
            "labels": { "cluster.x-k8s.io/cluster-name": name },
        },
        "data": { "value": kubeconfig },
    });
    client
        .create(&format!("/api/v1/namespaces/{namespace}/secrets"), &secret)
        .await;
    let path = format!("{CLUSTERS}/namespaces/{namespace}/clusters/{name}");
    let mut cluster = client.get(&path).await.expect("it is there");
    cluster["status"] = json!({ "phase": "Provisioned", "conditions": [{
        "type": "Available", "status": "True", "reason": "Available", "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": cluster["metadata"]["generation"],
    }] });
    let put = client
        .ask(Method::PUT, &format!("{path}/status"), Some(&cluster))
        .await;
    assert!(put.is_success(), "{put:?}");
}

fn text(object: &Value, key: &str) -> String {
    object["metadata"][key].as_str().unwrap_or_default().to_owned()
}

/// As Cluster API's, but for its many fields.
fn definition() -> Value {
    let open = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": "clusters.cluster.x-k8s.io" },
        "spec": {
            "group": "cluster.x-k8s.io", "scope": "Namespaced",
            "names": { "kind": "Cluster", "listKind": "ClusterList", "plural": "clusters", "singular": "cluster" },
            "versions": [{
                "name": "v1beta2", "served": true, "storage": true, "subresources": { "status": {} },
                "schema": { "openAPIV3Schema": { "type": "object", "properties": {
                    "spec": { "type": "object", "properties": {
                        "paused": { "type": "boolean" },
                        "topology": { "type": "object", "properties": {
                            "classRef": { "type": "object", "properties": { "name": { "type": "string" } } },
                            "version": { "type": "string" },
                        } },
                    } },
                    "status": open,
                } } },
            }],
        },
    })
}
