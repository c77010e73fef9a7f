//! The portal in one process, for the tests of operations.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use portico_api::RequestFormPage;
use portico_domain::authz::{Granted, SystemAuthority};
use portico_domain::claim::ClaimRef;
use portico_domain::documents::{
    self, ApprovalPolicy, Approvers, Configuration, ControlPlane, Offering, Tenant,
};
use portico_domain::names::{OfferingName, RequestId};
use portico_domain::request::{ApprovalNeed, Comment, Request, RuleNeed, State};
use portico_domain::tenancy::{KnownPerson, Person, Role, Scope, Viewer};
use portico_planes::{PlaneState, Planes};
use portico_simulator::kube::{ControlPlane as Simulated, Serving, Settings as Simulation};
use portico_store::testing::{Statements, TestStore, event, request};
use portico_store::{EventFilter, Page};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::configuration::LiveConfiguration;
use crate::{
    Caller, Content, Env, Portal, RequestInput, RequestTarget, SubmitOutcome, SubmitRequest, Workspace,
};

/// How many tenants there are: `t0`, `t1` …
pub(crate) const TENANTS: usize = 4;

/// The portal in one process: a database that counts its statements, a simulated control plane that serves buckets, and a
/// clock that tests set.
pub(crate) struct TestApp {
    pub(crate) portal: Portal,
    pub(crate) statements: Statements,
    clock: Arc<Mutex<Timestamp>>,
    pub(crate) url: String,
    database: TestStore,
    pub(crate) simulated: Simulated,
    _serving: Serving,
    _folder: TempDir,
}

impl TestApp {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// As [`TestApp::new`], with another configuration.
    pub(crate) async fn with(change: impl FnOnce(&mut Configuration)) -> Self {
        let simulated = Simulated::new("eu-shared", Simulation::default());
        simulated.objects().create(bucket_kind()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let serving = simulated.serve(listener).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = folder.path().join("kubeconfig");
        std::fs::write(&kubeconfig, simulated.kubeconfig(serving.address())).unwrap();
        let mut configuration = configuration(&kubeconfig.display().to_string());
        change(&mut configuration);
        let configuration = LiveConfiguration::fixed(configuration);
        let planes = Planes::new(portico_planes::Settings::default());
        let current = configuration.current();
        let tenants: Vec<_> = current.tenants.values().cloned().collect();
        planes.configure(
            current.control_planes.values().cloned().collect(),
            current.offerings.values().cloned().collect(),
            &tenants,
        );
        let database = portico_store::testing::sqlite().await;
        let (store, statements) = Statements::of(&database.store);
        let clock = Arc::new(Mutex::new(Timestamp::now()));
        let env = Env {
            now: {
                let clock = Arc::clone(&clock);
                Arc::new(move || *clock.lock())
            },
            ..Env::system()
        };
        let portal = Portal::new(
            store,
            planes.clone(),
            SystemAuthority::for_tests().rules(),
            configuration,
            Arc::new(Notify::new()),
            env,
        );
        let name = "eu-shared".parse().unwrap();
        let offering = buckets();
        until("the control plane serves buckets", || async {
            let ready = |state| state == PlaneState::Ready;
            planes.status(&name).is_some_and(|status| ready(status.state))
                && planes.catalog().get(&offering).is_some()
        })
        .await;
        for tenant in 0..TENANTS {
            sign_in(&database, &developer(tenant)).await;
        }
        Self {
            portal,
            statements,
            clock,
            url: database.url.clone(),
            database,
            simulated,
            _serving: serving,
            _folder: folder,
        }
    }

    /// Moves the clock on.
    pub(crate) fn advance(&self, by: SignedDuration) {
        let mut now = self.clock.lock();
        *now += by;
    }

    /// Gives buckets this life, and archives, which are served from now on, the other.
    pub(crate) async fn lives(&self, of_buckets: Value, of_archives: Value) {
        // They may be there from another call.
        let _ = self.simulated.objects().create(kind("Archive", "archive"));
        let configuration = self.portal.configuration();
        let tenants: Vec<_> = configuration.tenants.values().cloned().collect();
        let offering = |name: OfferingName, title: &str, lifecycle: &Value| Offering {
            name,
            spec: serde_json::from_value(json!({
                "title": title,
                "lifetimeDays": 30,
                "lifecycle": lifecycle,
            }))
            .unwrap(),
        };
        let offerings = vec![
            offering(buckets(), "Bucket", &of_buckets),
            offering(archives(), "Archive", &of_archives),
        ];
        let planes = self.portal.planes();
        planes.configure(
            configuration.control_planes.values().cloned().collect(),
            offerings.clone(),
            &tenants,
        );
        until("the catalog has the lives", || async {
            let catalog = planes.catalog();
            offerings.iter().all(|offering| {
                catalog.get(&offering.name).is_some_and(|offered| {
                    offered.lifecycle == offering.spec.lifecycle && !offered.served.is_empty()
                })
            })
        })
        .await;
    }

    /// Sets the clock.
    pub(crate) fn set_clock(&self, now: Timestamp) {
        *self.clock.lock() = now;
    }

    /// Stores that the person has signed in.
    pub(crate) async fn signed_in(&self, viewer: &Viewer) {
        sign_in(&self.database, viewer).await;
    }

    /// Submits a request for a bucket of 10 GB.
    pub(crate) async fn submit(
        &self,
        viewer: &Viewer,
        workspace: &Workspace,
        name: &str,
    ) -> crate::Result<SubmitOutcome<RequestFormPage>> {
        let input = RequestInput {
            name: name.to_owned(),
            content: Content::Object(json!({"spec": {"sizeGb": 10}})),
            ..RequestInput::default()
        };
        self.submit_input(viewer, workspace, input).await
    }

    /// Submits a request for a bucket.
    pub(crate) async fn submit_input(
        &self,
        viewer: &Viewer,
        workspace: &Workspace,
        input: RequestInput,
    ) -> crate::Result<SubmitOutcome<RequestFormPage>> {
        let command = SubmitRequest {
            target: RequestTarget::New(&buckets()),
            workspace: Some(workspace),
            input,
        };
        self.portal.submit(caller(viewer), command).await
    }

    /// Submits a request for a bucket that waits for the leads.
    pub(crate) async fn submitted(&self, viewer: &Viewer, name: &str) -> RequestId {
        match self.submit(viewer, &workspace(0), name).await.unwrap() {
            SubmitOutcome::Created(submission) => submission.id,
            other => panic!("{other:?}"),
        }
    }

    /// The verbs of the audit events, of one request or of all, the oldest first, with what granted them.
    pub(crate) async fn audited(&self, request: Option<RequestId>) -> Vec<(String, Value)> {
        let filter = EventFilter {
            request,
            ..EventFilter::default()
        };
        let store = &self.database.store;
        let events = store
            .events(&Scope::for_tests(), &filter, &Page::first(100))
            .await
            .unwrap();
        let mut events: Vec<_> = events
            .items
            .into_iter()
            .map(|event| (event.event.verb, event.event.details["grantedBy"].clone()))
            .collect();
        events.reverse();
        events
    }

    /// Puts a request in that waits for the leads, by a person of its own, with a comment.
    pub(crate) async fn ask(&self, number: usize, tenant: usize) -> RequestId {
        let person = Person {
            subject: format!("https://sso.example.com#person-{number}"),
            name: format!("Person {number}"),
            email: None,
        };
        let requester = developer(tenant).with_person(person.clone());
        sign_in(&self.database, &requester).await;
        let rule = RuleNeed {
            policy: "company".to_owned(),
            rule: "all".to_owned(),
            reason: "Everything is agreed.".to_owned(),
            approvers: Approvers::Groups(vec!["leads".into()]),
            count: 1,
            publication: None,
        };
        let asked = Request {
            requester: person.clone(),
            approval: Some(ApprovalNeed {
                rules: vec![rule],
                expires_at: Timestamp::MAX,
            }),
            ..request(
                &format!("t{tenant}"),
                &format!("files-{number}"),
                State::AwaitingApproval,
            )
        };
        let submitted = [event(&asked, "request.submitted")];
        let store = &self.database.store;
        store.insert_for_tests(&asked, &submitted).await.unwrap();
        let comment = Comment {
            id: Uuid::now_v7(),
            by: person,
            text: "Please.".to_owned(),
            at: Timestamp::now(),
        };
        let grant = Granted::for_tests(comment.by.clone(), asked.clone());
        store.insert_comment(&grant, &comment, &[]).await.unwrap();
        asked.id
    }

    /// A bucket that other hands made, once the portal knows of it.
    pub(crate) async fn bucket(&self, namespace: &str, name: &str) -> ClaimRef {
        self.bucket_of(namespace, name, json!({"sizeGb": 5})).await
    }

    /// A bucket of a plan that other hands made, once the portal knows of it.
    pub(crate) async fn bucket_of_plan(&self, namespace: &str, name: &str, plan: &str) -> ClaimRef {
        let labels = json!({"portico.dev/plan": plan});
        self.labelled_bucket(namespace, name, labels, json!({"sizeGb": 5}))
            .await
    }

    /// A bucket with this `spec` that other hands made, once the portal knows of it.
    pub(crate) async fn bucket_of(&self, namespace: &str, name: &str, spec: Value) -> ClaimRef {
        self.labelled_bucket(namespace, name, json!({}), spec).await
    }

    async fn labelled_bucket(&self, namespace: &str, name: &str, labels: Value, spec: Value) -> ClaimRef {
        let objects = self.simulated.objects();
        let made = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        // It may be there from another bucket.
        let _ = objects.create(made);
        objects
            .create(json!({
                "apiVersion": "storage.demo.portico.dev/v1alpha1",
                "kind": "Bucket",
                "metadata": {"name": name, "namespace": namespace, "labels": labels},
                "spec": spec,
            }))
            .unwrap();
        let claim = ClaimRef {
            plane: "eu-shared".parse().unwrap(),
            offering: "buckets.storage.demo.portico.dev".parse().unwrap(),
            namespace: Some(namespace.to_owned()),
            name: name.parse().unwrap(),
        };
        until("the portal knows of the bucket", || async {
            self.portal.planes().claim(&Scope::for_tests(), &claim).is_some()
        })
        .await;
        claim
    }
}

async fn sign_in(database: &TestStore, viewer: &Viewer) {
    let known = KnownPerson {
        id: Uuid::now_v7(),
        person: viewer.person().clone(),
        groups: viewer.groups().clone(),
        signed_in_at: Timestamp::now(),
        suspended_at: None,
    };
    let started = event(&request("t0", "x", State::Draft), "session.started");
    database.store.sign_in(&known, started).await.unwrap();
}

/// Somebody who is a member of no tenant, and whose approval everything outside the sandbox needs.
pub(crate) fn lead() -> Viewer {
    viewer("lead", "leads")
}

/// A platform admin who is a member of no tenant.
pub(crate) fn platform_admin() -> Viewer {
    viewer("pat", "platform").with_platform_admin(true)
}

/// A member of the tenant `t0`.
pub(crate) fn member(role: Role) -> Viewer {
    let name = format!("{role:?}").to_lowercase();
    viewer(&name, "t0-others").with_role(workspace(0).tenant, role)
}

/// One person of each kind, from the point of view of the tenant `t0`, by name.
pub(crate) fn everyone() -> Vec<(&'static str, Viewer)> {
    vec![
        ("viewer", member(Role::Viewer)),
        ("developer", member(Role::Developer)),
        ("approver", member(Role::Approver)),
        ("tenant admin", member(Role::TenantAdmin)),
        ("lead", lead()),
        ("platform admin", platform_admin()),
        ("of another tenant", developer(1)),
    ]
}

/// The person, at no address.
pub(crate) fn caller(viewer: &Viewer) -> Caller<'_> {
    Caller {
        viewer,
        remote: Some("192.0.2.1"),
    }
}

/// The offering that the control plane serves.
pub(crate) fn buckets() -> OfferingName {
    "buckets.storage.demo.portico.dev".parse().unwrap()
}

/// The offering that [`TestApp::lives`] adds.
pub(crate) fn archives() -> OfferingName {
    "archives.storage.demo.portico.dev".parse().unwrap()
}

/// A platform admin who is a developer of the tenant `t0`.
pub(crate) fn admin_developer() -> Viewer {
    viewer("ada", "platform")
        .with_groups(["platform", "t0-developers"])
        .with_role(workspace(0).tenant, Role::Developer)
        .with_platform_admin(true)
}

/// A developer of a tenant.
pub(crate) fn developer(tenant: usize) -> Viewer {
    viewer(&format!("developer-{tenant}"), &format!("t{tenant}-developers"))
        .with_role(workspace(tenant).tenant, Role::Developer)
}

fn viewer(name: &str, group: &str) -> Viewer {
    let person = Person {
        subject: format!("https://sso.example.com#{name}"),
        name: name.to_owned(),
        email: None,
    };
    Viewer::for_tests(person).with_groups([group])
}

pub(crate) fn workspace(tenant: usize) -> Workspace {
    Workspace {
        tenant: format!("t{tenant}").parse().unwrap(),
        environment: "dev".parse().unwrap(),
    }
}

/// The environment of `t0` in which nobody need approve.
pub(crate) fn sandbox() -> Workspace {
    Workspace {
        environment: "sandbox".parse().unwrap(),
        ..workspace(0)
    }
}

/// Waits until it is so, 20 seconds at most.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, is_so: impl Fn() -> F) {
    let wait = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), wait).await;
    assert!(waited.is_ok(), "waited in vain: {what}");
}

pub(crate) fn configuration(kubeconfig: &str) -> Configuration {
    let portal = json!({
        "publicUrl": "https://portico.example.com",
        "signIn": {
            "adminGroups": ["platform"],
            "providers": [{"name": "sso", "issuer": "https://sso.example.com", "clientId": "portico"}],
        },
    });
    let plane = json!({"kind": "cluster", "connection": {"kubeconfig": {"path": kubeconfig}}});
    let policy = json!({"rules": [
        {
            "name": "all",
            "when": "environment.name != 'sandbox'",
            "then": {"require": {"approvers": {"groups": ["leads"]}}},
            "reason": "Everything is agreed.",
        },
        {
            "name": "size",
            "when": "request.action == 'create' && request.manifest.spec.sizeGb > 100",
            "then": {"deny": {}},
            "reason": "Buckets over 100 GB are not for self-service.",
        },
    ]});
    let tenant = |number: usize| Tenant {
        name: workspace(number).tenant,
        spec: serde_json::from_value(json!({
            "members": [{"group": format!("t{number}-developers"), "role": "developer"}],
            "environments": [
                {"name": "dev", "namespace": format!("t{number}-dev")},
                {"name": "sandbox", "namespace": format!("t{number}-sandbox")},
            ],
            "controlPlanes": {"names": ["eu-shared"]},
            "quota": {"claims": 1000},
        }))
        .unwrap(),
    };
    let plane = ControlPlane {
        name: "eu-shared".parse().unwrap(),
        labels: BTreeMap::new(),
        spec: serde_json::from_value(plane).unwrap(),
    };
    let offering = Offering {
        name: buckets(),
        spec: serde_json::from_value(json!({"title": "Bucket", "lifetimeDays": 30})).unwrap(),
    };
    let policy = ApprovalPolicy {
        name: "company".to_owned(),
        spec: serde_json::from_value(policy).unwrap(),
    };
    Configuration {
        portal: documents::Portal {
            name: "test".to_owned(),
            spec: serde_json::from_value(portal).unwrap(),
        },
        control_planes: BTreeMap::from([(plane.name.clone(), plane)]),
        offerings: BTreeMap::from([(offering.name.clone(), offering)]),
        tenants: (0..TENANTS)
            .map(|number| (workspace(number).tenant, tenant(number)))
            .collect(),
        namespace_templates: BTreeMap::new(),
        publications: BTreeMap::new(),
        permission_decisions: portico_domain::publication::PermissionDecisions::default(),
        policies: BTreeMap::from([(policy.name.clone(), policy)]),
    }
}

/// The definition of buckets.
pub(crate) fn bucket_kind() -> Value {
    kind("Bucket", "bucket")
}

/// The definition of a kind with the fields of a bucket.
fn kind(name: &str, singular: &str) -> Value {
    let plural = format!("{singular}s");
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": format!("{plural}.storage.demo.portico.dev"),
            "labels": {"portico.dev/offered": "true"},
        },
        "spec": {
            "group": "storage.demo.portico.dev",
            "scope": "Namespaced",
            "names": {"kind": name, "plural": plural, "singular": singular, "listKind": format!("{name}List")},
            "versions": [{
                "name": "v1alpha1",
                "served": true,
                "storage": true,
                "schema": {"openAPIV3Schema": {
                    "type": "object",
                    "properties": {"spec": {
                        "type": "object",
                        "properties": {"sizeGb": {"type": "integer"}, "versioned": {"type": "boolean"}},
                    }},
                }},
            }],
        },
    })
}
