use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use portico_domain::authz::{Granted, SystemAuthority};
use portico_domain::claim::ClaimRef;
use portico_domain::documents::{self, ApprovalPolicy, Approvers, Configuration, ControlPlane, Tenant};
use portico_domain::names::RequestId;
use portico_domain::request::{ApprovalNeed, Comment, Request, RuleNeed, State};
use portico_domain::tenancy::{KnownPerson, Person, Role, Scope, Via, Viewer};
use portico_planes::{PlaneState, Planes};
use portico_simulator::kube::{ControlPlane as Simulated, Serving, Settings as Simulation};
use portico_store::testing::{Statements, TestStore, event, request};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use uuid::Uuid;

use super::super::{Portal, Workspace};
use crate::configuration::LiveConfiguration;

/// How many tenants there are: `t0`, `t1` …
pub(super) const TENANTS: usize = 4;

/// A portal whose database tells what it was asked, and a simulated control plane that serves buckets.
pub(super) struct Bench {
    pub(super) portal: Portal,
    pub(super) statements: Statements,
    pub(super) url: String,
    database: TestStore,
    simulated: Simulated,
    _serving: Serving,
    _folder: TempDir,
}

impl Bench {
    pub(super) async fn new() -> Self {
        let simulated = Simulated::new("eu-shared", Simulation::default());
        simulated.objects().create(bucket_kind()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let serving = simulated.serve(listener).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = folder.path().join("kubeconfig");
        std::fs::write(&kubeconfig, simulated.kubeconfig(serving.address())).unwrap();
        let configuration = LiveConfiguration::fixed(configuration(&kubeconfig.display().to_string()));
        let planes = Planes::new(portico_planes::Settings::default());
        let current = configuration.current();
        let tenants: Vec<_> = current.tenants.values().cloned().collect();
        planes.configure(
            current.control_planes.values().cloned().collect(),
            Vec::new(),
            &tenants,
        );
        let database = portico_store::testing::sqlite().await;
        let (store, statements) = Statements::of(&database.store);
        let portal = Portal::new(
            store,
            planes.clone(),
            SystemAuthority::for_tests().rules(),
            configuration,
            Arc::new(Notify::new()),
            Timestamp::now,
        );
        let name = "eu-shared".parse().unwrap();
        let offering = "buckets.storage.demo.portico.dev".parse().unwrap();
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
            url: database.url.clone(),
            database,
            simulated,
            _serving: serving,
            _folder: folder,
        }
    }

    /// Puts a request in that waits for the leads, by a person of its own, with a comment.
    pub(super) async fn ask(&self, number: usize, tenant: usize) -> RequestId {
        let mut requester = developer(tenant);
        requester.person = Person {
            subject: format!("https://sso.example.com#person-{number}"),
            name: format!("Person {number}"),
            email: None,
        };
        sign_in(&self.database, &requester).await;
        let rule = RuleNeed {
            policy: "company".to_owned(),
            rule: "all".to_owned(),
            reason: "Everything is agreed.".to_owned(),
            approvers: Approvers::Groups(vec!["leads".into()]),
            count: 1,
        };
        let asked = Request {
            requester: requester.person.clone(),
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
            by: requester.person,
            text: "Please.".to_owned(),
            at: Timestamp::now(),
        };
        let grant = Granted::for_tests(comment.by.clone(), asked.clone());
        store.insert_comment(&grant, &comment, &[]).await.unwrap();
        asked.id
    }

    /// A bucket that other hands made, once the portal knows of it.
    pub(super) async fn bucket(&self, namespace: &str, name: &str) -> ClaimRef {
        let objects = self.simulated.objects();
        let made = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        objects.create(made).unwrap();
        objects
            .create(json!({
                "apiVersion": "storage.demo.portico.dev/v1alpha1",
                "kind": "Bucket",
                "metadata": {"name": name, "namespace": namespace},
                "spec": {"sizeGb": 5},
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
        person: viewer.person.clone(),
        groups: viewer.groups.clone(),
        signed_in_at: Timestamp::now(),
        suspended_at: None,
    };
    let started = event(&request("t0", "x", State::Draft), "session.started");
    database.store.sign_in(&known, started).await.unwrap();
}

/// Somebody who is a member of no tenant, and whose agreement everything needs.
pub(super) fn lead() -> Viewer {
    viewer("lead", "leads", BTreeMap::new())
}

/// A developer of a tenant.
pub(super) fn developer(tenant: usize) -> Viewer {
    let roles = BTreeMap::from([(work(tenant).tenant, BTreeSet::from([Role::Developer]))]);
    viewer(
        &format!("developer-{tenant}"),
        &format!("t{tenant}-developers"),
        roles,
    )
}

fn viewer(
    name: &str,
    group: &str,
    roles: BTreeMap<portico_domain::names::TenantName, BTreeSet<Role>>,
) -> Viewer {
    Viewer {
        person: Person {
            subject: format!("https://sso.example.com#{name}"),
            name: name.to_owned(),
            email: None,
        },
        provider: "sso".to_owned(),
        groups: BTreeSet::from([group.to_owned()]),
        roles,
        platform_admin: false,
        via: Via::Session,
    }
}

pub(super) fn work(tenant: usize) -> Workspace {
    Workspace {
        tenant: format!("t{tenant}").parse().unwrap(),
        environment: "dev".parse().unwrap(),
    }
}

/// Waits until it is so, 20 seconds at most.
async fn until<F: Future<Output = bool>>(what: &str, is_so: impl Fn() -> F) {
    let wait = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), wait).await;
    assert!(waited.is_ok(), "waited in vain: {what}");
}

fn configuration(kubeconfig: &str) -> Configuration {
    let portal = json!({
        "publicUrl": "https://portico.example.com",
        "signIn": {
            "providers": [{"name": "sso", "issuer": "https://sso.example.com", "clientId": "portico"}],
        },
    });
    let plane = json!({"kind": "cluster", "connection": {"kubeconfig": {"path": kubeconfig}}});
    let policy = json!({"rules": [{
        "name": "all",
        "when": "true",
        "then": {"require": {"approvers": {"groups": ["leads"]}}},
        "reason": "Everything is agreed.",
    }]});
    let tenant = |number: usize| Tenant {
        name: work(number).tenant,
        spec: serde_json::from_value(json!({
            "members": [{"group": format!("t{number}-developers"), "role": "developer"}],
            "environments": [{"name": "dev", "namespace": format!("t{number}-dev")}],
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
        offerings: BTreeMap::new(),
        tenants: (0..TENANTS)
            .map(|number| (work(number).tenant, tenant(number)))
            .collect(),
        policies: BTreeMap::from([(policy.name.clone(), policy)]),
    }
}

fn bucket_kind() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": "buckets.storage.demo.portico.dev",
            "labels": {"portico.dev/offered": "true"},
        },
        "spec": {
            "group": "storage.demo.portico.dev",
            "scope": "Namespaced",
            "names": {"kind": "Bucket", "plural": "buckets", "singular": "bucket", "listKind": "BucketList"},
            "versions": [{
                "name": "v1alpha1",
                "served": true,
                "storage": true,
                "schema": {"openAPIV3Schema": {
                    "type": "object",
                    "properties": {"spec": {
                        "type": "object",
                        "properties": {"sizeGb": {"type": "integer"}},
                    }},
                }},
            }],
        },
    })
}
