//! Create, update and patch.

use reqwest::Method;
use serde_json::json;

use super::{BUCKETS, Served, bucket, fields};

#[tokio::test]
async fn a_new_object_gets_identity_and_defaults() {
    let served = Served::new().await;
    let (code, made) = served.post(BUCKETS, &bucket("one")).await;
    assert_eq!(code, 201, "{made}");
    assert_eq!(made["spec"]["size"], 3);
    assert_eq!(made["metadata"]["generation"], 1);
    assert_eq!(made["metadata"]["namespace"], "default");
    assert!(made["metadata"]["uid"].is_string());
    let (code, again) = served.post(BUCKETS, &bucket("one")).await;
    assert_eq!((code.as_u16(), &again["reason"]), (409, &json!("AlreadyExists")));
    assert_eq!(again["details"]["kind"], "buckets");
}

#[tokio::test]
async fn a_generated_name_starts_with_its_prefix() {
    let served = Served::new().await;
    let mut wanted = bucket("");
    wanted["metadata"] = json!({"generateName": "log-"});
    let (code, made) = served.post(BUCKETS, &wanted).await;
    assert_eq!(code, 201, "{made}");
    let name = made["metadata"]["name"].as_str().unwrap();
    assert!(name.starts_with("log-") && name.len() == 9, "{name}");
}

#[tokio::test]
async fn an_invalid_object_is_refused_with_all_its_fields() {
    let served = Served::new().await;
    let mut wrong = bucket("one");
    wrong["spec"] = json!({"region": "mars", "size": 0});
    let (code, status) = served.post(BUCKETS, &wrong).await;
    assert_eq!((code.as_u16(), &status["reason"]), (422, &json!("Invalid")));
    assert_eq!(status["details"]["kind"], "Bucket");
    assert!(
        fields(&status).contains(&"spec.region") && fields(&status).contains(&"spec.size"),
        "{status}"
    );
}

#[tokio::test]
async fn a_namespace_must_exist() {
    let served = Served::new().await;
    let (code, status) = served
        .post(
            "/apis/storage.example.org/v1/namespaces/nowhere/buckets",
            &bucket("one"),
        )
        .await;
    assert_eq!(
        (code.as_u16(), &status["message"]),
        (404, &json!("namespaces \"nowhere\" not found"))
    );
}

#[tokio::test]
async fn field_validation_handles_unknown_fields() {
    let served = Served::new().await;
    let mut odd = bucket("one");
    odd["spec"]["colour"] = json!("red");
    let (code, status) = served
        .post(&format!("{BUCKETS}?fieldValidation=Strict"), &odd)
        .await;
    assert_eq!(code, 400);
    assert!(
        status["message"]
            .as_str()
            .unwrap()
            .contains("unknown field \"spec.colour\""),
        "{status}"
    );
    let response = served
        .request(Method::POST, BUCKETS)
        .json(&odd)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 201);
    assert_eq!(
        response.headers()["warning"],
        "299 - \"unknown field \\\"spec.colour\\\"\""
    );
    let (_, made) = served.get(&format!("{BUCKETS}/one")).await;
    assert!(made["spec"]["colour"].is_null());
}

#[tokio::test]
async fn unknown_fields_are_found_in_an_ignored_status_too() {
    let served = Served::new().await;
    let mut odd = bucket("one");
    odd["status"] = json!({"disk": {"colour": "red", "a\nb": 1}});
    let response = served.request(Method::POST, BUCKETS).json(&odd).send().await;
    let response = response.unwrap();
    assert_eq!(response.status(), 201);
    let warnings: Vec<_> = response.headers().get_all("warning").iter().collect();
    // Warnings that do not fit a header are not sent.
    assert_eq!(warnings, ["299 - \"unknown field \\\"status.disk.colour\\\"\""]);
}

#[tokio::test]
async fn a_stale_resource_version_conflicts_and_updates_increase_it() {
    let served = Served::new().await;
    let (_, made) = served.post(BUCKETS, &bucket("one")).await;
    let mut larger = made.clone();
    larger["spec"]["size"] = json!(9);
    let path = format!("{BUCKETS}/one");
    let (code, changed) = served.put(&path, &larger).await;
    assert_eq!(
        (code.as_u16(), &changed["metadata"]["generation"]),
        (200, &json!(2))
    );
    let (code, status) = served.put(&path, &larger).await;
    assert_eq!((code.as_u16(), &status["reason"]), (409, &json!("Conflict")));
    let (code, same) = served.put(&path, &changed).await;
    assert_eq!(code, 200);
    assert_eq!(
        same["metadata"]["resourceVersion"],
        changed["metadata"]["resourceVersion"]
    );
    let mut blind = bucket("one");
    blind["spec"]["size"] = json!(1);
    let (code, status) = served.put(&path, &blind).await;
    assert_eq!(
        (code.as_u16(), fields(&status)),
        (422, vec!["metadata.resourceVersion"])
    );
}

#[tokio::test]
async fn status_is_written_only_through_its_subresource() {
    let served = Served::new().await;
    let mut wanted = bucket("one");
    wanted["status"] = json!({"phase": "invented"});
    let (_, made) = served.post(BUCKETS, &wanted).await;
    assert!(made["status"].is_null());
    let path = format!("{BUCKETS}/one");
    let change = json!({"spec": {"size": 7}, "status": {"phase": "Ready"}});
    let (code, changed) = served.merge(&format!("{path}/status"), &change).await;
    assert_eq!(code, 200, "{changed}");
    assert_eq!(
        (&changed["spec"]["size"], &changed["status"]["phase"]),
        (&json!(3), &json!("Ready"))
    );
    assert_eq!(changed["metadata"]["generation"], 1);
    let (_, changed) = served
        .merge(&path, &json!({"status": {"phase": "Gone"}, "spec": {"size": 8}}))
        .await;
    assert_eq!(
        (&changed["spec"]["size"], &changed["status"]["phase"]),
        (&json!(8), &json!("Ready"))
    );
}

#[tokio::test]
async fn every_patch_type_works() {
    let served = Served::new().await;
    served.post(BUCKETS, &bucket("one")).await;
    let path = format!("{BUCKETS}/one");
    let (_, made) = served
        .merge(&path, &json!({"spec": {"tags": {"a": "1", "b": "2"}}}))
        .await;
    assert_eq!(made["spec"]["tags"], json!({"a": "1", "b": "2"}));
    let (_, made) = served.merge(&path, &json!({"spec": {"tags": {"a": null}}})).await;
    assert_eq!(made["spec"]["tags"], json!({"b": "2"}));
    let json_patch = json!([{"op": "test", "path": "/spec/size", "value": 3}, {"op": "replace", "path": "/spec/size", "value": 4}]);
    let (code, made) = served
        .patch(&path, "application/json-patch+json", &json_patch)
        .await;
    assert_eq!((code.as_u16(), &made["spec"]["size"]), (200, &json!(4)));
    let (code, _) = served
        .patch(&path, "application/json-patch+json", &json_patch)
        .await;
    assert_eq!(code, 422);
    let (code, _) = served
        .patch(&path, "application/strategic-merge-patch+json", &json!({}))
        .await;
    assert_eq!(code, 415);
    let stale = json!({"metadata": {"resourceVersion": "1"}, "spec": {"size": 5}});
    assert_eq!(served.merge(&path, &stale).await.0, 409);
}

#[tokio::test]
async fn a_json_patch_changes_maps_and_lists() {
    let served = Served::new().await;
    let mut object = bucket("one");
    object["metadata"]["finalizers"] = json!(["example.org/a"]);
    served.post(BUCKETS, &object).await;
    let operations = json!([
        {"op": "add", "path": "/metadata/annotations", "value": {}},
        {"op": "add", "path": "/metadata/annotations/example.org~1a", "value": "x"},
        {"op": "copy", "from": "/metadata/annotations/example.org~1a", "path": "/metadata/annotations/b"},
        {"op": "move", "from": "/metadata/annotations/b", "path": "/metadata/annotations/c"},
        {"op": "add", "path": "/metadata/finalizers/-", "value": "example.org/b"},
        {"op": "add", "path": "/metadata/finalizers/0", "value": "example.org/c"},
        {"op": "remove", "path": "/metadata/finalizers/1"},
    ]);
    let (code, made) = served
        .patch(
            &format!("{BUCKETS}/one"),
            "application/json-patch+json",
            &operations,
        )
        .await;
    assert_eq!(code, 200, "{made}");
    let metadata = &made["metadata"];
    assert_eq!(metadata["annotations"], json!({"example.org/a": "x", "c": "x"}));
    assert_eq!(metadata["finalizers"], json!(["example.org/c", "example.org/b"]));
}

#[tokio::test]
async fn a_json_patch_that_does_not_fit_changes_nothing() {
    let served = Served::new().await;
    let (_, made) = served.post(BUCKETS, &bucket("one")).await;
    let path = format!("{BUCKETS}/one");
    let set = json!({"op": "replace", "path": "/spec/size", "value": 4});
    let unfit = (
        422,
        "Invalid",
        "the server rejected our request due to an error in our request",
    );
    let malformed = (400, "BadRequest", "error decoding patch: ");
    let many = "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001";
    for (patch, (code, reason, message)) in [
        (
            json!([set, {"op": "test", "path": "/spec/size", "value": 5}]),
            unfit,
        ),
        (json!([set, {"op": "remove", "path": "/spec/none"}]), unfit),
        (json!([set, {"op": "add", "path": "/none/a", "value": 1}]), unfit),
        (
            json!([set, {"op": "copy", "from": "/none/a", "path": "/spec/size"}]),
            unfit,
        ),
        (json!(set), malformed),
        (json!([{"op": 1, "path": "/spec/size"}]), malformed),
        (json!([{"op": "mend", "path": "/spec/size"}]), unfit),
        (json!([{"op": "add", "path": "spec", "value": 1}]), unfit),
        (json!(vec![set; 10_001]), (413, "RequestEntityTooLarge", many)),
    ] {
        let (status, said) = served.patch(&path, "application/json-patch+json", &patch).await;
        assert_eq!(status, code, "{said}");
        assert_eq!(said["reason"], reason);
        let words = said["message"].as_str().unwrap();
        assert!(words.starts_with(message), "{words}");
        assert!(code == 400 || words == message, "{words}");
    }
    assert_eq!(served.get(&path).await.1, made);
}

#[tokio::test]
async fn a_transition_rule_sees_the_old_object() {
    let served = Served::new().await;
    served.post(BUCKETS, &bucket("one")).await;
    let (code, status) = served
        .merge(&format!("{BUCKETS}/one"), &json!({"spec": {"region": "us"}}))
        .await;
    assert_eq!(code, 422);
    assert!(
        status["message"]
            .as_str()
            .unwrap()
            .contains("a bucket does not move"),
        "{status}"
    );
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let served = Served::new().await;
    let (code, made) = served
        .post(&format!("{BUCKETS}?dryRun=All"), &bucket("one"))
        .await;
    assert_eq!((code.as_u16(), &made["spec"]["size"]), (201, &json!(3)));
    assert_eq!(served.get(&format!("{BUCKETS}/one")).await.0, 404);
    let (code, _) = served
        .post(&format!("{BUCKETS}?dryRun=Some"), &bucket("one"))
        .await;
    assert_eq!(code, 400);
}

#[tokio::test]
async fn a_secret_stores_string_data_in_base64() {
    let served = Served::new().await;
    let secrets = "/api/v1/namespaces/default/secrets";
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}, "stringData": {"user": "app"}});
    let (code, made) = served.post(secrets, &secret).await;
    assert_eq!(
        (code.as_u16(), &made["data"]["user"], &made["type"]),
        (201, &json!("YXBw"), &json!("Opaque"))
    );
    assert!(made["stringData"].is_null());
    let (_, made) = served
        .patch(
            &format!("{secrets}/login"),
            "application/strategic-merge-patch+json",
            &json!({"data": {"user": null, "key": "eA=="}}),
        )
        .await;
    assert_eq!(made["data"], json!({"key": "eA=="}));
    let wrong = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "wrong"}, "data": {"key": "~~hush~~"}});
    let (code, status) = served.post(secrets, &wrong).await;
    assert_eq!(code, 422);
    assert!(
        !status.to_string().contains("hush"),
        "a secret must not be told: {status}"
    );
}
