//! `CustomResourceDefinition`s and Crossplane's `CompositeResourceDefinition`s.

use serde_json::{Value, json};

use super::{BUCKETS, Served, Settings, bucket, bucket_definition, fields};

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

#[tokio::test]
async fn a_definition_is_established_at_once_and_deleted_with_its_objects() {
    let served = Served::with(Settings::default()).await;
    assert_eq!(served.get(BUCKETS).await.0, 404);
    let (code, made) = served.post(DEFINITIONS, &bucket_definition()).await;
    assert_eq!(code, 201, "{made}");
    let conditions = made["status"]["conditions"].as_array().unwrap();
    assert!(
        conditions
            .iter()
            .any(|c| c["type"] == "Established" && c["status"] == "True"),
        "{made}"
    );
    assert_eq!(made["spec"]["names"]["listKind"], "BucketList");
    served.post(BUCKETS, &bucket("one")).await;
    served
        .delete(&format!("{DEFINITIONS}/buckets.storage.example.org"))
        .await;
    assert_eq!(served.get(BUCKETS).await.0, 404);
    served.post(DEFINITIONS, &bucket_definition()).await;
    assert_eq!(served.get(&format!("{BUCKETS}/one")).await.0, 404);
}

#[tokio::test]
async fn a_changed_definition_applies_at_once() {
    let served = Served::new().await;
    let path = format!("{DEFINITIONS}/buckets.storage.example.org");
    let (_, mut definition) = served.get(&path).await;
    let spec = &mut definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"];
    spec["region"]["enum"] = json!(["eu", "us", "mars"]);
    let (code, changed) = served.put(&path, &definition).await;
    assert_eq!(code, 200, "{changed}");
    let mut martian = bucket("one");
    martian["spec"]["region"] = json!("mars");
    assert_eq!(served.post(BUCKETS, &martian).await.0, 201);
}

#[tokio::test]
async fn an_invalid_definition_is_refused() {
    let served = Served::with(Settings::default()).await;
    let mut wrong = bucket_definition();
    wrong["metadata"]["name"] = json!("pails.storage.example.org");
    wrong["spec"]["scope"] = json!("Galaxy");
    wrong["spec"]["versions"][0]["storage"] = json!(false);
    let (code, status) = served.post(DEFINITIONS, &wrong).await;
    assert_eq!(code, 422);
    assert_eq!(
        fields(&status),
        [
            "metadata.name",
            "spec.scope",
            "spec.versions",
            "status.storedVersions"
        ]
    );
    let mut unstructured = bucket_definition();
    unstructured["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = json!({"type": 7});
    assert_eq!(served.post(DEFINITIONS, &unstructured).await.0, 422);
}

#[tokio::test]
async fn each_served_version_can_be_requested() {
    let served = Served::with(Settings::default()).await;
    let mut definition = bucket_definition();
    let mut beta = definition["spec"]["versions"][0].clone();
    beta["name"] = json!("v1beta1");
    beta["storage"] = json!(false);
    beta["deprecated"] = json!(true);
    definition["spec"]["versions"].as_array_mut().unwrap().push(beta);
    served.post(DEFINITIONS, &definition).await;
    served.post(BUCKETS, &bucket("one")).await;
    let path = BUCKETS.replace("/v1/", "/v1beta1/");
    let request = served.request(reqwest::Method::GET, &format!("{path}/one"));
    let response = request.send().await.unwrap();
    let warning = response.headers()["warning"].to_str().unwrap().to_owned();
    assert!(
        warning.contains("storage.example.org/v1beta1 Bucket is deprecated"),
        "{warning}"
    );
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["apiVersion"], "storage.example.org/v1beta1");
}

fn composite(scope: &str) -> Value {
    let mut definition = json!({
        "apiVersion": "apiextensions.crossplane.io/v1",
        "kind": "CompositeResourceDefinition",
        "metadata": {"name": "xbases.example.org", "labels": {"portico.dev/offered": "true"}},
        "spec": {
            "group": "example.org",
            "scope": scope,
            "names": {"plural": "xbases", "kind": "XBase"},
            "versions": [{
                "name": "v1", "served": true, "referenceable": true,
                "schema": {"openAPIV3Schema": {
                    "type": "object",
                    "properties": {"spec": {
                        "type": "object",
                        "required": ["size"],
                        "properties": {"size": {"type": "integer", "maximum": 5}},
                    }},
                }},
            }],
        },
    });
    if scope == "LegacyCluster" {
        definition["spec"]["claimNames"] = json!({"plural": "bases", "kind": "Base"});
        definition["spec"]["defaultCompositeDeletePolicy"] = json!("Foreground");
    }
    definition
}

const COMPOSITES: &str = "/apis/apiextensions.crossplane.io/v1/compositeresourcedefinitions";

fn properties<'a>(definition: &'a Value, part: &str) -> &'a Value {
    &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"][part]["properties"]
}

#[tokio::test]
async fn a_legacy_xrd_defines_a_cluster_scoped_kind_and_a_claim_kind() {
    let served = Served::with(Settings::default()).await;
    let (code, made) = served.post(COMPOSITES, &composite("LegacyCluster")).await;
    assert_eq!(code, 201, "{made}");
    let offered = made["status"]["conditions"]
        .as_array()
        .unwrap()
        .iter()
        .any(|c| c["type"] == "Offered");
    assert!(offered, "{made}");
    let (_, cluster) = served.get(&format!("{DEFINITIONS}/xbases.example.org")).await;
    assert_eq!(
        (&cluster["spec"]["scope"], &cluster["spec"]["names"]["categories"]),
        (&json!("Cluster"), &json!(["composite"]))
    );
    assert!(properties(&cluster, "spec")["claimRef"].is_object());
    assert!(properties(&cluster, "spec")["crossplane"].is_null());
    let (_, claim) = served.get(&format!("{DEFINITIONS}/bases.example.org")).await;
    assert_eq!(claim["spec"]["scope"], "Namespaced");
    assert_eq!(claim["metadata"]["labels"]["portico.dev/offered"], "true");
    assert_eq!(
        claim["metadata"]["ownerReferences"][0]["name"],
        "xbases.example.org"
    );
    assert_eq!(
        properties(&claim, "spec")["compositeDeletePolicy"]["default"],
        "Foreground"
    );
    assert!(properties(&claim, "status")["connectionDetails"].is_object());
    let object = json!({"apiVersion": "example.org/v1", "kind": "Base", "metadata": {"name": "one"}, "spec": {"size": 9}});
    let (code, status) = served
        .post("/apis/example.org/v1/namespaces/default/bases", &object)
        .await;
    assert_eq!((code.as_u16(), fields(&status)[0]), (422, "spec.size"));
    served.delete(&format!("{COMPOSITES}/xbases.example.org")).await;
    assert_eq!(
        served.get(&format!("{DEFINITIONS}/bases.example.org")).await.0,
        404
    );
    assert_eq!(served.get("/apis/example.org/v1/bases").await.0, 404);
}

#[tokio::test]
async fn a_namespaced_composite_has_its_machinery_under_spec_crossplane() {
    let served = Served::with(Settings::default()).await;
    let (code, made) = served.post(COMPOSITES, &composite("Namespaced")).await;
    assert_eq!(code, 201, "{made}");
    let (_, definition) = served.get(&format!("{DEFINITIONS}/xbases.example.org")).await;
    assert_eq!(definition["spec"]["scope"], "Namespaced");
    let machinery = &properties(&definition, "spec")["crossplane"]["properties"];
    assert!(machinery["resourceRefs"]["items"]["properties"]["namespace"].is_null());
    assert!(machinery["compositionRef"].is_object() && machinery["claimRef"].is_null());
    assert_eq!(
        served.get(&format!("{DEFINITIONS}/bases.example.org")).await.0,
        404
    );
    let (_, modern) = served.get(&COMPOSITES.replace("/v1/", "/v2/")).await;
    assert_eq!(modern["items"][0]["spec"]["scope"], "Namespaced");
}

#[tokio::test]
async fn only_legacy_xrds_have_claims_and_scopes_are_immutable() {
    let served = Served::with(Settings::default()).await;
    let mut wrong = composite("Namespaced");
    wrong["spec"]["claimNames"] = json!({"plural": "bases", "kind": "Base"});
    assert_eq!(served.post(COMPOSITES, &wrong).await.0, 422);
    served.post(COMPOSITES, &composite("Namespaced")).await;
    let path = format!("{COMPOSITES}/xbases.example.org");
    let (code, status) = served.merge(&path, &json!({"spec": {"scope": "Cluster"}})).await;
    assert_eq!((code.as_u16(), fields(&status)), (422, vec!["spec.scope"]));
}
