use serde::{Deserialize, Serialize};

use super::GroupRef;

/// Rules saying who must agree to which request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApprovalPolicy {
    /// `metadata.name`.
    pub name: String,
    /// The specification.
    pub spec: ApprovalPolicySpec,
}

/// `spec` of an `ApprovalPolicy`. All rules of all policies are judged; one `deny` refuses the
/// request, otherwise every `require` that matches must be met.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApprovalPolicySpec {
    /// The rules.
    pub rules: Vec<ApprovalRule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApprovalRule {
    /// Its name, shown to requester and approver.
    pub name: String,
    /// A CEL expression over `request` (action, manifest, previous), `offering` (name, kind, group,
    /// category), `plan`, `environment` (name, production), `tenant` (name), `requester` (name,
    /// email, provider, groups, roles) and `controlPlane` (name, region, labels). One that fails to evaluate
    /// counts as true, and says so: nothing slips through by an error.
    pub when: String,
    /// What follows when it holds.
    pub then: Outcome,
    /// Why, in words for requester and approver.
    #[serde(default)]
    pub reason: Option<String>,
}

/// What follows from a rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Outcome {
    /// The request is refused.
    Deny {},
    /// Somebody must agree.
    #[serde(rename_all = "camelCase")]
    Require {
        /// Who may.
        approvers: Approvers,
        /// How many different people must.
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

/// Who may agree. Nobody may agree to a request of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Approvers {
    /// Whoever is an approver of the request's tenant.
    TenantApprovers {},
    /// Whoever is in one of these SSO groups.
    Groups(Vec<GroupRef>),
}
