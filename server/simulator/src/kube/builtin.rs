//! The built-in kinds: which there are, and what each does to its objects when they are written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::error::Cause;
use super::kinds::{Column, Kind, Kinds, Version};
use super::object;
use super::plane::State;
use super::{crd, xrd};

/// group, versions (best first, the storage version leads), plural, kind, short names, namespaced,
/// has status, columns as `NAME=jsonpath` (`name:type=…` for other types than string)
type Row = (
    &'static str,
    &'static [&'static str],
    &'static str,
    &'static str,
    &'static [&'static str],
    bool,
    bool,
    &'static [&'static str],
);

const READY: &str = "Ready=.status.conditions[?(@.type=='Ready')].status";
const AGE: &str = "Age:date=.metadata.creationTimestamp";

#[rustfmt::skip]
const KINDS: &[Row] = &[
    ("", &["v1"], "namespaces", "Namespace", &["ns"], false, true, &["Status=.status.phase", AGE]),
    ("", &["v1"], "secrets", "Secret", &[], true, false, &["Type=.type", "Data:integer=#.data", AGE]),
    ("", &["v1"], "configmaps", "ConfigMap", &["cm"], true, false, &["Data:integer=#.data", AGE]),
    ("", &["v1"], "events", "Event", &["ev"], true, false, &["Last Seen:date=.lastTimestamp", "Type=.type", "Reason=.reason", "Object=@", "Message=.message"]),
    ("", &["v1"], "serviceaccounts", "ServiceAccount", &["sa"], true, false, &[AGE]),
    ("", &["v1"], "services", "Service", &["svc"], true, true, &["Type=.spec.type", "Cluster-IP=.spec.clusterIP", AGE]),
    ("", &["v1"], "pods", "Pod", &["po"], true, true, &["Status=.status.phase", "Node*=.spec.nodeName", AGE]),
    ("", &["v1"], "persistentvolumeclaims", "PersistentVolumeClaim", &["pvc"], true, true, &["Status=.status.phase", "Capacity=.status.capacity.storage", AGE]),
    ("", &["v1"], "nodes", "Node", &["no"], false, true, &[READY, AGE]),
    ("apps", &["v1"], "deployments", "Deployment", &["deploy"], true, true, &["Up-to-date:integer=.status.updatedReplicas", "Available:integer=.status.availableReplicas", AGE]),
    ("apps", &["v1"], "statefulsets", "StatefulSet", &["sts"], true, true, &["Ready:integer=.status.readyReplicas", AGE]),
    ("coordination.k8s.io", &["v1"], "leases", "Lease", &[], true, false, &["Holder=.spec.holderIdentity", AGE]),
    ("apiextensions.k8s.io", &["v1"], "customresourcedefinitions", "CustomResourceDefinition", &["crd", "crds"], false, true, &["Created At=.metadata.creationTimestamp"]),
    ("apiextensions.crossplane.io", &["v2", "v1"], "compositeresourcedefinitions", "CompositeResourceDefinition", &["xrd", "xrds"], false, true, &["Established=.status.conditions[?(@.type=='Established')].status", "Offered=.status.conditions[?(@.type=='Offered')].status", AGE]),
    ("apiextensions.crossplane.io", &["v1"], "compositions", "Composition", &["comp"], false, false, &["XR-Kind=.spec.compositeTypeRef.kind", "XR-ApiVersion=.spec.compositeTypeRef.apiVersion", AGE]),
    ("apiextensions.crossplane.io", &["v1beta1"], "usages", "Usage", &[], false, true, &[READY, AGE]),
    ("protection.crossplane.io", &["v1beta1"], "usages", "Usage", &[], true, true, &[READY, AGE]),
    ("protection.crossplane.io", &["v1beta1"], "clusterusages", "ClusterUsage", &[], false, true, &[READY, AGE]),
];

/// Serves the built-in kinds.
pub(super) fn install(kinds: &mut Kinds) {
    for row in KINDS {
        kinds.insert(kind(row));
    }
}

/// Makes the usual namespaces, where they are missing.
pub(super) fn make_namespaces(state: &mut State) {
    let Some(namespaces) = state.kinds.resource("", "namespaces") else {
        return;
    };
    for name in ["default", "kube-system"] {
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        // It fails only when it is there already, from a snapshot.
        let _ = super::write::create(
            state,
            &namespaces,
            "v1",
            "",
            object,
            &super::write::WriteOptions::now(),
        );
    }
}

fn kind((group, versions, plural, kind, short, namespaced, status, columns): &Row) -> Kind {
    let crossplane = group.ends_with("crossplane.io");
    let selectable: &[&str] = match *plural {
        "events" => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        "secrets" => &["type"],
        "namespaces" => &["status.phase"],
        "pods" => &["spec.nodeName", "status.phase"],
        _ => &[],
    };
    let version = |name: &&str| {
        Version {
        name: (*name).into(),
        served: true,
        deprecated: (*plural == "compositeresourcedefinitions" && *name == "v1").then(|| {
            "CompositeResourceDefinition v1 is deprecated and will be removed in a future release; consider migrating to v2".into()
        }),
        status: *status,
        schema: None,
        columns: columns.iter().map(|text| column(text)).collect(),
        selectable: selectable.iter().map(|f| (*f).into()).collect(),
    }
    };
    Kind {
        group: (*group).into(),
        kind: (*kind).into(),
        list_kind: format!("{kind}List"),
        plural: (*plural).into(),
        singular: kind.to_lowercase(),
        short_names: short.iter().map(|s| (*s).into()).collect(),
        categories: if crossplane {
            vec!["crossplane".into()]
        } else if matches!(*plural, "pods" | "services" | "deployments" | "statefulsets") {
            vec!["all".into()]
        } else {
            Vec::new()
        },
        namespaced: *namespaced,
        versions: versions.iter().map(version).collect(),
        storage: versions[0].into(),
        judge: None,
        custom: false,
    }
}

fn column(text: &str) -> Column {
    let (head, path) = text.split_once('=').unwrap_or((text, ""));
    let (name, kind) = head.split_once(':').unwrap_or((head, "string"));
    Column {
        name: name.trim_end_matches('*').into(),
        kind: kind.into(),
        format: String::new(),
        description: String::new(),
        priority: i64::from(name.ends_with('*')),
        path: path.into(),
    }
}

/// What the server itself does to an object of a built-in kind before it is kept; says what is
/// wrong with it.
pub(super) fn prepare(
    state: &State,
    kind: &Kind,
    object: &mut Value,
    old: Option<&Value>,
    now: Timestamp,
) -> Vec<Cause> {
    if kind.custom {
        return Vec::new();
    }
    match (kind.group.as_str(), kind.plural.as_str()) {
        ("", "namespaces") => {
            prepare_namespace(object, old);
            Vec::new()
        }
        ("", "secrets") => prepare_secret(object, old),
        ("", "configmaps") => texts(object, "data"),
        ("apiextensions.k8s.io", "customresourcedefinitions") => crd::prepare(state, object, now),
        ("apiextensions.crossplane.io", "compositeresourcedefinitions") => {
            xrd::prepare(state, object, old, now)
        }
        _ => Vec::new(),
    }
}

fn prepare_namespace(object: &mut Value, old: Option<&Value>) {
    let name = object::name(object).to_owned();
    let labels = object::map_mut(&mut object["metadata"], "labels");
    labels.insert("kubernetes.io/metadata.name".into(), json!(name));
    if old.is_none() {
        object["spec"] = json!({"finalizers": ["kubernetes"]});
        object["status"] = json!({"phase": "Active"});
    }
}

fn prepare_secret(object: &mut Value, old: Option<&Value>) -> Vec<Cause> {
    if let Some(Value::Object(plain)) = object.get("stringData").cloned() {
        let data = object::map_mut(object, "data");
        for (key, value) in plain {
            data.insert(key, json!(STANDARD.encode(value.as_str().unwrap_or_default())));
        }
    }
    if let Some(fields) = object.as_object_mut() {
        fields.shift_remove("stringData");
        if !fields.contains_key("type") {
            let kept = old.map(|old| old["type"].clone()).filter(|t| !t.is_null());
            fields.insert("type".into(), kept.unwrap_or_else(|| json!("Opaque")));
        }
    }
    let mut causes = Vec::new();
    if let Some(old) = old
        && old["type"] != object["type"]
    {
        causes.push(Cause::invalid("type", &object["type"], "field is immutable"));
    }
    if let Some(data) = object["data"].as_object() {
        for (key, value) in data {
            if value.as_str().is_none_or(|text| STANDARD.decode(text).is_err()) {
                // The value itself stays out of the message: it is a secret.
                causes.push(Cause::invalid(
                    format!("data.{key}"),
                    &Value::Null,
                    "must be base64",
                ));
            }
        }
    }
    causes
}

fn texts(object: &Value, field: &str) -> Vec<Cause> {
    let wrong = object[field]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, value)| !value.is_string());
    wrong
        .map(|(key, value)| Cause::invalid(format!("{field}.{key}"), value, "must be a string"))
        .collect()
}

/// The time since, for columns of the type `date`.
pub(super) fn age(since: &str, now: Timestamp) -> Option<String> {
    let since: Timestamp = since.parse().ok()?;
    let seconds = now.duration_since(since).as_secs().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    let pair = |big: i64, unit: &str, small: i64, small_unit: &str| {
        if small == 0 {
            format!("{big}{unit}")
        } else {
            format!("{big}{unit}{small}{small_unit}")
        }
    };
    Some(match seconds {
        0..120 => format!("{seconds}s"),
        120..600 => pair(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => pair(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => pair(days, "d", hours % 24, "h"),
        691_200..63_072_000 => format!("{days}d"),
        _ => pair(days / 365, "y", days % 365, "d"),
    })
}
