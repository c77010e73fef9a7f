use serde_json::{Value, json};

use super::super::Flavour;
use super::*;

fn verdict(flavour: Flavour, group: &str, kind: &str, object: &Value) -> Verdict {
    judge(object, Adapter::of(group, kind, flavour), &Access::default())
}

fn claim(object: &Value) -> Verdict {
    verdict(Flavour::LegacyClaim, "example.org", "Database", object)
}

fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({ "type": kind, "status": status, "reason": reason, "message": message })
}

#[test]
fn a_new_claim_waits_for_its_provisioner() {
    let verdict = claim(&json!({ "metadata": { "name": "orders", "generation": 1 }, "spec": {} }));
    assert_eq!(verdict.health, Health::Pending);
    assert_eq!(verdict.reason, "Waiting for its provisioner to begin");
}

#[test]
fn a_claim_being_made_says_what_it_waits_for() {
    let object = json!({ "status": { "conditions": [
        condition("Synced", "True", "ReconcileSuccess", ""),
        condition("Ready", "False", "Creating", "Waiting for the disk"),
    ] } });
    let verdict = claim(&object);
    assert_eq!(
        (verdict.health, verdict.reason.as_str()),
        (Health::Pending, "Waiting for the disk")
    );
    assert_eq!(
        verdict.conditions.first().map(|it| it.kind.as_str()),
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
    let verdict = claim(&object);
    assert_eq!((verdict.health, verdict.reason.as_str()), (Health::Ready, ""));
    assert_eq!(verdict.secret.as_deref(), Some("orders-connection"));
}

#[test]
fn a_condition_for_an_older_generation_is_not_ready() {
    let mut ready = condition("Ready", "True", "Available", "");
    ready["observedGeneration"] = json!(1);
    let object = json!({ "metadata": { "generation": 2 }, "status": { "conditions": [ready] } });
    let verdict = claim(&object);
    assert_eq!(verdict.health, Health::Pending);
    assert_eq!(
        verdict.reason,
        "Its provisioner has not taken up the last change yet"
    );

    let object = json!({
        "metadata": { "generation": 3 },
        "status": { "observedGeneration": 2, "conditions": [condition("Ready", "True", "", "")] }
    });
    assert_eq!(verdict_of_default(&object).health, Health::Pending);
}

fn verdict_of_default(object: &Value) -> Verdict {
    verdict(Flavour::Plain, "example.org", "Thing", object)
}

#[test]
fn a_failed_reconcile_is_degraded_with_its_message() {
    let object = json!({ "status": { "conditions": [
        condition("Synced", "False", "ReconcileError", "cannot compose resources:\n\tquota exceeded"),
        condition("Ready", "True", "Available", ""),
    ] } });
    let verdict = claim(&object);
    assert_eq!(verdict.health, Health::Degraded);
    assert_eq!(verdict.reason, "cannot compose resources: quota exceeded");
}

#[test]
fn a_reason_that_sounds_like_failure_is_degraded() {
    let object = json!({ "status": { "conditions": [condition("Ready", "False", "QuotaExceeded", "")] } });
    let verdict = verdict_of_default(&object);
    assert_eq!(
        (verdict.health, verdict.reason.as_str()),
        (Health::Degraded, "Quota exceeded")
    );
}

#[test]
fn pausing_and_deleting_come_first() {
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
    let verdict = claim(&deleting);
    assert_eq!(verdict.health, Health::Deleting);
    assert!(
        verdict.reason.contains("finalizer.apiextensions.crossplane.io"),
        "{}",
        verdict.reason
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
        verdict(Flavour::Plain, "rabbitmq.com", "RabbitmqCluster", &object)
    };
    assert_eq!(with("True").health, Health::Ready);
    assert_eq!(with("True").secret.as_deref(), Some("events-default-user"));
    assert_eq!(with("False").health, Health::Pending);
    assert_eq!(with("False").reason, "Not all of its nodes are up");
}

#[test]
fn phases_and_states_stand_in_for_conditions() {
    let workspace = json!({ "status": { "phase": "Ready" } });
    assert_eq!(
        verdict(Flavour::Plain, "tenancy.kcp.io", "Workspace", &workspace).health,
        Health::Ready
    );
    let cluster = json!({ "metadata": { "name": "edge" }, "status": { "phase": "Provisioned" } });
    let verdict_of = |object: &Value| verdict(Flavour::Plain, "cluster.x-k8s.io", "Cluster", object);
    assert_eq!(verdict_of(&cluster).health, Health::Ready);
    assert_eq!(verdict_of(&cluster).secret.as_deref(), Some("edge-kubeconfig"));
    let unavailable = json!({ "status": { "phase": "Provisioned", "conditions": [
        condition("Available", "False", "NotAvailable", "* WorkersAvailable: 0 of 3 machines")
    ] } });
    assert_ne!(verdict_of(&unavailable).health, Health::Ready);
    let broken = json!({ "status": { "phase": "Failed", "message": "no room" } });
    let verdict = verdict_of_default(&broken);
    assert_eq!(
        (verdict.health, verdict.reason.as_str()),
        (Health::Degraded, "no room")
    );
}

#[test]
fn what_is_out_of_reach_keeps_what_was_known() {
    let known = claim(&json!({ "status": { "conditions": [condition("Ready", "True", "", "")] } }));
    let lost = out_of_reach(&known, "EU shared");
    assert_eq!(lost.health, Health::Unreachable);
    assert_eq!(
        lost.reason,
        "EU shared does not answer. When it last did, this claim was ready"
    );
    assert_eq!(out_of_reach(&lost, "EU shared"), lost, "told once, not twice");
}

#[test]
fn nonsense_is_pending_and_never_a_panic() {
    for object in [
        json!(null),
        json!([]),
        json!({ "status": 7 }),
        json!({ "metadata": [], "status": { "conditions": { "type": "Ready" } } }),
        json!({ "status": { "conditions": [7, null, { "type": 9 }, { "type": "Ready", "status": {} }] } }),
    ] {
        for adapter in Adapter::built_in() {
            let verdict = judge(&object, adapter, &Access::default());
            assert_eq!(verdict.health, Health::Pending, "{object} by {}", adapter.name);
        }
    }
}

#[test]
fn hostile_text_is_cut_and_cleaned() {
    let text = plain(&format!("a\u{202E}b\u{0007}\n\n{}", "x".repeat(10_000)));
    assert!(text.starts_with("a b x"), "{text}");
    assert!(text.chars().count() <= LONGEST_REASON + 1);
}
