//! Open claim pages: their composed resources are watched, and an idle control plane receives no calls.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use portico_domain::claim::{ComposedResource, Health, ResourceTree};
use portico_domain::documents::{Access, ActAs, OfferingSpec, PassedOn, SecretSource};
use portico_planes::{Actor, PlaneState, Planes};
use portico_simulator::kube::{Fault, GroupKind, Identity, Key, Matcher, Rule, Subject};
use serde_json::{Value, json};
use tokio::sync::watch::Receiver;

use crate::world::*;

/// How long a change may take to be noticed.
const CHANGE_DEADLINE: Duration = Duration::from_secs(1);
/// How long an open page is left idle to count its calls.
const IDLE: Duration = Duration::from_secs(5);

/// A control plane with buckets, each composed of a store and a `ConfigMap`, with a connection secret.
struct Buckets {
    plane: Plane,
    registry: Planes,
}

impl Buckets {
    async fn start(names: &[&str], act_as: ActAs) -> Self {
        let plane = Plane::start("eu").await;
        plane.create(crd("buckets", "Bucket", true));
        plane.create(crd("stores", "Store", false));
        for name in names {
            make(&plane, name);
        }
        let access = Access {
            secret: Some(SecretSource::Name("{name}-login".into())),
            ..Access::default()
        };
        let spec = OfferingSpec {
            access,
            ..OfferingSpec::default()
        };
        let mut document = plane.document();
        document.spec.act_as = act_as;
        let registry = connected_with(vec![document], vec![document_of(&buckets(), spec)]).await;
        for name in names {
            claim(&registry, &plane, name).await;
        }
        Self { plane, registry }
    }

    async fn open(&self, name: &str, actor: &Actor) -> Receiver<u64> {
        let claim = reference(&self.plane, name);
        let mut news = self.registry.observe(actor, &claim).unwrap();
        heard(&mut news, Duration::from_secs(10)).await;
        news
    }

    async fn tree(&self, name: &str, actor: &Actor) -> ResourceTree {
        let claim = claim(&self.registry, &self.plane, name).await;
        self.registry.tree(actor, &claim).await.unwrap()
    }

    fn store_is(&self, name: &str, message: &str) {
        store_is(&self.plane, name, message);
    }

    /// Calls about the buckets' composed resources since the last time.
    fn calls(&self) -> BTreeMap<(String, String), usize> {
        let mut calls = BTreeMap::new();
        for entry in self.plane.simulated.audit().entries() {
            let behind = ["stores", "configmaps", "secrets", "events"];
            if behind.contains(&entry.attributes.resource.as_str()) {
                let of = (entry.attributes.verb, entry.attributes.resource);
                *calls.entry(of).or_default() += 1;
            }
        }
        self.plane.simulated.audit().clear();
        calls
    }
}

fn make(plane: &Plane, name: &str) {
    let made = plane.create(bucket("payments-dev", name, 1));
    let owner = json!([{ "apiVersion": "storage.example.org/v1", "kind": "Bucket", "name": name, "uid": made["metadata"]["uid"] }]);
    plane.create(json!({
        "apiVersion": "storage.example.org/v1", "kind": "Store", "spec": { "size": 1 },
        "metadata": { "namespace": "payments-dev", "name": format!("{name}-store"), "ownerReferences": owner },
    }));
    plane.create(json!({
        "apiVersion": "v1", "kind": "ConfigMap", "data": { "answer": "42" },
        "metadata": { "namespace": "payments-dev", "name": format!("{name}-settings"), "ownerReferences": owner },
    }));
    plane.create(json!({
        "apiVersion": "v1", "kind": "Secret", "stringData": { "password": "CANARY" },
        "metadata": { "namespace": "payments-dev", "name": format!("{name}-login"), "ownerReferences": owner },
    }));
    let refer = |api: &str, kind: &str, part: &str| json!({ "apiVersion": api, "kind": kind, "name": format!("{name}-{part}") });
    let status = json!({
        "conditions": [{ "type": "Ready", "status": "True", "reason": "Available", "lastTransitionTime": "2026-01-01T00:00:00Z" }],
        "resourceRefs": [
            refer("storage.example.org/v1", "Store", "store"), refer("v1", "ConfigMap", "settings"), refer("v1", "Secret", "login"),
        ],
    });
    let key = Key::namespaced("payments-dev", name);
    plane
        .simulated
        .objects()
        .patch_status(&bucket_kind(), &key, status)
        .unwrap();
    store_is(plane, name, "");
}

fn store_is(plane: &Plane, name: &str, message: &str) {
    let ready = if message.is_empty() { "True" } else { "False" };
    let status = json!({ "conditions": [{
        "type": "Ready", "status": ready, "reason": "Failed", "message": message, "lastTransitionTime": "2026-01-01T00:00:00Z",
    }] });
    let stores = GroupKind::new("storage.example.org", "Store");
    let key = Key::namespaced("payments-dev", format!("{name}-store"));
    plane
        .simulated
        .objects()
        .patch_status(&stores, &key, status)
        .unwrap();
}

fn warn(plane: &Plane, about: &Value, name: &str) {
    plane.create(json!({
        "apiVersion": "v1", "kind": "Event", "type": "Warning", "count": 1, "reason": "Full", "message": name,
        "metadata": { "name": name, "namespace": "payments-dev" },
        "involvedObject": {
            "apiVersion": about["apiVersion"], "kind": about["kind"], "namespace": "payments-dev",
            "name": about["metadata"]["name"], "uid": about["metadata"]["uid"],
        },
    }));
}

async fn heard(news: &mut Receiver<u64>, within: Duration) -> Duration {
    let begun = Instant::now();
    tokio::time::timeout(within, news.changed())
        .await
        .unwrap()
        .unwrap();
    begun.elapsed()
}

fn reason(tree: &ResourceTree, kind: &str) -> String {
    let node = tree.children.iter().find(|node| node.kind == kind).unwrap();
    node.reason.clone()
}

#[tokio::test]
async fn idle_pages_cause_no_calls_and_notice_changes_within_a_second() {
    let names: Vec<String> = (0..10).map(|number| format!("b{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let world = Buckets::start(&names, ActAs::Portico).await;
    let mut pages = Vec::new();
    for name in &names {
        pages.push(world.open(name, &crate::world::portico()).await);
    }
    let opened = world.calls();
    let watches: usize = opened
        .iter()
        .filter(|((verb, _), _)| verb == "watch")
        .map(|(_, count)| count)
        .sum();
    assert!(watches == 4, "one for each kind, however many claims: {opened:?}");
    assert_eq!(
        world.registry.status(&world.plane.name).unwrap().observed.watches,
        4
    );

    tokio::time::sleep(IDLE).await;
    assert_eq!(world.calls(), BTreeMap::new());

    // Rendering the pages again causes no calls either.
    for name in &names {
        let tree = world.tree(name, &crate::world::portico()).await;
        assert_eq!(tree.children.len(), 3);
        assert!(
            tree.children.iter().all(ComposedResource::is_all_ready),
            "{tree:?}"
        );
    }
    assert_eq!(world.calls(), BTreeMap::new());

    // A composed resource.
    world.store_is("b3", "the disk is full");
    let took = heard(&mut pages[3], Duration::from_secs(10)).await;
    assert!(took < CHANGE_DEADLINE, "{took:?}");
    let tree = world.tree("b3", &crate::world::portico()).await;
    assert_eq!(reason(&tree, "Store"), "the disk is full");
    let calls = world.calls();
    assert_eq!(
        calls,
        BTreeMap::from([(("get".into(), "stores".into()), 1)]),
        "what changed and nothing else"
    );

    // An event, a deleted composed resource, a secret.
    let b3 = claim(&world.registry, &world.plane, "b3").await;
    let object = b3.object.clone();
    warn(&world.plane, &object, "full");
    assert!(heard(&mut pages[3], Duration::from_secs(10)).await < CHANGE_DEADLINE);
    let b3 = claim(&world.registry, &world.plane, "b3").await;
    let events = world
        .registry
        .events(&crate::world::portico(), &b3)
        .await
        .unwrap();
    assert_eq!(events[0].message, "full");
    let objects = world.plane.simulated.objects();
    let key = Key::namespaced("payments-dev", "b3-settings");
    objects.delete(&GroupKind::new("", "ConfigMap"), &key).unwrap();
    assert!(heard(&mut pages[3], Duration::from_secs(10)).await < CHANGE_DEADLINE);
    let mut login = json!({ "apiVersion": "v1", "kind": "Secret", "stringData": { "password": "second" } });
    login["metadata"] = json!({ "namespace": "payments-dev", "name": "b3-login", "ownerReferences":
        [{ "apiVersion": "storage.example.org/v1", "kind": "Bucket", "name": "b3", "uid": object["metadata"]["uid"] }] });
    objects.apply(login).unwrap();
    assert!(heard(&mut pages[3], Duration::from_secs(10)).await < CHANGE_DEADLINE);

    for (number, page) in pages.iter().enumerate() {
        assert!(
            number == 3 || !page.has_changed().unwrap(),
            "b{number} heard of b3"
        );
    }
}

#[tokio::test]
async fn polls_what_may_not_be_watched() {
    let world = Buckets::start(&["files"], ActAs::Portico).await;
    let token = world.plane.simulated.token().to_owned();
    let access = world.plane.simulated.access();
    let rule = |verbs: &[&str], resources: &[&str]| Rule {
        verbs: verbs.iter().map(|verb| (*verb).to_owned()).collect(),
        resources: resources.iter().map(|resource| (*resource).to_owned()).collect(),
        ..Rule::all()
    };
    let portico = Subject::User("portico".into());
    access.grant(
        portico.clone(),
        rule(&["get"], &["stores", "secrets", "configmaps"]),
    );
    access.grant(portico.clone(), rule(&["list"], &["events"]));
    access.grant(
        portico,
        rule(
            &["*"],
            &["buckets", "customresourcedefinitions", "selfsubjectaccessreviews"],
        ),
    );
    access.add_token(&token, Identity::new("portico", [""; 0]));
    // Reconnect with fewer rights.
    let mut document = world.plane.document();
    document.spec.title = Some("Europe".into());
    let access = Access {
        secret: Some(SecretSource::Name("{name}-login".into())),
        ..Access::default()
    };
    let spec = OfferingSpec {
        access,
        ..OfferingSpec::default()
    };
    world
        .registry
        .configure(vec![document], vec![document_of(&buckets(), spec)], &tenants());
    in_state(&world.registry, &world.plane, PlaneState::Ready).await;
    let mut page = world.open("files", &crate::world::portico()).await;
    let opened = world.calls();
    for resource in ["secrets", "stores", "configmaps"] {
        for verb in ["list", "watch"] {
            let of = (verb.to_owned(), resource.to_owned());
            assert!(!opened.contains_key(&of), "not even tried: {opened:?}");
        }
    }
    assert_eq!(status(&world.registry, &world.plane).observed.polled, 4);

    tokio::time::sleep(IDLE).await;
    let calls = world.calls();
    let calls: usize = calls.values().sum();
    assert!(
        calls > 0 && calls <= 10,
        "after two seconds and four more, four things each: {calls:?}"
    );

    world.store_is("files", "the disk is full");
    heard(&mut page, Duration::from_secs(20)).await;
    let tree = world.tree("files", &crate::world::portico()).await;
    assert_eq!(reason(&tree, "Store"), "the disk is full");
}

#[tokio::test]
async fn with_act_as_person_nobody_uses_anothers_rights() {
    let world = Buckets::start(&["files"], ActAs::Person(PassedOn::default())).await;
    let person =
        |name: &str| crate::world::person(format!("idp#{name}"), "sso".to_owned(), [name.to_owned()].into());
    let (dana, vic) = (person("dana"), person("vic"));
    let access = world.plane.simulated.access();
    access.grant(Subject::Group("dana".into()), Rule::all_in("payments-dev"));
    let vics = Subject::Group("vic".into());
    let buckets_only = Rule {
        resources: vec!["buckets".into()],
        ..Rule::all_in("payments-dev")
    };
    access.grant(vics, buckets_only);
    let mut danas = world.open("files", &dana).await;
    let mut vics = world.open("files", &vic).await;
    world.calls();

    world.store_is("files", "the disk is full");
    assert!(heard(&mut danas, Duration::from_secs(10)).await < CHANGE_DEADLINE);
    let told = tokio::time::timeout(Duration::from_secs(2), vics.changed()).await;
    assert!(told.is_err(), "a change of what one may not read is not told");
    assert_eq!(
        reason(&world.tree("files", &dana).await, "Store"),
        "the disk is full"
    );
    assert_eq!(
        reason(&world.tree("files", &vic).await, "Store"),
        "Portico may not read it there"
    );
    let claims = reference(&world.plane, "files");
    let last = |actor: &Actor| world.registry.last_known(actor, &claims).unwrap();
    assert_eq!(reason(&last(&vic).tree, "Store"), "Portico may not read it there");

    // All calls were made as a person.
    let entries = world.plane.simulated.audit().entries();
    for entry in entries
        .iter()
        .filter(|entry| entry.attributes.resource == "stores")
    {
        let whose = entry.acting_as.as_deref();
        assert!(matches!(whose, Some("idp#dana" | "idp#vic")), "{entry:?}");
    }

    // Withdrawn rights take effect when the page is rendered next.
    access.revoke(&Subject::Group("dana".into()));
    assert_eq!(
        reason(&world.tree("files", &dana).await, "Store"),
        "Portico may not read it there"
    );
}

#[tokio::test]
async fn changes_during_an_interrupted_watch_are_noticed() {
    let world = Buckets::start(&["files"], ActAs::Portico).await;
    let mut page = world.open("files", &crate::world::portico()).await;
    // Interrupted, and the version has expired.
    let expired = Fault::Status {
        code: 410,
        message: "too old resource version".into(),
        retry_after: None,
    };
    let matcher = Matcher::of("watch", "stores").times(1);
    world.plane.simulated.faults().add(matcher, expired);
    world.plane.simulated.faults().drop_watches();
    world.store_is("files", "the disk is full");
    heard(&mut page, Duration::from_secs(10)).await;
    let tree = world.tree("files", &crate::world::portico()).await;
    assert_eq!(reason(&tree, "Store"), "the disk is full");

    // Unreachable, and back.
    world.plane.simulated.faults().refuse_connections(true);
    in_state(&world.registry, &world.plane, PlaneState::Unreachable).await;
    claim_where(&world.registry, &world.plane, "files", |claim| {
        claim.status.health == Health::Unreachable
    })
    .await;
    let claims = reference(&world.plane, "files");
    let last = world
        .registry
        .last_known(&crate::world::portico(), &claims)
        .unwrap();
    assert_eq!(
        reason(&last.tree, "Store"),
        "the disk is full",
        "what was known stays known"
    );
    page.mark_unchanged();
    world.store_is("files", "");
    world.plane.simulated.faults().clear();
    in_state(&world.registry, &world.plane, PlaneState::Ready).await;
    heard(&mut page, Duration::from_secs(20)).await;
    let tree = world.tree("files", &crate::world::portico()).await;
    assert!(
        tree.children.iter().all(ComposedResource::is_all_ready),
        "{tree:?}"
    );
}

#[tokio::test]
async fn a_reloaded_page_uses_the_existing_watches() {
    let world = Buckets::start(&["files"], ActAs::Portico).await;
    drop(world.open("files", &crate::world::portico()).await);
    tokio::time::sleep(Duration::from_millis(500)).await;
    world.calls();
    let _page = world.open("files", &crate::world::portico()).await;
    world.tree("files", &crate::world::portico()).await;
    assert_eq!(world.calls(), BTreeMap::new());
}

#[tokio::test]
async fn dropping_the_registry_ends_observers() {
    let world = Buckets::start(&["files"], ActAs::Portico).await;
    let mut page = world.open("files", &crate::world::portico()).await;
    drop(world.registry);
    let ended = async { while page.changed().await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(5), ended)
        .await
        .expect("nobody tells any more");
}

#[tokio::test]
async fn a_claim_is_not_absent_before_the_initial_sync() {
    let plane = Plane::start("eu").await;
    let registry = connected(&[&plane]).await;
    let calls = reference(&plane, "receipts");
    assert!(registry.claim_synced(&calls), "nobody offers it");
    let slow = plane.simulated.faults().add(
        Matcher::of("list", "buckets"),
        Fault::Latency(Duration::from_mins(1)),
    );
    plane.create(crd("buckets", "Bucket", true));
    plane.create(bucket("payments-dev", "receipts", 1));
    offers(&registry, &plane, &buckets()).await;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(500) {
        assert!(
            registry
                .claim(&portico_domain::tenancy::Scope::for_tests(), &calls)
                .is_none()
        );
        assert!(!registry.claim_synced(&calls), "it may be there");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    plane.simulated.faults().remove(slow);
    claim(&registry, &plane, "receipts").await;
    assert!(registry.claim_synced(&calls));
}
