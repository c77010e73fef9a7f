use serde_json::{Value, json};

use super::*;
use crate::claim::ClaimKind;

fn status(claim_kind: ClaimKind, group: &str, kind: &str, object: &Value) -> ClaimStatus {
    assess(object, Adapter::of(group, kind, claim_kind), &Access::default())
}

fn claim(object: &Value) -> ClaimStatus {
    status(ClaimKind::LegacyClaim, "example.org", "Database", object)
}

fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({ "type": kind, "status": status, "reason": reason, "message": message })
}

#[test]
fn a_new_claim_is_pending() {
    let status = claim(&json!({ "metadata": { "name": "orders", "generation": 1 }, "spec": {} }));
    assert_eq!(status.health, Health::Pending);
    assert_eq!(status.reason, "Waiting for its provisioner to begin");
}

#[test]
fn a_pending_claim_says_what_it_waits_for() {
    let object = json!({ "status": { "conditions": [
        condition("Synced", "True", "ReconcileSuccess", ""),
        condition("Ready", "False", "Creating", "Waiting for the disk"),
    ] } });
    let status = claim(&object);
    assert_eq!(
        (status.health, status.reason.as_str()),
        (Health::Pending, "Waiting for the disk")
    );
    assert_eq!(
        status.conditions.first().map(|it| it.kind.as_str()),
        Some("Ready"),
        "the worst stands first"
    );
}

#[test]
fn a_ready_claim_has_no_reason_and_knows_its_secret() {
    let object = json!({
        "metadata": { "name": "orders", "generation": 2 },
        "spec": { "writeConnectionSecretToRef": { "name": "orders-connection" } },
        "status": { "conditions": [
            condition("Synced", "True", "ReconcileSuccess", ""),
            condition("Ready", "True", "Available", "all is well"),
        ] }
    });
    let status = claim(&object);
    assert_eq!((status.health, status.reason.as_str()), (Health::Ready, ""));
    assert_eq!(status.secret.as_deref(), Some("orders-connection"));
}

#[test]
fn a_condition_for_an_older_generation_is_not_ready() {
    let mut ready = condition("Ready", "True", "Available", "");
    ready["observedGeneration"] = json!(1);
    let object = json!({ "metadata": { "generation": 2 }, "status": { "conditions": [ready] } });
    let status = claim(&object);
    assert_eq!(status.health, Health::Pending);
    assert_eq!(
        status.reason,
        "Its provisioner has not taken up the last change yet"
    );

    let object = json!({
        "metadata": { "generation": 3 },
        "status": { "observedGeneration": 2, "conditions": [condition("Ready", "True", "", "")] }
    });
    assert_eq!(default_status(&object).health, Health::Pending);
}

fn default_status(object: &Value) -> ClaimStatus {
    status(ClaimKind::Plain, "example.org", "Thing", object)
}

#[test]
fn a_failed_reconcile_is_degraded_with_its_message() {
    let object = json!({ "status": { "conditions": [
        condition("Synced", "False", "ReconcileError", "cannot compose resources:\n\tquota exceeded"),
        condition("Ready", "True", "Available", ""),
    ] } });
    let status = claim(&object);
    assert_eq!(status.health, Health::Degraded);
    assert_eq!(status.reason, "cannot compose resources: quota exceeded");
}

#[test]
fn a_reason_that_means_failure_is_degraded() {
    let object = json!({ "status": { "conditions": [condition("Ready", "False", "QuotaExceeded", "")] } });
    let status = default_status(&object);
    assert_eq!(
        (status.health, status.reason.as_str()),
        (Health::Degraded, "Quota exceeded")
    );
}

#[test]
fn paused_and_deleting_take_precedence() {
    let paused = json!({
        "metadata": { "annotations": { "crossplane.io/paused": "true" } },
        "status": { "conditions": [condition("Ready", "True", "", "")] }
    });
    assert_eq!(claim(&paused).health, Health::Paused);
    let deleting = json!({
        "metadata": {
            "deletionTimestamp": "2026-01-01T00:00:00Z",
            "finalizers": ["finalizer.apiextensions.crossplane.io"],
            "annotations": { "crossplane.io/paused": "true" }
        }
    });
    let status = claim(&deleting);
    assert_eq!(status.health, Health::Deleting);
    assert!(
        status.reason.contains("finalizer.apiextensions.crossplane.io"),
        "{}",
        status.reason
    );
}

#[test]
fn rabbitmq_needs_both_conditions() {
    let with = |replicas: &str| {
        let object = json!({ "metadata": { "name": "events" }, "status": {
            "defaultUser": { "secretReference": { "name": "events-default-user" } },
            "conditions": [
                condition("AllReplicasReady", replicas, "NotAllPodsReady", ""),
                condition("ClusterAvailable", "True", "AtLeastOneEndpointAvailable", ""),
            ]
        } });
        status(ClaimKind::Plain, "rabbitmq.com", "RabbitmqCluster", &object)
    };
    assert_eq!(with("True").health, Health::Ready);
    assert_eq!(with("True").secret.as_deref(), Some("events-default-user"));
    assert_eq!(with("False").health, Health::Pending);
    assert_eq!(with("False").reason, "Not all of its nodes are up");
}

#[test]
fn reads_phases_and_states_instead_of_conditions() {
    let workspace = json!({ "status": { "phase": "Ready" } });
    assert_eq!(
        status(ClaimKind::Plain, "tenancy.kcp.io", "Workspace", &workspace).health,
        Health::Ready
    );
    let cluster = json!({ "metadata": { "name": "edge" }, "status": { "phase": "Provisioned" } });
    let status_of = |object: &Value| status(ClaimKind::Plain, "cluster.x-k8s.io", "Cluster", object);
    assert_eq!(status_of(&cluster).health, Health::Ready);
    assert_eq!(status_of(&cluster).secret.as_deref(), Some("edge-kubeconfig"));
    let unavailable = json!({ "status": { "phase": "Provisioned", "conditions": [
        condition("Available", "False", "NotAvailable", "* WorkersAvailable: 0 of 3 machines")
    ] } });
    assert_ne!(status_of(&unavailable).health, Health::Ready);
    let broken = json!({ "status": { "phase": "Failed", "message": "no room" } });
    let status = default_status(&broken);
    assert_eq!(
        (status.health, status.reason.as_str()),
        (Health::Degraded, "Failed: no room")
    );
}

#[test]
fn an_unreachable_claim_keeps_its_last_known_status() {
    let known = claim(&json!({ "status": { "conditions": [condition("Ready", "True", "", "")] } }));
    let lost = unreachable_status(&known, "EU shared");
    assert_eq!(lost.health, Health::Unreachable);
    assert_eq!(
        lost.reason,
        "EU shared does not answer. When it last did, this claim was ready"
    );
    assert_eq!(
        unreachable_status(&lost, "EU shared"),
        lost,
        "told once, not twice"
    );
}

#[test]
fn malformed_objects_are_pending() {
    for object in [
        json!(null),
        json!([]),
        json!({ "status": 7 }),
        json!({ "metadata": [], "status": { "conditions": { "type": "Ready" } } }),
        json!({ "status": { "conditions": [7, null, { "type": 9 }, { "type": "Ready", "status": {} }] } }),
    ] {
        for adapter in Adapter::built_in() {
            let status = assess(&object, adapter, &Access::default());
            assert_eq!(status.health, Health::Pending, "{object} by {}", adapter.name);
        }
    }
}

#[test]
fn hostile_texts_are_sanitized() {
    let text = sanitize(&format!("a\u{202E}b\u{0007}\n\n{}", "x".repeat(10_000)));
    assert!(text.starts_with("a b x"), "{text}");
    assert!(text.chars().count() <= 400 + 1);
}

/// Returns health and reason of an object of a plain kind without a specific adapter.
fn guessed(status: Value) -> (Health, String) {
    let mut object = json!({ "metadata": { "generation": 1 }, "spec": {} });
    object["status"] = status;
    let status = default_status(&object);
    (status.health, status.reason)
}

#[test]
fn unknown_words_do_not_stay_pending() {
    for status in [
        json!({ "PostgresClusterStatus": "Running" }),
        json!({ "applied": true, "observedGeneration": 1 }),
        json!({ "updateStatus": "operational" }),
        json!({ "health": "Healthy" }),
        json!({ "health": { "status": "Healthy" } }),
        json!({ "ready": true }),
        json!({ "phase": "running" }),
        json!({ "phase": "RUNNING" }),
        json!({ "state": "Active" }),
        json!({ "replicas": 3, "readyReplicas": 3 }),
        json!({ "conditions": [condition("Succeeded", "True", "Done", "")] }),
        json!({ "conditions": [condition("Healthy", "True", "", "")] }),
        json!({ "conditions": [condition("DashboardSynchronized", "True", "", "")] }),
    ] {
        assert_eq!(guessed(status.clone()).0, Health::Ready, "{status}");
    }
    for (status, health, word) in [
        (
            json!({ "PostgresClusterStatus": "CreateFailed" }),
            Health::Degraded,
            "Create failed",
        ),
        (json!({ "phase": "failed" }), Health::Degraded, "Failed"),
        (
            json!({ "applied": false, "message": "role app does not exist" }),
            Health::Degraded,
            "role app does not exist",
        ),
        (
            json!({ "error": { "message": "no such class" } }),
            Health::Degraded,
            "no such class",
        ),
        (
            json!({ "conditions": [condition("Succeeded", "False", "CouldntGetPipeline", "")] }),
            Health::Degraded,
            "get pipeline",
        ),
        (json!({ "phase": "Quiescent" }), Health::Unknown, "“Quiescent”"),
        (
            json!({ "phase": "Quiescent", "message": "till dawn" }),
            Health::Unknown,
            "till dawn",
        ),
        (
            json!({ "conditions": [condition("Blessed", "True", "", "")] }),
            Health::Unknown,
            "“Blessed”",
        ),
        (
            json!({ "endpoint": "db.example.org" }),
            Health::Unknown,
            "no state that Portico knows",
        ),
        (json!({ "phase": "Updating" }), Health::Pending, "Updating"),
        (
            json!({ "replicas": 3, "readyReplicas": 2 }),
            Health::Pending,
            "2 of 3 are ready",
        ),
        (json!({ "state": "paused" }), Health::Paused, "Paused"),
        (json!({}), Health::Pending, "Waiting for its provisioner to begin"),
    ] {
        let (found, reason) = guessed(status.clone());
        assert_eq!(found, health, "{status}: {reason}");
        assert!(reason.contains(word), "{status}: {reason}");
    }
}

#[test]
fn a_kind_without_a_status_is_unknown() {
    let basis = HealthInput {
        adapter: Adapter::of("example.org", "Shirt", ClaimKind::Plain),
        access: &Access::default(),
        rules: None,
        has_no_status: true,
    };
    let status = assess_with(&json!({ "spec": { "colour": "blue" } }), &basis);
    assert_eq!(status.health, Health::Unknown);
    assert!(status.reason.contains("report no state"), "{}", status.reason);
}

#[test]
fn a_failure_is_reported_even_if_ready() {
    let ready = condition("Ready", "True", "Available", "");
    for other in [
        json!({ "conditions": [ready, condition("Degraded", "True", "DiskFull", "no room on the disk")] }),
        json!({ "conditions": [ready, condition("ReplicaFailure", "True", "", "no room on the disk")] }),
        json!({ "conditions": [ready, condition("Synced", "False", "ReconcileError", "no room on the disk")] }),
        json!({ "conditions": [ready], "phase": "failed", "message": "no room on the disk" }),
    ] {
        let (health, reason) = guessed(other.clone());
        assert_eq!(health, Health::Degraded, "{other}");
        assert!(reason.contains("no room on the disk"), "{reason}");
    }
    // A failure that does not concern the whole object is a remark.
    for other in [
        json!({ "conditions": [ready, condition("BackupDone", "False", "BackupFailed", "no bucket")] }),
        json!({ "conditions": [ready, condition("Warning", "True", "Deprecated", "no bucket")] }),
        json!({ "conditions": [ready], "backup": { "status": "failed", "message": "no bucket" } }),
        json!({ "conditions": [ready], "error": "no bucket" }),
    ] {
        let (health, reason) = guessed(other.clone());
        assert_eq!(health, Health::Ready, "{other}: {reason}");
        assert!(reason.contains("no bucket"), "{other}: {reason}");
    }
    let well = json!({ "conditions": [ready, condition("Upgrading", "False", "AsExpected", "")] });
    assert_eq!(guessed(well), (Health::Ready, String::new()));
}

#[test]
fn crossplanes_circuit_breaker_is_a_remark() {
    let object = json!({ "status": { "conditions": [
        condition("Synced", "True", "ReconcileSuccess", ""),
        condition("Ready", "True", "Available", ""),
        condition("Responsive", "False", "WatchCircuitOpen", ""),
    ] } });
    for claim_kind in [ClaimKind::LegacyClaim, ClaimKind::Composite] {
        let status = status(claim_kind, "example.org", "Database", &object);
        assert_eq!(status.health, Health::Ready);
        assert!(status.reason.contains("watches it less"), "{}", status.reason);
    }
}

#[test]
fn ignores_conditions_of_an_older_generation() {
    let of = |kind: &str, status: &str, reason: &str, generation: i64| {
        let mut condition = condition(kind, status, reason, "");
        condition["observedGeneration"] = json!(generation);
        condition
    };
    let judged = |conditions: Value| {
        let object = json!({ "metadata": { "generation": 2 }, "status": { "conditions": conditions } });
        let status = default_status(&object);
        (status.health, status.reason)
    };
    let waiting = "Its provisioner has not taken up the last change yet".to_owned();
    assert_eq!(
        judged(json!([of("Ready", "False", "CreateFailed", 1)])),
        (Health::Pending, waiting.clone()),
        "what failed before the change may not fail after it"
    );
    assert_eq!(
        judged(json!([
            of("Degraded", "True", "Broken", 1),
            of("Ready", "True", "Fine", 2)
        ])),
        (Health::Ready, String::new())
    );
    assert_eq!(
        judged(json!([of("Ready", "True", "Fine", 1)])),
        (Health::Pending, waiting.clone())
    );
    let object = json!({
        "metadata": { "generation": 3 },
        "status": { "observedGeneration": 2, "phase": "Failed", "conditions": [condition("Degraded", "True", "", "")] }
    });
    let status = default_status(&object);
    assert_eq!((status.health, status.reason), (Health::Pending, waiting));
}

#[test]
fn the_offerings_health_expressions_decide() {
    let expressions = crate::documents::HealthExpressions {
        ready: Some("object.status.tide == 'high'".to_owned()),
        failed: Some(
            "object.status.conditions.exists(c, c.type == 'Leaks' && c.status == 'True')".to_owned(),
        ),
        message: Some("'the tide is ' + object.status.tide".to_owned()),
    };
    let rules = HealthRules::compile(&expressions).unwrap();
    let judged = |object: Value| {
        let basis = HealthInput {
            adapter: Adapter::of("example.org", "Pond", ClaimKind::Plain),
            access: &Access::default(),
            rules: Some(&rules),
            has_no_status: false,
        };
        let status = assess_with(&object, &basis);
        (status.health, status.reason)
    };
    assert_eq!(judged(json!({})).0, Health::Pending);
    assert_eq!(
        judged(json!({ "status": { "tide": "high", "phase": "Failed" } })),
        (Health::Ready, String::new())
    );
    assert_eq!(
        judged(json!({ "status": { "tide": "low", "conditions": [] } })),
        (Health::Pending, "the tide is low".to_owned())
    );
    let leaks = |generation: i64| {
        json!({ "metadata": { "generation": 2 }, "status": { "tide": "high", "conditions": [
            { "type": "Leaks", "status": "True", "observedGeneration": generation }
        ] } })
    };
    assert_eq!(
        judged(leaks(2)),
        (Health::Degraded, "the tide is high".to_owned())
    );
    assert_eq!(
        judged(leaks(1)),
        (Health::Ready, String::new()),
        "an older generation's condition is left out"
    );
    let unseen =
        json!({ "metadata": { "generation": 2 }, "status": { "tide": "high", "observedGeneration": 1 } });
    assert_eq!(judged(unseen).0, Health::Pending);
}
