//! JSON Patch (RFC 6902): the simulator answers as a real API server does, also where that departs from the RFC.

use std::time::Duration;

use portico_simulator::kube::{ControlPlane, Settings};
use portico_tests::apiserver::ApiServer;
use portico_tests::raw_client::{RawClient, RawResponse};
use portico_tests::until::until;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

const LAMPS: &str = "/apis/tests.portico.dev/v1/namespaces/default/lamps";
const LAMP: &str = "/apis/tests.portico.dev/v1/namespaces/default/lamps/one";
const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const JSON_PATCH: &str = "application/json-patch+json";

fn definition() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": "lamps.tests.portico.dev" },
        "spec": {
            "group": "tests.portico.dev", "scope": "Namespaced",
            "names": { "kind": "Lamp", "plural": "lamps", "singular": "lamp", "listKind": "LampList" },
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": { "status": {} },
                "schema": { "openAPIV3Schema": { "type": "object", "properties": {
                    "spec": {
                        "type": "object", "required": ["size"], "properties": {
                            "size": { "type": "integer", "minimum": 1, "maximum": 9 },
                            "colour": { "type": "string" },
                            "parts": { "type": "array", "items": { "type": "string" } },
                            "marks": { "type": "object", "additionalProperties": { "type": "string" } },
                            "nested": { "type": "object", "x-kubernetes-preserve-unknown-fields": true },
                        },
                    },
                    "status": { "type": "object", "properties": { "phase": { "type": "string" } } },
                }}},
            }],
        },
    })
}

fn lamp() -> Value {
    json!({
        "apiVersion": "tests.portico.dev/v1", "kind": "Lamp",
        "metadata": {
            "name": "one", "annotations": { "example.org/a": "x", "example.org/y": "y" },
            "finalizers": ["example.org/keep"],
        },
        "spec": {
            "size": 3, "colour": "red", "parts": ["a", "b", "c"], "marks": { "m": "1" },
            "nested": { "list": [{ "k": [1, 2.5, null] }], "deep": { "er": true }, "": "empty key" },
        },
    })
}

/// Each: a name, the path below [`LAMPS`], the body. Left out is what the simulator refuses with other words: where the
/// API server prints the whole object (fields of a wrong type, `fieldValidation=Strict`), and a patch that changes
/// kind or uid.
#[expect(clippy::too_many_lines, reason = "a table, a row for each case")]
fn cases() -> Vec<(&'static str, &'static str, String)> {
    let one = |operation: Value| Value::from(vec![operation]).to_string();
    let op = |op: &str, path: &str| json!({ "op": op, "path": path });
    let with = |operation: &str, path: &str, value: Value| {
        one(json!({ "op": operation, "path": path, "value": value }))
    };
    let from =
        |operation: &str, from: &str, path: &str| one(json!({ "op": operation, "from": from, "path": path }));
    let many = |count: usize| {
        let operation = json!({ "op": "test", "path": "/spec/size", "value": 3 });
        Value::from(vec![operation; count]).to_string()
    };
    vec![
        ("add a field", "one", with("add", "/spec/marks/n", json!("2"))),
        ("add over a field", "one", with("add", "/spec/size", json!(4))),
        (
            "add below a missing field",
            "one",
            with("add", "/spec/no/such", json!(1)),
        ),
        (
            "add below a scalar",
            "one",
            with("add", "/spec/size/such", json!(1)),
        ),
        ("add into a list", "one", with("add", "/spec/parts/1", json!("x"))),
        (
            "add to a list's end",
            "one",
            with("add", "/spec/parts/-", json!("x")),
        ),
        (
            "add at a list's length",
            "one",
            with("add", "/spec/parts/3", json!("x")),
        ),
        (
            "add beyond a list",
            "one",
            with("add", "/spec/parts/4", json!("x")),
        ),
        (
            "add at a negative index",
            "one",
            with("add", "/spec/parts/-1", json!("x")),
        ),
        (
            "add before a list",
            "one",
            with("add", "/spec/parts/-9", json!("x")),
        ),
        ("add at a word", "one", with("add", "/spec/parts/one", json!("x"))),
        ("add at 01", "one", with("add", "/spec/parts/01", json!("x"))),
        ("add at +1", "one", with("add", "/spec/parts/+1", json!("x"))),
        (
            "add an escaped slash",
            "one",
            with("add", "/metadata/annotations/example.org~1b", json!("z")),
        ),
        (
            "add an escaped tilde",
            "one",
            with("add", "/metadata/annotations/til~0de2", json!("z")),
        ),
        (
            "add an unknown escape",
            "one",
            with("add", "/metadata/annotations/til~2de", json!("z")),
        ),
        ("add ~01", "one", with("add", "/spec/marks/~01", json!("z"))),
        ("add the whole", "one", with("add", "one", lamp())),
        ("add without a value", "one", one(op("add", "/spec/colour"))),
        ("add null", "one", with("add", "/spec/colour", Value::Null)),
        (
            "add without a path",
            "one",
            one(json!({ "op": "add", "value": 1 })),
        ),
        ("add a path without a slash", "one", with("add", "spec", json!(1))),
        (
            "add an unknown field",
            "one",
            with("add", "/spec/unknown", json!(1)),
        ),
        ("add a wrong type", "one", with("add", "/spec/colour", json!(1))),
        (
            "add too large a number",
            "one",
            with("add", "/spec/size", json!(12)),
        ),
        ("remove a field", "one", one(op("remove", "/spec/colour"))),
        ("remove a required field", "one", one(op("remove", "/spec/size"))),
        (
            "remove a missing field",
            "one",
            one(op("remove", "/spec/nothing")),
        ),
        (
            "remove below a missing field",
            "one",
            one(op("remove", "/spec/no/such")),
        ),
        ("remove the spec", "one", one(op("remove", "/spec"))),
        ("remove the metadata", "one", one(op("remove", "/metadata"))),
        ("remove the whole", "one", one(op("remove", "one"))),
        ("remove an item", "one", one(op("remove", "/spec/parts/0"))),
        (
            "remove the last item by -1",
            "one",
            one(op("remove", "/spec/parts/-1")),
        ),
        ("remove -", "one", one(op("remove", "/spec/parts/-"))),
        ("remove beyond a list", "one", one(op("remove", "/spec/parts/3"))),
        (
            "remove below an empty key",
            "one",
            one(op("remove", "/spec/nested/")),
        ),
        (
            "remove a finalizer",
            "one",
            one(op("remove", "/metadata/finalizers/0")),
        ),
        ("replace a field", "one", with("replace", "/spec/size", json!(5))),
        (
            "replace a missing field",
            "one",
            with("replace", "/spec/marks/new", json!("5")),
        ),
        (
            "replace below a missing field",
            "one",
            with("replace", "/spec/no/such", json!(5)),
        ),
        (
            "replace an item",
            "one",
            with("replace", "/spec/parts/2", json!("z")),
        ),
        (
            "replace the last item by -1",
            "one",
            with("replace", "/spec/parts/-1", json!("z")),
        ),
        (
            "replace beyond a list",
            "one",
            with("replace", "/spec/parts/3", json!("z")),
        ),
        ("replace -", "one", with("replace", "/spec/parts/-", json!("z"))),
        (
            "replace the spec by a number",
            "one",
            with("replace", "/spec", json!(5)),
        ),
        (
            "replace the whole by a number",
            "one",
            with("replace", "one", json!(5)),
        ),
        (
            "replace without a value",
            "one",
            one(op("replace", "/spec/colour")),
        ),
        (
            "move a field",
            "one",
            from("move", "/spec/marks/m", "/spec/marks/n"),
        ),
        (
            "move onto itself",
            "one",
            from("move", "/spec/marks/m", "/spec/marks/m"),
        ),
        (
            "move into itself",
            "one",
            from("move", "/spec/nested/deep", "/spec/nested/deep/er"),
        ),
        (
            "move from nowhere",
            "one",
            from("move", "/spec/marks/none", "/spec/marks/n"),
        ),
        (
            "move to nowhere",
            "one",
            from("move", "/spec/marks/m", "/spec/none/n"),
        ),
        (
            "move an item",
            "one",
            from("move", "/spec/parts/0", "/spec/parts/-"),
        ),
        ("move without from", "one", one(op("move", "/spec/marks/n"))),
        (
            "copy a field",
            "one",
            from("copy", "/spec/marks/m", "/spec/marks/n"),
        ),
        (
            "copy from nowhere",
            "one",
            from("copy", "/spec/marks/none", "/spec/marks/n"),
        ),
        (
            "copy from below nowhere",
            "one",
            from("copy", "/spec/none/none", "/spec/marks/n"),
        ),
        (
            "copy into itself",
            "one",
            from("copy", "/spec/nested", "/spec/nested/again"),
        ),
        (
            "copy an item",
            "one",
            from("copy", "/spec/parts/-1", "/spec/parts/0"),
        ),
        ("test a number", "one", with("test", "/spec/size", json!(3))),
        (
            "test a number written otherwise",
            "one",
            r#"[{"op":"test","path":"/spec/size","value":3.0}]"#.to_owned(),
        ),
        ("test another number", "one", with("test", "/spec/size", json!(4))),
        (
            "test an object",
            "one",
            with("test", "/spec/nested/deep", json!({ "er": true })),
        ),
        (
            "test a list",
            "one",
            with("test", "/spec/parts", json!(["a", "b", "c"])),
        ),
        (
            "test a list in another order",
            "one",
            with("test", "/spec/parts", json!(["b", "a", "c"])),
        ),
        (
            "test a missing field",
            "one",
            with("test", "/spec/nothing", json!(1)),
        ),
        (
            "test a missing field for null",
            "one",
            with("test", "/spec/nothing", Value::Null),
        ),
        (
            "test below a missing field",
            "one",
            with("test", "/spec/no/such", Value::Null),
        ),
        (
            "test null in a list",
            "one",
            with("test", "/spec/nested/list/0/k/2", Value::Null),
        ),
        ("test without a value", "one", one(op("test", "/spec/size"))),
        (
            "a failed test undoes what came before",
            "one",
            json!([
                { "op": "replace", "path": "/spec/size", "value": 5 },
                { "op": "test", "path": "/spec/size", "value": 3 },
            ])
            .to_string(),
        ),
        (
            "operations see the ones before",
            "one",
            json!([
                { "op": "add", "path": "/spec/marks/n", "value": "2" },
                { "op": "test", "path": "/spec/marks/n", "value": "2" },
                { "op": "move", "from": "/spec/marks/n", "path": "/spec/marks/o" },
                { "op": "remove", "path": "/spec/marks/m" },
            ])
            .to_string(),
        ),
        (
            "a stale resourceVersion",
            "one",
            with("replace", "/metadata/resourceVersion", json!("1")),
        ),
        (
            "no resourceVersion",
            "one",
            one(op("remove", "/metadata/resourceVersion")),
        ),
        ("no uid", "one", one(op("remove", "/metadata/uid"))),
        (
            "another name",
            "one",
            with("replace", "/metadata/name", json!("two")),
        ),
        (
            "another namespace",
            "one",
            with("replace", "/metadata/namespace", json!("kube-system")),
        ),
        ("no name", "one", one(op("remove", "/metadata/name"))),
        (
            "another generation",
            "one",
            with("replace", "/metadata/generation", json!(7)),
        ),
        (
            "another creation",
            "one",
            with(
                "replace",
                "/metadata/creationTimestamp",
                json!("2020-01-01T00:00:00Z"),
            ),
        ),
        (
            "labels that are none",
            "one",
            with("add", "/metadata/labels", json!({ "not valid!": "x" })),
        ),
        (
            "status by the object",
            "one",
            with("add", "/status", json!({ "phase": "On" })),
        ),
        (
            "status by the subresource",
            "one/status",
            with("add", "/status", json!({ "phase": "On" })),
        ),
        (
            "spec by the subresource",
            "one/status",
            with("replace", "/spec/size", json!(5)),
        ),
        (
            "a wrong status",
            "one/status",
            with("add", "/status", json!({ "phase": 1 })),
        ),
        (
            "below a missing status",
            "one/status",
            with("add", "/status/phase", json!("On")),
        ),
        ("no operation", "one", "[]".to_owned()),
        ("an unknown operation", "one", one(op("increase", "/spec/size"))),
        (
            "an operation in capitals",
            "one",
            one(op("Remove", "/spec/colour")),
        ),
        ("no op", "one", one(json!({ "path": "/spec/size" }))),
        (
            "an op that is no text",
            "one",
            one(json!({ "op": 1, "path": "/spec/size" })),
        ),
        (
            "a path that is no text",
            "one",
            one(json!({ "op": "remove", "path": 1 })),
        ),
        ("an operation that is null", "one", "[null]".to_owned()),
        ("an operation that is a number", "one", "[1]".to_owned()),
        (
            "an operation with another field",
            "one",
            one(json!({ "op": "remove", "path": "/spec/colour", "why": "x" })),
        ),
        ("as many operations as may be", "one", many(10_000)),
        ("too many operations", "one", many(10_001)),
        ("bad JSON", "one", r#"[{"op":"#.to_owned()),
        ("nothing", "one", String::new()),
        (
            "an object",
            "one",
            r#"{"op":"remove","path":"/spec/colour"}"#.to_owned(),
        ),
        ("text", "one", r#""remove""#.to_owned()),
        ("null", "one", "null".to_owned()),
        ("another object", "none", one(op("remove", "/spec/colour"))),
    ]
}

async fn prepare(plane: &RawClient) {
    plane.create(DEFINITIONS, &definition()).await;
    until("lamps are served", Duration::from_mins(1), async || {
        (plane.try_get(LAMPS).await? == 200).then_some(())
    })
    .await;
    until("a lamp is there", Duration::from_mins(1), async || {
        // The namespace `default` is made a moment after the start.
        let said = plane.ask(Method::POST, LAMPS, Some(&lamp())).await;
        said.is_success().then_some(())
    })
    .await;
}

/// What a client notices: without times, revisions and uids, which differ anyway.
async fn outcome(plane: &RawClient, stored: &Value, path: &str, body: &str) -> Value {
    let separator = if path.contains('?') { '&' } else { '?' };
    let path = format!("{LAMPS}/{path}{separator}dryRun=All");
    let RawResponse {
        status,
        warnings,
        body,
    } = plane
        .send(Method::PATCH, &path, JSON_PATCH, body.to_owned())
        .await;
    let metadata = &body["metadata"];
    let mut said = json!({
        "status": status, "warnings": warnings, "reason": body["reason"], "message": body["message"],
        "causes": body["details"]["causes"], "spec": body["spec"], "state": body["status"],
        "name": metadata["name"], "namespace": metadata["namespace"], "labels": metadata["labels"],
        "annotations": metadata["annotations"], "finalizers": metadata["finalizers"],
        "generation": metadata["generation"],
    });
    if let Some(causes) = said["causes"].as_array_mut() {
        // The API server checks metadata twice.
        causes.dedup();
    }
    if let Some(message) = said["message"].as_str() {
        let mut message = message.to_owned();
        for varies in ["uid", "resourceVersion"] {
            message = message.replace(stored["metadata"][varies].as_str().unwrap(), varies);
        }
        said["message"] = message.into();
    }
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn json_patches_have_the_outcome_that_they_have_on_a_real_api_server() {
    if !ApiServer::is_here("json_patches_have_the_outcome_that_they_have_on_a_real_api_server") {
        return;
    }
    let server = ApiServer::start().await;
    let real = server.raw_client();
    let plane = ControlPlane::new("patches", Settings::default());
    let serving = plane
        .serve(TcpListener::bind("127.0.0.1:0").await.unwrap())
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig.yaml");
    std::fs::write(&kubeconfig, plane.kubeconfig(serving.address())).unwrap();
    let simulated = RawClient::of(&kubeconfig);
    for plane in [&real, &simulated] {
        prepare(plane).await;
    }
    let stored = (real.get(LAMP).await.unwrap(), simulated.get(LAMP).await.unwrap());
    let mut differ = Vec::new();
    for (case, path, body) in cases() {
        let wanted = outcome(&real, &stored.0, path, &body).await;
        let found = outcome(&simulated, &stored.1, path, &body).await;
        if wanted != found {
            let fields = wanted.as_object().unwrap().iter();
            let fields = fields.filter(|(name, value)| found[name.as_str()] != **value);
            let fields: Vec<_> = fields
                .map(|(name, value)| format!("    {name}: {value}\n    simulator: {}", found[name.as_str()]))
                .collect();
            differ.push(format!("{case}\n{}", fields.join("\n")));
        }
    }
    assert!(
        differ.is_empty(),
        "{} differ:\n{}",
        differ.len(),
        differ.join("\n")
    );
    serving.shutdown().await;
}
