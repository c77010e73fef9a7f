//! The normal lifecycle: create, change, delete, resume.

use super::*;

#[tokio::test]
async fn a_legacy_claim_gets_a_composite_composed_resources_and_a_secret() {
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
async fn the_connection_secret_has_the_requested_name() {
    let stage = Stage::new();
    let spec = json!({ "storage": { "size": "20Gi" }, "writeConnectionSecretToRef": { "name": "mine" } });
    stage.ask("databases", "PostgreSQLInstance", "orders", spec);
    stage.ready(&postgresql(), "orders").await;
    assert!(stage.secret("mine").is_some());
    assert!(stage.secret("orders-connection").is_none());
}

#[tokio::test]
async fn every_kind_becomes_ready_and_is_deleted_completely() {
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
        for claim_kind in [ClaimKind::LegacyClaim, ClaimKind::Composite, ClaimKind::Plain] {
            assert_eq!(verdict(&claim, claim_kind).health, Health::Ready, "{kind}");
        }
        stage
            .objects
            .delete(&kind, &Key::namespaced("dev", "one"))
            .unwrap();
        stage.until(&kind, "one", |object| object.is_none()).await;
    }
    // Everything created in between is gone, except events.
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
async fn after_a_restart_ready_claims_stay_and_others_continue() {
    let stage = Stage::new();
    stage.ask(
        "databases",
        "PostgreSQLInstance",
        "orders",
        json!({ "storage": { "size": "20Gi" } }),
    );
    stage.ready(&postgresql(), "orders").await;
    let Stage {
        objects,
        controller,
        folder,
    } = stage;
    controller.stop().await;
    let bucket = json!({
        "apiVersion": "storage.demo.portico.dev/v1", "kind": "Bucket",
        "metadata": { "name": "files", "namespace": "dev" }, "spec": {},
    });
    objects.managed_by("person").apply(bucket).unwrap();
    let before = objects
        .get(&postgresql(), &Key::namespaced("dev", "orders"))
        .unwrap();
    let stage = Stage {
        controller: Controller::start(objects.clone(), options(folder.path())),
        objects,
        folder,
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
