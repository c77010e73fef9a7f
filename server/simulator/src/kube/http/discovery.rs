//! API discovery, plain and aggregated.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::{HeaderMap, header};
use serde_json::{Value, json};

use crate::kube::registry::state::State;
use crate::kube::types::error::ApiError;
use crate::kube::types::kind::{Kind, version_priority};

const VERBS: &[&str] = &[
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "create",
    "update",
    "watch",
];

/// Review kinds: they answer at once and are not stored. Group, version, plural, kind.
const QUESTIONS: &[(&str, &str, &str, &str)] = &[
    (
        "authorization.k8s.io",
        "v1",
        "selfsubjectaccessreviews",
        "SelfSubjectAccessReview",
    ),
    (
        "authorization.k8s.io",
        "v1",
        "selfsubjectrulesreviews",
        "SelfSubjectRulesReview",
    ),
    (
        "authorization.k8s.io",
        "v1",
        "subjectaccessreviews",
        "SubjectAccessReview",
    ),
    (
        "authentication.k8s.io",
        "v1",
        "selfsubjectreviews",
        "SelfSubjectReview",
    ),
];

/// The version of aggregated discovery that the client accepts.
pub(super) fn aggregated(headers: &HeaderMap) -> Option<&'static str> {
    let accept = headers.get(header::ACCEPT)?.to_str().ok()?;
    for choice in accept.split(',') {
        if !choice.contains("as=APIGroupDiscoveryList") {
            if choice.trim().starts_with("application/json") {
                return None;
            }
            continue;
        }
        if choice.contains("v=v2beta1") {
            return Some("v2beta1");
        }
        if choice.contains("v=v2") {
            return Some("v2");
        }
    }
    None
}

/// Kinds by group and version, both in order of preference.
fn groups(state: &State) -> BTreeMap<String, BTreeMap<Rank, Vec<Arc<Kind>>>> {
    let mut groups: BTreeMap<String, BTreeMap<Rank, Vec<Arc<Kind>>>> = BTreeMap::new();
    for kind in state.kinds.all() {
        for version in kind.versions.iter().filter(|v| v.served) {
            let versions = groups.entry(kind.group.clone()).or_default();
            versions
                .entry(Rank::of(&version.name))
                .or_default()
                .push(Arc::clone(kind));
        }
    }
    for (group, version, _, _) in QUESTIONS {
        groups
            .entry((*group).into())
            .or_default()
            .entry(Rank::of(version))
            .or_default();
    }
    groups
}

/// A version that sorts by preference.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Rank(
    (u8, std::cmp::Reverse<u32>, std::cmp::Reverse<u32>, String),
    String,
);

impl Rank {
    fn of(version: &str) -> Self {
        Self(version_priority(version), version.into())
    }
}

/// `/api` or `/apis`, aggregated.
pub(super) fn everything(state: &State, core: bool, form: &str) -> Value {
    let items: Vec<Value> = groups(state)
        .into_iter()
        .filter(|(group, _)| group.is_empty() == core)
        .map(|(group, versions)| {
            let versions: Vec<Value> = versions
                .into_iter()
                .map(|(Rank(_, version), kinds)| {
                    let mut resources: Vec<Value> = kinds.iter().map(|kind| aggregate(kind, &version)).collect();
                    resources.extend(questions(&group, &version).map(|(plural, kind)| {
                        json!({
                            "resource": plural, "singularResource": kind.to_lowercase(), "scope": "Cluster",
                            "responseKind": {"group": group, "version": version, "kind": kind}, "verbs": ["create"],
                        })
                    }));
                    json!({"version": version, "resources": resources, "freshness": "Current"})
                })
                .collect();
            json!({"metadata": {"name": group, "creationTimestamp": null}, "versions": versions})
        })
        .collect();
    json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": format!("apidiscovery.k8s.io/{form}"),
        "metadata": {},
        "items": items,
    })
}

fn questions(group: &str, version: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let of = QUESTIONS
        .iter()
        .filter(move |(g, v, _, _)| *g == group && *v == version);
    of.map(|(_, _, plural, kind)| (*plural, *kind))
        .collect::<Vec<_>>()
        .into_iter()
}

fn aggregate(kind: &Kind, version: &str) -> Value {
    let response = json!({"group": kind.group, "version": version, "kind": kind.kind});
    let mut resource = json!({
        "resource": kind.plural,
        "responseKind": response,
        "scope": if kind.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": kind.singular,
        "verbs": VERBS,
    });
    if !kind.short_names.is_empty() {
        resource["shortNames"] = json!(kind.short_names);
    }
    if !kind.categories.is_empty() {
        resource["categories"] = json!(kind.categories);
    }
    if kind.version(version).is_some_and(|v| v.status) {
        resource["subresources"] =
            json!([{"subresource": "status", "responseKind": response, "verbs": ["get", "patch", "update"]}]);
    }
    resource
}

/// `/api`.
pub(super) fn core_versions(host: &str) -> Value {
    json!({
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": host}],
    })
}

/// `/apis`.
pub(super) fn group_list(state: &State) -> Value {
    let all = groups(state);
    let found: Vec<Value> = all
        .iter()
        .filter(|(group, _)| !group.is_empty())
        .map(|(group, versions)| group_of(group, versions))
        .collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": found})
}

/// `/apis/<group>`.
pub(super) fn group(state: &State, name: &str) -> Result<Value, ApiError> {
    let all = groups(state);
    let versions = all
        .get(name)
        .filter(|_| !name.is_empty())
        .ok_or_else(ApiError::no_such_resource)?;
    let mut group = group_of(name, versions);
    group["kind"] = json!("APIGroup");
    group["apiVersion"] = json!("v1");
    Ok(group)
}

fn group_of(group: &str, versions: &BTreeMap<Rank, Vec<Arc<Kind>>>) -> Value {
    let versions: Vec<Value> = versions
        .keys()
        .map(|Rank(_, version)| json!({"groupVersion": format!("{group}/{version}"), "version": version}))
        .collect();
    json!({"name": group, "versions": versions, "preferredVersion": versions.first()})
}

/// `/api/v1` and `/apis/<group>/<version>`.
pub(super) fn resources(state: &State, group: &str, version: &str) -> Result<Value, ApiError> {
    let all = groups(state);
    let versions = all.get(group).ok_or_else(ApiError::no_such_resource)?;
    let kinds = versions
        .get(&Rank::of(version))
        .ok_or_else(ApiError::no_such_resource)?;
    let mut resources = Vec::new();
    for kind in kinds {
        let mut resource = json!({
            "name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced,
            "kind": kind.kind, "verbs": VERBS,
        });
        if !kind.short_names.is_empty() {
            resource["shortNames"] = json!(kind.short_names);
        }
        if !kind.categories.is_empty() {
            resource["categories"] = json!(kind.categories);
        }
        resources.push(resource);
        if kind.version(version).is_some_and(|v| v.status) {
            resources.push(json!({
                "name": format!("{}/status", kind.plural), "singularName": "", "namespaced": kind.namespaced,
                "kind": kind.kind, "verbs": ["get", "patch", "update"],
            }));
        }
    }
    resources.extend(questions(group, version).map(|(plural, kind)| {
        json!({
            "name": plural, "singularName": kind.to_lowercase(), "namespaced": false, "kind": kind,
            "verbs": ["create"],
        })
    }));
    let group_version = if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    };
    Ok(
        json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources}),
    )
}
