use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ActAs, Environment, Kcp};
use crate::claim::ClaimRef;
use crate::names::{EnvironmentName, PlaneName, TenantName};

/// A Kubernetes API endpoint that serves claims.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ControlPlane {
    /// The control plane's name: a DNS label, in addresses and in `controlPlanes.names` of tenants.
    pub name: PlaneName,
    /// Labels by which tenants, environments, offerings and people select control planes.
    pub labels: BTreeMap<String, String>,
    /// The specification.
    pub spec: ControlPlaneSpec,
}

/// `spec` of a `ControlPlane`.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ControlPlaneSpec {
    /// The name to show. Without it: `metadata.name`.
    #[serde(default)]
    pub title: Option<String>,
    /// The type of control plane, for display only.
    #[serde(default)]
    pub kind: ControlPlaneKind,
    /// The region it runs in. Developers can request one.
    #[serde(default)]
    pub region: Option<String>,
    /// How to reach it.
    pub connection: Connection,
    /// The workspace of kcp that it is.
    #[serde(default)]
    pub kcp: Option<Kcp>,
    /// Whose rights Portico uses there.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "super::reference::WrittenActAs"))]
    pub act_as: ActAs,
    /// The only tenants that it serves. Empty: it serves every tenant whose `controlPlanes` select it.
    #[serde(default)]
    pub dedicated_to: Vec<TenantName>,
    /// The only environments that it serves, by name, of the tenants that may use it. Empty: all.
    #[serde(default)]
    pub environments: Vec<EnvironmentName>,
    /// Where people reach it with kubectl, if that is elsewhere than where Portico does.
    #[serde(default)]
    pub public_address: Option<PublicAddress>,
    /// Takes no new claims; existing ones stay.
    #[serde(default)]
    pub cordoned: bool,
    /// When it takes no new claims, since it is worked on.
    #[serde(default)]
    pub maintenance: Vec<MaintenanceWindow>,
    /// Number of claims that it should hold. Placement prefers the control plane that is least full; a difference of 5 %
    /// decides nothing.
    #[serde(default)]
    pub capacity: Option<u32>,
    /// How much placement prefers it, beside the preferences of offerings, tenants and environments: 0 to 100.
    #[serde(default)]
    pub weight: u8,
    /// Limits for what is read from it.
    #[serde(default)]
    pub limits: Limits,
}

/// A time in which a control plane takes no new claims. Existing ones can be changed.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MaintenanceWindow {
    /// When it begins (RFC 3339).
    #[cfg_attr(test, schemars(with = "String"))]
    pub from: Timestamp,
    /// When it ends, exclusive.
    #[cfg_attr(test, schemars(with = "String"))]
    pub to: Timestamp,
    /// Why, shown to people who would have used the control plane.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Where people reach a control plane.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublicAddress {
    /// The URL, with `https`.
    pub server: String,
    /// The authorities that sign its certificate, in PEM. Without them: those that people's machines trust.
    #[serde(default)]
    pub certificate_authority: Option<String>,
    /// The identity provider that its API server trusts, so that people sign in there as themselves. A kubeconfig for them
    /// then holds no token.
    #[serde(default)]
    pub oidc: Option<OidcSignIn>,
}

/// How people sign in to a control plane with OpenID Connect, by the kubectl plugin kubelogin (`kubectl oidc-login`).
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OidcSignIn {
    /// The issuer's URL, with `https`, exactly as the API server's `--oidc-issuer-url`.
    pub issuer: String,
    /// The client that tokens are issued to, as the API server's `--oidc-client-id`. It has no secret.
    pub client_id: String,
    /// What is asked for beside `openid`, such as `groups`.
    #[serde(default)]
    pub extra_scopes: Vec<String>,
    /// The authorities that sign the issuer's certificate, in PEM. Without them: those that people's machines trust.
    #[serde(default)]
    pub certificate_authority: Option<String>,
}

/// The type of a control plane.
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Connection {
    /// A kubeconfig file. A relative path counts from the document's file.
    #[serde(rename_all = "camelCase")]
    Kubeconfig {
        /// The path of the file.
        path: String,
        /// The context to use. Without it: the file's current context.
        #[serde(default)]
        context: Option<String>,
    },
    /// The cluster that Portico runs in, by its service account.
    InCluster {},
    /// Through its agent, which connects to Portico (`portico agent`): for a control plane that cannot be reached from
    /// outside.
    Agent {},
    /// A kubeconfig in a Secret on another control plane, as Cluster API and vcluster write it. It must hold everything
    /// that it needs: no files, no sign-in plugin. Portico follows its changes.
    #[serde(rename_all = "camelCase")]
    Secret {
        /// The control plane that has the Secret. It must have a connection of its own: a kubeconfig, or `inCluster`.
        control_plane: PlaneName,
        /// The Secret's namespace.
        namespace: String,
        /// The Secret's name.
        name: String,
        /// The key in the Secret's `data`.
        #[serde(default = "default_key")]
        key: String,
    },
    /// The kubeconfig in the connection secret of a claim that is itself a control plane. No document says this:
    /// Portico adds such control planes, see [`crate::claimed_plane`].
    #[serde(skip)]
    Claim(ClaimConnection),
}

/// The claim that a control plane is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimConnection {
    /// The claim.
    pub claim: ClaimRef,
    /// Its `metadata.uid`: another claim of the same name is another control plane.
    pub uid: String,
    /// The key of the kubeconfig in its connection secret. `None`: one of [`crate::claimed_plane::KUBECONFIG_KEYS`].
    pub key: Option<String>,
    /// The hosts that the kubeconfig may name, see [`super::ClaimedControlPlane::hosts`].
    pub hosts: Vec<String>,
    /// Set if the claim is a workspace of kcp: then it has no kubeconfig.
    pub workspace: Option<ClaimedWorkspace>,
}

/// How to reach a workspace of kcp that is a claim: as the control plane that serves the claim, which is its parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedWorkspace {
    /// The parent's connection.
    pub parent: Box<Connection>,
    /// The parent's path; `None`: the one in the address of its kubeconfig.
    pub parent_path: Option<String>,
}

/// The key under which Cluster API keeps a kubeconfig.
fn default_key() -> String {
    "value".to_owned()
}

impl ControlPlane {
    /// Returns a control plane with a connection and nothing else, which no document describes.
    #[must_use]
    pub fn bare(name: PlaneName, connection: Connection, act_as: ActAs, limits: Limits) -> Self {
        Self {
            name,
            labels: BTreeMap::new(),
            spec: ControlPlaneSpec {
                title: None,
                kind: ControlPlaneKind::Cluster,
                region: None,
                connection,
                kcp: None,
                act_as,
                dedicated_to: Vec::new(),
                environments: Vec::new(),
                public_address: None,
                cordoned: false,
                maintenance: Vec::new(),
                capacity: None,
                weight: 0,
                limits,
            },
        }
    }

    /// Returns the claim that this control plane is; `None` for those of documents.
    #[must_use]
    pub fn claim(&self) -> Option<&ClaimConnection> {
        match &self.spec.connection {
            Connection::Claim(claim) => Some(claim),
            _ => None,
        }
    }

    /// True if it is reached through its agent.
    #[must_use]
    pub fn has_agent(&self) -> bool {
        matches!(self.spec.connection, Connection::Agent {})
    }

    /// True if it serves this environment of the tenants that may use it.
    #[must_use]
    pub fn serves_environment(&self, environment: &EnvironmentName) -> bool {
        self.spec.environments.is_empty() || self.spec.environments.contains(environment)
    }

    /// True if it may serve the environment: by the environment's name, and with the labels that it needs.
    #[must_use]
    pub fn may_serve(&self, environment: &Environment) -> bool {
        self.serves_environment(&environment.name) && self.has_labels(&environment.control_plane_labels)
    }

    /// Returns the window of maintenance that it is in, the one that ends last.
    #[must_use]
    pub fn maintenance_at(&self, now: Timestamp) -> Option<&MaintenanceWindow> {
        let windows = self.spec.maintenance.iter();
        windows
            .filter(|window| (window.from..window.to).contains(&now))
            .max_by_key(|window| window.to)
    }

    /// True if it has all of these labels.
    #[must_use]
    pub fn has_labels(&self, wanted: &BTreeMap<String, String>) -> bool {
        let mut wanted = wanted.iter();
        wanted.all(|(key, value)| self.labels.get(key) == Some(value))
    }

    /// Returns the value of a label. `region` is its region, unless it has a label of that name.
    #[must_use]
    pub fn property(&self, key: &str) -> Option<&str> {
        let region = || self.spec.region.as_ref().filter(|_| key == "region");
        self.labels.get(key).or_else(region).map(String::as_str)
    }

    /// Returns the name to show.
    #[must_use]
    pub fn title(&self) -> &str {
        self.spec.title.as_deref().unwrap_or(self.name.as_str())
    }
}

/// Limits for what is read from a control plane. Objects beyond them are left out, and pages say so.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Limits {
    /// Maximum number of objects in the caches, of all kinds together.
    pub objects: usize,
    /// Maximum size of an object in bytes of JSON, at least 1024.
    pub object_bytes: usize,
    /// Maximum size of all cached objects together in bytes, approximately: 1 MiB to 1 TiB.
    pub cache_bytes: usize,
    /// Maximum duration of one call in seconds, 1 to 300.
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
