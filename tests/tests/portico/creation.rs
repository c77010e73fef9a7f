//! The creation semantics that the portal relies on: one apply creates an object or reports that it exists.

use portico_tests::demo::{Demo, Planes};
use portico_tests::raw_client::RawClient;
use reqwest::Method;
use serde_json::{Value, json};

on_all_planes!(an_apply_with_an_impossible_resource_version_creates_or_conflicts);

const BUCKETS: &str = "/apis/storage.demo.portico.dev/v1/namespaces/payments-dev/buckets";

async fn an_apply_with_an_impossible_resource_version_creates_or_conflicts(planes: Planes) {
    let demo = Demo::without_portal_on(planes).await;
    let eu = &demo.ready.control_planes[0];
    assert_eq!(eu.name, "eu-shared");
    let plane = RawClient::of(&eu.kubeconfig);
    let bucket = |name: &str, quota: &str, version: Option<&str>| {
        let mut bucket = json!({
            "apiVersion": "storage.demo.portico.dev/v1", "kind": "Bucket",
            "metadata": { "name": name }, "spec": { "quota": quota },
        });
        if let Some(version) = version {
            bucket["metadata"]["resourceVersion"] = Value::from(version);
        }
        bucket
    };
    let apply = async |name: &str, quota: &str, version: Option<&str>, dry: &str| {
        let path = format!("{BUCKETS}/{name}?fieldManager=portico&fieldValidation=Strict{dry}");
        plane
            .ask(Method::PATCH, &path, Some(&bucket(name, quota, version)))
            .await
    };
    for dry in ["&dryRun=All", ""] {
        let made = apply("fresh", "1Gi", Some("1"), dry).await;
        assert_eq!(made.status, 201, "{made:?}");
    }
    let manager = &plane.get(&format!("{BUCKETS}/fresh")).await.unwrap()["metadata"]["managedFields"][0];
    assert_eq!(
        (&manager["manager"], &manager["operation"]),
        (&json!("portico"), &json!("Apply"))
    );
    // It conflicts with any existing object, even without a difference.
    plane.create(BUCKETS, &bucket("theirs", "7Gi", None)).await;
    for (name, quota) in [
        ("fresh", "1Gi"),
        ("fresh", "2Gi"),
        ("theirs", "7Gi"),
        ("theirs", "8Gi"),
    ] {
        for dry in ["&dryRun=All", ""] {
            let refused = apply(name, quota, Some("1"), dry).await;
            assert_eq!(refused.status, 409, "{name} {quota} {dry}: {refused:?}");
        }
    }
    let quota = async |name: &str| {
        let found = plane.get(&format!("{BUCKETS}/{name}")).await.unwrap();
        found["spec"]["quota"].clone()
    };
    assert_eq!(
        (quota("fresh").await, quota("theirs").await),
        (json!("1Gi"), json!("7Gi"))
    );
}
