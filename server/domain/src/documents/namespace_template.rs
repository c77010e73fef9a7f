use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::names::TenantName;
use crate::role::Role;

/// What the namespaces of tenants get on the control planes: labels, rights, quotas, network policies. Portico creates
/// these namespaces and keeps them so. Where several templates apply to a namespace, they add up in the order of their
/// names, and the later one decides where they differ.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NamespaceTemplate {
    /// The template's name.
    pub name: String,
    /// The specification.
    pub spec: NamespaceTemplateSpec,
}

/// `spec` of a `NamespaceTemplate`.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct NamespaceTemplateSpec {
    /// The tenants that it is for; empty means all.
    pub tenants: Vec<TenantName>,
    /// The environments that it is for.
    pub environments: EnvironmentKinds,
    /// Labels that a control plane must have; empty means all control planes.
    pub control_plane_labels: BTreeMap<String, String>,
    /// Labels of the namespace, for example the Pod Security level.
    pub labels: BTreeMap<String, String>,
    /// Annotations of the namespace.
    pub annotations: BTreeMap<String, String>,
    /// The `ClusterRole` that each role of the tenant has in the namespace. A role that is not named has the one of a
    /// lesser role: tenant admins that of developers, and everybody that of viewers.
    pub roles: BTreeMap<Role, String>,
    /// How the control planes know the groups of the tenant's members. Without it, roles are bound to nobody by their
    /// group.
    pub groups: Option<TemplateGroups>,
    /// Lets members fetch a kubeconfig for the namespace, with the `ClusterRole` of their role.
    pub kubeconfig: Option<KubeconfigAccess>,
    /// Objects in the namespace, as manifests without a namespace: a `ResourceQuota`, a `LimitRange`, a
    /// `NetworkPolicy`. In their texts `{tenant}`, `{environment}` and `{namespace}` stand for the names.
    pub objects: Vec<Value>,
}

/// Which environments a template is for.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EnvironmentKinds {
    /// All.
    #[default]
    All,
    /// Those marked as production.
    Production,
    /// Those not marked as production.
    NonProduction,
}

/// How control planes know SSO groups.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TemplateGroups {
    /// The identity provider whose groups the control planes know, by its name. Required if there is more than one.
    pub provider: Option<String>,
    /// What stands before each group there, as in the API server's `--oidc-groups-prefix`.
    pub prefix: String,
}

/// A kubeconfig for members.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct KubeconfigAccess {
    /// For how many minutes it is valid: 10 to 1,440.
    pub minutes: u32,
}

impl Default for KubeconfigAccess {
    fn default() -> Self {
        Self { minutes: 60 }
    }
}

impl KubeconfigAccess {
    /// The fewest minutes: an API server issues no shorter tokens.
    pub const MIN_MINUTES: u32 = 10;
    /// The most minutes.
    pub const MAX_MINUTES: u32 = 1_440;
}
