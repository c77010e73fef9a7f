//! What a kcp has when it starts: what its snapshots have, or the root workspace alone.

use std::sync::Arc;

use serde_json::{Value, json};

use super::controllers::{TENANCY, bind, create, fill, settle, shard_of, workspace_schema};
use super::instance::{Instance, LogicalCluster, kind};
use crate::kube::types::object::{self, Key};

/// Brings back the workspaces of a kcp that has snapshots, or fills the root workspace of a new one.
pub(in crate::kube) fn begin(instance: &Instance) {
    let root = instance.add("root", "root", 0);
    let known = root
        .objects()
        .get(&kind("LogicalCluster"), &Key::cluster("cluster"));
    if known.is_some() {
        restore(instance, root);
        return;
    }
    fill(instance, &root, &Value::Null);
    create(&root, workspace_schema());
    create(
        &root,
        json!({
            "apiVersion": "apis.kcp.io/v1alpha2", "kind": "APIExport", "metadata": { "name": TENANCY },
            "spec": { "resources": [{
                "group": TENANCY, "name": "workspaces", "schema": "v250421-25d98218b.workspaces.tenancy.kcp.io", "storage": { "crd": {} },
            }] },
        }),
    );
    settle(instance, &root, "apis.kcp.io");
}

/// Loads the workspaces below the root, and serves what they bind. Writes nothing: what is loaded later may have
/// higher revisions.
fn restore(instance: &Instance, root: Arc<LogicalCluster>) {
    let mut all = vec![root];
    let mut next = 0;
    while let Some(parent) = all.get(next).cloned() {
        next += 1;
        for workspace in parent.objects().list(&kind("Workspace")) {
            let path = format!("{}:{}", parent.path, object::name(&workspace));
            let shard = shard_of(&workspace).unwrap_or(parent.shard);
            // Without a logical cluster it has not been scheduled yet.
            if let Some(name) = workspace["spec"]["cluster"].as_str() {
                all.push(instance.add(name, &path, shard));
            }
        }
    }
    for cluster in all {
        for binding in cluster.objects().list(&kind("APIBinding")) {
            let _ = bind(instance, &cluster, &binding);
        }
    }
}
