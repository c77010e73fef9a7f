//! Watches over HTTP.

use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::{BUCKETS, Served, Settings, bucket, bucket_definition};

/// A watch, read line by line.
struct Lines {
    response: Response,
    buffer: Vec<u8>,
}

impl Lines {
    async fn of(served: &Served, query: &str) -> Self {
        let response = served
            .request(Method::GET, &format!("{BUCKETS}?watch=1&{query}"))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        Self {
            response,
            buffer: Vec::new(),
        }
    }

    /// The next event; `None` when the watch has ended.
    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.buffer.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).unwrap());
            }
            let chunk = tokio::time::timeout(Duration::from_secs(15), self.response.chunk()).await;
            match chunk.expect("an event was expected") {
                Ok(Some(chunk)) => self.buffer.extend_from_slice(&chunk),
                Ok(None) | Err(_) => return None,
            }
        }
    }

    async fn short(&mut self) -> (String, String) {
        let event = self.next().await.expect("an event");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&event["type"]), text(&event["object"]["metadata"]["name"]))
    }
}

fn event(change: &str, name: &str) -> (String, String) {
    (change.into(), name.into())
}

#[tokio::test]
async fn a_watch_continues_where_a_list_ended() {
    let served = Served::new().await;
    served.post(BUCKETS, &bucket("before")).await;
    let (_, list) = served.get(BUCKETS).await;
    let version = list["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    served.post(BUCKETS, &bucket("between")).await;
    let mut lines = Lines::of(&served, &format!("resourceVersion={version}")).await;
    assert_eq!(lines.short().await, event("ADDED", "between"));
    served
        .merge(&format!("{BUCKETS}/before"), &json!({"spec": {"size": 9}}))
        .await;
    assert_eq!(lines.short().await, event("MODIFIED", "before"));
    served.delete(&format!("{BUCKETS}/before")).await;
    let gone = lines.next().await.unwrap();
    assert_eq!(
        (&gone["type"], &gone["object"]["spec"]["size"]),
        (&json!("DELETED"), &json!(9))
    );
}

#[tokio::test]
async fn a_watch_without_a_version_starts_with_existing_objects() {
    let served = Served::new().await;
    served.post(BUCKETS, &bucket("one")).await;
    let mut lines = Lines::of(&served, "").await;
    assert_eq!(lines.short().await, event("ADDED", "one"));
}

#[tokio::test]
async fn objects_that_start_or_stop_matching_a_selector_are_added_or_deleted() {
    let served = Served::new().await;
    served.post(BUCKETS, &bucket("one")).await;
    let mut lines = Lines::of(&served, "labelSelector=hot").await;
    let path = format!("{BUCKETS}/one");
    served
        .merge(&path, &json!({"metadata": {"labels": {"hot": "yes"}}}))
        .await;
    assert_eq!(lines.short().await, event("ADDED", "one"));
    served
        .merge(&path, &json!({"metadata": {"labels": {"hot": null}}}))
        .await;
    assert_eq!(lines.short().await, event("DELETED", "one"));
}

#[tokio::test]
async fn a_watch_list_marks_the_end_of_initial_events_with_a_bookmark() {
    let served = Served::new().await;
    served.post(BUCKETS, &bucket("one")).await;
    let query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    let mut lines = Lines::of(&served, query).await;
    assert_eq!(lines.short().await, event("ADDED", "one"));
    let bookmark = lines.next().await.unwrap();
    assert_eq!(bookmark["type"], "BOOKMARK");
    assert_eq!(
        bookmark["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"],
        "true"
    );
    served.post(BUCKETS, &bucket("two")).await;
    assert_eq!(lines.short().await, event("ADDED", "two"));
    let (code, _) = served
        .get(&format!("{BUCKETS}?watch=1&sendInitialEvents=true"))
        .await;
    assert_eq!(code, 400);
}

#[tokio::test]
async fn bookmarks_are_sent_periodically_when_allowed() {
    let served = Served::with(Settings {
        bookmark_interval: Duration::from_millis(20),
        ..Settings::default()
    })
    .await;
    served.plane.objects().create(bucket_definition()).unwrap();
    let version = served.plane.objects().revision();
    let mut lines = Lines::of(
        &served,
        &format!("resourceVersion={version}&allowWatchBookmarks=true"),
    )
    .await;
    let bookmark = lines.next().await.unwrap();
    assert_eq!(
        (&bookmark["type"], &bookmark["object"]["kind"]),
        (&json!("BOOKMARK"), &json!("Bucket"))
    );
    assert_eq!(
        bookmark["object"]["metadata"]["resourceVersion"],
        version.to_string()
    );
}

#[tokio::test]
async fn a_version_older_than_the_log_gets_410() {
    let served = Served::new().await;
    let version = served.plane.objects().revision();
    served.post(BUCKETS, &bucket("one")).await;
    served.plane.forget_history();
    let mut lines = Lines::of(&served, &format!("resourceVersion={version}")).await;
    let error = lines.next().await.unwrap();
    assert_eq!(
        (&error["type"], &error["object"]["code"]),
        (&json!("ERROR"), &json!(410))
    );
    assert!(lines.next().await.is_none());
    // Nor is a future revision, which an earlier control plane of this name may have had.
    let mut lines = Lines::of(&served, "resourceVersion=999999").await;
    assert_eq!(lines.next().await.unwrap()["object"]["code"], 410);
}

#[tokio::test]
async fn a_watch_ends_at_its_timeout_or_with_its_kind() {
    let served = Served::new().await;
    let mut lines = Lines::of(&served, "timeoutSeconds=1").await;
    assert!(lines.next().await.is_none());
    served.post(BUCKETS, &bucket("one")).await;
    let mut lines = Lines::of(&served, "").await;
    assert_eq!(lines.short().await, event("ADDED", "one"));
    served
        .delete("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/buckets.storage.example.org")
        .await;
    assert_eq!(lines.short().await, event("DELETED", "one"));
    assert!(lines.next().await.is_none());
}

#[tokio::test]
async fn watches_can_be_dropped() {
    let served = Served::new().await;
    let mut lines = Lines::of(&served, "").await;
    served.plane.faults().drop_watches();
    assert!(lines.next().await.is_none());
}
