//! Permission is judged when it is used: when a request is decided on, and again before it is applied. The manifest stays
//! frozen in between; the permission does not.

mod permits;

pub use permits::{Permits, Unjudged};

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::request::RuleNeed;
use crate::tenancy::Lapse;

/// What a request comes to when it is judged again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may be applied.
    Granted {
        /// The sign-in provider of the requester, by its name: the groups are this one's.
        provider: String,
        /// The requester's groups as they are known now: a control plane that acts as the person is told these.
        groups: BTreeSet<String>,
    },
    /// Those who agreed do not suffice by the policy and the definition as they are now.
    NeedsApproval {
        /// What the rules ask.
        rules: Vec<RuleNeed>,
        /// After how many hours without a decision it expires.
        expires_after_hours: u32,
        /// The definition that it was judged by; see [`crate::request::Request::schema_hash`].
        schema_hash: Option<String>,
    },
    /// It may not be applied.
    Refused(Obstacle),
}

/// Why a request may no longer be applied, in words for requester and approver that say what to do.
///
/// Most are final: the request fails, and is to be asked anew, since what it was placed and approved for has changed.
/// What passes by itself, without anybody asking anew, is waited for: see [`Obstacle::passes`].
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "obstacle", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Obstacle {
    /// The requester may not ask for it any more.
    #[error("{requester} is no longer a developer of {tenant}. Somebody who is can request it again.")]
    NotADeveloper {
        /// By name.
        requester: String,
        /// By title.
        tenant: String,
    },
    /// Nothing may be done in the requester's name until they sign in again.
    #[error("It is applied when {requester} has signed in again: {why}.")]
    Lapsed {
        /// By name.
        requester: String,
        /// Why.
        why: Lapse,
    },
    /// The tenant or environment is gone.
    #[error("{place} does not exist any more. Request it where you work now.")]
    NoSuchPlace {
        /// `tenant/environment`.
        place: String,
    },
    /// The environment has another namespace by now.
    #[error("{place} has moved to another namespace since it was requested. Request it again.")]
    Moved {
        /// `tenant/environment`.
        place: String,
    },
    /// The tenant may not use the control plane any more.
    #[error("{tenant} may no longer use {plane}. Request it again to have it placed elsewhere.")]
    PlaneTaken {
        /// By title.
        tenant: String,
        /// By title.
        plane: String,
    },
    /// The control plane lacks what the environment or the offering needs of it by now.
    #[error(
        "{plane} no longer has the label {label}, which {whose} needs. Request it again to have it placed elsewhere."
    )]
    PlaneUnfit {
        /// By title.
        plane: String,
        /// `key=value`.
        label: String,
        /// Who needs the label.
        whose: NeededBy,
    },
    /// An administrator has closed the control plane to new claims.
    #[error("{plane} is cordoned and takes no new claims{}. It is applied when that ends; or withdraw it and ask for another place.", reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default())]
    Cordoned {
        /// By title.
        plane: String,
        /// The administrator's word.
        reason: Option<String>,
    },
    /// What the control plane offers was not read since Portico started.
    #[error("What {plane} offers is not known yet. It is applied when it is.")]
    NotRead {
        /// By title.
        plane: String,
    },
    /// The offering is gone, or not for this tenant any more.
    #[error("{offering} is no longer offered here. Look in the catalog for what took its place.")]
    NotOffered {
        /// By title.
        offering: String,
    },
    /// The plan is gone.
    #[error("The plan {plan} is no longer offered. Request it again with another plan.")]
    PlanGone {
        /// By name.
        plan: String,
    },
    /// The plan sets something else by now.
    #[error(
        "The plan {plan} has changed since it was requested: it now sets {field} to another value. Request it again."
    )]
    PlanChanged {
        /// By title.
        plan: String,
        /// The first such field.
        field: String,
    },
    /// The definition has changed, and the manifest is not valid by it.
    #[error(
        "The definition has changed since it was requested, and the object is no longer valid: {why}. Request it again."
    )]
    NotValid {
        /// The first problem.
        why: String,
    },
    /// A rule refuses it.
    #[error("Policy refuses it now: {}", reasons.join(" "))]
    Denied {
        /// A sentence for each rule.
        reasons: Vec<String>,
    },
    /// It takes more than the tenant may have.
    #[error("{}", sentences.join(" "))]
    OverQuota {
        /// A sentence for each resource.
        sentences: Vec<String>,
    },
    /// The manifest is not the one that was frozen.
    #[error(
        "Its manifest is not the one that was asked for: it was altered in the database. Tell the platform team."
    )]
    Altered,
}

/// Whose rule asks for a label of the control plane.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NeededBy {
    /// The environment's.
    Environment,
    /// The offering's.
    Offering,
}

impl std::fmt::Display for NeededBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Environment => "the environment",
            Self::Offering => "the offering",
        })
    }
}

impl Obstacle {
    /// Whether it may pass without anybody asking anew: then the request is waited with.
    #[must_use]
    pub fn passes(&self) -> bool {
        matches!(
            self,
            Self::Cordoned { .. } | Self::NotRead { .. } | Self::Lapsed { .. }
        )
    }

    /// A word for the record and for metrics.
    #[must_use]
    pub fn slug(&self) -> &'static str {
        match self {
            Self::NotADeveloper { .. } => "requester-lost-standing",
            Self::Lapsed { .. } => "requester-lapsed",
            Self::NoSuchPlace { .. } => "place-gone",
            Self::Moved { .. } => "place-moved",
            Self::PlaneTaken { .. } => "plane-taken",
            Self::PlaneUnfit { .. } => "plane-unfit",
            Self::Cordoned { .. } => "cordoned",
            Self::NotRead { .. } => "not-read",
            Self::NotOffered { .. } => "not-offered",
            Self::PlanGone { .. } => "plan-gone",
            Self::PlanChanged { .. } => "plan-changed",
            Self::NotValid { .. } => "not-valid",
            Self::Denied { .. } => "denied",
            Self::OverQuota { .. } => "over-quota",
            Self::Altered => "altered",
        }
    }
}
