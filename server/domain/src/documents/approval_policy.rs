use serde::{Deserialize, Serialize};

use super::GroupRef;

/// Rules that say which requests are denied and which need approval.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApprovalPolicy {
    /// The policy's name.
    pub name: String,
    /// The specification.
    pub spec: ApprovalPolicySpec,
}

/// `spec` of an `ApprovalPolicy`. All rules of all policies are evaluated. One `deny` that matches refuses the
/// request; otherwise every `require` that matches must be met.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApprovalPolicySpec {
    /// The rules.
    pub rules: Vec<ApprovalRule>,
}

/// One rule.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApprovalRule {
    /// Its name, shown to requester and approver.
    pub name: String,
    /// A CEL expression over `request` (action, manifest, previous, takeOver), `offering` (name, kind, group,
    /// category), `plan`, `environment` (name, production), `tenant` (name), `requester` (name,
    /// email, provider, groups, roles) and `controlPlane` (name, region, labels). An expression that cannot be
    /// evaluated counts as true, and pages say so.
    pub when: String,
    /// The outcome when it is true.
    pub then: Outcome,
    /// Why, in words for requester and approvers.
    #[serde(default)]
    pub reason: Option<String>,
}

/// The outcome of a rule.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Outcome {
    /// The request is refused.
    Deny {},
    /// People must approve it.
    #[serde(rename_all = "camelCase")]
    Require {
        /// Who may approve.
        approvers: Approvers,
        /// How many different people must approve.
        #[serde(default = "one")]
        count: u32,
        /// After how many hours without a decision the request expires.
        #[serde(default = "three_days")]
        expires_after_hours: u32,
    },
}

fn one() -> u32 {
    1
}

fn three_days() -> u32 {
    72
}

/// Who may approve. Nobody may approve their own request.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Approvers {
    /// Approvers and admins of the request's tenant.
    TenantApprovers {},
    /// Members of one of these SSO groups.
    Groups(#[cfg_attr(test, schemars(with = "Vec<super::reference::WrittenGroup>"))] Vec<GroupRef>),
}
