//! Persistence.

use std::io::Write;

use serde_json::json;

use super::{BUCKETS, Served, Settings, bucket, bucket_definition};

fn kept(folder: &tempfile::TempDir) -> Settings {
    Settings {
        snapshot: Some(folder.path().join("plane.json")),
        ..Settings::default()
    }
}

#[tokio::test]
async fn acknowledged_writes_survive_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let first = Served::with(kept(&folder)).await;
    first.plane.objects().create(bucket_definition()).unwrap();
    let (_, one) = first.post(BUCKETS, &bucket("one")).await;
    first.post(BUCKETS, &bucket("two")).await;
    first.plane.flush().unwrap();
    first.delete(&format!("{BUCKETS}/two")).await;
    first
        .merge(&format!("{BUCKETS}/one"), &json!({"spec": {"size": 8}}))
        .await;
    let (token, authority) = (first.token.clone(), first.plane.authority().to_owned());
    let revision = first.plane.objects().revision();
    // No shutdown: only the files are left, with an incomplete last line.
    drop(first);
    let mut journal = std::fs::OpenOptions::new()
        .append(true)
        .open(folder.path().join("plane.json.journal"))
        .unwrap();
    journal.write_all(b"{\"revision\":99999,\"obj").unwrap();
    let second = Served::with(kept(&folder)).await;
    assert_eq!(
        (second.token.as_str(), second.plane.authority()),
        (token.as_str(), authority.as_str())
    );
    let (_, again) = second.get(&format!("{BUCKETS}/one")).await;
    assert_eq!(
        (&again["spec"]["size"], &again["metadata"]["uid"]),
        (&json!(8), &one["metadata"]["uid"])
    );
    assert_eq!(second.get(&format!("{BUCKETS}/two")).await.0, 404);
    assert_eq!(second.plane.objects().revision(), revision);
    let mut wrong = bucket("three");
    wrong["spec"]["region"] = json!("mars");
    assert_eq!(second.post(BUCKETS, &wrong).await.0, 422);
}

#[tokio::test]
async fn a_damaged_snapshot_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plane.json");
    std::fs::write(&path, "not a snapshot").unwrap();
    let served = Served::with(kept(&folder)).await;
    served.plane.objects().create(bucket_definition()).unwrap();
    assert_eq!(served.post(BUCKETS, &bucket("one")).await.0, 201);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "not a snapshot");
}
