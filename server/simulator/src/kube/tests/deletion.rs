//! Deletion: finalizers, owners, namespaces, preconditions, Usages.

use reqwest::Method;
use serde_json::{Value, json};

use super::{BUCKETS, Served, bucket};

#[tokio::test]
async fn a_finalizer_holds_an_object_until_it_is_removed() {
    let served = Served::new().await;
    let mut held = bucket("one");
    held["metadata"]["finalizers"] = json!(["example.org/hold"]);
    served.post(BUCKETS, &held).await;
    let path = format!("{BUCKETS}/one");
    let (code, marked) = served.delete(&path).await;
    assert_eq!(code, 200);
    assert!(marked["metadata"]["deletionTimestamp"].is_string(), "{marked}");
    let (code, status) = served
        .merge(
            &path,
            &json!({"metadata": {"finalizers": ["example.org/hold", "example.org/more"]}}),
        )
        .await;
    assert_eq!(code, 422, "{status}");
    served
        .merge(&path, &json!({"metadata": {"finalizers": null}}))
        .await;
    assert_eq!(served.get(&path).await.0, 404);
}

#[tokio::test]
async fn deletion_preconditions_are_checked() {
    let served = Served::new().await;
    let (_, made) = served.post(BUCKETS, &bucket("one")).await;
    let path = format!("{BUCKETS}/one");
    let with = |uid: &Value| {
        served
            .request(Method::DELETE, &path)
            .json(&json!({"preconditions": {"uid": uid}}))
    };
    let (code, status) = Served::send(with(&json!("another"))).await;
    assert_eq!((code.as_u16(), &status["reason"]), (409, &json!("Conflict")));
    let (code, status) = Served::send(with(&made["metadata"]["uid"])).await;
    assert_eq!((code.as_u16(), &status["status"]), (200, &json!("Success")));
}

async fn owner_and_dependent(served: &Served) {
    let (_, owner) = served.post(BUCKETS, &bucket("owner")).await;
    let mut dependent = bucket("owned");
    dependent["metadata"]["ownerReferences"] = json!([{
        "apiVersion": "storage.example.org/v1", "kind": "Bucket", "name": "owner", "uid": owner["metadata"]["uid"],
        "blockOwnerDeletion": true,
    }]);
    served.post(BUCKETS, &dependent).await;
}

#[tokio::test]
async fn dependents_follow_their_owner_or_are_orphaned() {
    let served = Served::new().await;
    owner_and_dependent(&served).await;
    served.delete(&format!("{BUCKETS}/owner")).await;
    assert_eq!(served.get(&format!("{BUCKETS}/owned")).await.0, 404);
    owner_and_dependent(&served).await;
    served
        .delete(&format!("{BUCKETS}/owner?propagationPolicy=Orphan"))
        .await;
    let (code, orphan) = served.get(&format!("{BUCKETS}/owned")).await;
    assert_eq!(code, 200);
    assert!(orphan["metadata"]["ownerReferences"].is_null());
}

#[tokio::test]
async fn foreground_deletion_waits_for_dependents() {
    let served = Served::new().await;
    owner_and_dependent(&served).await;
    let owned = format!("{BUCKETS}/owned");
    served
        .merge(&owned, &json!({"metadata": {"finalizers": ["example.org/hold"]}}))
        .await;
    served
        .delete(&format!("{BUCKETS}/owner?propagationPolicy=Foreground"))
        .await;
    let (code, waiting) = served.get(&format!("{BUCKETS}/owner")).await;
    assert_eq!(
        (code.as_u16(), &waiting["metadata"]["finalizers"]),
        (200, &json!(["foregroundDeletion"]))
    );
    served
        .merge(&owned, &json!({"metadata": {"finalizers": null}}))
        .await;
    assert_eq!(served.get(&owned).await.0, 404);
    assert_eq!(served.get(&format!("{BUCKETS}/owner")).await.0, 404);
}

#[tokio::test]
async fn deleting_a_namespace_deletes_its_contents() {
    let served = Served::new().await;
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}});
    served.post("/api/v1/namespaces", &namespace).await;
    let buckets = "/apis/storage.example.org/v1/namespaces/team/buckets";
    let mut held = bucket("held");
    held["metadata"]["finalizers"] = json!(["example.org/hold"]);
    served.post(buckets, &held).await;
    served.post(buckets, &bucket("free")).await;
    served.delete("/api/v1/namespaces/team").await;
    assert_eq!(served.get(&format!("{buckets}/free")).await.0, 404);
    let (_, namespace) = served.get("/api/v1/namespaces/team").await;
    assert_eq!(namespace["status"]["phase"], "Terminating");
    let (code, status) = served.post(buckets, &bucket("late")).await;
    assert_eq!((code.as_u16(), &status["reason"]), (403, &json!("Forbidden")));
    served
        .merge(
            &format!("{buckets}/held"),
            &json!({"metadata": {"finalizers": null}}),
        )
        .await;
    assert_eq!(served.get("/api/v1/namespaces/team").await.0, 404);
}

#[tokio::test]
async fn a_collection_can_be_deleted_by_label() {
    let served = Served::new().await;
    for (name, team) in [("one", "a"), ("two", "a"), ("three", "b")] {
        let mut object = bucket(name);
        object["metadata"]["labels"] = json!({"team": team});
        served.post(BUCKETS, &object).await;
    }
    let (code, deleted) = served.delete(&format!("{BUCKETS}?labelSelector=team%3Da")).await;
    assert_eq!(
        (code.as_u16(), deleted["items"].as_array().unwrap().len()),
        (200, 2)
    );
    let (_, left) = served.get(BUCKETS).await;
    assert_eq!(left["items"][0]["metadata"]["name"], "three");
}

#[tokio::test]
async fn a_usage_blocks_deletion_with_its_reason() {
    let served = Served::new().await;
    served.post(BUCKETS, &bucket("one")).await;
    let usages = "/apis/protection.crossplane.io/v1beta1/namespaces/default/usages";
    let usage = json!({
        "apiVersion": "protection.crossplane.io/v1beta1", "kind": "Usage", "metadata": {"name": "keep"},
        "spec": {
            "of": {"apiVersion": "storage.example.org/v1", "kind": "Bucket", "resourceRef": {"name": "one"}},
            "reason": "the books are not closed",
        },
    });
    let (code, made) = served.post(usages, &usage).await;
    assert_eq!(code, 201, "{made}");
    let (code, status) = served.delete(&format!("{BUCKETS}/one")).await;
    assert_eq!(code, 409);
    assert!(
        status["message"]
            .as_str()
            .unwrap()
            .contains("with reason: \"the books are not closed\""),
        "{status}"
    );
    served.delete(&format!("{usages}/keep")).await;
    assert_eq!(served.delete(&format!("{BUCKETS}/one")).await.0, 200);
}
