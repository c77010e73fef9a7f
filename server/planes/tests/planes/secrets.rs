//! Connection secrets are read only if they provably belong to the claim.

use std::collections::BTreeMap;
use std::sync::Arc;

use portico_domain::claim::Claim;
use portico_domain::documents::{Access, ActAs, OfferingSpec, PassedOn, SecretSource};
use portico_planes::{PlaneError, Planes, SecretError};
use portico_simulator::kube::{Key, Rule, Subject};
use serde_json::{Value, json};

use crate::world::*;

/// A bucket named `receipts` whose secret is named `receipts-login`.
struct Receipts {
    plane: Plane,
    registry: Planes,
    claim: Arc<Claim>,
    object: Arc<Value>,
}

impl Receipts {
    async fn make(secret_labels: &[(&str, &str)]) -> Self {
        Self::make_on(secret_labels, ActAs::Portico).await
    }

    async fn make_on(secret_labels: &[(&str, &str)], act_as: ActAs) -> Self {
        let plane = Plane::start("eu").await;
        plane.create(crd("buckets", "Bucket", true));
        plane.create(crd("stores", "Store", true));
        let access = Access {
            secret: Some(SecretSource::Name("{name}-login".into())),
            secret_labels: secret_labels
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect::<BTreeMap<_, _>>(),
            ..Access::default()
        };
        let spec = OfferingSpec {
            access,
            ..OfferingSpec::default()
        };
        let offerings = vec![document_of(&buckets(), spec)];
        let mut document = plane.document();
        document.spec.act_as = act_as;
        let registry = connected_with(vec![document], offerings).await;
        let object = plane.create(bucket("payments-dev", "receipts", 1));
        let claim = claim(&registry, &plane, "receipts").await;
        Self {
            plane,
            registry,
            claim,
            object,
        }
    }

    fn publish(&self, metadata: &Value) {
        let mut secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": metadata,
            "stringData": { "password": "CANARY", "username": "app" },
        });
        secret["metadata"]["namespace"] = json!("payments-dev");
        secret["metadata"]["name"] = json!("receipts-login");
        self.plane.simulated.objects().apply(secret).unwrap();
    }

    async fn password(&self) -> Result<Vec<u8>, SecretError> {
        let read = self.registry.secret(&crate::world::reveal(&self.claim)).await;
        // Key names and the version require the same proof.
        let keys = self
            .registry
            .secret_keys(&crate::world::portico(), &self.claim)
            .await;
        let version = self
            .registry
            .secret_version(&crate::world::portico(), &self.claim)
            .await;
        assert_eq!(keys.is_ok(), read.is_ok(), "{keys:?}");
        assert_eq!(version.is_ok(), read.is_ok(), "{version:?}");
        if let Ok(keys) = keys {
            assert_eq!(keys, ["password", "username"]);
        }
        if let Err(error) = &read {
            assert!(!format!("{error} {error:?}").contains("CANARY"), "{error:?}");
        }
        read.map(|mut values| values.remove("password").unwrap())
    }
}

fn owner(object: &Value) -> Value {
    json!([{
        "apiVersion": object["apiVersion"], "kind": object["kind"],
        "name": object["metadata"]["name"], "uid": object["metadata"]["uid"],
    }])
}

#[tokio::test]
async fn reads_a_secret_owned_by_the_claim() {
    let world = Receipts::make(&[]).await;
    assert!(matches!(world.password().await, Err(SecretError::NotThere)));
    world.publish(&json!({ "ownerReferences": owner(&world.object) }));
    assert_eq!(world.password().await.unwrap(), b"CANARY");
    let changed = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": { "namespace": "payments-dev", "name": "receipts-login", "ownerReferences": owner(&world.object) },
        "stringData": { "password": "second", "username": "app" },
    });
    world.plane.simulated.objects().apply(changed).unwrap();
    assert_eq!(world.password().await.unwrap(), b"second", "nothing is kept");
}

#[tokio::test]
async fn does_not_read_a_secret_by_name_alone() {
    let world = Receipts::make(&[]).await;
    world.publish(&json!({}));
    assert!(matches!(
        world.password().await,
        Err(SecretError::NotProven { .. })
    ));
    // Nor a secret whose owner only has the claim's name, such as an earlier claim.
    let mut earlier = owner(&world.object);
    earlier[0]["uid"] = json!("00000000-0000-0000-0000-000000000001");
    world.publish(&json!({ "ownerReferences": earlier }));
    assert!(matches!(
        world.password().await,
        Err(SecretError::NotProven { .. })
    ));
    // Nor a secret with labels, if no labels are declared as proof.
    world.publish(
        &json!({ "labels": { "portico.dev/tenant": "payments", "example.org/bucket": "receipts" } }),
    );
    assert!(matches!(
        world.password().await,
        Err(SecretError::NotProven { .. })
    ));
}

#[tokio::test]
async fn reads_a_secret_owned_by_a_composed_resource() {
    let world = Receipts::make(&[]).await;
    let mut part = bucket("payments-dev", "receipts-part", 1);
    part["metadata"]["ownerReferences"] = owner(&world.object);
    let part = world.plane.create(part);
    let mut inner = bucket("payments-dev", "receipts-inner", 1);
    inner["metadata"]["ownerReferences"] = owner(&part);
    let inner = world.plane.create(inner);
    world.publish(&json!({ "ownerReferences": owner(&inner) }));
    assert_eq!(world.password().await.unwrap(), b"CANARY");

    // Another object with the composed resource's name is not an owner.
    let objects = world.plane.simulated.objects();
    objects
        .delete(&bucket_kind(), &Key::namespaced("payments-dev", "receipts-inner"))
        .unwrap();
    let again = world.plane.create(bucket("payments-dev", "receipts-inner", 1));
    assert_ne!(again["metadata"]["uid"], inner["metadata"]["uid"]);
    // The garbage collector may already have deleted it.
    assert!(matches!(
        world.password().await,
        Err(SecretError::NotProven { .. } | SecretError::NotThere)
    ));
    world.publish(&json!({ "ownerReferences": owner(&again) }));
    assert!(matches!(
        world.password().await,
        Err(SecretError::NotProven { .. })
    ));
}

#[tokio::test]
async fn reads_a_secret_with_the_offerings_labels() {
    let world = Receipts::make(&[("storage.example.org/bucket", "{name}")]).await;
    world.publish(&json!({ "labels": { "storage.example.org/bucket": "invoices" } }));
    assert!(matches!(
        world.password().await,
        Err(SecretError::NotProven { .. })
    ));
    world.publish(&json!({ "labels": { "storage.example.org/bucket": "receipts" } }));
    assert_eq!(world.password().await.unwrap(), b"CANARY");
}

#[tokio::test]
async fn a_secret_name_cannot_leave_the_namespace() {
    let world = Receipts::make(&[]).await;
    let mut astray = Claim::clone(&world.claim);
    Arc::make_mut(&mut astray.status).secret = Some("../configmaps/x".into());
    let read = world.registry.secret(&crate::world::reveal(&astray)).await;
    assert!(read.is_err());
    Arc::make_mut(&mut astray.status).secret = None;
    let read = world.registry.secret(&crate::world::reveal(&astray)).await;
    assert!(matches!(read, Err(SecretError::NotThere)));
}

#[tokio::test]
async fn with_act_as_person_their_rights_apply_to_key_names() {
    let world = Receipts::make_on(&[], ActAs::Person(PassedOn::default())).await;
    world.publish(&json!({ "ownerReferences": owner(&world.object) }));
    let person = |name: &str| {
        crate::world::person(
            format!("idp#{name}"),
            "sso".to_owned(),
            [format!("{name}s")].into(),
        )
    };
    let keys = async |name: &str| world.registry.secret_keys(&person(name), &world.claim).await;
    assert!(matches!(
        keys("viewer").await,
        Err(SecretError::Plane(PlaneError::Forbidden { .. }))
    ));
    world
        .plane
        .simulated
        .access()
        .grant(Subject::Group("developers".into()), Rule::all_in("payments-dev"));
    assert_eq!(keys("developer").await.unwrap(), ["password", "username"]);
}
