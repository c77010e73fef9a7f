//! What kcp's controllers do, in time with the writes: workspaces get their logical cluster, exports their identity and
//! endpoint, bindings their resources.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::instance::{Bound, Instance, LogicalCluster, kind};
use crate::kube::registry::crd;
use crate::kube::storage::journal::Journal;
use crate::kube::types::kind::{GroupKind, Kind};
use crate::kube::types::object::{self, Key};

/// The export that every workspace binds, as its type's default binding.
pub(super) const TENANCY: &str = "tenancy.kcp.io";

/// Runs the controllers after a write of a kind of this group in a logical cluster.
pub(in crate::kube) fn settle(instance: &Instance, cluster: &Arc<LogicalCluster>, group: &str) {
    if !group.ends_with("kcp.io") {
        return;
    }
    let _guard = instance.controlling.lock();
    if group == TENANCY {
        workspaces(instance, cluster);
        return;
    }
    exports(instance, cluster);
    bindings(instance, cluster);
    // Whoever binds an export of this workspace sees what it asks for now.
    for other in instance.all() {
        let of_this = |bound: &Bound| bound.cluster == cluster.name;
        if other.name != cluster.name && other.bound.lock().values().any(of_this) {
            bindings(instance, &other);
        }
    }
}

/// Runs the controllers for all workspaces.
pub(in crate::kube) fn settle_all(instance: &Instance) {
    let _guard = instance.controlling.lock();
    for cluster in instance.all() {
        exports(instance, &cluster);
    }
    for cluster in instance.all() {
        bindings(instance, &cluster);
        workspaces(instance, &cluster);
    }
}

pub(super) fn create(cluster: &LogicalCluster, object: Value) {
    if let Err(error) = cluster.objects().create(object) {
        tracing::warn!(%error, cluster = cluster.path, "kcp could not create an object");
    }
}

fn set_status(cluster: &LogicalCluster, kind: &GroupKind, name: &str, status: Value) {
    let objects = cluster.objects();
    let key = Key::cluster(name);
    let same = objects
        .get(kind, &key)
        .is_some_and(|object| object["status"] == status);
    if same {
        return;
    }
    if let Err(error) = objects.patch_status(kind, &key, status) {
        tracing::warn!(%error, cluster = cluster.path, "kcp could not set a status");
    }
}

/// What every new workspace has.
pub(super) fn fill(instance: &Instance, cluster: &LogicalCluster, owner: &Value) {
    create(
        cluster,
        json!({
            "apiVersion": "core.kcp.io/v1alpha1", "kind": "LogicalCluster",
            "metadata": { "name": "cluster", "annotations": { "kcp.io/path": cluster.path } },
            "spec": { "owner": owner },
        }),
    );
    let url = format!("{}/clusters/{}", instance.base.read(), cluster.path);
    let phase = if instance.holds() { "Initializing" } else { "Ready" };
    set_status(
        cluster,
        &kind("LogicalCluster"),
        "cluster",
        json!({ "phase": phase, "URL": url }),
    );
    create(
        cluster,
        json!({
            "apiVersion": "apis.kcp.io/v1alpha2", "kind": "APIBinding", "metadata": { "name": TENANCY },
            "spec": { "reference": { "export": { "path": "root", "name": TENANCY } } },
        }),
    );
}

fn workspaces(instance: &Instance, cluster: &Arc<LogicalCluster>) {
    let workspaces = cluster.objects().list(&kind("Workspace"));
    let mut paths = BTreeSet::new();
    for workspace in &workspaces {
        let name = object::name(workspace);
        let path = format!("{}:{name}", cluster.path);
        let given = workspace["spec"]["cluster"].as_str().unwrap_or_default();
        let known = instance.find(&path).filter(|known| known.name == given);
        let logical = known.unwrap_or_else(|| schedule(instance, cluster, workspace, &path));
        let url = format!("{}/clusters/{path}", instance.base.read());
        // After a restart it may be served at another port.
        if given.is_empty() || workspace["spec"]["URL"] != url.as_str() {
            let merge = json!({ "spec": { "cluster": logical.name, "URL": url } });
            let _ = cluster
                .objects()
                .patch(&kind("Workspace"), &Key::cluster(name), merge);
        }
        let phase = if instance.holds() { "Initializing" } else { "Ready" };
        let is_ready = workspace["status"]["phase"] == "Ready";
        if !is_ready {
            set_status(cluster, &kind("Workspace"), name, json!({ "phase": phase }));
            let status =
                json!({ "phase": phase, "URL": format!("{}/clusters/{path}", instance.base.read()) });
            set_status(&logical, &kind("LogicalCluster"), "cluster", status);
        }
        paths.insert(path);
    }
    let below = format!("{}:", cluster.path);
    for other in instance.all() {
        let is_child = other
            .path
            .strip_prefix(&below)
            .is_some_and(|rest| !rest.contains(':'));
        if is_child && !paths.contains(&other.path) {
            leave(instance, &other.path);
        }
    }
}

/// Makes the logical cluster of a workspace.
fn schedule(
    instance: &Instance,
    parent: &LogicalCluster,
    workspace: &Value,
    path: &str,
) -> Arc<LogicalCluster> {
    leave(instance, path);
    let seed = format!("{path} {}", object::uid(workspace));
    let shard = shard_of(workspace).unwrap_or(parent.shard);
    let logical = instance.add(&hex::encode(&Sha256::digest(seed)[..8]), path, shard);
    let owner = json!({
        "apiVersion": "tenancy.kcp.io/v1alpha1", "resource": "workspaces", "cluster": parent.name,
        "name": object::name(workspace), "uid": object::uid(workspace),
    });
    fill(instance, &logical, &owner);
    exports(instance, &logical);
    bindings(instance, &logical);
    logical
}

/// The shard that a workspace asks for by its label `name`: `shard-1` is the second one, `root` the first.
pub(super) fn shard_of(workspace: &Value) -> Option<usize> {
    let name = workspace["spec"]["location"]["selector"]["matchLabels"]["name"].as_str()?;
    match name {
        "root" => Some(0),
        name => name.strip_prefix("shard-")?.parse().ok(),
    }
}

/// Deletes what is in a workspace that is gone, and in those below it.
fn leave(instance: &Instance, path: &str) {
    for cluster in instance.remove(path) {
        cluster.inner.write(|state| {
            let mut places = Vec::new();
            for (kind, table) in state.store.everything() {
                places.extend(table.keys().map(|key| (kind.clone(), key.clone())));
            }
            for (kind, key) in places {
                if let Some(kind) = state.kinds.of(&kind) {
                    state.store.remove(&kind, &key);
                }
            }
            if let Some(Err(error)) = state.journal.take().map(Journal::discard) {
                tracing::warn!(%error, path, "the snapshot of a workspace that is gone cannot be deleted");
            }
        });
    }
}

fn exports(instance: &Instance, cluster: &LogicalCluster) {
    let base = instance.base.read().clone();
    for export in cluster.objects().list(&kind("APIExport")) {
        let name = object::name(&export);
        if export["status"]["identityHash"].as_str().is_none() {
            let identity = hex::encode(Sha256::digest(object::uid(&export)));
            set_status(
                cluster,
                &kind("APIExport"),
                name,
                json!({ "identityHash": identity }),
            );
        }
        let slice = cluster
            .objects()
            .get(&kind("APIExportEndpointSlice"), &Key::cluster(name));
        if slice.is_none() {
            create(
                cluster,
                json!({
                    "apiVersion": "apis.kcp.io/v1alpha1", "kind": "APIExportEndpointSlice", "metadata": { "name": name },
                    "spec": { "export": { "path": cluster.path, "name": name } },
                }),
            );
        }
        if !base.is_empty() {
            let urls = instance.endpoint_bases().into_iter();
            let endpoints: Vec<Value> = urls
                .map(|base| json!({ "url": format!("{base}/services/apiexport/{}/{name}", cluster.name) }))
                .collect();
            set_status(
                cluster,
                &kind("APIExportEndpointSlice"),
                name,
                json!({ "endpoints": endpoints }),
            );
        }
    }
}

fn bindings(instance: &Instance, cluster: &LogicalCluster) {
    let all = cluster.objects().list(&kind("APIBinding"));
    for binding in &all {
        let status = bind(instance, cluster, binding);
        set_status(cluster, &kind("APIBinding"), object::name(binding), status);
    }
    let gone: Vec<(String, String)> = {
        let mut bound = cluster.bound.lock();
        let unbound = bound
            .iter_mut()
            .filter(|(_, bound)| bound.is_served && !all.iter().any(|it| object::name(it) == bound.binding));
        unbound
            .map(|(resource, bound)| {
                bound.is_served = false;
                resource.clone()
            })
            .collect()
    };
    for (group, plural) in gone {
        cluster.inner.write(|state| {
            let Some(kind) = state.kinds.resource(&group, &plural) else {
                return;
            };
            let table = state.store.table(&kind.group_kind());
            let keys: Vec<Key> = table
                .into_iter()
                .flat_map(|table| table.keys().cloned())
                .collect();
            for key in keys {
                state.store.remove(&kind, &key);
            }
            state.kinds.remove(&group, &plural);
        });
    }
}

/// Binds what a binding names, and returns its status.
pub(super) fn bind(instance: &Instance, cluster: &LogicalCluster, binding: &Value) -> Value {
    let reference = &binding["spec"]["reference"]["export"];
    let name = reference["name"].as_str().unwrap_or_default();
    let path = reference["path"].as_str().unwrap_or(&cluster.path);
    let provider = instance.find(path);
    let export = provider
        .as_ref()
        .and_then(|provider| provider.objects().get(&kind("APIExport"), &Key::cluster(name)));
    let (Some(provider), Some(export)) = (provider, export) else {
        return json!({ "phase": "Binding", "conditions": [condition(
            "APIExportValid", false, "APIExportNotFound", &format!("APIExport {path}|{name} not found"),
        )] });
    };
    let mut bound = Vec::new();
    for resource in export["spec"]["resources"].as_array().into_iter().flatten() {
        let key = Key::cluster(resource["schema"].as_str().unwrap_or_default());
        let Some(schema) = provider.objects().get(&kind("APIResourceSchema"), &key) else {
            return json!({ "phase": "Binding", "conditions": [condition(
                "APIExportValid", false, "InternalError", &format!("APIResourceSchema {} not found", key.name),
            )] });
        };
        if let Err(why) = serve(cluster, &provider, name, object::name(binding), &schema) {
            return json!({ "phase": "Binding", "conditions": [condition(
                "BindingUpToDate", false, "NamingConflicts", &why,
            )] });
        }
        bound.push(json!({
            "group": resource["group"], "resource": resource["name"], "storageVersions": [],
            "schema": { "name": key.name, "UID": object::uid(&schema), "identityHash": export["status"]["identityHash"] },
        }));
    }
    let asked = export["spec"]["permissionClaims"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let accepted = binding["spec"]["permissionClaims"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let applied: Vec<Value> = accepted
        .into_iter()
        .filter(|claim| {
            claim["state"] == "Accepted" && asked.iter().any(|asked| is_same_resource(asked, claim))
        })
        .collect();
    json!({
        "phase": "Bound", "apiExportClusterName": provider.name, "boundResources": bound,
        "exportPermissionClaims": asked, "appliedPermissionClaims": applied,
        "conditions": [
            condition("APIExportValid", true, "", ""),
            condition("InitialBindingCompleted", true, "", ""),
            condition("BindingUpToDate", true, "", ""),
            condition("PermissionClaimsApplied", true, "", ""),
        ],
    })
}

fn is_same_resource(one: &Value, other: &Value) -> bool {
    let text = |claim: &Value, key: &str| claim[key].as_str().unwrap_or_default().to_owned();
    ["group", "resource", "identityHash"]
        .iter()
        .all(|key| text(one, key) == text(other, key))
}

/// Serves the resource of a schema in a workspace.
fn serve(
    cluster: &LogicalCluster,
    provider: &LogicalCluster,
    export: &str,
    binding: &str,
    schema: &Value,
) -> Result<(), String> {
    let definition = definition(schema);
    let kind = crd::kind_of(&definition).map_err(|causes| format!("{causes:?}"))?;
    let source = Bound {
        cluster: provider.name.clone(),
        export: export.to_owned(),
        binding: binding.to_owned(),
        is_served: true,
    };
    let key = (kind.group.clone(), kind.plural.clone());
    let mut bound = cluster.bound.lock();
    if bound.get(&key) == Some(&source) {
        return Ok(());
    }
    let is_served = cluster.inner.state().kinds.resource(&key.0, &key.1).is_some();
    if is_served {
        return Err(format!(
            "naming conflict with a bound API or a CRD: {}.{}",
            key.1, key.0
        ));
    }
    bound.insert(key, source);
    drop(bound);
    cluster.inner.write(|state| state.kinds.insert(kind));
    Ok(())
}

/// The kind of a resource of an export, whether or not somebody binds it.
pub(super) fn exported_kind(
    provider: &LogicalCluster,
    export: &str,
    group: &str,
    plural: &str,
) -> Option<Kind> {
    let objects = provider.objects();
    let export = objects.get(&kind("APIExport"), &Key::cluster(export))?;
    let mut resources = export["spec"]["resources"].as_array()?.iter();
    let resource = resources.find(|it| it["group"] == group && it["name"] == plural)?;
    let schema = Key::cluster(resource["schema"].as_str()?);
    let schema = objects.get(&kind("APIResourceSchema"), &schema)?;
    crd::kind_of(&definition(&schema)).ok()
}

/// The definition that an `APIResourceSchema` stands for: its versions have the schema without a wrapper.
fn definition(schema: &Value) -> Value {
    let spec = &schema["spec"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut names = spec["names"].clone();
    for (key, default) in [
        ("listKind", format!("{}List", text(&names["kind"]))),
        ("singular", text(&names["kind"]).to_lowercase()),
    ] {
        if names[key].as_str().is_none() {
            names[key] = json!(default);
        }
    }
    let mut versions = spec["versions"].as_array().cloned().unwrap_or_default();
    for version in &mut versions {
        version["schema"] = json!({ "openAPIV3Schema": version["schema"].take() });
    }
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("{}.{}", text(&names["plural"]), text(&spec["group"])) },
        "spec": { "group": spec["group"], "names": names, "scope": spec["scope"], "versions": versions },
    })
}

fn condition(kind: &str, is_true: bool, reason: &str, message: &str) -> Value {
    json!({
        "type": kind, "status": if is_true { "True" } else { "False" }, "reason": reason, "message": message,
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    })
}

/// The kind of workspaces, with the fields that people set and those that kcp does.
pub(super) fn workspace_schema() -> Value {
    let text = json!({ "type": "string" });
    json!({
        "apiVersion": "apis.kcp.io/v1alpha1", "kind": "APIResourceSchema",
        "metadata": { "name": "v250421-25d98218b.workspaces.tenancy.kcp.io" },
        "spec": {
            "group": TENANCY, "scope": "Cluster",
            "names": {
                "kind": "Workspace", "listKind": "WorkspaceList", "plural": "workspaces", "singular": "workspace",
                "shortNames": ["ws"], "categories": ["kcp"],
            },
            "versions": [{
                "name": "v1alpha1", "served": true, "storage": true, "subresources": { "status": {} },
                "additionalPrinterColumns": [
                    { "name": "Type", "type": "string", "jsonPath": ".spec.type.name" },
                    { "name": "Phase", "type": "string", "jsonPath": ".status.phase" },
                    { "name": "URL", "type": "string", "jsonPath": ".spec.URL" },
                ],
                "schema": { "type": "object", "properties": {
                    "spec": { "type": "object", "properties": {
                        "type": {
                            "type": "object", "required": ["name"], "description": "The type of the workspace.",
                            "properties": {
                                "name": { "type": "string", "pattern": "^[a-z]([a-z0-9-]{0,61}[a-z0-9])?" },
                                "path": text,
                            },
                        },
                        "location": {
                            "type": "object", "description": "The shards that it may be on.",
                            "properties": { "selector": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } },
                        },
                        "cluster": {
                            "type": "string", "description": "Set by the system.",
                            "x-kubernetes-validations": [{ "rule": "self == oldSelf", "message": "cluster is immutable" }],
                        },
                        "URL": { "type": "string", "description": "Set by the system." },
                    } },
                    "status": { "type": "object", "properties": {
                        "phase": text,
                        "conditions": { "type": "array", "items": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } },
                    } },
                } },
            }],
        },
    })
}
