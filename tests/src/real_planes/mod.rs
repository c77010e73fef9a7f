//! Real API servers as the demo's control planes: installs what the simulated ones have, and lets the demo's
//! provisioners serve them.

mod sync;

use std::fs;
use std::path::Path;
use std::time::Duration;

use futures::future::join_all;
use kube_schema::yaml;
use reqwest::Method;
use serde_json::{Value, json};

use crate::apiserver::ApiServer;
use crate::raw_client::RawClient;
use crate::ready::Plane;
use crate::until::until;
use sync::StatusSync;

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const COMPOSITES: &str = "/apis/apiextensions.crossplane.io/v2/compositeresourcedefinitions";
const COMPOSITIONS: &str = "/apis/apiextensions.crossplane.io/v1/compositions";

/// A real API server for each control plane of the demo. They end when this is dropped.
#[derive(Debug)]
pub struct RealPlanes {
    _mirrors: Vec<StatusSync>,
    _servers: Vec<ApiServer>,
}

impl RealPlanes {
    /// Starts an API server for each running simulated control plane, and redirects its kubeconfig.
    ///
    /// # Panics
    /// When one does not answer in time, or refuses an object of the simulated one.
    pub async fn in_place_of(planes: &[Plane]) -> Self {
        let (servers, mirrors) = join_all(planes.iter().map(replace)).await.into_iter().unzip();
        Self {
            _mirrors: mirrors,
            _servers: servers,
        }
    }
}

async fn replace(plane: &Plane) -> (ApiServer, StatusSync) {
    let simulated = RawClient::of(&plane.kubeconfig);
    let server = ApiServer::start().await;
    let real = server.raw_client();
    let definitions = install(&simulated, &real).await;
    let mirror = StatusSync::start(simulated, real, &definitions).await;
    put(&plane.kubeconfig, server.kubeconfig());
    (server, mirror)
}

/// Replaces a kubeconfig.
fn put(place: &Path, kubeconfig: &Path) {
    fs::write(place, fs::read(kubeconfig).unwrap()).unwrap();
}

/// Installs the definitions and namespaces of the simulated control plane. Returns the definitions.
async fn install(simulated: &RawClient, real: &RawClient) -> Vec<Value> {
    for namespace in list(simulated, "/api/v1/namespaces").await {
        let name = namespace["metadata"]["name"].as_str().unwrap();
        if name != "default" && !name.starts_with("kube-") {
            real.create("/api/v1/namespaces", &bare(&namespace)).await;
        }
    }
    let crossplane = yaml::parse_all(include_str!("crossplane.yaml")).unwrap();
    let definitions = list(simulated, DEFINITIONS).await;
    for definition in crossplane.iter().chain(&definitions) {
        real.create(DEFINITIONS, &bare(definition)).await;
    }
    until(
        "the definitions to be established",
        Duration::from_mins(1),
        async || {
            let installed = list(real, DEFINITIONS).await;
            installed.iter().all(is_established).then_some(())
        },
    )
    .await;
    for composition in list(simulated, COMPOSITIONS).await {
        real.create(COMPOSITIONS, &bare(&composition)).await;
    }
    for composite in list(simulated, COMPOSITES).await {
        let name = composite["metadata"]["name"].as_str().unwrap();
        real.create(COMPOSITES, &bare(&composite)).await;
        set_status(real, &format!("{COMPOSITES}/{name}"), &composite["status"]).await;
    }
    definitions
}

fn is_established(definition: &Value) -> bool {
    let conditions = definition["status"]["conditions"].as_array();
    let mut conditions = conditions.into_iter().flatten();
    conditions.any(|one| one["type"] == "Established" && one["status"] == "True")
}

/// Replaces the status of an object. Returns whether the control plane accepted it.
async fn set_status(plane: &RawClient, path: &str, status: &Value) -> bool {
    let Some(mut object) = plane.get(path).await else {
        return false;
    };
    object["status"] = status.clone();
    let path = format!("{path}/status");
    plane.ask(Method::PUT, &path, Some(&object)).await.is_success()
}

/// The objects of a collection, each with `apiVersion` and `kind`.
async fn list(plane: &RawClient, path: &str) -> Vec<Value> {
    let mut found = plane.get(path).await.unwrap_or_default();
    let kind = found["kind"]
        .as_str()
        .unwrap_or_default()
        .trim_end_matches("List")
        .to_owned();
    let version = found["apiVersion"].clone();
    let mut items = match found["items"].take() {
        Value::Array(items) => items,
        _ => Vec::new(),
    };
    for item in &mut items {
        item["apiVersion"] = version.clone();
        item["kind"] = json!(kind);
    }
    items
}

/// An object without the fields that a control plane adds.
fn bare(object: &Value) -> Value {
    let mut bare = object.clone();
    let mut metadata = json!({});
    for name in ["name", "namespace", "labels", "annotations"] {
        if let Some(value) = object["metadata"].get(name) {
            metadata[name] = value.clone();
        }
    }
    bare["metadata"] = metadata;
    bare.as_object_mut().unwrap().remove("status");
    bare
}
