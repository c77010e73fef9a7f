use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use portico_domain::audit_log::Event;
use portico_domain::authz::SystemAuthority;
use portico_domain::documents::{ActAs, ControlPlaneKind, Environment, Tenant, TenantSpec};
use portico_domain::documents::{Connection, ControlPlane, ControlPlaneSpec, Limits, Offering, OfferingSpec};
use portico_domain::names::RequestId;
use portico_domain::permission::{ApplyPermission, NotChecked, PermissionCheck};
use portico_domain::request::{Action, Request, State, manifest_hash};
use portico_domain::tenancy::Scope;
use portico_planes::{Documents, PlaneState, Planes};
use portico_simulator::kube::{ControlPlane as Simulated, GroupKind, Key, Serving, Settings as Simulation};
use portico_store::testing::{TestStore, event, request};
use portico_store::{EventFilter, Page};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{Settings, Worker};

/// One simulated control plane that serves buckets, a store, and workers over both.
pub(super) struct World {
    pub(super) simulated: Simulated,
    pub(super) planes: Planes,
    pub(super) database: TestStore,
    pub(super) work_to_do: Arc<Notify>,
    pub(super) permits: Arc<StubPermissions>,
    _serving: Serving,
    _folder: TempDir,
}

/// Returns the set result for each request; by default, that it may be applied with the groups of its requester.
#[derive(Default)]
pub(super) struct StubPermissions {
    result: Mutex<Option<Result<ApplyPermission, NotChecked>>>,
    calls: AtomicUsize,
}

impl StubPermissions {
    pub(super) fn set(&self, result: Result<ApplyPermission, NotChecked>) {
        *self.result.lock().unwrap() = Some(result);
    }

    pub(super) fn grant(&self) {
        *self.result.lock().unwrap() = None;
    }

    /// How often it was called.
    pub(super) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

impl PermissionCheck for StubPermissions {
    fn check<'a>(
        &'a self,
        request: &'a Request,
    ) -> Pin<Box<dyn Future<Output = Result<ApplyPermission, NotChecked>> + Send + 'a>> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let result = self.result.lock().unwrap().clone();
        let granted = ApplyPermission::Granted {
            provider: "sso".to_owned(),
            groups: request.requester_groups.clone(),
        };
        Box::pin(std::future::ready(result.unwrap_or(Ok(granted))))
    }
}

/// Quick, so that tests are.
pub(super) fn settings() -> Settings {
    Settings {
        lease: Duration::from_millis(600),
        idle: Duration::from_millis(100),
        first_pause: Duration::from_millis(20),
        longest_pause: Duration::from_millis(200),
        deletion_pause: Duration::from_millis(200),
        expiry_every: Duration::from_millis(50),
        readiness_every: Duration::from_millis(50),
        grace: Duration::from_secs(1),
        ..Settings::default()
    }
}

impl World {
    pub(super) async fn new() -> Self {
        Self::over(portico_store::testing::sqlite().await, ActAs::Portico).await
    }

    pub(super) async fn over(database: TestStore, act_as: ActAs) -> Self {
        let simulated = Simulated::new("eu-shared", Simulation::default());
        simulated.objects().create(bucket_kind()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let serving = simulated.serve(listener).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = folder.path().join("kubeconfig");
        std::fs::write(&kubeconfig, simulated.kubeconfig(serving.address())).unwrap();
        let planes = Planes::new(portico_planes::Settings::default());
        planes.configure_all(Documents {
            control_planes: vec![document(&kubeconfig.display().to_string(), act_as)],
            offerings: vec![offering()],
            tenants: vec![tenant()],
            portal: Some("main".into()),
            ..Documents::default()
        });
        let world = Self {
            simulated,
            planes,
            database,
            work_to_do: Arc::new(Notify::new()),
            permits: Arc::default(),
            _serving: serving,
            _folder: folder,
        };
        let name = "eu-shared".parse().unwrap();
        until("the control plane answers", || async {
            world
                .planes
                .status(&name)
                .is_some_and(|status| status.state == PlaneState::Ready)
        })
        .await;
        world
    }

    /// A worker that goes on until its task is aborted.
    pub(super) fn work(&self) -> JoinHandle<()> {
        self.work_with(settings(), CancellationToken::new())
    }

    pub(super) fn work_with(&self, settings: Settings, stop: CancellationToken) -> JoinHandle<()> {
        let (store, planes) = (self.database.store.clone(), self.planes.clone());
        let worker = Worker::new(
            store,
            planes,
            SystemAuthority::for_tests(),
            self.permits.clone(),
            Arc::clone(&self.work_to_do),
            Timestamp::now,
            settings,
        );
        tokio::spawn(worker.run(stop))
    }

    pub(super) async fn submit(&self, request: &Request) {
        self.database
            .store
            .insert_for_tests(request, &[event(request, "request.submitted")])
            .await
            .unwrap();
        self.work_to_do.notify_one();
    }

    pub(super) async fn now(&self, id: RequestId) -> Request {
        self.database
            .store
            .request(&Scope::for_tests(), id)
            .await
            .unwrap()
            .unwrap()
    }

    /// Waits until the request is in that state.
    pub(super) async fn until_state(&self, id: RequestId, state: State) -> Request {
        until(&format!("the request is {}", state.slug()), || async {
            let now = self.now(id).await;
            assert!(
                !now.state.is_end() || now.state == state,
                "{:?}: {:?}",
                now.state,
                now.failure
            );
            now.state == state
        })
        .await;
        self.now(id).await
    }

    pub(super) async fn verbs(&self, id: RequestId) -> Vec<String> {
        self.events(id)
            .await
            .into_iter()
            .map(|event| event.event.verb)
            .collect()
    }

    /// What the record says of a request, the oldest first.
    pub(super) async fn events(&self, id: RequestId) -> Vec<Event> {
        let filter = EventFilter {
            request: Some(id),
            ..EventFilter::default()
        };
        let listing = self
            .database
            .store
            .events(&Scope::for_tests(), &filter, &Page::first(500))
            .await
            .unwrap();
        listing.items.into_iter().rev().collect()
    }

    /// The bucket, as the control plane has it.
    pub(super) fn bucket(&self, name: &str) -> Option<Arc<Value>> {
        self.simulated
            .objects()
            .get(&kind(), &Key::namespaced("payments-dev", name))
    }

    /// A bucket that other hands made.
    pub(super) fn make_bucket(&self, name: &str, finalizers: &[&str]) -> String {
        let objects = self.simulated.objects();
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "payments-dev"}});
        // There already, when this is not the first.
        let _ = objects.create(namespace);
        let made = objects
            .managed_by("kubectl")
            .create(json!({
                "apiVersion": "storage.demo.portico.dev/v1alpha1",
                "kind": "Bucket",
                "metadata": {"name": name, "namespace": "payments-dev", "finalizers": finalizers},
                "spec": {"sizeGb": 5},
            }))
            .unwrap();
        made.pointer("/metadata/uid")
            .and_then(Value::as_str)
            .unwrap()
            .to_owned()
    }

    pub(super) fn delete_bucket(&self, name: &str) {
        self.simulated
            .objects()
            .delete(&kind(), &Key::namespaced("payments-dev", name))
            .unwrap();
    }

    pub(super) fn change_bucket(&self, name: &str, merge: Value) {
        self.simulated
            .objects()
            .patch(&kind(), &Key::namespaced("payments-dev", name), merge)
            .unwrap();
    }
}

pub(super) fn create(name: &str) -> Request {
    request("payments", name, State::Approved)
}

/// A change of the bucket with that uid, to another size.
pub(super) fn change(name: &str, uid: &str) -> Request {
    let mut request = create(name);
    request.action = Action::Change;
    request.uid = Some(uid.to_owned());
    request.manifest["spec"]["sizeGb"] = json!(20);
    request.manifest_hash = manifest_hash(&request.manifest);
    request
}

pub(super) fn delete(name: &str, uid: &str) -> Request {
    Request {
        action: Action::Delete,
        uid: Some(uid.to_owned()),
        ..create(name)
    }
}

/// Waits until it is so, 20 seconds at most.
pub(super) async fn until<F: Future<Output = bool>>(what: &str, is_so: impl Fn() -> F) {
    let wait = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(
        tokio::time::timeout(Duration::from_secs(20), wait).await.is_ok(),
        "waited in vain: {what}"
    );
}

pub(super) fn kind() -> GroupKind {
    GroupKind::new("storage.demo.portico.dev", "Bucket")
}

fn bucket_kind() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "buckets.storage.demo.portico.dev"},
        "spec": {
            "group": "storage.demo.portico.dev",
            "scope": "Namespaced",
            "names": {"kind": "Bucket", "plural": "buckets", "singular": "bucket", "listKind": "BucketList"},
            "versions": [{
                "name": "v1alpha1",
                "served": true,
                "storage": true,
                "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {
                    "type": "object",
                    "properties": {
                        "spec": {
                            "type": "object",
                            "required": ["sizeGb"],
                            "properties": {"sizeGb": {"type": "integer", "minimum": 1, "maximum": 100}},
                        },
                        "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                    },
                }},
            }],
        },
    })
}

fn document(kubeconfig: &str, act_as: ActAs) -> ControlPlane {
    ControlPlane {
        name: "eu-shared".parse().unwrap(),
        labels: std::collections::BTreeMap::new(),
        spec: ControlPlaneSpec {
            title: None,
            kind: ControlPlaneKind::Cluster,
            region: None,
            connection: Connection::Kubeconfig {
                path: kubeconfig.to_owned(),
                context: None,
            },
            kcp: None,
            act_as,
            dedicated_to: Vec::new(),
            environments: Vec::new(),
            public_address: None,
            cordoned: false,
            maintenance: Vec::new(),
            capacity: None,
            weight: 0,
            limits: Limits {
                timeout_seconds: 1,
                ..Limits::default()
            },
        },
    }
}

fn offering() -> Offering {
    Offering {
        name: "buckets.storage.demo.portico.dev".parse().unwrap(),
        spec: OfferingSpec::default(),
    }
}

fn tenant() -> Tenant {
    Tenant {
        name: "payments".parse().unwrap(),
        spec: TenantSpec {
            title: None,
            parent: None,
            members: Vec::new(),
            environments: vec![Environment {
                name: "dev".parse().unwrap(),
                namespace: "payments-dev".to_owned(),
                production: false,
                control_plane_labels: std::collections::BTreeMap::new(),
                preferred_control_plane_labels: std::collections::BTreeMap::new(),
                placement: portico_domain::documents::PlacementRules::default(),
            }],
            placement: portico_domain::documents::PlacementRules::default(),
            control_planes: portico_domain::documents::PlaneGrant {
                names: vec!["eu-shared".parse().unwrap()],
                ..Default::default()
            },
            offerings: Vec::new(),
            quota: portico_domain::documents::Quota::default(),
        },
    }
}
