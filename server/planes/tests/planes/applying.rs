use std::collections::{BTreeMap, BTreeSet};

use portico_domain::claim::labels;
use portico_domain::documents::{ActAs, PassedOn};
use portico_domain::names::PlaneName;
use portico_planes::{Actor, Applied, Expect, PlaneError, Planes};
use portico_simulator::kube::{Key, Rule, Subject};
use serde_json::{Value, json};

use crate::world::*;

async fn world() -> (Plane, Planes) {
    let plane = Plane::start("eu").await;
    plane.create(crd("buckets", "Bucket", true));
    let registry = connected(&[&plane]).await;
    (plane, registry)
}

fn requested(name: &str, size: i64, request: &str) -> Value {
    let mut manifest = bucket("payments-dev", name, size);
    manifest["metadata"]["labels"] = json!({ labels::REQUEST: request });
    manifest
}

fn actor() -> Actor {
    crate::world::person(
        "idp#dana".into(),
        "sso".into(),
        BTreeSet::from(["payments-developers".into()]),
    )
}

/// Applies an object that must not exist yet.
async fn ask(registry: &Planes, plane: &Plane, manifest: &Value) -> Result<Applied, PlaneError> {
    registry
        .apply(
            &crate::world::system(),
            &plane.name,
            &actor(),
            &bucket_resource(),
            manifest,
            &Expect::Absent,
        )
        .await
}

/// The same as a dry run.
async fn ask_dry(registry: &Planes, plane: &Plane, manifest: &Value) -> Result<Applied, PlaneError> {
    registry
        .dry_run(
            &crate::world::submit(),
            &plane.name,
            &bucket_resource(),
            manifest,
            &Expect::Absent,
        )
        .await
}

#[tokio::test]
async fn apply_is_idempotent() {
    let (plane, registry) = world().await;
    let manifest = requested("receipts", 5, "one");
    let apply = async || ask(&registry, &plane, &manifest).await;
    let first = apply().await.unwrap();
    assert!(first.created);
    assert_eq!(first.object["metadata"].get("managedFields"), None);
    let again = apply().await.unwrap();
    assert!(!again.created);
    assert_eq!(first.object["metadata"]["uid"], again.object["metadata"]["uid"]);
    let entries = plane.simulated.audit().entries();
    assert!(
        entries
            .iter()
            .any(|entry| entry.manager == "portico" && entry.attributes.verb == "patch")
    );
}

#[tokio::test]
async fn an_existing_object_is_not_changed() {
    let (plane, registry) = world().await;
    plane.create(bucket("payments-dev", "receipts", 1));
    let manifest = requested("receipts", 5, "one");
    for dry in [true, false] {
        let answer = if dry {
            ask_dry(&registry, &plane, &manifest).await
        } else {
            ask(&registry, &plane, &manifest).await
        };
        assert!(
            matches!(answer, Err(PlaneError::AlreadyExists { .. })),
            "{answer:?}"
        );
    }
    let object = plane
        .simulated
        .objects()
        .get(&bucket_kind(), &Key::namespaced("payments-dev", "receipts"))
        .unwrap();
    assert_eq!(object["spec"]["size"], 1);
}

#[tokio::test]
async fn a_dry_run_persists_nothing() {
    let (plane, registry) = world().await;
    let dry = async |size: i64| {
        let manifest = requested("receipts", size, "one");
        ask_dry(&registry, &plane, &manifest).await
    };
    assert!(dry(5).await.unwrap().created);
    let Err(PlaneError::Invalid { causes, .. }) = dry(1000).await else {
        panic!("1000 is too large")
    };
    assert!(
        causes.iter().any(|cause| cause.field == "spec.size"),
        "{causes:?}"
    );
    assert!(plane.simulated.objects().list(&bucket_kind()).is_empty());
}

#[tokio::test]
async fn an_unknown_field_is_refused() {
    let (plane, registry) = world().await;
    let mut manifest = requested("receipts", 5, "one");
    manifest["spec"]["sise"] = json!(7);
    let answer = ask(&registry, &plane, &manifest).await;
    let Err(error) = answer else {
        panic!("a misspelled field was taken")
    };
    assert!(error.to_string().contains("sise"), "{error}");
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn a_change_applies_only_to_the_object_with_the_uid() {
    let (plane, registry) = world().await;
    let manifest = requested("receipts", 5, "one");
    let made = ask(&registry, &plane, &manifest).await.unwrap();
    let uid = made.object["metadata"]["uid"].as_str().unwrap().to_owned();
    let manifest = requested("receipts", 6, "two");
    let change = async |uid: &str| {
        let expect = Expect::Uid(uid.to_owned());
        registry
            .apply(
                &crate::world::system(),
                &plane.name,
                &actor(),
                &bucket_resource(),
                &manifest,
                &expect,
            )
            .await
    };
    assert_eq!(change(&uid).await.unwrap().object["spec"]["size"], 6);
    let other = change("11111111-2222-3333-4444-555555555555").await;
    assert!(
        matches!(other, Err(PlaneError::Gone { .. } | PlaneError::Conflict { .. })),
        "{other:?}"
    );
}

#[tokio::test]
async fn fields_of_other_managers_are_a_conflict() {
    let (plane, registry) = world().await;
    let manifest = requested("receipts", 5, "one");
    ask(&registry, &plane, &manifest).await.unwrap();
    let by_hand = plane.simulated.objects().managed_by("kubectl-edit");
    let key = Key::namespaced("payments-dev", "receipts");
    by_hand
        .patch(&bucket_kind(), &key, json!({ "spec": { "size": 7 } }))
        .unwrap();
    let manifest = requested("receipts", 8, "two");
    let answer = registry
        .apply(
            &crate::world::system(),
            &plane.name,
            &actor(),
            &bucket_resource(),
            &manifest,
            &Expect::Anything,
        )
        .await;
    let Err(PlaneError::Conflict {
        managers, message, ..
    }) = answer
    else {
        panic!("{answer:?}")
    };
    assert_eq!(managers, ["kubectl-edit"], "{message}");
}

#[tokio::test]
async fn delete_is_idempotent_and_checks_the_uid() {
    let (plane, registry) = world().await;
    let made = plane.create(bucket("payments-dev", "receipts", 1));
    let uid = made["metadata"]["uid"].as_str().unwrap().to_owned();
    let delete = async |uid: &str| {
        let (resource, namespace) = (bucket_resource(), Some("payments-dev"));
        registry
            .delete(
                &crate::world::system(),
                &plane.name,
                &actor(),
                &resource,
                namespace,
                "receipts",
                Some(uid),
            )
            .await
    };
    let other = delete("11111111-2222-3333-4444-555555555555").await;
    assert!(
        matches!(other, Err(PlaneError::Gone { .. } | PlaneError::Conflict { .. })),
        "{other:?}"
    );
    assert_eq!(plane.simulated.objects().list(&bucket_kind()).len(), 1);
    delete(&uid).await.unwrap();
    assert!(plane.simulated.objects().list(&bucket_kind()).is_empty());
    delete(&uid).await.unwrap();
}

#[tokio::test]
async fn creates_a_namespace_once() {
    let (plane, registry) = world().await;
    let manifest = {
        let mut manifest = requested("receipts", 5, "one");
        manifest["metadata"]["namespace"] = json!("payments-production");
        manifest
    };
    let dry = ask_dry(&registry, &plane, &manifest).await;
    assert!(dry.is_ok(), "a namespace to be made is no objection: {dry:?}");
    for _ in 0..2 {
        let labels = BTreeMap::from([(labels::TENANT.to_owned(), "payments".to_owned())]);
        registry
            .ensure_namespace(
                &crate::world::system(),
                &plane.name,
                "payments-production",
                &labels,
            )
            .await
            .unwrap();
    }
    ask(&registry, &plane, &manifest).await.unwrap();
}

#[tokio::test]
async fn an_unknown_plane_is_an_error() {
    let (_plane, registry) = world().await;
    let nowhere = PlaneName::new("nowhere").unwrap();
    let manifest = requested("receipts", 5, "one");
    let answer = registry
        .apply(
            &crate::world::system(),
            &nowhere,
            &actor(),
            &bucket_resource(),
            &manifest,
            &Expect::Absent,
        )
        .await;
    assert!(matches!(answer, Err(PlaneError::Unknown { .. })), "{answer:?}");
}

#[tokio::test]
async fn acting_as_the_person_uses_the_persons_rights() {
    let plane = Plane::start("eu").await;
    plane.create(crd("buckets", "Bucket", true));
    let mut document = plane.document();
    document.spec.act_as = ActAs::Person(PassedOn::default());
    let registry = connected_with(vec![document], Vec::new()).await;
    offers(&registry, &plane, &buckets()).await;
    let manifest = requested("receipts", 5, "one");
    let apply = async || ask(&registry, &plane, &manifest).await;
    let refused = apply().await;
    assert!(
        matches!(refused, Err(PlaneError::Forbidden { .. })),
        "{refused:?}"
    );
    let allowed = async || {
        registry
            .allowed(
                &actor(),
                &plane.name,
                "patch",
                &bucket_resource(),
                Some("payments-dev"),
            )
            .await
            .unwrap()
    };
    assert!(!allowed().await);
    plane.simulated.access().grant(
        Subject::Group("payments-developers".into()),
        Rule::all_in("payments-dev"),
    );
    assert!(allowed().await);
    apply().await.unwrap();
    let entries = plane.simulated.audit().entries();
    let last = entries
        .iter()
        .rev()
        .find(|entry| entry.attributes.verb == "patch")
        .unwrap();
    assert_eq!(last.acting_as.as_deref(), Some("idp#dana"));
}
