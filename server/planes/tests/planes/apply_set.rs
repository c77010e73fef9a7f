//! What kro makes for an instance: its parts carry the label of a set, and the instance refers to none of them.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portico_domain::claim::{Health, ResourceTree};
use portico_planes::Planes;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::world::*;

const PART_OF: &str = "applyset.kubernetes.io/part-of";

/// The id of the set of a bucket in `payments-dev`.
fn set_of(bucket: &str) -> String {
    let hash = Sha256::digest(format!("{bucket}.payments-dev.Bucket.storage.example.org"));
    format!("applyset-{}-v1", URL_SAFE_NO_PAD.encode(hash))
}

fn instance(name: &str) -> Value {
    let mut instance = bucket("payments-dev", name, 1);
    instance["metadata"]["annotations"] = json!({
        "applyset.kubernetes.io/contains-group-kinds": "ConfigMap,Store.storage.example.org,Elsewhere.nowhere.example.org",
        "applyset.kubernetes.io/additional-namespaces": "research-dev",
    });
    // A label is no proof: anybody can write the id of another's set there.
    instance["metadata"]["labels"] = json!({ "applyset.kubernetes.io/id": set_of("others") });
    instance
}

fn settings(namespace: &str, name: &str, set: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap", "data": { "answer": "CANARY" },
        "metadata": { "namespace": namespace, "name": name, "labels": { PART_OF: set } },
    })
}

async fn start() -> (Plane, Planes) {
    let plane = Plane::start("eu").await;
    plane.create(crd("buckets", "Bucket", true));
    plane.create(crd("stores", "Store", false));
    let registry = connected(&[&plane]).await;
    plane.create(instance("files"));
    plane.create(settings("payments-dev", "files-settings", &set_of("files")));
    plane.create(settings("research-dev", "files-abroad", &set_of("files")));
    plane.create(settings("payments-dev", "others-settings", &set_of("others")));
    (plane, registry)
}

fn names(tree: &ResourceTree) -> Vec<(&str, &str)> {
    let nodes = tree.children.iter();
    nodes
        .map(|node| (node.kind.as_str(), node.name.as_str()))
        .collect()
}

#[tokio::test]
async fn the_tree_has_the_parts_of_the_set_wherever_they_are() {
    let (plane, registry) = start().await;
    let claim = claim(&registry, &plane, "files").await;
    let tree = registry.tree(&portico(), &claim).await.unwrap();
    assert_eq!(
        names(&tree),
        [
            ("ConfigMap", "files-settings"),
            ("ConfigMap", "files-abroad"),
            ("Elsewhere", "*"),
        ],
        "and nothing of the set that the label names"
    );
    assert_eq!(tree.children[0].health, Some(Health::Ready));
    assert_eq!(tree.children[1].namespace.as_deref(), Some("research-dev"));
    assert_eq!(tree.children[2].reason, "This kind is not served there");
    assert!(!format!("{tree:?}").contains("CANARY"));
}

#[tokio::test]
async fn an_open_page_hears_of_new_parts() {
    let (plane, registry) = start().await;
    let reference = reference(&plane, "files");
    let mut news = registry.observe(&portico(), &reference).unwrap();
    let opened = tokio::time::timeout(Duration::from_secs(10), news.changed()).await;
    opened.expect("the page opens").unwrap();
    plane.create(json!({
        "apiVersion": "storage.example.org/v1", "kind": "Store", "spec": { "size": 1 },
        "metadata": { "namespace": "payments-dev", "name": "files-store", "labels": { PART_OF: set_of("files") } },
    }));
    // A watch reports it: without one it would be read again after a minute, since a kind is not served.
    let heard = tokio::time::timeout(Duration::from_secs(5), news.changed()).await;
    heard.expect("it hears of the store").unwrap();
    let claim = claim(&registry, &plane, "files").await;
    let tree = registry.tree(&portico(), &claim).await.unwrap();
    assert!(names(&tree).contains(&("Store", "files-store")), "{tree:?}");
}
