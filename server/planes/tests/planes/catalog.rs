use std::time::{Duration, Instant};

use portico_domain::claim::ClaimKind;
use portico_domain::documents::{Category, OfferingSpec};
use portico_planes::{Change, Planes, Settings};
use portico_simulator::kube::{GroupKind, Key};
use serde_json::json;

use crate::world::*;

fn crds() -> GroupKind {
    GroupKind::new("apiextensions.k8s.io", "CustomResourceDefinition")
}

#[tokio::test]
async fn the_catalog_follows_crds() {
    let plane = Plane::start("eu").await;
    let registry = connected(&[&plane]).await;
    let mut changes = registry.subscribe();
    let begun = Instant::now();
    plane.create(crd("buckets", "Bucket", true));
    offers(&registry, &plane, &buckets()).await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    while !matches!(changes.recv().await.unwrap(), Change::Catalog { .. }) {}

    let catalog = registry.catalog();
    let offered = catalog.get(&buckets()).unwrap();
    assert_eq!(
        (offered.title.as_str(), offered.category),
        ("A Bucket", Category::Storage)
    );
    let served = &offered.served[&plane.name];
    assert_eq!(*served.resource, bucket_resource());
    assert!(served.schema.is_some());

    let before = served.schema_hash.clone();
    let patch = json!({ "metadata": { "annotations": { "portico.dev/title": "Object bucket" } } });
    plane
        .simulated
        .objects()
        .patch(&crds(), &Key::cluster("buckets.storage.example.org"), patch)
        .unwrap();
    eventually("the title changes", async || {
        let catalog = registry.catalog();
        catalog
            .get(&buckets())
            .is_some_and(|it| it.title == "Object bucket")
            .then_some(())
    })
    .await;
    assert_eq!(
        registry
            .catalog()
            .served(&buckets(), &plane.name)
            .unwrap()
            .schema_hash,
        before
    );

    plane
        .simulated
        .objects()
        .delete(&crds(), &Key::cluster("buckets.storage.example.org"))
        .unwrap();
    eventually("the kind goes", async || {
        registry.catalog().get(&buckets()).is_none().then_some(())
    })
    .await;
}

#[tokio::test]
async fn offers_only_labelled_or_documented_kinds() {
    let plane = Plane::start("eu").await;
    plane.create(crd("buckets", "Bucket", false));
    plane.create(crd("volumes", "Volume", true));
    let named = document_of(
        &buckets(),
        OfferingSpec {
            title: Some("A place for files".into()),
            ..Default::default()
        },
    );
    let registry = connected_with(vec![plane.document()], vec![named]).await;
    offers(&registry, &plane, &offering("volumes.storage.example.org")).await;
    offers(&registry, &plane, &buckets()).await;
    let title = registry.catalog().get(&buckets()).unwrap().title.clone();
    assert_eq!(title, "A place for files", "the document wins over annotations");

    registry.configure(vec![plane.document()], Vec::new(), &tenants());
    eventually("the unnamed kind goes", async || {
        registry.catalog().get(&buckets()).is_none().then_some(())
    })
    .await;
    assert!(
        registry
            .catalog()
            .get(&offering("volumes.storage.example.org"))
            .is_some()
    );
}

#[tokio::test]
async fn an_unusable_kind_does_not_affect_others() {
    let plane = Plane::start("eu").await;
    plane.create(crd("buckets", "Bucket", true));
    plane.create(crd("volumes", "Volume", true));
    let volumes = offering("volumes.storage.example.org");
    let spec = OfferingSpec {
        version: Some("v9".into()),
        ..Default::default()
    };
    let registry = connected_with(vec![plane.document()], vec![document_of(&volumes, spec)]).await;
    offers(&registry, &plane, &volumes).await;
    offers(&registry, &plane, &buckets()).await;
    let catalog = registry.catalog();
    let problem = catalog.served(&volumes, &plane.name).unwrap().problem.as_deref();
    assert_eq!(problem, Some("version v9 is not served there"));
    assert_eq!(catalog.served(&buckets(), &plane.name).unwrap().problem, None);
}

fn xrd(scope: &str, claims: bool, plural: &str, kind: &str) -> serde_json::Value {
    let version = if scope == "LegacyCluster" { "v1" } else { "v2" };
    let mut xrd = json!({
        "apiVersion": format!("apiextensions.crossplane.io/{version}"),
        "kind": "CompositeResourceDefinition",
        "metadata": {
            "name": format!("{plural}.databases.example.org"),
            "labels": { "portico.dev/offered": "true" },
            "annotations": { "portico.dev/title": format!("The {kind}"), "portico.dev/category": "databases" },
        },
        "spec": {
            "group": "databases.example.org", "scope": scope,
            "names": { "kind": kind, "plural": plural },
            "versions": [{
                "name": "v1", "served": true, "referenceable": true,
                "schema": { "openAPIV3Schema": { "type": "object", "properties": {
                    "spec": { "type": "object", "properties": { "size": { "type": "integer" } } },
                } } },
            }],
        },
    });
    if claims {
        xrd["spec"]["claimNames"] = json!({ "kind": "Postgres", "plural": "postgreses" });
    }
    xrd
}

#[tokio::test]
async fn the_scope_of_an_xrd_decides_what_is_offered() {
    let plane = Plane::start("eu").await;
    plane.create(xrd("LegacyCluster", true, "xpostgreses", "XPostgres"));
    plane.create(xrd("Namespaced", false, "mysqls", "Mysql"));
    let registry = connected(&[&plane]).await;
    let (claim, composite) = (
        offering("postgreses.databases.example.org"),
        offering("mysqls.databases.example.org"),
    );
    offers(&registry, &plane, &claim).await;
    offers(&registry, &plane, &composite).await;
    let catalog = registry.catalog();
    assert!(
        catalog
            .get(&offering("xpostgreses.databases.example.org"))
            .is_none(),
        "nobody asks for the composite"
    );
    let offered = catalog.get(&claim).unwrap();
    assert_eq!(
        (offered.claim_kind, offered.title.as_str()),
        (ClaimKind::LegacyClaim, "The XPostgres")
    );
    assert_eq!(offered.category, Category::Databases);
    assert_eq!(catalog.get(&composite).unwrap().claim_kind, ClaimKind::Composite);
    let schema = catalog
        .served(&claim, &plane.name)
        .unwrap()
        .schema
        .clone()
        .unwrap()
        .parsed()
        .await
        .unwrap();
    assert!(
        schema.node_at("spec.resourceRef").is_some(),
        "the schema is the claim's CRD's, machinery and all"
    );
}

#[tokio::test]
async fn the_catalog_is_the_union_of_all_planes() {
    let (eu, us) = (Plane::start("eu").await, Plane::start("us").await);
    eu.create(crd("buckets", "Bucket", true));
    us.create(crd("buckets", "Bucket", true));
    us.create(crd("volumes", "Volume", true));
    let registry = connected(&[&eu, &us]).await;
    offers(&registry, &eu, &buckets()).await;
    offers(&registry, &us, &buckets()).await;
    offers(&registry, &us, &offering("volumes.storage.example.org")).await;
    let catalog = registry.catalog();
    let hashes: Vec<&str> = catalog
        .get(&buckets())
        .unwrap()
        .served
        .values()
        .map(|it| it.schema_hash.as_str())
        .collect();
    assert_eq!(hashes[0], hashes[1]);

    registry.configure(vec![us.document()], Vec::new(), &tenants());
    assert!(
        registry.catalog().served(&buckets(), &eu.name).is_none(),
        "a plane that is gone offers nothing"
    );
    assert!(registry.status(&eu.name).is_none());
}

#[tokio::test]
async fn finds_documented_kinds_without_the_right_to_list_crds() {
    use portico_simulator::kube::{Identity, Rule, Subject};
    let plane = Plane::start("eu").await;
    plane.create(crd("buckets", "Bucket", false));
    let access = plane.simulated.access();
    access.add_token("narrow", Identity::new("narrow", ["some"]));
    let get_crds = Rule {
        verbs: vec!["get".into()],
        groups: vec!["apiextensions.k8s.io".into()],
        resources: vec!["customresourcedefinitions".into()],
        ..Rule::default()
    };
    access.grant(Subject::User("narrow".into()), get_crds);
    access.grant(Subject::User("narrow".into()), Rule::all_in("payments-dev"));
    plane.write_kubeconfig(
        &plane
            .simulated
            .kubeconfig_for(plane.serving.address(), "narrow", "narrow"),
    );
    plane.create(bucket("payments-dev", "receipts", 1));
    plane.create(bucket("research-dev", "papers", 1));
    let registry = connected_with(
        vec![plane.document()],
        vec![document_of(&buckets(), OfferingSpec::default())],
    )
    .await;
    offers(&registry, &plane, &buckets()).await;
    claim(&registry, &plane, "receipts").await;
    let missing = eventually("the missing rights are told", async || {
        Some(status(&registry, &plane).rights.missing).filter(|rights| rights.len() >= 2)
    })
    .await;
    assert!(
        missing
            .iter()
            .any(|right| right.contains("customresourcedefinitions")),
        "{missing:?}"
    );
    assert!(
        missing.iter().any(|right| right.contains("research-dev")),
        "{missing:?}"
    );
    assert_eq!(
        names(&registry, &portico_domain::tenancy::Scope::for_tests()),
        ["receipts"]
    );
}

#[tokio::test]
async fn an_empty_registry_works() {
    let registry = Planes::new(Settings::default());
    registry.configure(
        Vec::new(),
        vec![document_of(&buckets(), OfferingSpec::default())],
        &tenants(),
    );
    let catalog = registry.catalog();
    assert!(
        catalog.get(&buckets()).unwrap().served.is_empty(),
        "what a document names is there, served or not"
    );
    assert!(registry.planes().is_empty());
}
