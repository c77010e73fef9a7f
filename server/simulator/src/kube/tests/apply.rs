//! Server-side apply.

use serde_json::{Value, json};

use super::{BUCKETS, Served, bucket, fields};

fn with(spec: &Value) -> Value {
    let mut object = bucket("one");
    object["spec"] = spec.clone();
    object
}

fn entry<'a>(object: &'a Value, manager: &str) -> &'a Value {
    let entries = object["metadata"]["managedFields"].as_array().unwrap();
    entries
        .iter()
        .find(|entry| entry["manager"] == manager)
        .unwrap_or(&Value::Null)
}

#[tokio::test]
async fn apply_creates_and_a_second_apply_changes_nothing() {
    let served = Served::new().await;
    let (code, made) = served.apply("one", "portico", &bucket("one")).await;
    assert_eq!(code, 201, "{made}");
    assert_eq!(made["spec"]["size"], 3);
    let owned = entry(&made, "portico");
    assert_eq!(
        (&owned["operation"], &owned["fieldsV1"]),
        (&json!("Apply"), &json!({"f:spec": {"f:region": {}}}))
    );
    let (code, again) = served.apply("one", "portico", &bucket("one")).await;
    assert_eq!(code, 200);
    assert_eq!(
        again["metadata"]["resourceVersion"],
        made["metadata"]["resourceVersion"]
    );
}

#[tokio::test]
async fn fields_left_out_of_an_apply_are_removed_unless_shared() {
    let served = Served::new().await;
    served
        .apply(
            "one",
            "a",
            &with(&json!({"region": "eu", "size": 5, "tags": {"x": "1", "y": "2"}})),
        )
        .await;
    served
        .apply("one", "b", &with(&json!({"region": "eu", "tags": {"y": "2"}})))
        .await;
    let (_, left) = served.apply("one", "a", &with(&json!({"region": "eu"}))).await;
    assert_eq!(
        left["spec"],
        json!({"region": "eu", "size": 3, "tags": {"y": "2"}}),
        "{left}"
    );
    let (_, left) = served.apply("one", "b", &with(&json!({"region": "eu"}))).await;
    assert_eq!(left["spec"], json!({"region": "eu", "size": 3}));
}

#[tokio::test]
async fn a_field_of_another_manager_conflicts_unless_forced() {
    let served = Served::new().await;
    served
        .apply("one", "a", &with(&json!({"region": "eu", "size": 5})))
        .await;
    let other = with(&json!({"region": "eu", "size": 6}));
    let (code, status) = served.apply("one", "b", &other).await;
    assert_eq!(
        (code.as_u16(), &status["reason"], fields(&status)),
        (409, &json!("Conflict"), vec![".spec.size"])
    );
    assert_eq!(status["details"]["causes"][0]["reason"], "FieldManagerConflict");
    assert_eq!(
        status["message"],
        "Apply failed with 1 conflict: conflict with \"a\": .spec.size"
    );
    let (code, taken) = served.apply("one", "b&force=true", &other).await;
    assert_eq!((code.as_u16(), &taken["spec"]["size"]), (200, &json!(6)));
    assert_eq!(
        entry(&taken, "a")["fieldsV1"],
        json!({"f:spec": {"f:region": {}}})
    );
    // The same value is no conflict: both managers own it.
    let (code, shared) = served.apply("one", "c", &other).await;
    assert_eq!(code, 200);
    assert_eq!(
        entry(&shared, "c")["fieldsV1"],
        json!({"f:spec": {"f:region": {}, "f:size": {}}})
    );
}

#[tokio::test]
async fn items_of_a_map_list_are_owned_by_their_appliers() {
    let served = Served::new().await;
    let users = |names: &[&str]| -> Value {
        let users: Vec<Value> = names
            .iter()
            .map(|name| json!({"name": name, "role": "reader"}))
            .collect();
        with(&json!({"region": "eu", "users": users}))
    };
    served.apply("one", "a", &users(&["ann", "bob"])).await;
    let (_, both) = served.apply("one", "b", &users(&["cid"])).await;
    let names = |object: &Value| -> Vec<String> {
        let users = object["spec"]["users"].as_array().unwrap();
        users
            .iter()
            .map(|user| user["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(&both), ["ann", "bob", "cid"]);
    let (_, fewer) = served.apply("one", "a", &users(&["bob"])).await;
    assert_eq!(names(&fewer), ["bob", "cid"]);
    let promoted = with(&json!({"region": "eu", "users": [{"name": "bob", "role": "writer"}]}));
    let (code, status) = served.apply("one", "b", &promoted).await;
    assert_eq!(
        (code.as_u16(), fields(&status)),
        (409, vec![".spec.users[name=\"bob\"].role"])
    );
}

#[tokio::test]
async fn other_writes_own_the_fields_they_change() {
    let served = Served::new().await;
    served
        .apply("one", "a", &with(&json!({"region": "eu", "size": 5})))
        .await;
    let path = format!("{BUCKETS}/one?fieldManager=scaler");
    let (_, scaled) = served.merge(&path, &json!({"spec": {"size": 8}})).await;
    assert_eq!(
        entry(&scaled, "scaler")["fieldsV1"],
        json!({"f:spec": {"f:size": {}}})
    );
    assert_eq!(
        entry(&scaled, "a")["fieldsV1"],
        json!({"f:spec": {"f:region": {}}})
    );
    let (code, status) = served
        .apply("one", "a", &with(&json!({"region": "eu", "size": 5})))
        .await;
    assert_eq!(code, 409);
    assert!(
        status["message"]
            .as_str()
            .unwrap()
            .contains("\"scaler\" using storage.example.org/v1"),
        "{status}"
    );
    // A manager that leaves the field out gives up its ownership.
    let (code, left) = served.apply("one", "a", &with(&json!({"region": "eu"}))).await;
    assert_eq!((code.as_u16(), &left["spec"]["size"]), (200, &json!(8)));
}

#[tokio::test]
async fn status_is_applied_through_its_subresource_and_owned_separately() {
    let served = Served::new().await;
    served.apply("one", "portico", &bucket("one")).await;
    let status =
        json!({"apiVersion": "storage.example.org/v1", "kind": "Bucket", "status": {"phase": "Ready"}});
    let path = format!("{BUCKETS}/one/status?fieldManager=controller");
    let (code, ready) = served.patch(&path, "application/apply-patch+yaml", &status).await;
    assert_eq!(
        (code.as_u16(), &ready["status"]["phase"], &ready["spec"]["region"]),
        (200, &json!("Ready"), &json!("eu"))
    );
    let owned = entry(&ready, "controller");
    assert_eq!(
        (&owned["subresource"], &owned["fieldsV1"]),
        (&json!("status"), &json!({"f:status": {"f:phase": {}}}))
    );
    let (_, again) = served.apply("one", "portico", &bucket("one")).await;
    assert_eq!(again["status"]["phase"], "Ready");
}

#[tokio::test]
async fn an_apply_needs_a_field_manager_and_is_validated() {
    let served = Served::new().await;
    let path = format!("{BUCKETS}/one");
    let (code, status) = served
        .patch(&path, "application/apply-patch+yaml", &bucket("one"))
        .await;
    assert_eq!((code.as_u16(), fields(&status)), (422, vec!["fieldManager"]));
    let (code, status) = served.apply("one", "a", &with(&json!({"region": "mars"}))).await;
    assert_eq!((code.as_u16(), &status["reason"]), (422, &json!("Invalid")));
    let (code, _) = served.apply("one", "a&dryRun=All", &bucket("one")).await;
    assert_eq!(code, 201);
    assert_eq!(served.get(&path).await.0, 404);
    let mut other = bucket("two");
    other["metadata"]["managedFields"] = json!([]);
    assert_eq!(served.apply("two", "a", &other).await.0, 400);
    assert_eq!(served.apply("one", "a", &bucket("two")).await.0, 400);
}

#[tokio::test]
async fn yaml_bodies_are_accepted() {
    let served = Served::new().await;
    let yaml =
        "apiVersion: storage.example.org/v1\nkind: Bucket\nmetadata: {name: one}\nspec:\n  region: us\n";
    let request = served
        .request(reqwest::Method::PATCH, &format!("{BUCKETS}/one?fieldManager=a"))
        .header("content-type", "application/apply-patch+yaml")
        .body(yaml);
    let (code, made) = Served::send(request).await;
    assert_eq!((code.as_u16(), &made["spec"]["region"]), (201, &json!("us")));
}
