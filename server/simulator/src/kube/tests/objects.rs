//! The in-process client.

use serde_json::json;

use super::super::{ChangeType, ControlPlane, GroupKind, Key, Settings};
use super::{bucket, bucket_definition};

fn plane() -> ControlPlane {
    let plane = ControlPlane::new("test", Settings::default());
    plane.objects().create(bucket_definition()).unwrap();
    plane
}

fn in_default(name: &str) -> serde_json::Value {
    let mut object = bucket(name);
    object["metadata"]["namespace"] = json!("default");
    object
}

#[tokio::test]
async fn a_controller_watches_changes_and_writes_status() {
    let plane = plane();
    let objects = plane.objects();
    let kind = GroupKind::new("storage.example.org", "Bucket");
    let mut changes = objects.watch(std::slice::from_ref(&kind), objects.revision());
    objects.create(in_default("one")).unwrap();
    let seen = changes.next().await.unwrap();
    assert_eq!((seen.len(), seen[0].change), (1, ChangeType::Added));
    let key = Key::of(&seen[0].object);
    objects
        .patch_status(&kind, &key, json!({"phase": "Ready"}))
        .unwrap();
    let seen = changes.next().await.unwrap();
    assert_eq!(
        (seen[0].change, &seen[0].object["status"]["phase"]),
        (ChangeType::Modified, &json!("Ready"))
    );
    assert!(seen[0].before.as_ref().unwrap()["status"].is_null());
    objects.delete(&kind, &key).unwrap();
    assert_eq!(changes.next().await.unwrap()[0].change, ChangeType::Deleted);
    assert!(objects.get(&kind, &key).is_none());
    plane.forget_history();
    objects.create(in_default("two")).unwrap();
    assert_eq!(objects.watch(&[], 0).next().await.unwrap_err().code, 410);
}

#[test]
fn a_repeated_event_increments_its_count() {
    let plane = plane();
    let objects = plane.objects();
    let one = objects.create(in_default("one")).unwrap();
    for _ in 0..3 {
        objects
            .record_event(&one, "Warning", "Failed", "no room")
            .unwrap();
    }
    let events = objects.list(&GroupKind::new("", "Event"));
    assert_eq!((events.len(), &events[0]["count"]), (1, &json!(3)));
    assert_eq!(events[0]["involvedObject"]["name"], "one");
}

#[test]
fn applying_is_forced_and_updating_needs_no_version() {
    let plane = plane();
    let objects = plane.objects();
    objects.managed_by("somebody").apply(in_default("one")).unwrap();
    let mut larger = in_default("one");
    larger["spec"]["size"] = json!(9);
    assert_eq!(objects.apply(larger.clone()).unwrap()["spec"]["size"], 9);
    larger["spec"]["size"] = json!(10);
    assert_eq!(objects.update(larger).unwrap()["spec"]["size"], 10);
}
