//! Requests to create, change, renew, adopt or delete one claim, and their states.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::claim::{Claim, ClaimRef};
use crate::documents::ResourceRef;
use crate::names::{EnvironmentName, PlanName, RequestId, TenantName};
use crate::placement::Placement;
use crate::reason::{FailureReason, WaitingReason};
use crate::tenancy::Person;

pub use crate::approval::{ApprovalNeed, RuleNeed};

/// The action of a request.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = RequestAction))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// Creates a claim.
    Create,
    /// Changes a claim's fields.
    Change,
    /// Extends a claim's lifetime.
    Renew,
    /// Makes Portico the manager of a claim that was made elsewhere. No value of it changes.
    Adopt,
    /// Deletes a claim.
    Delete,
}

impl Action {
    /// True if the request is about an existing claim and keeps its plan and all its values.
    #[must_use]
    pub fn keeps_values(self) -> bool {
        matches!(self, Self::Renew | Self::Adopt)
    }

    /// Returns the name in URLs, JSON and CEL.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Change => "change",
            Self::Renew => "renew",
            Self::Adopt => "adopt",
            Self::Delete => "delete",
        }
    }
}

/// The state of a request.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = RequestState))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// Being written.
    Draft,
    /// Submitted, not yet evaluated by policy.
    Submitted,
    /// Waiting for approval.
    AwaitingApproval,
    /// May be applied; waits for a worker.
    Approved,
    /// A worker is applying it.
    Applying,
    /// The control plane has accepted the object (for a delete: has removed it). The claim may still not work.
    Fulfilled,
    /// Denied by policy or by an approver.
    Rejected,
    /// Withdrawn by the requester.
    Withdrawn,
    /// Not decided in time.
    Expired,
    /// Could not be applied, and retrying would not help.
    Failed,
}

impl State {
    /// All states.
    pub const ALL: [Self; 10] = [
        Self::Draft,
        Self::Submitted,
        Self::AwaitingApproval,
        Self::Approved,
        Self::Applying,
        Self::Fulfilled,
        Self::Rejected,
        Self::Withdrawn,
        Self::Expired,
        Self::Failed,
    ];

    /// Returns the name in URLs, JSON and the database.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "submitted",
            Self::AwaitingApproval => "awaiting-approval",
            Self::Approved => "approved",
            Self::Applying => "applying",
            Self::Fulfilled => "fulfilled",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
            Self::Failed => "failed",
        }
    }

    /// Returns the name on screens.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Draft => "Draft",
            Self::Submitted => "Submitted",
            Self::AwaitingApproval => "Awaiting approval",
            Self::Approved => "Approved",
            Self::Applying => "Applying",
            Self::Fulfilled => "Applied",
            Self::Rejected => "Rejected",
            Self::Withdrawn => "Withdrawn",
            Self::Expired => "Expired",
            Self::Failed => "Failed",
        }
    }

    /// Returns the state with this slug.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.slug() == slug)
    }

    /// True if no transition leaves this state, but for the approver who takes a rejection back within seconds.
    #[must_use]
    pub fn is_end(self) -> bool {
        matches!(
            self,
            Self::Fulfilled | Self::Rejected | Self::Withdrawn | Self::Expired | Self::Failed
        )
    }

    /// Returns the state after `transition`.
    ///
    /// # Errors
    /// If this state does not allow the transition.
    pub fn apply(self, transition: Transition) -> Result<Self, InvalidTransition> {
        match (self, transition) {
            (Self::Draft, Transition::Submit) => Ok(Self::Submitted),
            // Approved requests, too: policy may require more by the time the request is applied.
            (Self::Submitted | Self::Approved | Self::Applying, Transition::RequireApproval) => {
                Ok(Self::AwaitingApproval)
            }
            (Self::Submitted | Self::AwaitingApproval, Transition::Approve) => Ok(Self::Approved),
            (Self::Submitted | Self::AwaitingApproval, Transition::Reject) => Ok(Self::Rejected),
            // The requester can withdraw until a worker begins.
            (
                Self::Draft | Self::Submitted | Self::AwaitingApproval | Self::Approved,
                Transition::Withdraw,
            )
            | (Self::Applying, Transition::GiveUp) => Ok(Self::Withdrawn),
            (Self::AwaitingApproval, Transition::Expire) => Ok(Self::Expired),
            // Within the time that the portal grants: nothing was applied yet.
            (Self::Approved | Self::Rejected, Transition::Undo) => Ok(Self::AwaitingApproval),
            // Beginning again after a crash is the same transition.
            (Self::Approved | Self::Applying, Transition::Begin) => Ok(Self::Applying),
            (Self::Applying, Transition::Fulfil) => Ok(Self::Fulfilled),
            // Approved requests, too: the permission may be gone before a worker begins.
            (Self::Approved | Self::Applying, Transition::Fail) => Ok(Self::Failed),
            (from, transition) => Err(InvalidTransition { from, transition }),
        }
    }
}

/// A transition between request states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Transition {
    /// The requester sends it.
    Submit,
    /// Policy requires approval.
    RequireApproval,
    /// Policy allows it, or enough approvers agreed.
    Approve,
    /// Policy or an approver denies it.
    Reject,
    /// The requester withdraws it.
    Withdraw,
    /// The requester stops waiting for a control plane, between two attempts.
    GiveUp,
    /// The approval deadline passed.
    Expire,
    /// The approver takes the decision back, see [`Request::undoable_decision`].
    Undo,
    /// A worker begins, or begins again after a crash.
    Begin,
    /// The control plane accepted it.
    Fulfil,
    /// Retrying would not help, or is no longer permitted.
    Fail,
}

/// A transition that the state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a request that is {} cannot {}", from.title().to_lowercase(), verb(*transition))]
pub struct InvalidTransition {
    /// The current state.
    pub from: State,
    /// The transition.
    pub transition: Transition,
}

fn verb(transition: Transition) -> &'static str {
    match transition {
        Transition::Submit => "be submitted",
        Transition::RequireApproval => "be put up for approval",
        Transition::Approve => "be approved",
        Transition::Reject => "be rejected",
        Transition::Withdraw => "be withdrawn",
        Transition::GiveUp => "be given up",
        Transition::Expire => "expire",
        Transition::Undo => "be decided anew",
        Transition::Begin => "be applied",
        Transition::Fulfil => "be fulfilled",
        Transition::Fail => "fail",
    }
}

/// What was on a control plane when its deletion was agreed to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Abandoned {
    /// `metadata.uid` of the claims.
    pub claims: BTreeSet<String>,
    /// The requests for new claims that were under way.
    pub requests: BTreeSet<RequestId>,
}

impl Abandoned {
    /// True if the claim was agreed to: it was there, or a request for it was.
    #[must_use]
    pub fn covers(&self, claim: &Claim) -> bool {
        self.claims.contains(&claim.uid) || claim.request.is_some_and(|id| self.requests.contains(&id))
    }

    /// Hashes it, as SHA-256 in hex.
    #[must_use]
    pub fn digest(&self) -> String {
        manifest_hash(&serde_json::json!(self))
    }
}

/// A request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// Its id.
    pub id: RequestId,
    /// Its action.
    pub action: Action,
    /// Its state.
    pub state: State,
    /// The tenant.
    pub tenant: TenantName,
    /// The environment.
    pub environment: EnvironmentName,
    /// The claim. Control plane, namespace and name are fixed at submission.
    pub claim: ClaimRef,
    /// The API version by which the claim is applied.
    pub resource: ResourceRef,
    /// The plan.
    pub plan: Option<PlanName>,
    /// What is applied, frozen at submission: approvers approve exactly this. For a delete: the object at submission.
    pub manifest: Value,
    /// [`manifest_hash`] of the manifest.
    pub manifest_hash: String,
    /// The hash of the schema that it was validated with, if known. Part of what an approver agrees to, see
    /// [`Request::digest`].
    pub schema_hash: Option<String>,
    /// For a change: the object at submission.
    pub previous: Option<Value>,
    /// `metadata.uid` of the claim to change or delete. Another object with the same name is left alone.
    pub uid: Option<String>,
    /// Fields that are taken over from other field managers, as the control plane names them. Another conflict fails the
    /// request.
    #[serde(default)]
    pub take_over: Vec<String>,
    /// For the deletion of a claim that is a control plane: what on it is abandoned. Nothing else is.
    #[serde(default)]
    pub abandons: Option<Abandoned>,
    /// How the control plane was chosen.
    pub placement: Placement,
    /// The requester.
    pub requester: Person,
    /// The requester's SSO groups at submission, for control planes that act as the person.
    pub requester_groups: BTreeSet<String>,
    /// The requester's note.
    pub note: Option<String>,
    /// The required approval; `None`: none.
    pub approval: Option<ApprovalNeed>,
    /// The decisions so far.
    pub decisions: Vec<Decision>,
    /// Number of attempts by workers.
    pub attempts: u32,
    /// The earliest time of the next attempt.
    pub next_attempt_at: Option<Timestamp>,
    /// Why it waits for the next attempt.
    pub waiting_for: Option<WaitingReason>,
    /// Why it ended without being applied.
    pub failure: Option<FailureReason>,
    /// The trace that it was submitted in: a W3C `traceparent`. `None` in requests from before it was kept.
    #[serde(default)]
    pub traceparent: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Its revision, from 1. A write succeeds only if the revision is still the one that was read.
    pub revision: i64,
}

impl Request {
    /// Hashes what an approver agrees to, as SHA-256 in hex: manifest, schema, placement, the fields that are taken over and
    /// the claims that are abandoned. A decision counts while this stays the same.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut agreed = serde_json::json!({
            "action": self.action,
            "claim": self.claim,
            "resource": self.resource,
            "plan": self.plan,
            "uid": self.uid.as_ref().filter(|_| self.action != Action::Create),
            "manifest": self.manifest_hash,
            "schema": self.schema_hash,
            "placement": self.placement.chosen,
        });
        // Decisions on requests that take over nothing stay valid.
        if !self.take_over.is_empty() {
            agreed["takeOver"] = serde_json::json!(self.take_over);
        }
        if let Some(abandoned) = &self.abandons {
            agreed["abandons"] = serde_json::json!(abandoned);
        }
        manifest_hash(&agreed)
    }

    /// Requires approval again, by these rules and for this schema. Decisions on a different digest are kept but
    /// marked void.
    pub fn require_approval_again(&mut self, need: ApprovalNeed, schema_hash: Option<String>) {
        if schema_hash.is_some() {
            self.schema_hash = schema_hash;
        }
        self.approval = Some(need);
        let digest = self.digest();
        for decision in &mut self.decisions {
            decision.void |= decision.digest.as_ref().is_some_and(|of| *of != digest);
        }
        self.next_attempt_at = None;
        self.waiting_for = None;
    }

    /// Returns the decisions on the current digest.
    #[must_use]
    pub fn valid_decisions(&self) -> Vec<Decision> {
        let digest = self.digest();
        let counts =
            |decision: &&Decision| !decision.void && decision.digest.as_ref().is_none_or(|of| *of == digest);
        self.decisions.iter().filter(counts).cloned().collect()
    }

    /// Returns the index of the decision that the person with this subject may take back at `now`: the last one, theirs,
    /// not older than `window`, on the request as it is, and of which nothing was applied yet.
    #[must_use]
    pub fn undoable_decision(&self, subject: &str, now: Timestamp, window: SignedDuration) -> Option<usize> {
        let index = self.decisions.len().checked_sub(1)?;
        let last = self.decisions.get(index)?;
        let has_not_begun = match self.state {
            State::Approved => last.approved && self.next_attempt_at.is_some_and(|at| at > now),
            State::Rejected => !last.approved,
            State::AwaitingApproval => last.approved,
            _ => false,
        };
        let is_theirs = last.by.subject == subject && !last.void;
        let is_of_this = last.digest.as_ref().is_some_and(|of| *of == self.digest());
        let in_time = now < last.at.saturating_add(window).unwrap_or(Timestamp::MAX);
        (has_not_begun && is_theirs && is_of_this && in_time).then_some(index)
    }

    /// Returns the transition by which the requester can cancel now. Possible until a worker begins and between two
    /// attempts. A delete that has begun cannot be cancelled: the control plane may already be deleting.
    #[must_use]
    pub fn cancel_transition(&self) -> Option<Transition> {
        let transition = match self.state {
            State::Applying if self.action == Action::Delete || self.next_attempt_at.is_none() => {
                return None;
            }
            State::Applying => Transition::GiveUp,
            _ => Transition::Withdraw,
        };
        self.state.apply(transition).is_ok().then_some(transition)
    }
}

/// An approver's decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// The approver.
    pub by: Person,
    /// The identity provider of their session; `None` in decisions from before this was stored.
    #[serde(default)]
    pub provider: Option<String>,
    /// Their groups at that time.
    pub groups: Vec<String>,
    /// True if they were an approver of the tenant at that time.
    pub tenant_approver: bool,
    /// Approved or rejected.
    pub approved: bool,
    /// Their comment.
    pub comment: Option<String>,
    /// When.
    pub at: Timestamp,
    /// [`Request::digest`] at that time; `None` in decisions from before this was stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// [`policy_hash`] of the rules that they saw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// True if it no longer counts, because the request has changed since or the approver took it back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub void: bool,
    /// When the approver took it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone_at: Option<Timestamp>,
}

/// Maximum length of a comment, in characters.
pub const MAX_COMMENT_CHARACTERS: usize = 2000;

/// A comment on a request, separate from decisions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Comment {
    /// Its id (UUID version 7).
    pub id: Uuid,
    /// The author.
    pub by: Person,
    /// The text, 1 to [`MAX_COMMENT_CHARACTERS`] characters.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// Hashes the rules that require approval, as SHA-256 in hex.
#[must_use]
pub fn policy_hash(rules: &[RuleNeed]) -> String {
    manifest_hash(&serde_json::json!(rules))
}

/// Hashes the manifest as canonical JSON, as SHA-256 in hex.
#[must_use]
pub fn manifest_hash(manifest: &Value) -> String {
    use sha2::{Digest, Sha256};
    hex::encode(Sha256::digest(kube_schema::canonical_json(manifest)))
}
