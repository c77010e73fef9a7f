use serde::{Deserialize, Serialize};

use crate::names::PlaneName;

/// The settings of an agent, the one document of `portico agent`. It stands beside the control plane, not in Portico's
/// folder: whoever owns the control plane decides what the agent lets through.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// The name of the control plane, as in Portico's `ControlPlane` document.
    pub name: PlaneName,
    /// The specification.
    pub spec: AgentSpec,
}

/// `spec` of an `Agent`.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AgentSpec {
    /// Where Portico listens for agents, each `host:port`. All addresses of a name are used in turn, until the agent is
    /// connected to every replica of Portico.
    pub addresses: Vec<String>,
    /// The folder in which the agent keeps its key and certificate. It must outlast a restart, and nobody else may read
    /// it. A relative path counts from the document's file.
    #[serde(default = "state")]
    pub state: String,
    /// How the agent reaches the control plane.
    pub connection: AgentConnection,
    /// Lets Portico act as a person (`actAs: person`). Users and groups of Kubernetes itself (`system:…`) are refused in
    /// any case, but for `system:authenticated`.
    #[serde(default)]
    pub impersonate: bool,
    /// What Portico may do, besides reading which kinds there are and asking for its own rights. The agent refuses
    /// everything else, whatever the rights of its credentials are. `portico rbac --agent` prints what Portico needs.
    #[serde(default)]
    pub allow: Vec<AgentRule>,
}

fn state() -> String {
    "agent-state".to_owned()
}

/// How an agent reaches its control plane.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum AgentConnection {
    /// A kubeconfig file. A relative path counts from the document's file.
    #[serde(rename_all = "camelCase")]
    Kubeconfig {
        /// The path of the file.
        path: String,
        /// The context to use. Without it: the file's current context.
        #[serde(default)]
        context: Option<String>,
    },
    /// The cluster that the agent runs in, by its service account.
    InCluster {},
}

/// A rule of an agent. It reads as a rule of RBAC does: `*` stands for all.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AgentRule {
    /// The API groups; the core group is `""`.
    pub api_groups: Vec<String>,
    /// The resources, in the plural: `databases`, or `databases/status` for a subresource.
    pub resources: Vec<String>,
    /// The verbs: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`.
    pub verbs: Vec<String>,
    /// The only namespaces. Empty: all, and what is in no namespace.
    #[serde(default)]
    pub namespaces: Vec<String>,
}
