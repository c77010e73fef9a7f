//! Problems of a kind do not affect other kinds.

use portico_domain::claim::Health;
use portico_domain::names::OfferingName;
use portico_domain::tenancy::Scope;
use portico_planes::{ClaimFilter, Expect, Planes, Settings};
use portico_simulator::kube::{GroupKind, Key};
use serde_json::{Value, json};

use crate::world::{
    Plane, bucket, bucket_kind, bucket_resource, buckets, claim, claim_where, connected, crd, eventually,
    offering, offers, reference, status, tenants,
};

fn crds() -> GroupKind {
    GroupKind::new("apiextensions.k8s.io", "CustomResourceDefinition")
}

fn label(plane: &Plane, offered: &str) {
    let patch = json!({ "metadata": { "labels": { "portico.dev/offered": offered } } });
    plane
        .simulated
        .objects()
        .patch(&crds(), &Key::cluster("buckets.storage.example.org"), patch)
        .unwrap();
}

#[tokio::test]
async fn claims_stay_when_their_kind_is_no_longer_offered() {
    let plane = Plane::start("eu").await;
    plane.create(crd("buckets", "Bucket", true));
    plane.create(bucket("payments-dev", "receipts", 1));
    let registry = connected(&[&plane]).await;
    claim(&registry, &plane, "receipts").await;

    label(&plane, "false");
    let served = eventually("the kind is told to be offered no longer", async || {
        let catalog = registry.catalog();
        let served = catalog.served(&buckets(), &plane.name)?;
        served.retired.then(|| served.problem.clone())
    })
    .await;
    assert_eq!(served.as_deref(), Some("it is no longer offered there"));
    claim(&registry, &plane, "receipts").await;
    // Changes are still seen.
    plane.status("receipts", "True", "");
    claim_where(&registry, &plane, "receipts", |claim| {
        claim.status.health == Health::Ready
    })
    .await;

    label(&plane, "true");
    eventually("it is offered again", async || {
        let catalog = registry.catalog();
        let served = catalog.served(&buckets(), &plane.name)?;
        (served.problem.is_none() && !served.retired).then_some(())
    })
    .await;
}

#[tokio::test]
async fn finds_claims_of_remembered_offerings() {
    let plane = Plane::start("eu").await;
    plane.create(crd("buckets", "Bucket", false));
    plane.create(crd("volumes", "Volume", false));
    plane.create(bucket("payments-dev", "receipts", 1));
    let registry = Planes::new(Settings::default());
    registry.remember_offerings(
        ["buckets", "volumes", "gone"]
            .map(|kind| offering(&format!("{kind}.storage.example.org")))
            .into(),
    );
    registry.configure(vec![plane.document()], Vec::new(), &tenants());
    claim(&registry, &plane, "receipts").await;
    eventually("a kind without claims is forgotten", async || {
        let catalog = registry.catalog();
        let is_there = |kind: &str| {
            catalog
                .get(&offering(&format!("{kind}.storage.example.org")))
                .is_some()
        };
        (is_there("buckets") && !is_there("volumes") && !is_there("gone")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_deleted_crd_removes_its_claims() {
    let plane = Plane::start("eu").await;
    plane.create(crd("buckets", "Bucket", true));
    plane.create(crd("volumes", "Volume", true));
    plane.create(bucket("payments-dev", "receipts", 1));
    let registry = connected(&[&plane]).await;
    claim(&registry, &plane, "receipts").await;
    plane
        .simulated
        .objects()
        .delete(&crds(), &Key::cluster("buckets.storage.example.org"))
        .unwrap();
    eventually("the kind and its claims go", async || {
        let is_gone = registry.catalog().get(&buckets()).is_none()
            && registry
                .claim(&Scope::for_tests(), &reference(&plane, "receipts"))
                .is_none();
        is_gone.then_some(())
    })
    .await;
    offers(&registry, &plane, &offering("volumes.storage.example.org")).await;
}

#[tokio::test]
async fn reports_a_crd_that_is_being_deleted() {
    let plane = Plane::start("eu").await;
    plane.create(crd("buckets", "Bucket", true));
    let mut held = bucket("payments-dev", "receipts", 1);
    held["metadata"]["finalizers"] = json!(["storage.example.org/keep"]);
    plane.create(held);
    let registry = connected(&[&plane]).await;
    claim(&registry, &plane, "receipts").await;
    let objects = plane.simulated.objects();
    let definition = Key::cluster("buckets.storage.example.org");
    objects.delete(&crds(), &definition).unwrap();
    let problem = eventually("it is not to be asked for", async || {
        registry
            .catalog()
            .served(&buckets(), &plane.name)?
            .problem
            .clone()
    })
    .await;
    assert!(problem.contains("its definition is being deleted"), "{problem}");
    let going = claim_where(&registry, &plane, "receipts", |claim| {
        claim.status.health == Health::Deleting
    })
    .await;
    assert!(
        going.status.reason.contains("storage.example.org/keep"),
        "{}",
        going.status.reason
    );
    let refused = registry
        .apply(
            &crate::world::system(),
            &plane.name,
            &crate::world::portico(),
            &bucket_resource(),
            &bucket("payments-dev", "another", 1),
            &Expect::Absent,
        )
        .await
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("definition of this kind is being deleted"),
        "{refused}"
    );
    assert!(!refused.contains("right"), "{refused}");

    let key = Key::namespaced("payments-dev", "receipts");
    objects
        .patch(
            &bucket_kind(),
            &key,
            json!({ "metadata": { "finalizers": null } }),
        )
        .unwrap();
    eventually("the kind and its claims go", async || {
        let is_gone = registry.catalog().get(&buckets()).is_none()
            && registry
                .claim(&Scope::for_tests(), &reference(&plane, "receipts"))
                .is_none();
        is_gone.then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_claim_that_was_ready_is_degraded() {
    let plane = Plane::start("eu").await;
    plane.create(crd("buckets", "Bucket", true));
    plane.create(bucket("payments-dev", "receipts", 1));
    let registry = connected(&[&plane]).await;
    let health = |wanted: Health| {
        let registry = &registry;
        let plane = &plane;
        async move {
            claim_where(registry, plane, "receipts", |claim| claim.status.health == wanted).await;
        }
    };
    plane.status("receipts", "False", "making the disk");
    health(Health::Pending).await;
    plane.status("receipts", "True", "");
    health(Health::Ready).await;
    plane.status("receipts", "False", "moving to another disk");
    health(Health::Degraded).await;
    // It was changed, so it is pending while the change is applied.
    let objects = plane.simulated.objects();
    let key = Key::namespaced("payments-dev", "receipts");
    objects
        .patch(&bucket_kind(), &key, json!({ "spec": { "size": 2 } }))
        .unwrap();
    health(Health::Pending).await;
}

fn xrd(api_version: &str, name: &str, kind: &str, claims: Option<(&str, &str)>) -> Value {
    let plural = name.split('.').next().unwrap_or_default();
    let mut xrd = json!({
        "apiVersion": format!("apiextensions.crossplane.io/{api_version}"),
        "kind": "CompositeResourceDefinition",
        "metadata": { "name": name, "labels": { "portico.dev/offered": "true" } },
        "spec": {
            "group": "customer.example.org",
            "names": { "kind": kind, "plural": plural },
            "versions": [{
                "name": "v1", "served": true, "referenceable": true,
                "schema": { "openAPIV3Schema": { "type": "object", "properties": {
                    "spec": { "type": "object", "properties": { "nodes": { "type": "integer" } } },
                } } },
            }],
        },
    });
    if let Some((kind, plural)) = claims {
        xrd["spec"]["claimNames"] = json!({ "kind": kind, "plural": plural });
    }
    xrd
}

#[tokio::test]
async fn reports_the_second_xrd_for_a_kind() {
    let plane = Plane::start("eu").await;
    plane.create(xrd(
        "v1",
        "xclusters.customer.example.org",
        "XCluster",
        Some(("Cluster", "clusters")),
    ));
    let clusters: OfferingName = offering("clusters.customer.example.org");
    let registry = connected(&[&plane]).await;
    offers(&registry, &plane, &clusters).await;
    let first = registry.catalog().served(&clusters, &plane.name).unwrap().clone();

    plane.create(xrd("v2", "clusters.customer.example.org", "Cluster", None));
    let told = eventually("the second is told of", async || {
        let left_out = status(&registry, &plane).skipped;
        left_out
            .into_iter()
            .find(|what| what.contains("composite resource definitions: clusters.customer.example.org"))
    })
    .await;
    assert!(
        told.contains("is defined by xclusters.customer.example.org already"),
        "{told}"
    );
    let catalog = registry.catalog();
    let now = catalog.served(&clusters, &plane.name).unwrap();
    assert_eq!(
        (now.claim_kind, &now.schema_hash),
        (first.claim_kind, &first.schema_hash),
        "what the control plane serves is offered"
    );
}

#[tokio::test]
async fn a_failing_composite_degrades_its_legacy_claim() {
    let plane = Plane::start("eu").await;
    plane.create(xrd(
        "v1",
        "xclusters.customer.example.org",
        "XCluster",
        Some(("Cluster", "clusters")),
    ));
    let condition = |kind: &str, status: &str, reason: &str, message: &str| {
        json!({
            "type": kind, "status": status, "reason": reason, "message": message,
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        })
    };
    let synced = condition("Synced", "True", "ReconcileSuccess", "");
    let waits = "Claim is waiting for composite resource to become Ready";
    let waiting = json!({ "conditions": [synced, condition("Ready", "False", "Waiting", waits)] });
    let failed = "pipeline step \"compose\" returned a fatal result: no such size";
    let fatal = json!({ "conditions": [condition("Synced", "False", "ReconcileError", failed)] });
    plane.create(json!({
        "apiVersion": "customer.example.org/v1", "kind": "Cluster",
        "metadata": { "namespace": "payments-dev", "name": "edge" },
        "spec": { "resourceRef": { "apiVersion": "customer.example.org/v1", "kind": "XCluster", "name": "edge-x1" } },
    }));
    plane.create(json!({
        "apiVersion": "customer.example.org/v1", "kind": "XCluster",
        "metadata": { "name": "edge-x1" },
        "spec": { "claimRef": { "apiVersion": "customer.example.org/v1", "kind": "Cluster", "namespace": "payments-dev", "name": "edge" } },
    }));
    let objects = plane.simulated.objects();
    let claim_kind = GroupKind::new("customer.example.org", "Cluster");
    let key = Key::namespaced("payments-dev", "edge");
    objects.patch_status(&claim_kind, &key, waiting).unwrap();
    let registry = connected(&[&plane]).await;
    let status = |wanted: Health| {
        let registry = registry.clone();
        async move {
            let what = format!("the claim is {}", wanted.slug());
            eventually(&what, async || {
                let claims = registry.claims(&Scope::for_tests(), &ClaimFilter::default());
                let status = claims.first()?.status.clone();
                (status.health == wanted).then_some(status)
            })
            .await
        }
    };
    let _ = status(Health::Pending).await;
    let composite = GroupKind::new("customer.example.org", "XCluster");
    objects
        .patch_status(&composite, &Key::cluster("edge-x1"), fatal)
        .unwrap();
    let told = status(Health::Degraded).await;
    assert!(told.reason.contains("no such size"), "{}", told.reason);
    let mended = json!({ "conditions": [synced] });
    objects
        .patch_status(&composite, &Key::cluster("edge-x1"), mended)
        .unwrap();
    let _ = status(Health::Pending).await;
}
