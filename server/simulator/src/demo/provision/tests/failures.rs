//! Simulated failures, and how to stop them.

use super::*;

#[tokio::test]
async fn a_disk_beyond_the_quota_keeps_the_claim_waiting_with_a_reason() {
    let stage = Stage::new();
    stage.ask(
        "databases",
        "PostgreSQLInstance",
        "huge",
        json!({ "storage": { "size": "900Gi" } }),
    );
    let so = |object: Option<&Value>| {
        object.is_some_and(|object| {
            object["status"]["conditions"].is_array()
                && message(object) == "Waiting for the disk: quota exceeded in zone b"
        })
    };
    let claim = stage.until(&postgresql(), "huge", so).await.unwrap();
    let verdict = verdict(&claim, ClaimKind::LegacyClaim);
    assert_eq!(verdict.health, Health::Pending);
    assert!(
        verdict.reason.contains("quota exceeded in zone b"),
        "{}",
        verdict.reason
    );
    let events = stage.objects.list(&GroupKind::new("", "Event"));
    assert!(
        events
            .iter()
            .any(|event| event["reason"] == "QuotaExceeded" && event["type"] == "Warning")
    );
    stage
        .objects
        .delete(&postgresql(), &Key::namespaced("dev", "huge"))
        .unwrap();
    stage
        .until(&postgresql(), "huge", |object| object.is_none())
        .await;
}

#[tokio::test]
async fn a_claim_fails_while_the_annotation_is_set() {
    let stage = Stage::new();
    let queues = GroupKind::new("messaging.demo.portico.dev", "Queue");
    let key = Key::namespaced("dev", "jobs");
    stage.ask("messaging", "Queue", "jobs", json!({}));
    stage.ready(&queues, "jobs").await;
    let fail = |why: Value| json!({ "metadata": { "annotations": { "demo.portico.dev/fail": why } } });
    stage
        .objects
        .patch(&queues, &key, fail(json!("out of memory")))
        .unwrap();
    let ill = |object: Option<&Value>| object.is_some_and(|object| says(object, "Synced", "False"));
    let claim = stage.until(&queues, "jobs", ill).await.unwrap();
    let verdict = verdict(&claim, ClaimKind::Composite);
    assert_eq!(verdict.health, Health::Degraded);
    assert!(verdict.reason.contains("out of memory"), "{}", verdict.reason);
    stage.objects.patch(&queues, &key, fail(Value::Null)).unwrap();
    stage.ready(&queues, "jobs").await;
}

#[tokio::test]
async fn a_paused_claim_is_not_changed() {
    let stage = Stage::new();
    let buckets = GroupKind::new("storage.demo.portico.dev", "Bucket");
    let key = Key::namespaced("dev", "files");
    stage.ask("storage", "Bucket", "files", json!({}));
    stage.ready(&buckets, "files").await;
    let pause = |value: Value| json!({ "metadata": { "annotations": { "crossplane.io/paused": value } } });
    stage.objects.patch(&buckets, &key, pause(json!("true"))).unwrap();
    stage
        .until(&buckets, "files", |object| {
            object.is_some_and(|object| says(object, "Synced", "False"))
        })
        .await;
    stage.objects.patch(&buckets, &key, pause(Value::Null)).unwrap();
    let going = |object: Option<&Value>| object.is_some_and(|object| says(object, "Synced", "True"));
    stage.until(&buckets, "files", going).await;
}

#[tokio::test]
async fn deletion_protection_blocks_deletion() {
    let stage = Stage::new();
    let key = Key::namespaced("dev", "orders");
    let spec = |protected: bool| json!({ "storage": { "size": "20Gi" }, "deletionProtection": protected });
    stage.ask("databases", "PostgreSQLInstance", "orders", spec(true));
    stage.ready(&postgresql(), "orders").await;
    let refused = stage.objects.delete(&postgresql(), &key).unwrap_err();
    assert_eq!(refused.code, 409);
    assert!(refused.to_string().contains("deletion protection"), "{refused}");
    stage.ask("databases", "PostgreSQLInstance", "orders", spec(false));
    let usages = GroupKind::new("protection.crossplane.io", "Usage");
    stage
        .until(&usages, "orders-protection", |usage| usage.is_none())
        .await;
    stage.objects.delete(&postgresql(), &key).unwrap();
    stage
        .until(&postgresql(), "orders", |object| object.is_none())
        .await;
}
