//! Roles within a tenant.

use serde::{Deserialize, Serialize};

/// A role within one tenant. Roles do not include each other, except that every role may see what a viewer sees, and
/// a tenant admin may do what developers and approvers do.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Sees claims and requests of the tenant.
    Viewer,
    /// Requests, changes and deletes claims.
    Developer,
    /// Decides on requests of the tenant, if a policy names the role.
    Approver,
    /// All of these, and sees the tenant's settings and audit log.
    TenantAdmin,
}
