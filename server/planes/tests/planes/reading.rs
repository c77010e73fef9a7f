use portico_domain::claim::Health;
use portico_planes::{PlaneError, Planes};
use portico_simulator::kube::Key;
use serde_json::json;

use crate::world::*;

async fn world() -> (Plane, Planes) {
    let plane = Plane::start("eu").await;
    plane.create(crd("buckets", "Bucket", true));
    let registry = connected(&[&plane]).await;
    (plane, registry)
}

#[tokio::test]
async fn shows_only_events_of_the_claim() {
    let (plane, registry) = world().await;
    let mine = plane.create(bucket("payments-dev", "receipts", 1));
    let other = plane.create(bucket("payments-dev", "invoices", 1));
    let objects = plane.simulated.objects();
    objects
        .record_event(&mine, "Warning", "QuotaExceeded", "no room in zone b")
        .unwrap();
    objects.record_event(&other, "Normal", "Created", "made").unwrap();
    let claim = claim(&registry, &plane, "receipts").await;
    let events = registry.events(&crate::world::portico(), &claim).await.unwrap();
    assert_eq!(events.len(), 1);
    assert!(events[0].warning);
    assert_eq!(
        (events[0].message.as_str(), events[0].about.as_str()),
        ("no room in zone b", "Bucket/receipts")
    );
}

#[tokio::test]
async fn the_tree_shows_only_resources_of_the_claim() {
    let plane = Plane::start("eu").await;
    let mut composite = crd("stores", "Store", true);
    composite["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["x-kubernetes-preserve-unknown-fields"] =
        json!(true);
    plane.create(crd("buckets", "Bucket", true));
    plane.create(composite);
    let registry = connected(&[&plane]).await;
    let reference =
        |name: &str| json!({ "apiVersion": "storage.example.org/v1", "kind": "Bucket", "name": name });
    let parent = plane.create(json!({
        "apiVersion": "storage.example.org/v1", "kind": "Store",
        "metadata": { "namespace": "payments-dev", "name": "shop" },
        "spec": { "size": 1, "crossplane": { "resourceRefs": [reference("own"), reference("foreign"), reference("missing")] } },
    }));
    let mut own = bucket("payments-dev", "own", 1);
    own["metadata"]["ownerReferences"] = json!([{
        "apiVersion": "storage.example.org/v1", "kind": "Store", "name": "shop", "uid": parent["metadata"]["uid"],
    }]);
    plane.create(own);
    plane.status("own", "True", "");
    plane.create(bucket("payments-dev", "foreign", 1));
    plane.status("foreign", "False", "a secret of another team");

    let stores = offering("stores.storage.example.org");
    let reference = portico_domain::claim::ClaimRef {
        offering: stores,
        ..reference_to(&plane, "shop")
    };
    let claim = eventually("the store is there", async || {
        registry.claim(&portico_domain::tenancy::Scope::for_tests(), &reference)
    })
    .await;
    let tree = registry.tree(&crate::world::portico(), &claim).await.unwrap();
    let child = |name: &str| tree.children.iter().find(|child| child.name == name).unwrap();
    assert_eq!(child("own").health, Some(Health::Ready));
    let mut foreign = child("foreign").clone();
    foreign.name.clone_from(&child("missing").name);
    assert_eq!(
        &foreign,
        child("missing"),
        "whether another's is there is not to be told"
    );
    assert_eq!(child("missing").health, Some(Health::Pending));
    assert!(!tree.truncated);
}

fn reference_to(plane: &Plane, name: &str) -> portico_domain::claim::ClaimRef {
    reference(plane, name)
}

#[tokio::test]
async fn reads_the_current_object() {
    let (plane, registry) = world().await;
    plane.create(bucket("payments-dev", "receipts", 1));
    let get = async || {
        registry
            .get(
                &plane.name,
                &crate::world::portico(),
                &bucket_resource(),
                Some("payments-dev"),
                "receipts",
            )
            .await
    };
    assert_eq!(get().await.unwrap()["spec"]["size"], 1);
    plane
        .simulated
        .objects()
        .delete(&bucket_kind(), &Key::namespaced("payments-dev", "receipts"))
        .unwrap();
    assert!(matches!(get().await, Err(PlaneError::NotFound { .. })));
}
