//! Test fixtures: served control planes, and a registry that is connected to them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use portico_domain::authz::{Granted, RevealSecret, Submission, Submit, SystemAuthority, Visible};
use portico_domain::claim::{Claim, ClaimRef};
use portico_domain::documents::{
    ActAs, Connection, ControlPlane as Document, ControlPlaneKind, ControlPlaneSpec, Environment, Limits,
    Offering, OfferingSpec, PlaneGrant, Quota, ResourceRef, Tenant, TenantSpec,
};
use portico_domain::names::{ClaimName, OfferingName, PlaneName, TenantName};
use portico_domain::request::Action;
use portico_domain::tenancy::{Person, Scope};
use portico_planes::{Actor, ClaimFilter, PlaneState, PlaneStatus, Planes, Settings};
use portico_simulator::kube::{ControlPlane, GroupKind, Key, Serving, Settings as Simulated};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// How long to wait for a condition before a test fails.
const WAIT_TIMEOUT: Duration = Duration::from_secs(20);

/// A served control plane.
pub(crate) struct Plane {
    pub(crate) simulated: ControlPlane,
    pub(crate) name: PlaneName,
    pub(crate) serving: Serving,
    folder: tempfile::TempDir,
}

impl Plane {
    pub(crate) async fn start(name: &str) -> Self {
        let simulated = ControlPlane::new(name, Simulated::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let serving = simulated.serve(listener).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let plane = Self {
            simulated,
            name: PlaneName::new(name).unwrap(),
            serving,
            folder,
        };
        plane.write_kubeconfig(&plane.simulated.kubeconfig(plane.serving.address()));
        for namespace in ["payments-dev", "research-dev"] {
            plane.create(
                json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } }),
            );
        }
        plane
    }

    pub(crate) fn write_kubeconfig(&self, text: &str) {
        std::fs::write(self.folder.path().join("kubeconfig"), text).unwrap();
    }

    /// Writes a file beside the kubeconfig atomically, like mounted secrets.
    pub(crate) fn write_beside(&self, name: &str, text: &str) {
        let half = self.folder.path().join("half");
        std::fs::write(&half, text).unwrap();
        std::fs::rename(half, self.folder.path().join(name)).unwrap();
    }

    pub(crate) fn document(&self) -> Document {
        Document {
            name: self.name.clone(),
            labels: BTreeMap::from([("shared".to_owned(), "true".to_owned())]),
            spec: ControlPlaneSpec {
                title: None,
                kind: ControlPlaneKind::Cluster,
                region: None,
                connection: Connection::Kubeconfig {
                    path: self.folder.path().join("kubeconfig").display().to_string(),
                    context: None,
                },
                kcp: None,
                act_as: ActAs::Portico,
                dedicated_to: Vec::new(),
                environments: Vec::new(),
                public_address: None,
                cordoned: false,
                maintenance: Vec::new(),
                capacity: None,
                weight: 0,
                limits: Limits {
                    timeout_seconds: 2,
                    ..Limits::default()
                },
            },
        }
    }

    pub(crate) fn create(&self, object: Value) -> Arc<Value> {
        self.simulated.objects().create(object).unwrap()
    }

    pub(crate) fn status(&self, name: &str, ready: &str, message: &str) {
        let reason = if ready == "True" { "Available" } else { "Creating" };
        let status = json!({ "conditions": [{
            "type": "Ready", "status": ready, "reason": reason, "message": message,
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }] });
        let objects = self.simulated.objects();
        objects
            .patch_status(&bucket_kind(), &Key::namespaced("payments-dev", name), status)
            .unwrap();
    }
}

pub(crate) fn bucket_kind() -> GroupKind {
    GroupKind::new("storage.example.org", "Bucket")
}

pub(crate) fn bucket_resource() -> ResourceRef {
    ResourceRef {
        group: "storage.example.org".into(),
        version: "v1".into(),
        kind: "Bucket".into(),
        plural: "buckets".into(),
        namespaced: true,
    }
}

pub(crate) fn offering(name: &str) -> OfferingName {
    OfferingName::new(name).unwrap()
}

pub(crate) fn buckets() -> OfferingName {
    offering("buckets.storage.example.org")
}

/// A CRD with or without the label that offers it.
pub(crate) fn crd(plural: &str, kind: &str, offered: bool) -> Value {
    let group = "storage.example.org";
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": format!("{plural}.{group}"),
            "labels": { "portico.dev/offered": offered.to_string() },
            "annotations": { "portico.dev/title": format!("A {kind}"), "portico.dev/category": "storage" },
        },
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": { "kind": kind, "listKind": format!("{kind}List"), "plural": plural, "singular": kind.to_lowercase() },
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": { "status": {} },
                "schema": { "openAPIV3Schema": { "type": "object", "properties": {
                    "spec": { "type": "object", "required": ["size"], "properties": {
                        "size": { "type": "integer", "minimum": 1, "maximum": 100 },
                        "region": { "type": "string" },
                    } },
                    "status": { "type": "object", "x-kubernetes-preserve-unknown-fields": true },
                } } },
            }],
        },
    })
}

pub(crate) fn bucket(namespace: &str, name: &str, size: i64) -> Value {
    json!({
        "apiVersion": "storage.example.org/v1", "kind": "Bucket",
        "metadata": { "namespace": namespace, "name": name },
        "spec": { "size": size },
    })
}

pub(crate) fn tenants() -> Vec<Tenant> {
    ["payments", "research"]
        .map(|name| Tenant {
            name: TenantName::new(name).unwrap(),
            spec: TenantSpec {
                title: None,
                parent: None,
                members: Vec::new(),
                environments: vec![Environment {
                    name: "dev".parse().unwrap(),
                    namespace: format!("{name}-dev"),
                    production: false,
                    control_plane_labels: BTreeMap::new(),
                    preferred_control_plane_labels: BTreeMap::new(),
                    placement: portico_domain::documents::PlacementRules::default(),
                }],
                placement: portico_domain::documents::PlacementRules::default(),
                control_planes: PlaneGrant {
                    names: Vec::new(),
                    match_labels: BTreeMap::from([("shared".to_owned(), "true".to_owned())]),
                },
                offerings: Vec::new(),
                quota: Quota::default(),
            },
        })
        .to_vec()
}

pub(crate) fn tenant(name: &str) -> Scope {
    Scope::for_tests().narrow(&TenantName::new(name).unwrap())
}

pub(crate) fn document_of(name: &OfferingName, spec: OfferingSpec) -> Offering {
    Offering {
        name: name.clone(),
        spec,
    }
}

/// Settings of a registry whose tests need not wait long for probes.
pub(crate) fn settings() -> Settings {
    Settings {
        probe_interval: Some(Duration::from_secs(5)),
        ..Settings::default()
    }
}

/// A registry connected to these control planes, all ready.
pub(crate) async fn connected(planes: &[&Plane]) -> Planes {
    connected_with(planes.iter().map(|plane| plane.document()).collect(), Vec::new()).await
}

pub(crate) async fn connected_with(documents: Vec<Document>, offerings: Vec<Offering>) -> Planes {
    let registry = Planes::new(settings());
    registry.configure(documents, offerings, &tenants());
    let all_ready = || {
        registry
            .planes()
            .iter()
            .all(|plane| plane.state == PlaneState::Ready)
            .then_some(())
    };
    eventually("all planes are ready", async || all_ready()).await;
    registry
}

/// Waits until the closure returns a value.
pub(crate) async fn eventually<T>(what: &str, ask: impl AsyncFnMut() -> Option<T>) -> T {
    eventually_within(WAIT_TIMEOUT, what, ask).await
}

/// Waits until the closure returns a value, for at most this long.
pub(crate) async fn eventually_within<T>(
    patience: Duration,
    what: &str,
    mut ask: impl AsyncFnMut() -> Option<T>,
) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begun.elapsed() < patience, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) fn status(registry: &Planes, plane: &Plane) -> PlaneStatus {
    registry.status(&plane.name).unwrap()
}

pub(crate) async fn in_state(registry: &Planes, plane: &Plane, state: PlaneState) -> PlaneStatus {
    let what = format!("{} is {}", plane.name, state.slug());
    eventually(&what, async || {
        Some(status(registry, plane)).filter(|status| status.state == state)
    })
    .await
}

pub(crate) async fn offers(registry: &Planes, plane: &Plane, name: &OfferingName) {
    let what = format!("{name} is offered");
    eventually(&what, async || {
        registry.catalog().served(name, &plane.name).map(|_| ())
    })
    .await;
}

pub(crate) fn reference(plane: &Plane, name: &str) -> ClaimRef {
    ClaimRef {
        plane: plane.name.clone(),
        offering: buckets(),
        namespace: Some("payments-dev".to_owned()),
        name: ClaimName::new(name).unwrap(),
    }
}

pub(crate) async fn claim(registry: &Planes, plane: &Plane, name: &str) -> Arc<Claim> {
    claim_where(registry, plane, name, |_| true).await
}

pub(crate) async fn claim_where(
    registry: &Planes,
    plane: &Plane,
    name: &str,
    holds: impl Fn(&Claim) -> bool,
) -> Arc<Claim> {
    let reference = reference(plane, name);
    let what = format!("{reference} is as expected");
    eventually(&what, async || {
        registry
            .claim(&Scope::for_tests(), &reference)
            .filter(|claim| holds(claim))
            .map(Visible::into_inner)
    })
    .await
}

pub(crate) fn names(registry: &Planes, scope: &Scope) -> Vec<String> {
    let claims = registry.claims(scope, &ClaimFilter::default());
    claims
        .iter()
        .map(|claim| claim.reference.name.to_string())
        .collect()
}

/// Portico's own authority.
pub(crate) fn system() -> SystemAuthority {
    SystemAuthority::for_tests()
}

/// Portico itself.
pub(crate) fn portico() -> Actor {
    Actor::system(&system())
}

/// A person, in whose name a request is applied.
pub(crate) fn person(subject: String, provider: String, groups: BTreeSet<String>) -> Actor {
    Actor::requester(&system(), subject, provider, groups)
}

fn dana() -> Person {
    Person {
        subject: "idp#dana".to_owned(),
        name: "Dana".to_owned(),
        email: None,
    }
}

/// The permission to reveal the claim's secret.
pub(crate) fn reveal(claim: &Claim) -> Granted<Arc<Claim>, RevealSecret> {
    Granted::for_tests(dana(), Arc::new(claim.clone()))
}

/// The permission to submit something.
pub(crate) fn submit() -> Granted<Submission, Submit> {
    let submission = Submission {
        id: "01a20504-0dab-75d3-97d4-14a654b60af4".parse().unwrap(),
        action: Action::Create,
        tenant: "payments".parse().unwrap(),
        environment: "dev".parse().unwrap(),
        claim: None,
    };
    Granted::for_tests(dana(), submission)
}
