//! Lists, tables, discovery, `OpenAPI`.

use reqwest::Method;
use serde_json::{Value, json};

use super::{BUCKETS, Served, bucket};

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["metadata"]["name"].as_str().unwrap())
        .collect()
}

async fn three() -> Served {
    let served = Served::new().await;
    for (name, team) in [("a", "x"), ("b", "y"), ("c", "x")] {
        let mut object = bucket(name);
        object["metadata"]["labels"] = json!({"team": team});
        served.post(BUCKETS, &object).await;
    }
    served
}

#[tokio::test]
async fn pages_of_a_list_show_one_revision() {
    let served = three().await;
    let (_, first) = served.get(&format!("{BUCKETS}?limit=2")).await;
    assert_eq!(names(&first), ["a", "b"]);
    assert_eq!(
        (&first["kind"], &first["metadata"]["remainingItemCount"]),
        (&json!("BucketList"), &json!(1))
    );
    served.delete(&format!("{BUCKETS}/c")).await;
    served.post(BUCKETS, &bucket("d")).await;
    let token = first["metadata"]["continue"].as_str().unwrap();
    let (_, second) = served.get(&format!("{BUCKETS}?limit=2&continue={token}")).await;
    assert_eq!(names(&second), ["c"]);
    assert_eq!(
        second["metadata"]["resourceVersion"],
        first["metadata"]["resourceVersion"]
    );
    served.plane.forget_history();
    let (code, status) = served.get(&format!("{BUCKETS}?limit=2&continue={token}")).await;
    assert_eq!((code.as_u16(), &status["reason"]), (410, &json!("Expired")));
    assert_eq!(served.get(&format!("{BUCKETS}?continue=nonsense")).await.0, 400);
}

#[tokio::test]
async fn label_and_field_selectors_filter() {
    let served = three().await;
    for (query, expected) in [
        ("labelSelector=team%3Dx", vec!["a", "c"]),
        ("labelSelector=team!%3Dx", vec!["b"]),
        ("labelSelector=team+in+(x,y),team+notin+(y)", vec!["a", "c"]),
        ("labelSelector=!team", vec![]),
        ("fieldSelector=metadata.name%3Db", vec!["b"]),
    ] {
        let (code, list) = served.get(&format!("{BUCKETS}?{query}")).await;
        assert_eq!((code.as_u16(), names(&list)), (200, expected), "{query}");
    }
    assert_eq!(
        served
            .get(&format!("{BUCKETS}?fieldSelector=spec.size%3D3"))
            .await
            .0,
        400
    );
    assert_eq!(served.get(&format!("{BUCKETS}?labelSelector=a+b+c")).await.0, 400);
    let (_, everywhere) = served.get("/apis/storage.example.org/v1/buckets").await;
    assert_eq!(names(&everywhere), ["a", "b", "c"]);
}

#[tokio::test]
async fn a_table_has_the_columns_of_the_definition() {
    let served = three().await;
    served
        .merge(
            &format!("{BUCKETS}/a/status"),
            &json!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}}),
        )
        .await;
    let accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    let request = served.request(Method::GET, BUCKETS).header("accept", accept);
    let (_, table) = Served::send(request).await;
    let columns: Vec<&str> = table["columnDefinitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["name"].as_str().unwrap())
        .collect();
    assert_eq!(columns, ["Name", "Region", "Ready", "Age"]);
    assert_eq!(
        table["rows"][0]["cells"].as_array().unwrap()[..3],
        [json!("a"), json!("eu"), json!("True")]
    );
    assert_eq!(table["rows"][1]["cells"][2], Value::Null);
    assert_eq!(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
}

#[tokio::test]
async fn partial_metadata_can_be_requested() {
    let served = three().await;
    let accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    let request = served.request(Method::GET, BUCKETS).header("accept", accept);
    let (_, list) = Served::send(request).await;
    assert_eq!(list["kind"], "PartialObjectMetadataList");
    assert!(list["items"][0]["spec"].is_null());
    let request = served
        .request(Method::GET, BUCKETS)
        .header("accept", "application/cbor");
    assert_eq!(Served::send(request).await.0, 406);
}

#[tokio::test]
async fn discovery_works_plain_and_aggregated() {
    let served = Served::new().await;
    let (_, groups) = served.get("/apis").await;
    let found = groups["groups"]
        .as_array()
        .unwrap()
        .iter()
        .find(|g| g["name"] == "storage.example.org");
    assert_eq!(
        found.unwrap()["preferredVersion"]["groupVersion"],
        "storage.example.org/v1"
    );
    let (_, resources) = served.get("/apis/storage.example.org/v1").await;
    let resources: Vec<&str> = resources["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["name"].as_str().unwrap())
        .collect();
    assert_eq!(resources, ["buckets", "buckets/status"]);
    let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    let request = served.request(Method::GET, "/apis").header("accept", accept);
    let (_, all) = Served::send(request).await;
    assert_eq!(all["apiVersion"], "apidiscovery.k8s.io/v2");
    let group = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|g| g["metadata"]["name"] == "storage.example.org");
    let bucket = &group.unwrap()["versions"][0]["resources"][0];
    assert_eq!(
        (&bucket["resource"], &bucket["scope"]),
        (&json!("buckets"), &json!("Namespaced"))
    );
    assert_eq!(bucket["subresources"][0]["subresource"], "status");
    let (_, xrds) = served.get("/apis/apiextensions.crossplane.io").await;
    assert_eq!(xrds["preferredVersion"]["version"], "v2");
    assert_eq!(served.get("/apis/nothing.example.org").await.0, 404);
    assert_eq!(served.get("/apis/nothing.example.org/v1/things").await.0, 404);
}

#[tokio::test]
async fn openapi_has_the_schema_of_the_definition() {
    let served = Served::new().await;
    let (_, index) = served.get("/openapi/v3").await;
    let address = index["paths"]["apis/storage.example.org/v1"]["serverRelativeURL"]
        .as_str()
        .unwrap();
    let (_, document) = served.get(address).await;
    let schema = &document["components"]["schemas"]["org.example.storage.v1.Bucket"];
    assert_eq!(
        schema["properties"]["spec"]["properties"]["region"]["enum"],
        json!(["eu", "us"])
    );
    assert_eq!(schema["x-kubernetes-group-version-kind"][0]["kind"], "Bucket");
}
