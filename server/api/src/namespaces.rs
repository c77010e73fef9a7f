//! Namespaces of tenants on control planes.

use jiff::Timestamp;
use portico_domain::names::{EnvironmentName, TenantName};
use serde::Serialize;

/// The namespaces that templates keep on a control plane.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlaneNamespaces {
    /// When they were last compared; `None` if not since Portico started.
    pub compared_at: Option<Timestamp>,
    /// Why they could not be compared since, in words.
    pub problem: Option<String>,
    /// The namespaces, those that need somebody first.
    pub rows: Vec<NamespaceRow>,
}

/// A namespace of a tenant on a control plane.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NamespaceRow {
    /// Its name.
    pub name: String,
    /// The tenant's name.
    pub tenant: TenantName,
    /// The tenant's environment.
    pub environment: EnvironmentName,
    /// Whether it is as it should be.
    pub state: NamespaceState,
    /// How many objects templates put into it.
    pub objects: usize,
    /// What is not as it should be, in words.
    pub problems: Vec<String>,
    /// What was last put right in it, since Portico started.
    pub corrected: Option<Correction>,
}

/// Whether a namespace is as it should be. In the order in which they are shown.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum NamespaceState {
    /// A namespace of that name exists, and is not this portal's to keep.
    Foreign,
    /// Something in it could not be made as it should be.
    Incomplete,
    /// It is being deleted.
    Deleting,
    /// No tenant uses it any more on this control plane.
    Unused,
    /// It is as its templates have it.
    Kept,
}

/// A change by somebody else that was undone.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Correction {
    /// When.
    pub at: Timestamp,
    /// What had been changed or deleted: its kind and name.
    pub what: String,
    /// The field manager that had changed it, as far as that is known.
    pub by: Option<String>,
}
