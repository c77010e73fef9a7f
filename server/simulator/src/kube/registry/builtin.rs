//! The built-in kinds.

use super::kinds::Kinds;
use crate::kube::types::kind::{Column, Kind, Version};

/// Group, versions (storage version first), plural, kind, short names, namespaced, has status, columns as
/// `NAME=jsonpath` (`name:type=…` when the type is not string).
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
    ("", &["v1"], "resourcequotas", "ResourceQuota", &["quota"], true, true, &[AGE]),
    ("", &["v1"], "limitranges", "LimitRange", &["limits"], true, false, &["Created At=.metadata.creationTimestamp"]),
    ("networking.k8s.io", &["v1"], "networkpolicies", "NetworkPolicy", &["netpol"], true, false, &[AGE]),
    ("rbac.authorization.k8s.io", &["v1"], "rolebindings", "RoleBinding", &[], true, false, &["Role=.roleRef.name", AGE]),
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

/// What kcp serves in every workspace besides kinds of the core group. `Workspace` comes by a binding, as there.
#[rustfmt::skip]
const KCP_KINDS: &[Row] = &[
    ("core.kcp.io", &["v1alpha1"], "logicalclusters", "LogicalCluster", &[], false, true, &["Phase=.status.phase", "URL=.status.URL", AGE]),
    ("apis.kcp.io", &["v1alpha1"], "apiresourceschemas", "APIResourceSchema", &[], false, false, &[AGE]),
    ("apis.kcp.io", &["v1alpha2"], "apiexports", "APIExport", &[], false, true, &[AGE]),
    ("apis.kcp.io", &["v1alpha1"], "apiexportendpointslices", "APIExportEndpointSlice", &[], false, true, &["Export=.spec.export.name", AGE]),
    ("apis.kcp.io", &["v1alpha2"], "apibindings", "APIBinding", &[], false, true, &[AGE, READY]),
];

/// Groups that a workspace of kcp serves besides its own.
const KCP_GROUPS: [&str; 4] = [
    "",
    "rbac.authorization.k8s.io",
    "coordination.k8s.io",
    "apiextensions.k8s.io",
];

/// Registers the kinds of a workspace of kcp.
pub(crate) fn install_workspace(kinds: &mut Kinds) {
    let shared = KINDS.iter().filter(|(group, ..)| KCP_GROUPS.contains(group));
    for row in shared.chain(KCP_KINDS) {
        kinds.insert(kind(row));
    }
}

/// Registers the built-in kinds.
pub(crate) fn install(kinds: &mut Kinds) {
    for row in KINDS {
        kinds.insert(kind(row));
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
        validator: None,
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
