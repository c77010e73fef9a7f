//! Control planes whose kubeconfig is in a Secret on another one, and control planes that are claims.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portico_domain::documents::{
    Access, ClaimConnection, Connection, ControlPlane as Document, OfferingSpec, SecretSource,
};
use portico_planes::{PlaneError, PlaneState, Planes};
use portico_simulator::kube::{Fault, Identity, Matcher, Rule, Subject};
use serde_json::{Value, json};

use crate::world::*;

/// The document of `spoke` with its kubeconfig in a Secret on `hub`.
fn by_secret(spoke: &Plane, hub: &Plane) -> Document {
    let mut document = spoke.document();
    document.spec.connection = Connection::Secret {
        control_plane: hub.name.clone(),
        namespace: "payments-dev".to_owned(),
        name: "spoke-kubeconfig".to_owned(),
        key: "value".to_owned(),
    };
    document
}

fn write_secret(hub: &Plane, name: &str, key: &str, kubeconfig: &str, owners: &Value) {
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": { "namespace": "payments-dev", "name": name, "ownerReferences": owners },
        "data": { key: STANDARD.encode(kubeconfig) },
    });
    hub.simulated.objects().apply(secret).unwrap();
}

fn kubeconfig(plane: &Plane) -> String {
    plane.simulated.kubeconfig(plane.serving.address())
}

/// Waits until the control plane cannot be used for a reason with these words.
async fn misconfigured(registry: &Planes, plane: &Plane, words: &str) {
    let what = format!("{} says {words:?}", plane.name);
    eventually(&what, async || match status(registry, plane).state {
        PlaneState::Misconfigured(why) => why.contains(words).then_some(()),
        _ => None,
    })
    .await;
}

#[tokio::test]
async fn connects_by_a_secret_and_follows_its_changes() {
    let (hub, spoke) = (Plane::start("hub").await, Plane::start("spoke").await);
    spoke.create(crd("buckets", "Bucket", true));
    let registry = Planes::new(settings());
    registry.configure(
        vec![hub.document(), by_secret(&spoke, &hub)],
        Vec::new(),
        &tenants(),
    );
    misconfigured(
        &registry,
        &spoke,
        "the Secret payments-dev/spoke-kubeconfig on hub",
    )
    .await;
    let write = |key: &str, text: &str| write_secret(&hub, "spoke-kubeconfig", key, text, &json!([]));
    write("other", &kubeconfig(&spoke));
    misconfigured(&registry, &spoke, "its Secret has no key value").await;
    write("value", &kubeconfig(&spoke));
    in_state(&registry, &spoke, PlaneState::Ready).await;
    offers(&registry, &spoke, &buckets()).await;

    // The credentials are replaced, as Cluster API does before they end.
    let access = spoke.simulated.access();
    access.add_token("second", Identity::new("second", ["some"]));
    access.grant(Subject::User("second".into()), Rule::all());
    let second = spoke
        .simulated
        .kubeconfig_for(spoke.serving.address(), "second", "second");
    write("value", &second);
    access.revoke_token(spoke.simulated.token());
    eventually_within(
        Duration::from_mins(1),
        "it signs in with the new token",
        async || {
            let entries = spoke.simulated.audit().entries();
            let last = entries.iter().rev().find(|entry| entry.user == "second");
            last.filter(|_| status(&registry, &spoke).state == PlaneState::Ready)
                .map(|_| ())
        },
    )
    .await;
}

#[tokio::test]
async fn a_kubeconfig_in_a_secret_holds_everything_itself() {
    let (hub, spoke) = (Plane::start("hub").await, Plane::start("spoke").await);
    spoke.write_beside("token", spoke.simulated.token());
    let token = format!("    token: \"{}\"", spoke.simulated.token());
    let registry = Planes::new(settings());
    registry.configure(
        vec![hub.document(), by_secret(&spoke, &hub)],
        Vec::new(),
        &tenants(),
    );
    for (user, words) in [
        ("    tokenFile: token", "names a file"),
        (
            "    client-certificate: a.pem\n    client-key: b.pem",
            "names a file",
        ),
        (
            "    exec: { apiVersion: client.authentication.k8s.io/v1, command: /bin/sh, interactiveMode: Never }",
            "runs a program",
        ),
        ("    {}", "never as nobody"),
    ] {
        let text = kubeconfig(&spoke).replace(&token, user);
        assert!(text.contains(user), "{text}");
        write_secret(&hub, "spoke-kubeconfig", "value", &text, &json!([]));
        misconfigured(&registry, &spoke, words).await;
    }
    assert!(spoke.simulated.audit().entries().is_empty());
    write_secret(&hub, "spoke-kubeconfig", "value", &kubeconfig(&spoke), &json!([]));
    in_state(&registry, &spoke, PlaneState::Ready).await;
}

#[tokio::test]
async fn control_planes_do_not_wait_for_each_other() {
    let (one, other) = (Plane::start("one").await, Plane::start("other").await);
    let registry = Planes::new(settings());
    registry.configure(
        vec![by_secret(&one, &other), by_secret(&other, &one)],
        Vec::new(),
        &tenants(),
    );
    for plane in [&one, &other] {
        misconfigured(&registry, plane, "is itself connected by a Secret").await;
    }
}

/// Two control planes: `hub`, which serves buckets, and `spoke`, which is the bucket `receipts`.
struct Claimed {
    hub: Plane,
    spoke: Plane,
    registry: Planes,
    owners: Value,
    uid: String,
}

impl Claimed {
    async fn start() -> Self {
        let (hub, spoke) = (Plane::start("hub").await, Plane::start("spoke").await);
        hub.create(crd("buckets", "Bucket", true));
        let bucket = hub.create(bucket("payments-dev", "receipts", 1));
        let uid = bucket["metadata"]["uid"].as_str().unwrap().to_owned();
        let claimed = Self {
            registry: connected_with(vec![hub.document()], vec![Self::offering()]).await,
            owners: json!([{
                "apiVersion": "storage.example.org/v1", "kind": "Bucket", "name": "receipts", "uid": uid,
            }]),
            hub,
            spoke,
            uid,
        };
        claim(&claimed.registry, &claimed.hub, "receipts").await;
        claimed
    }

    fn offering() -> portico_domain::documents::Offering {
        let access = Access {
            secret: Some(SecretSource::Name("{name}-kubeconfig".into())),
            ..Access::default()
        };
        let spec = OfferingSpec {
            access,
            ..OfferingSpec::default()
        };
        document_of(&buckets(), spec)
    }

    fn join(&self, change: impl Fn(&mut ClaimConnection)) {
        let mut connection = ClaimConnection {
            claim: reference(&self.hub, "receipts"),
            uid: self.uid.clone(),
            key: None,
            hosts: Vec::new(),
            workspace: None,
        };
        change(&mut connection);
        let mut document = self.spoke.document();
        document.spec.connection = Connection::Claim(connection);
        document.spec.dedicated_to = vec!["payments".parse().unwrap()];
        self.registry.configure(
            vec![self.hub.document(), document],
            vec![Self::offering()],
            &tenants(),
        );
    }

    fn write(&self, owners: &Value) {
        let text = kubeconfig(&self.spoke);
        write_secret(&self.hub, "receipts-kubeconfig", "kubeconfig", &text, owners);
    }
}

#[tokio::test]
async fn a_claim_is_followed_only_to_a_secret_that_is_its_own() {
    let claimed = Claimed::start().await;
    let Claimed { spoke, registry, .. } = &claimed;
    claimed.write(&json!([]));
    claimed.join(|_| {});
    misconfigured(registry, spoke, "does not prove that it belongs to the claim").await;
    claimed.join(|connection| connection.uid = "another".to_owned());
    misconfigured(registry, spoke, "is not there").await;
    claimed.write(&claimed.owners);
    claimed.join(|connection| connection.hosts = vec!["*.clusters.example.com".to_owned()]);
    misconfigured(registry, spoke, "names a host that the offering does not allow").await;
    assert!(
        spoke.simulated.audit().entries().is_empty(),
        "nobody called it yet"
    );
    claimed.join(|connection| connection.hosts = vec!["127.0.0.1".to_owned()]);
    in_state(registry, spoke, PlaneState::Ready).await;
}

/// After a restart Portico knows the control plane from its database before it has read the claim.
#[tokio::test]
async fn one_whose_claim_has_not_been_read_yet_waits_for_it() {
    let mut claimed = Claimed::start().await;
    claimed.write(&claimed.owners);
    let slow = Fault::Latency(Duration::from_millis(600));
    claimed
        .hub
        .simulated
        .faults()
        .add(Matcher::of("list", "buckets"), slow);
    claimed.registry = Planes::new(settings());
    claimed.join(|_| {});
    in_state(&claimed.registry, &claimed.spoke, PlaneState::Ready).await;
    let status = status(&claimed.registry, &claimed.spoke);
    assert!(status.recent_errors.is_empty(), "{:?}", status.recent_errors);
}

#[tokio::test]
async fn definitions_are_published_to_claims_alone_and_claims_add_nothing_to_the_catalog() {
    let claimed = Claimed::start().await;
    let Claimed {
        hub, spoke, registry, ..
    } = &claimed;
    claimed.write(&claimed.owners);
    claimed.join(|_| {});
    in_state(registry, spoke, PlaneState::Ready).await;

    let definition = crd("buckets", "Bucket", true);
    let publish = async |plane: &Plane, definition: &Value| {
        registry
            .apply_definition(&system(), &plane.name, definition)
            .await
    };
    let refused = publish(hub, &definition).await;
    assert!(
        matches!(refused, Err(PlaneError::Misconfigured { .. })),
        "{refused:?}"
    );
    let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "x" } });
    let refused = publish(spoke, &namespace).await;
    assert!(
        matches!(refused, Err(PlaneError::Misconfigured { .. })),
        "{refused:?}"
    );
    for _ in 0..2 {
        publish(spoke, &definition).await.unwrap();
    }
    offers(registry, spoke, &buckets()).await;

    // Whoever has such a control plane offers nothing by a label of their own, and rewords nothing.
    spoke.create(crd("traps", "Trap", true));
    let mut reworded = crd("buckets", "Bucket", true);
    reworded["metadata"]["annotations"]["portico.dev/title"] = json!("Free money");
    spoke.simulated.objects().apply(reworded).unwrap();
    spoke.create(bucket("payments-dev", "inside", 1));
    claim(registry, spoke, "inside").await;
    let catalog = registry.catalog();
    assert!(catalog.get(&offering("traps.storage.example.org")).is_none());
    assert_eq!(catalog.get(&buckets()).unwrap().title, "A Bucket");
}
