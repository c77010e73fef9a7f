//! Composed resources are watched on a real API server.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use portico_domain::claim::{Claim, ClaimRef, ComposedResource, ResourceTree};
use portico_domain::documents::{
    Access, ActAs, Connection, ControlPlane, ControlPlaneKind, ControlPlaneSpec, Environment, Limits,
    Offering, OfferingSpec, PlaneGrant, Quota, SecretSource, Tenant, TenantSpec,
};
use portico_domain::names::PlaneName;
use portico_domain::tenancy::Scope;
use portico_planes::{Actor, Planes, Settings};
use portico_tests::apiserver::ApiServer;
use portico_tests::kubectl::Kubectl;
use portico_tests::proxy::{Operation, ProxiedRequest, Proxy};
use portico_tests::raw_client::RawClient;
use portico_tests::until::until;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::watch::Receiver;

const BOXES: &str = "boxes.tests.portico.dev";
const API: &str = "/apis/tests.portico.dev/v1/namespaces/payments-dev";
/// How long a change may take to appear.
const SOON: Duration = Duration::from_secs(1);
/// How long pages stay open idle, and the calls allowed in that time: ten per minute.
const IDLE: Duration = Duration::from_secs(20);
const ALLOWED: usize = 3;

/// A kind that accepts anything.
fn definition(plural: &str, kind: &str, offered: bool) -> String {
    format!(
        "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{ name: {plural}.tests.portico.dev, labels: {{ portico.dev/offered: \"{offered}\" }} }}
spec:
  group: tests.portico.dev
  scope: Namespaced
  names: {{ kind: {kind}, plural: {plural}, singular: {singular}, listKind: {kind}List }}
  versions:
    - name: v1
      served: true
      storage: true
      subresources: {{ status: {{}} }}
      schema: {{ openAPIV3Schema: {{ type: object, x-kubernetes-preserve-unknown-fields: true }} }}
",
        singular = kind.to_lowercase()
    )
}

fn tenants() -> Vec<Tenant> {
    vec![Tenant {
        name: "payments".parse().unwrap(),
        spec: TenantSpec {
            title: None,
            parent: None,
            members: Vec::new(),
            environments: vec![Environment {
                name: "dev".parse().unwrap(),
                namespace: "payments-dev".to_owned(),
                production: false,
                control_plane_labels: BTreeMap::new(),
                preferred_control_plane_labels: BTreeMap::new(),
                placement: portico_domain::documents::PlacementRules::default(),
            }],
            placement: portico_domain::documents::PlacementRules::default(),
            control_planes: PlaneGrant {
                names: vec![PlaneName::new("real").unwrap()],
                ..PlaneGrant::default()
            },
            offerings: Vec::new(),
            quota: Quota::default(),
        },
    }]
}

fn planes(kubeconfig: &Path) -> Planes {
    let document = ControlPlane {
        name: PlaneName::new("real").unwrap(),
        labels: BTreeMap::new(),
        spec: ControlPlaneSpec {
            title: None,
            kind: ControlPlaneKind::Cluster,
            region: None,
            connection: Connection::Kubeconfig {
                path: kubeconfig.display().to_string(),
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
            limits: Limits::default(),
        },
    };
    let access = Access {
        secret: Some(SecretSource::Name("{name}-login".into())),
        ..Access::default()
    };
    let offering = Offering {
        name: BOXES.parse().unwrap(),
        spec: OfferingSpec {
            access,
            ..OfferingSpec::default()
        },
    };
    let planes = Planes::new(Settings::default());
    planes.configure(vec![document], vec![offering], &tenants());
    planes
}

fn reference(name: &str) -> ClaimRef {
    ClaimRef {
        plane: PlaneName::new("real").unwrap(),
        offering: BOXES.parse().unwrap(),
        namespace: Some("payments-dev".to_owned()),
        name: name.parse().unwrap(),
    }
}

async fn claim(planes: &Planes, name: &str) -> std::sync::Arc<Claim> {
    until("the claim is seen", Duration::from_secs(30), async || {
        let claim = planes.claim(&Scope::for_tests(), &reference(name))?;
        Some(claim.into_inner())
    })
    .await
}

async fn tree(planes: &Planes, name: &str) -> ResourceTree {
    let claim = claim(planes, name).await;
    planes
        .tree(
            &Actor::system(&portico_domain::authz::SystemAuthority::for_tests()),
            &claim,
        )
        .await
        .unwrap()
}

fn reason(tree: &ResourceTree, kind: &str) -> String {
    let node = tree.children.iter().find(|node| node.kind == kind).unwrap();
    node.reason.clone()
}

/// A box with a composed resource, a `ConfigMap` and a secret.
async fn make(real: &RawClient, name: &str) -> Value {
    let made = json!({ "apiVersion": "tests.portico.dev/v1", "kind": "Box", "metadata": { "name": name } });
    real.create(&format!("{API}/boxes"), &made).await;
    let made = real.get(&format!("{API}/boxes/{name}")).await.unwrap();
    let owner = json!([{ "apiVersion": "tests.portico.dev/v1", "kind": "Box", "name": name, "uid": made["metadata"]["uid"] }]);
    let part = |api: &str, kind: &str, part: &str| json!({ "apiVersion": api, "kind": kind, "metadata": { "name": format!("{name}-{part}"), "ownerReferences": owner } });
    let core = "/api/v1/namespaces/payments-dev";
    real.create(
        &format!("{API}/parts"),
        &part("tests.portico.dev/v1", "Part", "part"),
    )
    .await;
    real.create(
        &format!("{core}/configmaps"),
        &part("v1", "ConfigMap", "settings"),
    )
    .await;
    let mut login = part("v1", "Secret", "login");
    login["stringData"] = json!({ "password": "CANARY" });
    real.create(&format!("{core}/secrets"), &login).await;
    let refer = |api: &str, kind: &str, part: &str| json!({ "apiVersion": api, "kind": kind, "name": format!("{name}-{part}") });
    let status = json!({ "status": { "resourceRefs": [
        refer("tests.portico.dev/v1", "Part", "part"), refer("v1", "ConfigMap", "settings"), refer("v1", "Secret", "login"),
    ] } });
    patch_status(real, &format!("{API}/boxes/{name}"), &status).await;
    part_is(real, name, "").await;
    made
}

async fn patch_status(real: &RawClient, path: &str, status: &Value) {
    let said = real
        .send(
            Method::PATCH,
            &format!("{path}/status"),
            "application/merge-patch+json",
            status.to_string(),
        )
        .await;
    assert!(said.is_success(), "{said:?}");
}

async fn part_is(real: &RawClient, name: &str, message: &str) {
    let ready = if message.is_empty() { "True" } else { "False" };
    let status = json!({ "status": { "conditions": [{ "type": "Ready", "status": ready, "reason": "Failed", "message": message }] } });
    patch_status(real, &format!("{API}/parts/{name}-part"), &status).await;
}

async fn open(planes: &Planes, name: &str) -> Receiver<u64> {
    let _ = claim(planes, name).await;
    let mut news = planes
        .observe(
            &Actor::system(&portico_domain::authz::SystemAuthority::for_tests()),
            &reference(name),
        )
        .unwrap();
    heard(&mut news, Duration::from_secs(20)).await;
    news
}

async fn heard(news: &mut Receiver<u64>, within: Duration) -> Duration {
    let begun = Instant::now();
    tokio::time::timeout(within, news.changed())
        .await
        .expect("an event before the timeout")
        .unwrap();
    begun.elapsed()
}

fn for_pages(asked: Vec<ProxiedRequest>) -> Vec<ProxiedRequest> {
    let others = ["/version", "/namespaces/kube-system", "/selfsubjectaccessreviews"];
    let mut asked = asked;
    asked.retain(|one| !others.iter().any(|other| one.line.contains(other)));
    asked
}

#[tokio::test(flavor = "multi_thread")]
async fn composed_resources_are_watched_on_a_real_api_server() {
    let test = "composed_resources_are_watched_on_a_real_api_server";
    if !Kubectl::is_here(test) || !ApiServer::is_here(test) {
        return;
    }
    let server = ApiServer::start().await;
    let kubectl = server.kubectl();
    kubectl.apply(&definition("boxes", "Box", true), &[]);
    kubectl.apply(&definition("parts", "Part", false), &[]);
    let _ = kubectl.run(&["create", "namespace", "payments-dev"]);
    let real = server.raw_client();
    until("the kinds are served", Duration::from_secs(30), async || {
        let parts = real.try_get(&format!("{API}/parts")).await?;
        let boxes = real.try_get(&format!("{API}/boxes")).await?;
        (parts == 200 && boxes == 200).then_some(())
    })
    .await;
    let names: Vec<String> = (0..10).map(|number| format!("b{number}")).collect();
    let mut made = Vec::new();
    for name in &names {
        made.push(make(&real, name).await);
    }
    let folder = tempfile::tempdir().unwrap();
    let through = folder.path().join("kubeconfig");
    let mut proxy = Proxy::start(server.kubeconfig(), &through).await;
    let planes = planes(&through);
    let mut pages = Vec::new();
    for name in &names {
        pages.push(open(&planes, name).await);
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let opened = for_pages(proxy.take_requests());
    for asked in opened.iter().filter(|asked| asked.line.contains("/secrets")) {
        assert!(asked.accept.contains("as=PartialObjectMetadata"), "{asked:?}");
    }
    let watches = opened.iter().filter(|asked| asked.operation == Operation::Watch);
    let behind =
        |asked: &&ProxiedRequest| !asked.line.contains("/boxes") && !asked.line.contains("definitions");
    assert_eq!(
        watches.filter(behind).count(),
        4,
        "one watch each for the composed kinds and events: {opened:?}"
    );

    tokio::time::sleep(IDLE).await;
    let idle = for_pages(proxy.take_requests());
    println!(
        "ten pages: {} calls to open, {} in {IDLE:?}",
        opened.len(),
        idle.len()
    );
    assert!(idle.len() <= ALLOWED, "{idle:?}");

    // A composed resource, an event, a secret.
    part_is(&real, "b3", "the disk is full").await;
    assert!(heard(&mut pages[3], Duration::from_secs(10)).await < SOON);
    assert_eq!(reason(&tree(&planes, "b3").await, "Part"), "the disk is full");
    let event = json!({
        "apiVersion": "v1", "kind": "Event", "type": "Warning", "count": 1, "reason": "Full", "message": "no disk is left",
        "metadata": { "name": "full", "namespace": "payments-dev" },
        "involvedObject": {
            "apiVersion": "tests.portico.dev/v1", "kind": "Box", "namespace": "payments-dev", "name": "b3",
            "uid": made[3]["metadata"]["uid"],
        },
    });
    real.create("/api/v1/namespaces/payments-dev/events", &event)
        .await;
    assert!(heard(&mut pages[3], Duration::from_secs(10)).await < SOON);
    let b3 = claim(&planes, "b3").await;
    let events = planes
        .events(
            &Actor::system(&portico_domain::authz::SystemAuthority::for_tests()),
            &b3,
        )
        .await
        .unwrap();
    assert_eq!(events[0].message, "no disk is left");
    let login = "/api/v1/namespaces/payments-dev/secrets/b3-login";
    assert!(real.ask(Method::DELETE, login, None).await.is_success());
    assert!(heard(&mut pages[3], Duration::from_secs(10)).await < SOON);
    assert!(!pages[4].has_changed().unwrap());
    let changed = for_pages(proxy.take_requests());
    assert!(
        changed.len() <= 6,
        "only the changed objects are read: {changed:?}"
    );

    // Changes during the outage appear afterwards.
    proxy.go_down().await;
    part_is(&real, "b5", "it burns").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    proxy.come_back().await;
    heard(&mut pages[5], Duration::from_secs(40)).await;
    until("the page shows it", Duration::from_secs(20), async || {
        (reason(&tree(&planes, "b5").await, "Part") == "it burns").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unwatchable_resources_are_polled_on_a_real_api_server() {
    let test = "unwatchable_resources_are_polled_on_a_real_api_server";
    if !Kubectl::is_here(test) || !ApiServer::is_here(test) {
        return;
    }
    let server = ApiServer::start().await;
    let kubectl = server.kubectl();
    kubectl.apply(&definition("boxes", "Box", true), &[]);
    kubectl.apply(&definition("parts", "Part", false), &[]);
    let rights = include_str!("../../../deploy/example/rbac.yaml")
        .replace("databases.example.com", "tests.portico.dev")
        .replace("postgresqlinstances", "boxes");
    for namespace in ["payments-dev", "payments-production", "research-dev"] {
        let _ = kubectl.run(&["create", "namespace", namespace]);
    }
    kubectl.apply(&rights, &[]);
    let parts = [
        "create",
        "role",
        "parts",
        "--verb=get",
        "--resource=parts.tests.portico.dev,configmaps",
    ];
    let _ = kubectl.run(&[&parts[..], &["--namespace=payments-dev"]].concat());
    let bind = [
        "create",
        "rolebinding",
        "parts",
        "--role=parts",
        "--serviceaccount=portico:portico",
    ];
    let _ = kubectl.run(&[&bind[..], &["--namespace=payments-dev"]].concat());
    let real = server.raw_client();
    until("the kinds are served", Duration::from_secs(30), async || {
        (real.try_get(&format!("{API}/parts")).await? == 200).then_some(())
    })
    .await;
    make(&real, "files").await;
    let token = kubectl.run(&["create", "token", "portico", "--namespace=portico"]);
    let admin = std::fs::read_to_string(server.kubeconfig()).unwrap();
    let lines = admin.lines().map(|line| {
        if line.contains("user: { token:") {
            format!("  user: {{ token: {} }}", token.trim())
        } else {
            line.to_owned()
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    std::fs::write(&kubeconfig, lines.collect::<Vec<_>>().join("\n")).unwrap();

    let planes = planes(&kubeconfig);
    let mut page = open(&planes, "files").await;
    let observed = planes.planes()[0].observed;
    assert_eq!((observed.watches, observed.polled), (0, 4), "{observed:?}");
    assert!(
        tree(&planes, "files")
            .await
            .children
            .iter()
            .all(ComposedResource::is_all_ready)
    );
    part_is(&real, "files", "the disk is full").await;
    heard(&mut page, Duration::from_secs(40)).await;
    assert_eq!(reason(&tree(&planes, "files").await, "Part"), "the disk is full");
}
