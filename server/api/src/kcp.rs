//! What administrators see of a workspace of kcp.

use serde::Serialize;

/// The workspace of kcp that a control plane is.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlaneWorkspace {
    /// Its path: `root:tenants:payments`.
    pub path: String,
    /// The name of its logical cluster; `None` until it has answered.
    pub logical_cluster: Option<String>,
    /// The exports that its document or offering names.
    pub exports: Vec<PlaneExport>,
}

/// An export in a workspace.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlaneExport {
    /// The workspace that has it, and its name: `root:platform:databases`.
    pub name: String,
    /// Whether it is bound.
    pub state: PlaneExportState,
    /// Why it is not bound, as kcp says it, or why its watch fails.
    pub reason: Option<String>,
    /// Why it is watched in each workspace; `None` if once for all of them.
    pub watched_alone: Option<String>,
    /// What its owner asks to do with other objects in the workspace, where Portico binds it.
    pub permissions: Vec<PlaneExportPermission>,
}

/// Whether an export is bound in a workspace.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlaneExportState {
    /// Not known yet.
    Unknown,
    /// No.
    Unbound,
    /// kcp is about to bind it.
    Binding,
    /// Yes.
    Bound,
}

/// A permission that the owner of an export asks for.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlaneExportPermission {
    /// The resource: `secrets`, `things.example.org`.
    pub resource: String,
    /// The verbs that the offering's document accepts.
    pub accepted: Vec<String>,
    /// The verbs that are asked for and that the document does not accept.
    pub waiting: Vec<String>,
}
