//! The reason for a grant.

use serde::Serialize;

use crate::names::TenantName;
use crate::tenancy::Role;

/// The reason for a grant. The audit log keeps it as `details.grantedBy`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "by", rename_all = "camelCase")]
pub enum Basis {
    /// A role in a tenant.
    Role {
        /// The person's role, which may be higher than the required one.
        role: Role,
        /// The tenant.
        tenant: TenantName,
    },
    /// A rule of an approval policy names the person as one of its approvers.
    ApprovalRule {
        /// The policy's name.
        policy: String,
        /// The rule's name.
        rule: String,
    },
    /// The person made the request.
    Requester,
    /// The person is a platform admin.
    PlatformAdmin,
    /// It concerns only the person.
    Own,
}
