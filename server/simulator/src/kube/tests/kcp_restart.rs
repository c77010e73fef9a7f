//! A kcp that starts again with its snapshots.

use reqwest::Method;
use serde_json::{Value, json};

use super::kcp::World;

#[tokio::test]
async fn workspaces_and_what_they_bind_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let snapshot = || Some(folder.path().join("kcp.json"));
    let first = World::with(snapshot()).await;
    first.kcp.create_workspace("root:a", "below").unwrap();
    for workspace in ["a", "a:below", "b"] {
        assert_eq!(first.bind(workspace, json!([])).await["status"]["phase"], "Bound");
    }
    let things = [first.thing("a", "one").await, first.thing("a:below", "two").await];
    let made = |world: &World| world.kcp.logical_cluster("root:a:below").unwrap();
    let (cluster, token) = (made(&first), first.token.clone());
    let last: u64 = things[1]["metadata"]["resourceVersion"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    drop(first);

    let second = World::begin(snapshot()).await;
    assert_eq!((made(&second), &second.token), (cluster, &token));
    let (_, found) = second.get(&things_of_all(&second)).await;
    let uids = |of: &[Value]| {
        let mut uids: Vec<_> = of.iter().map(|it| it["metadata"]["uid"].clone()).collect();
        uids.sort_by_key(ToString::to_string);
        uids
    };
    assert_eq!(uids(found["items"].as_array().unwrap()), uids(&things));
    let base = format!("http://{}", second.serving.address());
    let (_, workspace) = second
        .get("/clusters/root/apis/tenancy.kcp.io/v1alpha1/workspaces/a")
        .await;
    let url = workspace["spec"]["URL"]
        .as_str()
        .unwrap()
        .replace("https:", "http:");
    assert_eq!(url, format!("{base}/clusters/root:a"));
    let later = second.thing("b", "three").await;
    let revision: u64 = later["metadata"]["resourceVersion"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(revision > last, "{revision} follows {last}");

    // What is deleted leaves no file behind.
    let files = || std::fs::read_dir(folder.path()).unwrap().count();
    let before = files();
    let path = "/clusters/root/apis/tenancy.kcp.io/v1alpha1/workspaces/a";
    assert_eq!(second.send(Method::DELETE, path, &Value::Null).await.0, 200);
    assert_eq!(
        files(),
        before - 4,
        "two workspaces, with a snapshot and a journal each"
    );
    drop(second);
    let third = World::begin(snapshot()).await;
    assert_eq!(third.kcp.logical_cluster("root:a:below"), None);
}

/// The things of all workspaces, in the virtual workspace of their export.
fn things_of_all(world: &World) -> String {
    let provider = world.kcp.logical_cluster("root:platform").unwrap();
    format!("/services/apiexport/{provider}/things/clusters/*/apis/example.org/v1/things")
}
