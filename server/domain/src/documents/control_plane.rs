use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ActAs;
use crate::names::{PlaneName, TenantName};

/// One Kubernetes API endpoint that serves claims.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ControlPlane {
    /// `metadata.name`.
    pub name: PlaneName,
    /// `metadata.labels`: what placement and offerings select on.
    pub labels: BTreeMap<String, String>,
    /// The specification.
    pub spec: ControlPlaneSpec,
}

/// `spec` of a `ControlPlane`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ControlPlaneSpec {
    /// The name to show; the document's name where there is none.
    #[serde(default)]
    pub title: Option<String>,
    /// What kind of control plane it is; shown, and otherwise without effect.
    #[serde(default)]
    pub kind: ControlPlaneKind,
    /// The region it runs in, as developers choose it.
    #[serde(default)]
    pub region: Option<String>,
    /// How to reach it.
    pub connection: Connection,
    /// Whose rights are used there.
    #[serde(default)]
    pub act_as: ActAs,
    /// The only tenants it may serve. Empty: it is shared, and serves each tenant that is granted it.
    #[serde(default)]
    pub dedicated_to: Vec<TenantName>,
    /// Takes no new claims; what it has stays.
    #[serde(default)]
    pub cordoned: bool,
    /// How many claims it should hold at most; placement prefers the plane that is least full.
    #[serde(default)]
    pub capacity: Option<u32>,
    /// Bounds on what is read from it.
    #[serde(default)]
    pub limits: Limits,
}

/// What kind of control plane it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ControlPlaneKind {
    /// A cluster.
    #[default]
    Cluster,
    /// A virtual cluster.
    Vcluster,
    /// A kcp workspace.
    KcpWorkspace,
}

/// How to reach a control plane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Connection {
    /// A kubeconfig file. A relative path counts from the document's file.
    #[serde(rename_all = "camelCase")]
    Kubeconfig {
        /// Where the file is.
        path: String,
        /// Which of its contexts; its current one where there is none.
        #[serde(default)]
        context: Option<String>,
    },
    /// The cluster that Portico itself runs in, by its service account.
    InCluster {},
}

/// Bounds on what is read from a control plane. What is beyond them is left out and said to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Limits {
    /// Objects held in the caches, all kinds together.
    pub objects: usize,
    /// The size of one object in bytes, as JSON.
    pub object_bytes: usize,
    /// What all objects held in the caches may take together, in bytes: about.
    pub cache_bytes: usize,
    /// How long one call may take, in seconds.
    pub timeout_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            objects: 50_000,
            object_bytes: 1_572_864,
            cache_bytes: 256 << 20,
            timeout_seconds: 10,
        }
    }
}
