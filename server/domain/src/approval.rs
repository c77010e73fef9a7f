//! The approval that policies require of a request.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::documents::Approvers;
use crate::names::PublicationName;

/// The approval that a request needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalNeed {
    /// All of these must be met.
    pub rules: Vec<RuleNeed>,
    /// When the request expires without approval.
    pub expires_at: Timestamp,
}

/// The approval that one rule requires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleNeed {
    /// The policy.
    pub policy: String,
    /// The rule.
    pub rule: String,
    /// Why, in words.
    pub reason: String,
    /// Who may approve.
    pub approvers: Approvers,
    /// How many different people must approve.
    pub count: u32,
    /// The publication whose publisher requires it; `None`: a policy does. Its approvers are then those that the
    /// publication has in force, see [`crate::publication`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publication: Option<PublicationName>,
}
