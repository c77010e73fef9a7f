//! Claims come to life, change, fall ill and go, on a control plane without HTTP.

use std::sync::Arc;
use std::time::Duration;

use portico_domain::claim::{Adapter, Flavour, Health, Verdict, health};
use portico_domain::documents::Access;
use portico_domain::schema::Definition;
use serde_json::{Value, json};

use super::*;
use crate::kube::{ControlPlane, GroupKind, Key, Objects, Settings};
use crate::world::kinds;

struct Stage {
    objects: Objects,
    controller: Controller,
}

fn manners() -> Manners {
    Manners {
        plane: "eu-shared".into(),
        step: Duration::ZERO,
        largest_disk: 500,
        clock: Clock::system(),
        dice: Dice::system(),
    }
}

impl Stage {
    fn new() -> Self {
        let objects = ControlPlane::new("eu-shared", Settings::default()).objects();
        for definition in kinds::definitions("eu-shared").unwrap() {
            objects.create(definition).unwrap();
        }
        objects
            .create(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "dev" } }))
            .unwrap();
        let controller = Controller::start(objects.clone(), manners(), "CERTIFICATE".into());
        Self { objects, controller }
    }

    fn ask(&self, api_version: &str, kind: &str, name: &str, spec: impl Into<Value>) {
        let spec: Value = spec.into();
        let object = json!({
            "apiVersion": format!("{api_version}.demo.portico.dev/v1"), "kind": kind,
            "metadata": { "name": name, "namespace": "dev" }, "spec": spec,
        });
        self.objects.managed_by("person").apply(object).unwrap();
    }

    /// Waits until the object is so.
    async fn until(
        &self,
        kind: &GroupKind,
        name: &str,
        so: impl Fn(Option<&Value>) -> bool,
    ) -> Option<Arc<Value>> {
        let key = Key::namespaced("dev", name);
        let mut watch = self
            .objects
            .watch(std::slice::from_ref(kind), self.objects.revision());
        let waiting = async {
            loop {
                let object = self.objects.get(kind, &key);
                if so(object.as_deref()) {
                    return object;
                }
                watch.next().await.unwrap();
            }
        };
        let limit = Duration::from_secs(20);
        let outcome = tokio::time::timeout(limit, waiting).await;
        outcome.unwrap_or_else(|_| panic!("{name} never came to that: {:#?}", self.objects.get(kind, &key)))
    }

    async fn ready(&self, kind: &GroupKind, name: &str) -> Arc<Value> {
        let so = |object: Option<&Value>| {
            object.is_some_and(|object| is_current(object) && says(object, "Ready", "True"))
        };
        self.until(kind, name, so).await.unwrap()
    }

    /// What the provisioner wrote is what the definition allows.
    fn fits_its_schema(&self, object: &Value) {
        let definitions = self.objects.list(&GroupKind::new(
            "apiextensions.k8s.io",
            "CustomResourceDefinition",
        ));
        let definition = definitions
            .iter()
            .find(|definition| definition["spec"]["names"]["kind"] == object["kind"]);
        let definition = Definition::parse(definition.unwrap()).unwrap();
        let schema = definition.storage_version().unwrap().schema().unwrap();
        assert_eq!(
            schema.pruned(object).1,
            Vec::<String>::new(),
            "{}",
            object["kind"]
        );
        let violations = schema.validate(&schema.defaulted(object), None);
        assert!(violations.is_empty(), "{violations:?}");
    }

    fn secret(&self, name: &str) -> Option<Arc<Value>> {
        self.objects
            .get(&GroupKind::new("", "Secret"), &Key::namespaced("dev", name))
    }
}

fn says(object: &Value, kind: &str, status: &str) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    conditions
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == kind && condition["status"] == status)
}

/// How the portal sees it.
fn verdict(object: &Value, flavour: Flavour) -> Verdict {
    let (group, kind) = (
        crate::kube::object::group(object),
        object["kind"].as_str().unwrap(),
    );
    health::judge(object, Adapter::of(group, kind, flavour), &Access::default())
}

fn message(object: &Value) -> String {
    let conditions = object["status"]["conditions"].as_array().unwrap();
    let ready = conditions
        .iter()
        .find(|condition| condition["type"] == "Ready")
        .unwrap();
    ready["message"].as_str().unwrap_or_default().to_owned()
}

fn is_current(object: &Value) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    conditions
        .into_iter()
        .flatten()
        .all(|c| c["observedGeneration"] == object["metadata"]["generation"])
}

fn postgresql() -> GroupKind {
    GroupKind::new("databases.demo.portico.dev", "PostgreSQLInstance")
}

#[tokio::test]
async fn a_legacy_claim_gets_a_composite_resource_parts_and_a_secret() {
    let stage = Stage::new();
    stage.ask(
        "databases",
        "PostgreSQLInstance",
        "orders",
        json!({ "storage": { "size": "20Gi" }, "instances": 2 }),
    );
    let claim = stage.ready(&postgresql(), "orders").await;
    assert_eq!(claim["status"]["host"], "orders.dev.eu-shared.db.demo.internal");

    let name = claim["spec"]["resourceRef"]["name"].as_str().unwrap();
    assert_ne!(name, "orders");
    let composites = GroupKind::new("databases.demo.portico.dev", "XPostgreSQLInstance");
    let composite = stage.objects.get(&composites, &Key::cluster(name)).unwrap();
    assert_eq!(composite["spec"]["claimRef"]["name"], "orders");
    assert_eq!(composite["spec"]["storage"]["size"], "20Gi");
    assert!(says(&composite, "Ready", "True"));
    let references = composite["spec"]["resourceRefs"].as_array().unwrap();
    assert_eq!(references.len(), 5, "disk, server, standby, backups, firewall");
    for reference in references {
        let kind = GroupKind::new("cloud.demo.portico.dev", reference["kind"].as_str().unwrap());
        let part = stage
            .objects
            .get(&kind, &Key::cluster(reference["name"].as_str().unwrap()))
            .unwrap();
        assert!(says(&part, "Ready", "True"));
        assert_eq!(
            part["metadata"]["ownerReferences"][0]["uid"],
            composite["metadata"]["uid"]
        );
    }
    let secret = stage.secret("orders-connection").unwrap();
    for key in ["host", "port", "username", "password", "database", "uri"] {
        assert!(secret["data"][key].is_string(), "{key}");
    }
    stage.controller.stop().await;
}

#[tokio::test]
async fn the_secret_goes_where_the_claim_wants_it() {
    let stage = Stage::new();
    let spec = json!({ "storage": { "size": "20Gi" }, "writeConnectionSecretToRef": { "name": "mine" } });
    stage.ask("databases", "PostgreSQLInstance", "orders", spec);
    stage.ready(&postgresql(), "orders").await;
    assert!(stage.secret("mine").is_some());
    assert!(stage.secret("orders-connection").is_none());
}

#[tokio::test]
async fn every_kind_becomes_ready_and_goes_without_a_trace() {
    let stage = Stage::new();
    let revision = stage.objects.revision();
    let wanted = [
        (
            "databases",
            "PostgreSQLInstance",
            json!({ "storage": { "size": "20Gi" } }),
        ),
        (
            "databases",
            "MySQLInstance",
            json!({ "storageGiB": 20, "replicas": 1 }),
        ),
        ("databases", "Cache", json!({ "mode": "sharded", "shards": 3 })),
        (
            "streaming",
            "Topic",
            json!({ "access": [{ "principal": "a/b", "operations": ["read"] }] }),
        ),
        ("messaging", "Queue", json!({ "nodes": 3 })),
        ("storage", "Bucket", json!({})),
        (
            "clusters",
            "KubernetesCluster",
            json!({ "nodePools": [{ "name": "default" }] }),
        ),
    ];
    for (group, kind, spec) in &wanted {
        let version = if *kind == "MySQLInstance" { "v1beta1" } else { "v1" };
        let object = json!({
            "apiVersion": format!("{group}.demo.portico.dev/{version}"), "kind": kind,
            "metadata": { "name": "one", "namespace": "dev" }, "spec": spec,
        });
        stage.objects.managed_by("person").apply(object).unwrap();
    }
    for (group, kind, _) in &wanted {
        let kind = GroupKind::new(format!("{group}.demo.portico.dev"), *kind);
        let claim = stage.ready(&kind, "one").await;
        stage.fits_its_schema(&claim);
        for flavour in [Flavour::LegacyClaim, Flavour::Composite, Flavour::Plain] {
            assert_eq!(verdict(&claim, flavour).health, Health::Ready, "{kind}");
        }
        stage
            .objects
            .delete(&kind, &Key::namespaced("dev", "one"))
            .unwrap();
        stage.until(&kind, "one", |object| object.is_none()).await;
    }
    // Whatever was made meanwhile is gone again, but for events.
    let mut watch = stage.objects.watch(&[], revision);
    let mut there = std::collections::BTreeMap::new();
    loop {
        let changes = watch.take().unwrap();
        if changes.is_empty() {
            break;
        }
        for change in changes {
            let id = (change.kind.kind.clone(), Key::of(&change.object));
            there.insert(id, change.change != crate::kube::ChangeType::Deleted);
        }
    }
    there.retain(|(kind, _), alive| *alive && kind != "Event");
    assert!(there.is_empty(), "{there:?}");
}

#[tokio::test]
async fn a_change_goes_through_not_ready_and_keeps_the_password() {
    let stage = Stage::new();
    stage.ask(
        "databases",
        "PostgreSQLInstance",
        "orders",
        json!({ "storage": { "size": "20Gi" }, "instances": 3 }),
    );
    stage.ready(&postgresql(), "orders").await;
    let before = stage.secret("orders-connection").unwrap()["data"]["password"].clone();

    let mut watch = stage.objects.watch(&[postgresql()], stage.objects.revision());
    stage.ask(
        "databases",
        "PostgreSQLInstance",
        "orders",
        json!({ "storage": { "size": "40Gi" }, "instances": 1 }),
    );
    let mut reasons = Vec::new();
    'watching: loop {
        let changes = tokio::time::timeout(Duration::from_secs(20), watch.next())
            .await
            .unwrap()
            .unwrap();
        for change in changes {
            let conditions = change.object["status"]["conditions"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let ready = conditions
                .into_iter()
                .find(|condition| condition["type"] == "Ready")
                .unwrap();
            reasons.push(ready["reason"].as_str().unwrap().to_owned());
            if reasons.iter().any(|reason| reason == "Updating") && ready["reason"] == "Available" {
                break 'watching;
            }
        }
    }
    let claim = stage.ready(&postgresql(), "orders").await;
    let name = claim["spec"]["resourceRef"]["name"].as_str().unwrap();
    let disks = GroupKind::new("cloud.demo.portico.dev", "Disk");
    let disk = stage
        .objects
        .get(&disks, &Key::cluster(format!("{name}-disk")))
        .unwrap();
    assert_eq!(disk["spec"]["forProvider"]["sizeGiB"], 40);
    let servers = GroupKind::new("cloud.demo.portico.dev", "DatabaseServer");
    assert!(
        stage
            .objects
            .get(&servers, &Key::cluster(format!("{name}-standby-1")))
            .is_none(),
        "it is no longer wanted"
    );
    assert_eq!(
        stage.secret("orders-connection").unwrap()["data"]["password"],
        before
    );
}

#[tokio::test]
async fn what_there_is_no_room_for_waits_and_says_why() {
    let stage = Stage::new();
    stage.ask(
        "databases",
        "PostgreSQLInstance",
        "huge",
        json!({ "storage": { "size": "900Gi" } }),
    );
    let so = |object: Option<&Value>| {
        object.is_some_and(|object| {
            object["status"]["conditions"].is_array()
                && message(object) == "Waiting for the disk: quota exceeded in zone b"
        })
    };
    let claim = stage.until(&postgresql(), "huge", so).await.unwrap();
    let verdict = verdict(&claim, Flavour::LegacyClaim);
    assert_eq!(verdict.health, Health::Pending);
    assert!(
        verdict.reason.contains("quota exceeded in zone b"),
        "{}",
        verdict.reason
    );
    let events = stage.objects.list(&GroupKind::new("", "Event"));
    assert!(
        events
            .iter()
            .any(|event| event["reason"] == "QuotaExceeded" && event["type"] == "Warning")
    );
    stage
        .objects
        .delete(&postgresql(), &Key::namespaced("dev", "huge"))
        .unwrap();
    stage
        .until(&postgresql(), "huge", |object| object.is_none())
        .await;
}

#[tokio::test]
async fn a_claim_fails_while_it_is_told_to() {
    let stage = Stage::new();
    let queues = GroupKind::new("messaging.demo.portico.dev", "Queue");
    let key = Key::namespaced("dev", "jobs");
    stage.ask("messaging", "Queue", "jobs", json!({}));
    stage.ready(&queues, "jobs").await;
    let fail = |why: Value| json!({ "metadata": { "annotations": { "demo.portico.dev/fail": why } } });
    stage
        .objects
        .patch(&queues, &key, fail(json!("out of memory")))
        .unwrap();
    let ill = |object: Option<&Value>| object.is_some_and(|object| says(object, "Synced", "False"));
    let claim = stage.until(&queues, "jobs", ill).await.unwrap();
    let verdict = verdict(&claim, Flavour::Composite);
    assert_eq!(verdict.health, Health::Degraded);
    assert!(verdict.reason.contains("out of memory"), "{}", verdict.reason);
    stage.objects.patch(&queues, &key, fail(Value::Null)).unwrap();
    stage.ready(&queues, "jobs").await;
}

#[tokio::test]
async fn a_paused_claim_is_left_alone() {
    let stage = Stage::new();
    let buckets = GroupKind::new("storage.demo.portico.dev", "Bucket");
    let key = Key::namespaced("dev", "files");
    stage.ask("storage", "Bucket", "files", json!({}));
    stage.ready(&buckets, "files").await;
    let pause = |value: Value| json!({ "metadata": { "annotations": { "crossplane.io/paused": value } } });
    stage.objects.patch(&buckets, &key, pause(json!("true"))).unwrap();
    stage
        .until(&buckets, "files", |object| {
            object.is_some_and(|object| says(object, "Synced", "False"))
        })
        .await;
    stage.objects.patch(&buckets, &key, pause(Value::Null)).unwrap();
    let going = |object: Option<&Value>| object.is_some_and(|object| says(object, "Synced", "True"));
    stage.until(&buckets, "files", going).await;
}

#[tokio::test]
async fn deletion_protection_refuses_a_delete_until_it_is_off() {
    let stage = Stage::new();
    let key = Key::namespaced("dev", "orders");
    let spec = |protected: bool| json!({ "storage": { "size": "20Gi" }, "deletionProtection": protected });
    stage.ask("databases", "PostgreSQLInstance", "orders", spec(true));
    stage.ready(&postgresql(), "orders").await;
    let refused = stage.objects.delete(&postgresql(), &key).unwrap_err();
    assert_eq!(refused.code, 409);
    assert!(refused.to_string().contains("deletion protection"), "{refused}");
    stage.ask("databases", "PostgreSQLInstance", "orders", spec(false));
    let usages = GroupKind::new("protection.crossplane.io", "Usage");
    stage
        .until(&usages, "orders-protection", |usage| usage.is_none())
        .await;
    stage.objects.delete(&postgresql(), &key).unwrap();
    stage
        .until(&postgresql(), "orders", |object| object.is_none())
        .await;
}

#[tokio::test]
async fn after_a_restart_what_rests_is_left_alone_and_what_was_under_way_goes_on() {
    let Stage { objects, controller } = Stage::new();
    let stage = Stage {
        objects: objects.clone(),
        controller,
    };
    stage.ask(
        "databases",
        "PostgreSQLInstance",
        "orders",
        json!({ "storage": { "size": "20Gi" } }),
    );
    stage.ready(&postgresql(), "orders").await;
    stage.controller.stop().await;
    let bucket = json!({
        "apiVersion": "storage.demo.portico.dev/v1", "kind": "Bucket",
        "metadata": { "name": "files", "namespace": "dev" }, "spec": {},
    });
    objects.managed_by("person").apply(bucket).unwrap();
    let before = stage
        .objects
        .get(&postgresql(), &Key::namespaced("dev", "orders"))
        .unwrap();
    let again = Controller::start(objects.clone(), manners(), "CERTIFICATE".into());
    let stage = Stage {
        objects,
        controller: again,
    };
    stage
        .ready(&GroupKind::new("storage.demo.portico.dev", "Bucket"), "files")
        .await;
    let after = stage
        .objects
        .get(&postgresql(), &Key::namespaced("dev", "orders"))
        .unwrap();
    assert_eq!(
        before["metadata"]["resourceVersion"],
        after["metadata"]["resourceVersion"]
    );
}
