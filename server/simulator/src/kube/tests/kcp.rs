//! kcp over HTTP: workspaces, exports, bindings, and the virtual workspace of an export.

use std::path::PathBuf;
use std::time::Duration;

use futures::StreamExt as _;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use crate::kube::{Fault, Identity, Kcp, Key, Matcher, Rule, Serving, Settings, Subject};

/// A served kcp with an export of things, which also asks for configmaps, and two workspaces.
pub(super) struct World {
    pub(super) kcp: Kcp,
    pub(super) serving: Serving,
    client: Client,
    pub(super) token: String,
}

impl World {
    async fn new() -> Self {
        Self::with(None).await
    }

    /// With snapshots, if a path is given.
    pub(super) async fn with(snapshot: Option<PathBuf>) -> Self {
        let world = Self::begin(snapshot).await;
        world.kcp.create_workspace("root", "platform").unwrap();
        for workspace in ["a", "b"] {
            world.kcp.create_workspace("root", workspace).unwrap();
        }
        let (schemas, exports) = (
            "/clusters/root:platform/apis/apis.kcp.io/v1alpha1/apiresourceschemas",
            "/clusters/root:platform/apis/apis.kcp.io/v1alpha2/apiexports",
        );
        assert_eq!(world.send(Method::POST, schemas, &schema()).await.0, 201);
        assert_eq!(world.send(Method::POST, exports, &export()).await.0, 201);
        world
    }

    /// A kcp with what its snapshots have.
    pub(super) async fn begin(snapshot: Option<PathBuf>) -> Self {
        let settings = Settings {
            bookmark_interval: Duration::from_millis(50),
            snapshot,
            ..Settings::default()
        };
        let kcp = Kcp::new("kcp", settings);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let serving = kcp.serve(listener).unwrap();
        let client = Client::builder()
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        let token = kcp.front().token().to_owned();
        Self {
            kcp,
            serving,
            client,
            token,
        }
    }

    async fn send_as(&self, token: &str, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        let url = format!("http://{}{path}", self.serving.address());
        let mut request = self.client.request(method, url).bearer_auth(token);
        if !body.is_null() {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        let code = response.status();
        let bytes = response.bytes().await.unwrap();
        (code, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    pub(super) async fn send(&self, method: Method, path: &str, body: &Value) -> (StatusCode, Value) {
        self.send_as(&self.token, method, path, body).await
    }

    pub(super) async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.send(Method::GET, path, &Value::Null).await
    }

    pub(super) async fn bind(&self, workspace: &str, claims: Value) -> Value {
        let path = format!("/clusters/root:{workspace}/apis/apis.kcp.io/v1alpha2/apibindings");
        let binding = json!({
            "apiVersion": "apis.kcp.io/v1alpha2", "kind": "APIBinding", "metadata": { "name": "things" },
            "spec": { "reference": { "export": { "path": "root:platform", "name": "things" } }, "permissionClaims": claims },
        });
        assert_eq!(self.send(Method::POST, &path, &binding).await.0, 201);
        self.get(&format!("{path}/things")).await.1
    }

    pub(super) async fn thing(&self, workspace: &str, name: &str) -> Value {
        let object = json!({
            "apiVersion": "example.org/v1", "kind": "Thing",
            "metadata": { "name": name, "annotations": { "kcp.io/cluster": "forged" } }, "spec": { "size": 3 },
        });
        let (code, made) = self.send(Method::POST, &things(workspace), &object).await;
        assert_eq!(code, 201, "{made}");
        made
    }
}

fn things(workspace: &str) -> String {
    format!("/clusters/root:{workspace}/apis/example.org/v1/namespaces/default/things")
}

fn schema() -> Value {
    json!({
        "apiVersion": "apis.kcp.io/v1alpha1", "kind": "APIResourceSchema", "metadata": { "name": "v1.things.example.org" },
        "spec": {
            "group": "example.org", "scope": "Namespaced", "names": { "kind": "Thing", "plural": "things" },
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": { "status": {} },
                "schema": { "type": "object", "properties": {
                    "spec": { "type": "object", "properties": { "size": { "type": "integer", "maximum": 9 } } },
                } },
            }],
        },
    })
}

fn export() -> Value {
    json!({
        "apiVersion": "apis.kcp.io/v1alpha2", "kind": "APIExport", "metadata": { "name": "things" },
        "spec": {
            "resources": [{ "group": "example.org", "name": "things", "schema": "v1.things.example.org", "storage": { "crd": {} } }],
            "permissionClaims": [{ "group": "", "resource": "configmaps", "verbs": ["get"] }],
        },
    })
}

#[tokio::test]
async fn workspaces_are_apart() {
    let world = World::new().await;
    world.bind("a", json!([])).await;
    world.bind("b", json!([])).await;
    let made = world.thing("a", "one").await;
    let cluster = world.kcp.logical_cluster("root:a").unwrap();
    assert_eq!(
        made["metadata"]["annotations"]["kcp.io/cluster"],
        cluster.as_str(),
        "nobody writes another"
    );
    let names = |list: &Value| list["items"].as_array().unwrap().len();
    assert_eq!(names(&world.get(&things("a")).await.1), 1);
    assert_eq!(names(&world.get(&things("b")).await.1), 0);
    let by_name = format!("/clusters/{cluster}/apis/example.org/v1/things");
    assert_eq!(
        names(&world.get(&by_name).await.1),
        1,
        "a logical cluster's name is as good as a path"
    );
    let (_, workspace) = world
        .get("/clusters/root/apis/tenancy.kcp.io/v1alpha1/workspaces/a")
        .await;
    assert_eq!(workspace["spec"]["cluster"], cluster.as_str());
    assert_eq!(workspace["status"]["phase"], "Ready");
    assert!(
        workspace["spec"]["URL"]
            .as_str()
            .unwrap()
            .ends_with("/clusters/root:a")
    );
}

#[tokio::test]
async fn a_workspace_that_is_not_there_looks_like_one_that_is_forbidden() {
    let world = World::new().await;
    world.kcp.add_user("guest", Identity::new("guest", ["guests"]));
    let api = |path: &str| format!("/clusters/root:{path}/api/v1/namespaces");
    for path in [api("nowhere"), api("a")] {
        let (code, status) = world.send_as("guest", Method::GET, &path, &Value::Null).await;
        assert_eq!(code, 403);
        assert!(
            status["message"]
                .as_str()
                .unwrap()
                .ends_with("workspace access not permitted"),
            "{status}"
        );
    }
    let a = world.kcp.workspace("root:a").unwrap();
    a.access().grant(Subject::User("guest".into()), Rule::read_all());
    assert_eq!(
        world
            .send_as("guest", Method::GET, &api("a"), &Value::Null)
            .await
            .0,
        200
    );
    assert_eq!(
        world
            .send_as("guest", Method::GET, &api("b"), &Value::Null)
            .await
            .0,
        403
    );
    assert_eq!(
        world
            .send_as("nobody", Method::GET, &api("a"), &Value::Null)
            .await
            .0,
        401
    );
}

#[tokio::test]
async fn a_binding_brings_the_exported_kinds() {
    let world = World::new().await;
    let discovery = "/clusters/root:a/apis/example.org/v1";
    assert_eq!(world.get(discovery).await.0, 404);
    let binding = world
        .bind("a", json!([{ "group": "", "resource": "configmaps", "verbs": ["get"], "selector": { "matchAll": true }, "state": "Accepted" }]))
        .await;
    let status = &binding["status"];
    assert_eq!(status["phase"], "Bound");
    assert_eq!(status["boundResources"][0]["resource"], "things");
    assert_eq!(status["exportPermissionClaims"][0]["resource"], "configmaps");
    assert_eq!(status["appliedPermissionClaims"][0]["state"], "Accepted");
    assert_eq!(world.get(discovery).await.1["resources"][0]["name"], "things");
    assert_eq!(
        world
            .get("/clusters/root:a/openapi/v3/apis/example.org/v1")
            .await
            .0,
        200
    );
    let (_, definitions) = world
        .get("/clusters/root:a/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
        .await;
    assert_eq!(
        definitions["items"],
        json!([]),
        "what is bound is no definition of the workspace"
    );
    let bad = json!({ "apiVersion": "example.org/v1", "kind": "Thing", "metadata": { "name": "x" }, "spec": { "size": 10 } });
    assert_eq!(
        world.send(Method::POST, &things("a"), &bad).await.0,
        422,
        "its schema is checked"
    );
    let path = "/clusters/root:a/apis/apis.kcp.io/v1alpha2/apibindings/things";
    assert_eq!(world.send(Method::DELETE, path, &Value::Null).await.0, 200);
    assert_eq!(world.get(discovery).await.0, 404);
}

#[tokio::test]
async fn only_who_may_bind_an_export_binds_it() {
    let world = World::new().await;
    world.kcp.add_user("dev", Identity::new("dev", ["devs"]));
    world
        .kcp
        .workspace("root:a")
        .unwrap()
        .access()
        .grant(Subject::User("dev".into()), Rule::all());
    let binding = json!({
        "apiVersion": "apis.kcp.io/v1alpha2", "kind": "APIBinding", "metadata": { "name": "things" },
        "spec": { "reference": { "export": { "path": "root:platform", "name": "things" } } },
    });
    let path = "/clusters/root:a/apis/apis.kcp.io/v1alpha2/apibindings";
    let (code, status) = world.send_as("dev", Method::POST, path, &binding).await;
    assert_eq!(code, 403);
    assert!(
        status["message"]
            .as_str()
            .unwrap()
            .contains("no permission to bind to export root:platform:things")
    );
    let bind = Rule {
        verbs: vec!["bind".into()],
        groups: vec!["apis.kcp.io".into()],
        resources: vec!["apiexports".into()],
        names: vec!["things".into()],
        namespaces: Vec::new(),
    };
    world
        .kcp
        .workspace("root:platform")
        .unwrap()
        .access()
        .grant(Subject::User("dev".into()), bind);
    assert_eq!(world.send_as("dev", Method::POST, path, &binding).await.0, 201);
}

/// The endpoint that the slice of the export publishes, without scheme and host.
async fn endpoint(world: &World) -> String {
    let path = "/clusters/root:platform/apis/apis.kcp.io/v1alpha1/apiexportendpointslices/things";
    let (_, slice) = world.get(path).await;
    let url = slice["status"]["endpoints"][0]["url"]
        .as_str()
        .unwrap()
        .to_owned();
    let at = url.find("/services/").unwrap();
    url[at..].to_owned()
}

#[tokio::test]
async fn the_virtual_workspace_lists_and_watches_all_workspaces_that_bind() {
    let world = World::new().await;
    world.bind("a", json!([])).await;
    world.thing("a", "one").await;
    let all = format!("{}/clusters/*/apis/example.org/v1/things", endpoint(&world).await);
    let (code, list) = world.get(&format!("{all}?limit=1")).await;
    assert_eq!(code, 200);
    let of = |object: &Value| {
        object["metadata"]["annotations"]["kcp.io/cluster"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let cluster = |path: &str| world.kcp.logical_cluster(path).unwrap();
    assert_eq!(of(&list["items"][0]), cluster("root:a"));
    let version = list["metadata"]["resourceVersion"].as_str().unwrap();
    let url = format!(
        "http://{}{all}?watch=true&allowWatchBookmarks=true&resourceVersion={version}",
        world.serving.address()
    );
    let response = world
        .client
        .get(url)
        .bearer_auth(&world.token)
        .send()
        .await
        .unwrap();
    let mut stream = response.bytes_stream();
    // A workspace that binds later is in the same watch.
    world.bind("b", json!([])).await;
    world.thing("b", "two").await;
    let path = format!("{}/one", things("a"));
    assert_eq!(world.send(Method::DELETE, &path, &Value::Null).await.0, 200);
    let mut seen = Vec::new();
    let mut text = String::new();
    while seen.len() < 2 {
        text.push_str(std::str::from_utf8(&stream.next().await.unwrap().unwrap()).unwrap());
        while let Some((line, rest)) = text.split_once('\n') {
            let event: Value = serde_json::from_str(line).unwrap();
            if event["type"] != "BOOKMARK" {
                seen.push((event["type"].as_str().unwrap().to_owned(), of(&event["object"])));
            }
            text = rest.to_owned();
        }
    }
    let expected = [
        ("ADDED".to_owned(), cluster("root:b")),
        ("DELETED".to_owned(), cluster("root:a")),
    ];
    assert_eq!(seen, expected);
    let (_, list) = world.get(&format!("{all}?limit=1")).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_virtual_workspace_is_for_who_may_see_its_content() {
    let world = World::new().await;
    world.bind("a", json!([])).await;
    world.kcp.add_user("dev", Identity::new("dev", ["devs"]));
    let path = format!("{}/clusters/*/apis/example.org/v1/things", endpoint(&world).await);
    assert_eq!(
        world.send_as("dev", Method::GET, &path, &Value::Null).await.0,
        403
    );
    let refuse = Fault::Status {
        code: 403,
        message: "no".into(),
        retry_after: None,
    };
    let fault = world.kcp.front().faults().add(Matcher::default(), refuse);
    assert_eq!(world.get(&path).await.0, 403);
    world.kcp.front().faults().remove(fault);
    assert_eq!(world.get(&path).await.0, 200);
}

#[tokio::test]
async fn a_workspace_can_be_held_back_and_leaves_with_what_it_has() {
    let world = World::new().await;
    world.kcp.hold_workspaces(true);
    world.kcp.create_workspace("root", "slow").unwrap();
    let path = "/clusters/root/apis/tenancy.kcp.io/v1alpha1/workspaces/slow";
    assert_eq!(world.get(path).await.1["status"]["phase"], "Initializing");
    world.kcp.hold_workspaces(false);
    assert_eq!(world.get(path).await.1["status"]["phase"], "Ready");
    world.bind("slow", json!([])).await;
    world.thing("slow", "one").await;
    let before = world.kcp.logical_cluster("root:slow").unwrap();
    assert_eq!(world.send(Method::DELETE, path, &Value::Null).await.0, 200);
    assert!(world.kcp.workspace("root:slow").is_none());
    let all = format!("{}/clusters/*/apis/example.org/v1/things", endpoint(&world).await);
    assert_eq!(world.get(&all).await.1["items"], json!([]));
    world.kcp.create_workspace("root", "slow").unwrap();
    assert_ne!(
        world.kcp.logical_cluster("root:slow").unwrap(),
        before,
        "another workspace at the same path"
    );
    let objects = world.kcp.workspace("root:slow").unwrap().objects();
    assert!(
        objects
            .get(
                &("core.kcp.io", "LogicalCluster").into(),
                &Key::cluster("cluster")
            )
            .is_some()
    );
}

#[tokio::test]
async fn each_shard_shows_its_own_workspaces_and_their_bindings() {
    let world = World::new().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let shard = world.kcp.serve_shard(1, listener).unwrap();
    world.kcp.create_workspace_on(1, "root", "c").unwrap();
    for workspace in ["a", "c"] {
        world.bind(workspace, json!([])).await;
        world.thing(workspace, "one").await;
    }
    let path = "/clusters/root:platform/apis/apis.kcp.io/v1alpha1/apiexportendpointslices/things";
    let (_, slice) = world.get(path).await;
    let endpoints = slice["status"]["endpoints"].as_array().unwrap();
    let hosts = [world.serving.address(), shard.address()];
    assert_eq!(endpoints.len(), 2);
    let cluster = |path: &str| world.kcp.logical_cluster(path).unwrap();
    for (host, workspace) in hosts.into_iter().zip(["root:a", "root:c"]) {
        let base = endpoint(&world).await;
        for resource in ["example.org/v1/things", "apis.kcp.io/v1alpha2/apibindings"] {
            let url = format!("http://{host}{base}/clusters/*/apis/{resource}");
            let answer = world
                .client
                .get(url)
                .bearer_auth(&world.token)
                .send()
                .await
                .unwrap();
            let list: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
            let items = list["items"].as_array().unwrap();
            assert_eq!(items.len(), 1, "{resource} at {host}: {list}");
            let of = &items[0]["metadata"]["annotations"]["kcp.io/cluster"];
            assert_eq!(*of, cluster(workspace), "{resource} at {host}");
        }
    }
    shard.shutdown().await;
    assert_eq!(world.get(&things("c")).await.0, 503);
    assert_eq!(world.get(&things("a")).await.0, 200);
}
