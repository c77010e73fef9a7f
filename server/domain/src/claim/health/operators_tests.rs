//! Tests each adapter with objects as its operator writes them: new, working and broken.

use serde_json::{Value, json};

use super::assess;
use crate::claim::{Adapter, ClaimKind, Health};
use crate::documents::Access;

fn judged(group: &str, kind: &str, object: &Value) -> (Health, String) {
    let status = assess(
        object,
        Adapter::of(group, kind, ClaimKind::Plain),
        &Access::default(),
    );
    (status.health, status.reason)
}

fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({ "type": kind, "status": status, "reason": reason, "message": message })
}

/// Each row has a status and its expected health. A given word must be in the reason.
fn check(group: &str, kind: &str, rows: &[(Value, Health, &str)]) {
    let object = |status: &Value| json!({ "metadata": { "name": "one", "generation": 1 }, "spec": {}, "status": status });
    let objects: Vec<_> = rows
        .iter()
        .map(|(status, health, word)| (object(status), *health, *word))
        .collect();
    check_objects(group, kind, &objects);
}

/// Like [`check`], with whole objects: for what metadata or spec decides.
fn check_objects(group: &str, kind: &str, rows: &[(Value, Health, &str)]) {
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|(object, health, word)| {
            let (found, reason) = judged(group, kind, object);
            (found != *health || !reason.contains(word))
                .then(|| format!("{health:?} {word:?} expected, but {found:?} {reason:?} found: {object}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{kind}.{group}\n{}", wrong.join("\n"));
}

#[test]
fn zalando() {
    let word = |word: &str| json!({ "PostgresClusterStatus": word });
    check(
        "acid.zalan.do",
        "postgresql",
        &[
            (word("Creating"), Health::Pending, "Being created"),
            (word("Updating"), Health::Pending, "Updating"),
            (word("Running"), Health::Ready, ""),
            (word("CreateFailed"), Health::Degraded, "Create failed"),
            (word("SyncFailed"), Health::Degraded, "SyncFailed"),
            (word("UpdateFailed"), Health::Degraded, "Update failed"),
            (word("Invalid"), Health::Degraded, "Invalid"),
            (word("Dreaming"), Health::Unknown, "Dreaming"),
            (json!("Running"), Health::Ready, ""),
        ],
    );
}

#[test]
fn cloudnative_pg() {
    let cluster = |ready: &str, phase: &str, why: &str| {
        let reason = if ready == "True" {
            "ClusterIsReady"
        } else {
            "ClusterIsNotReady"
        };
        json!({
            "phase": phase, "phaseReason": why,
            "conditions": [condition("Ready", ready, reason, "Cluster Is Not Ready")],
        })
    };
    check(
        "postgresql.cnpg.io",
        "Cluster",
        &[
            (
                cluster("False", "Setting up primary", "Creating primary instance one-1"),
                Health::Pending,
                "Setting up primary: Creating primary",
            ),
            (cluster("True", "Cluster in healthy state", ""), Health::Ready, ""),
            (
                cluster("False", "Failing over", "Failing over from one-1 to one-2"),
                Health::Degraded,
                "Failing over: Failing over from one-1",
            ),
            (
                cluster("False", "Waiting for the instances to become active", ""),
                Health::Pending,
                "Waiting for the instances",
            ),
            (
                cluster("False", "Not enough disk space", "one-1"),
                Health::Degraded,
                "Not enough disk space",
            ),
            (
                cluster("False", "Upgrading cluster", ""),
                Health::Pending,
                "Upgrading cluster",
            ),
        ],
    );
    let archiving = json!({
        "phase": "Cluster in healthy state",
        "conditions": [
            condition("Ready", "True", "ClusterIsReady", ""),
            condition("ContinuousArchiving", "False", "ContinuousArchivingFailing", "no such bucket"),
        ],
    });
    check(
        "postgresql.cnpg.io",
        "Cluster",
        &[(archiving, Health::Ready, "no such bucket")],
    );
}

#[test]
fn cloudnative_pg_databases_and_poolers() {
    check(
        "postgresql.cnpg.io",
        "Database",
        &[
            (
                json!({ "applied": true, "observedGeneration": 1 }),
                Health::Ready,
                "",
            ),
            (
                json!({ "applied": false, "message": "role app does not exist", "observedGeneration": 1 }),
                Health::Degraded,
                "role app does not exist",
            ),
            (json!({}), Health::Pending, "Waiting for its provisioner"),
        ],
    );
    check(
        "postgresql.cnpg.io",
        "Pooler",
        &[
            (json!({ "phase": "active", "instances": 2 }), Health::Ready, ""),
            (json!({ "phase": "paused", "instances": 0 }), Health::Paused, ""),
            (
                json!({ "phase": "inactive", "phaseReason": "no cluster" }),
                Health::Unknown,
                "no cluster",
            ),
            (
                json!({ "phase": "failed", "error": "no secret" }),
                Health::Degraded,
                "no secret",
            ),
        ],
    );
    check(
        "postgresql.cnpg.io",
        "ScheduledBackup",
        &[
            (
                json!({ "lastCheckTime": "2026-01-01T00:00:00Z" }),
                Health::Ready,
                "",
            ),
            (json!({ "error": "no schedule" }), Health::Degraded, "no schedule"),
        ],
    );
}

#[test]
fn victoria_metrics() {
    for kind in ["VMCluster", "VMSingle", "VMAgent"] {
        check(
            "operator.victoriametrics.com",
            kind,
            &[
                (
                    json!({ "updateStatus": "expanding" }),
                    Health::Pending,
                    "Expanding",
                ),
                (json!({ "updateStatus": "operational" }), Health::Ready, ""),
                (json!({ "clusterStatus": "operational" }), Health::Ready, ""),
                (
                    json!({ "updateStatus": "failed", "reason": "no storage class" }),
                    Health::Degraded,
                    "no storage class",
                ),
                (json!({ "updateStatus": "paused" }), Health::Paused, ""),
            ],
        );
    }
}

#[test]
fn other_databases() {
    for group in ["pgv2.percona.com", "pxc.percona.com", "psmdb.percona.com"] {
        let initializing = json!([condition("initializing", "True", "", "")]);
        check(
            group,
            "PerconaCluster",
            &[
                (
                    json!({ "state": "initializing", "conditions": initializing, "size": 3, "ready": 0 }),
                    Health::Pending,
                    "Initializing",
                ),
                (
                    json!({ "state": "ready", "size": 3, "ready": 3, "pmm": { "status": "unknown" } }),
                    Health::Ready,
                    "",
                ),
                (
                    json!({ "state": "error", "message": ["no secret"] }),
                    Health::Degraded,
                    "no secret",
                ),
                (json!({ "state": "paused" }), Health::Paused, ""),
            ],
        );
    }
    check(
        "mongodbcommunity.mongodb.com",
        "MongoDBCommunity",
        &[
            (
                json!({ "phase": "Pending", "message": "not all members are ready" }),
                Health::Pending,
                "not all members",
            ),
            (
                json!({ "phase": "Running", "currentMongoDBMembers": 3 }),
                Health::Ready,
                "",
            ),
            (
                json!({ "phase": "Failed", "message": "no user" }),
                Health::Degraded,
                "no user",
            ),
        ],
    );
    check(
        "redis.redis.opstreelabs.in",
        "RedisCluster",
        &[
            (
                json!({ "state": "Initializing", "reason": "leaders first" }),
                Health::Pending,
                "leaders first",
            ),
            (json!({ "state": "Bootstrap" }), Health::Pending, "Bootstrap"),
            (
                json!({ "state": "Ready", "reason": "RedisCluster is ready", "readyLeaderReplicas": 3 }),
                Health::Ready,
                "",
            ),
            (json!({ "state": "Failed" }), Health::Degraded, "Failed"),
        ],
    );
}

#[test]
fn further_databases() {
    check(
        "clickhouse.altinity.com",
        "ClickHouseInstallation",
        &[
            (
                json!({ "status": "InProgress", "hosts": 2 }),
                Health::Pending,
                "Being worked on",
            ),
            (
                json!({ "status": "Completed", "endpoint": "ch.example.org" }),
                Health::Ready,
                "",
            ),
            (
                json!({ "status": "Aborted", "error": "no volume" }),
                Health::Degraded,
                "no volume",
            ),
        ],
    );
    check(
        "kinda.rocks",
        "Database",
        &[
            (json!({ "status": true, "engine": "postgres" }), Health::Ready, ""),
            (
                json!({ "status": false, "engine": "postgres" }),
                Health::Pending,
                "Not ready yet",
            ),
        ],
    );
    check(
        "crdb.cockroachlabs.com",
        "CrdbCluster",
        &[
            (
                json!({ "clusterStatus": "Starting" }),
                Health::Pending,
                "Starting",
            ),
            (json!({ "clusterStatus": "Finished" }), Health::Ready, ""),
            (json!({ "clusterStatus": "Failed" }), Health::Degraded, "Failed"),
        ],
    );
}

#[test]
fn elasticsearch() {
    let (group, kind) = ("elasticsearch.k8s.elastic.co", "Elasticsearch");
    let cluster = |phase: &str, health: &str, reachable: &str| {
        let message = if reachable == "True" {
            "Service shop/one-es-internal-http has endpoints"
        } else {
            "Service shop/one-es-internal-http has endpoints but Elasticsearch is unavailable"
        };
        json!({
            "phase": phase, "health": health, "availableNodes": 3, "observedGeneration": 1,
            "conditions": [
                condition("ReconciliationComplete", "True", "", ""),
                condition("RunningDesiredVersion", "True", "", "All nodes are running version 9.1.0"),
                condition("ElasticsearchIsReachable", reachable, "", message),
            ],
        })
    };
    let mut stalled = cluster("Stalled", "green", "True");
    stalled["inProgressOperations"] = json!({ "downscale": { "nodes": [{
        "name": "one-es-data-2", "shutdownStatus": "STALLED", "explanation": "no node may take shard [logs][0]",
    }] } });
    check(
        group,
        kind,
        &[
            (json!({}), Health::Pending, "Waiting for its provisioner"),
            (
                json!({
                    "phase": "ApplyingChanges", "health": "unknown", "observedGeneration": 1,
                    "conditions": [
                        condition("ElasticsearchIsReachable", "False", "", "Service shop/one-es-internal-http has no endpoint"),
                    ],
                }),
                Health::Pending,
                "Applying changes",
            ),
            (cluster("Ready", "green", "True"), Health::Ready, ""),
            (
                cluster("Ready", "yellow", "True"),
                Health::Ready,
                "Copies of some data are missing",
            ),
            (
                cluster("Ready", "red", "True"),
                Health::Degraded,
                "Some data is not available",
            ),
            // The operator has made its changes, but the cluster does not answer.
            (
                cluster("Ready", "unknown", "False"),
                Health::Pending,
                "Elasticsearch is unavailable",
            ),
            (
                cluster("ApplyingChanges", "yellow", "True"),
                Health::Pending,
                "Applying changes",
            ),
            (
                cluster("MigratingData", "green", "True"),
                Health::Pending,
                "Migrating data",
            ),
            (stalled, Health::Degraded, "Stalled: no node may take shard"),
            (
                cluster("Invalid", "unknown", "False"),
                Health::Degraded,
                "Its specification is invalid",
            ),
            (cluster("Dreaming", "green", "True"), Health::Unknown, "Dreaming"),
        ],
    );
    let annotated = |annotation: &str, value: &str| {
        json!({
            "metadata": { "name": "one", "annotations": { annotation: value } },
            "status": cluster("Ready", "green", "True"),
        })
    };
    check_objects(
        group,
        kind,
        &[
            (
                annotated("eck.k8s.elastic.co/managed", "false"),
                Health::Paused,
                "",
            ),
            (annotated("eck.k8s.elastic.co/managed", "true"), Health::Ready, ""),
            (
                annotated("eck.k8s.elastic.co/pause-orchestration", "true"),
                Health::Paused,
                "",
            ),
        ],
    );
}

#[test]
fn storage() {
    check(
        "objectbucket.io",
        "ObjectBucketClaim",
        &[
            (json!({ "phase": "Pending" }), Health::Pending, "Being worked on"),
            (json!({ "phase": "Bound" }), Health::Ready, ""),
            (json!({ "phase": "Failed" }), Health::Degraded, "Failed"),
            (json!({ "phase": "Released" }), Health::Unknown, "Released"),
        ],
    );
    check(
        "objectstorage.k8s.io",
        "BucketClaim",
        &[
            (
                json!({ "readyToUse": true, "boundBucketName": "b" }),
                Health::Ready,
                "",
            ),
            (json!({ "readyToUse": false }), Health::Pending, ""),
            (
                json!({ "readyToUse": false, "error": { "message": "no driver answers" } }),
                Health::Degraded,
                "no driver answers",
            ),
        ],
    );
    check(
        "ceph.rook.io",
        "CephObjectStoreUser",
        &[
            (json!({ "phase": "Ready" }), Health::Ready, ""),
            (
                json!({ "phase": "ReconcileFailed" }),
                Health::Degraded,
                "Reconcile failed",
            ),
        ],
    );
}

#[test]
fn clusters_and_clouds() {
    let version = |word: &str| json!({ "kubernetesResources": { "version": { "status": word } } });
    check(
        "kamaji.clastix.io",
        "TenantControlPlane",
        &[
            (version("Provisioning"), Health::Pending, "Being created"),
            (version("Ready"), Health::Ready, ""),
            (version("NotReady"), Health::Pending, "Not ready yet"),
            (version("Sleeping"), Health::Paused, ""),
        ],
    );
    check(
        "controlplane.cluster.x-k8s.io",
        "VCluster",
        &[
            (json!({ "phase": "Deployed", "ready": true }), Health::Ready, ""),
            (
                json!({ "phase": "Deployed", "ready": false }),
                Health::Pending,
                "Not ready yet",
            ),
            (
                json!({ "phase": "Failed", "message": "no chart" }),
                Health::Degraded,
                "no chart",
            ),
        ],
    );
}

#[test]
fn clouds() {
    check(
        "rds.services.k8s.aws",
        "DBInstance",
        &[
            (
                json!({ "dbInstanceStatus": "creating", "conditions": [condition("ACK.ResourceSynced", "False", "", "")] }),
                Health::Pending,
                "Creating",
            ),
            (
                json!({ "dbInstanceStatus": "available", "conditions": [condition("ACK.ResourceSynced", "True", "", "")] }),
                Health::Ready,
                "",
            ),
            (
                json!({ "conditions": [condition("ACK.Terminal", "True", "", "no subnet")] }),
                Health::Degraded,
                "no subnet",
            ),
        ],
    );
    check(
        "s3.aws.m.upbound.io",
        "Bucket",
        &[
            (
                json!({ "conditions": [condition("Synced", "True", "ReconcileSuccess", ""), condition("Ready", "True", "Available", "")] }),
                Health::Ready,
                "",
            ),
            (
                json!({ "conditions": [condition("Synced", "False", "ReconcileError", "no credentials"), condition("Ready", "False", "Creating", "")] }),
                Health::Degraded,
                "no credentials",
            ),
        ],
    );
}

#[test]
fn delivery() {
    check(
        "argoproj.io",
        "Application",
        &[
            (
                json!({ "health": { "status": "Progressing" }, "sync": { "status": "Synced" } }),
                Health::Pending,
                "Being worked on",
            ),
            (
                json!({ "health": { "status": "Healthy" }, "sync": { "status": "Synced" } }),
                Health::Ready,
                "",
            ),
            (
                json!({ "health": { "status": "Healthy" }, "sync": { "status": "OutOfSync" } }),
                Health::Ready,
                "differs from what is in git",
            ),
            (
                json!({ "health": { "status": "Degraded", "message": "a pod crashes" } }),
                Health::Degraded,
                "a pod crashes",
            ),
            (json!({ "health": { "status": "Suspended" } }), Health::Paused, ""),
        ],
    );
    let parents = |accepted: &str| {
        json!({ "parents": [{ "conditions": [
            condition("Accepted", accepted, "NoMatchingParent", "no such listener"),
            condition("ResolvedRefs", "True", "", ""),
        ] }] })
    };
    check(
        "gateway.networking.k8s.io",
        "HTTPRoute",
        &[
            (parents("True"), Health::Ready, ""),
            (parents("False"), Health::Degraded, "no such listener"),
        ],
    );
    check(
        "tekton.dev",
        "PipelineRun",
        &[
            (
                json!({ "conditions": [condition("Succeeded", "Unknown", "Running", "1 of 3 tasks")] }),
                Health::Pending,
                "1 of 3 tasks",
            ),
            (
                json!({ "conditions": [condition("Succeeded", "True", "Completed", "")] }),
                Health::Ready,
                "",
            ),
            (
                json!({ "conditions": [condition("Succeeded", "False", "CouldntGetPipeline", "no such pipeline")] }),
                Health::Degraded,
                "no such pipeline",
            ),
        ],
    );
    check(
        "kafka.strimzi.io",
        "KafkaNodePool",
        &[
            (
                json!({ "nodeIds": [0, 1], "observedGeneration": 1 }),
                Health::Ready,
                "",
            ),
            (
                json!({ "conditions": [condition("NotReady", "True", "InvalidResource", "no roles")] }),
                Health::Degraded,
                "no roles",
            ),
        ],
    );
}

#[test]
fn managed_resources_and_sap_services_use_ready() {
    check(
        "services.cloud.sap.com",
        "ServiceInstance",
        &[
            (
                json!({ "ready": "True", "conditions": [condition("Succeeded", "True", "Created", ""), condition("Ready", "True", "Provisioned", "")] }),
                Health::Ready,
                "",
            ),
            (
                json!({ "ready": "False", "conditions": [condition("Succeeded", "False", "CreateInProgress", "being made"), condition("Ready", "False", "NotProvisioned", "being made")] }),
                Health::Pending,
                "being made",
            ),
            (
                json!({ "ready": "False", "conditions": [condition("Failed", "True", "CreateFailed", "no quota")] }),
                Health::Degraded,
                "no quota",
            ),
        ],
    );
}
