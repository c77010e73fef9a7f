//! Requests: a wish to create, change, renew or delete one claim, with a life and a record.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::claim::ClaimRef;
use crate::documents::{Approvers, ResourceRef};
use crate::names::{EnvironmentName, PlanName, RequestId, TenantName};
use crate::placement::Placement;
use crate::tenancy::Person;

/// What a request is for.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// A new claim.
    Create,
    /// Another specification for a claim.
    Change,
    /// The same claim for longer.
    Renew,
    /// The end of a claim.
    Delete,
}

impl Action {
    /// The word in URLs, JSON and CEL.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Change => "change",
            Self::Renew => "renew",
            Self::Delete => "delete",
        }
    }
}

/// Where a request is in its life.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// Being written.
    Draft,
    /// Sent, not yet judged by policy.
    Submitted,
    /// Somebody must agree.
    AwaitingApproval,
    /// May be applied; waits for the worker.
    Approved,
    /// The worker has begun.
    Applying,
    /// The control plane has it (for a delete: no longer has it). Whether the claim works is another matter.
    Fulfilled,
    /// Policy or an approver said no.
    Rejected,
    /// The requester took it back.
    Withdrawn,
    /// Nobody decided in time.
    Expired,
    /// It could not be applied, and trying again would not help.
    Failed,
}

impl State {
    /// All of them.
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

    /// The word in URLs, JSON and the database.
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

    /// The words on the screen.
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

    /// The state that `slug` names.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.slug() == slug)
    }

    /// Whether nothing can follow.
    #[must_use]
    pub fn is_end(self) -> bool {
        matches!(
            self,
            Self::Fulfilled | Self::Rejected | Self::Withdrawn | Self::Expired | Self::Failed
        )
    }

    /// What `step` leads to from here.
    ///
    /// # Errors
    /// When the step cannot be taken from this state.
    pub fn after(self, step: Step) -> Result<Self, IllegalStep> {
        match (self, step) {
            (Self::Draft, Step::Submit) => Ok(Self::Submitted),
            // Also what was approved: policy may ask for more by the time it would be applied.
            (Self::Submitted | Self::Approved | Self::Applying, Step::RequireApproval) => {
                Ok(Self::AwaitingApproval)
            }
            (Self::Submitted | Self::AwaitingApproval, Step::Approve) => Ok(Self::Approved),
            (Self::Submitted | Self::AwaitingApproval, Step::Reject) => Ok(Self::Rejected),
            // Until the worker has begun, the requester may take it back.
            (Self::Draft | Self::Submitted | Self::AwaitingApproval | Self::Approved, Step::Withdraw) => {
                Ok(Self::Withdrawn)
            }
            (Self::Applying, Step::GiveUp) => Ok(Self::Withdrawn),
            (Self::AwaitingApproval, Step::Expire) => Ok(Self::Expired),
            // Beginning again after a crash is the same step.
            (Self::Approved | Self::Applying, Step::Begin) => Ok(Self::Applying),
            (Self::Applying, Step::Fulfil) => Ok(Self::Fulfilled),
            // Also before the worker has begun: the permission may be gone by then.
            (Self::Approved | Self::Applying, Step::Fail) => Ok(Self::Failed),
            (from, step) => Err(IllegalStep { from, step }),
        }
    }
}

/// What moves a request on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// The requester sends it.
    Submit,
    /// Policy asks for somebody's agreement.
    RequireApproval,
    /// Policy lets it go, or enough approvers agreed.
    Approve,
    /// Policy or an approver says no.
    Reject,
    /// The requester takes it back.
    Withdraw,
    /// The requester no longer waits for a control plane, between two tries.
    GiveUp,
    /// Nobody decided in time.
    Expire,
    /// The worker begins, or begins again.
    Begin,
    /// The control plane has it.
    Fulfil,
    /// Trying again would not help, or it may not be tried.
    Fail,
}

/// A step that cannot be taken from a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a request that is {} cannot {}", from.title().to_lowercase(), verb(*step))]
pub struct IllegalStep {
    /// The state it is in.
    pub from: State,
    /// The step.
    pub step: Step,
}

fn verb(step: Step) -> &'static str {
    match step {
        Step::Submit => "be submitted",
        Step::RequireApproval => "be put up for approval",
        Step::Approve => "be approved",
        Step::Reject => "be rejected",
        Step::Withdraw => "be withdrawn",
        Step::GiveUp => "be given up",
        Step::Expire => "expire",
        Step::Begin => "be applied",
        Step::Fulfil => "be fulfilled",
        Step::Fail => "fail",
    }
}

/// A request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// Its identity.
    pub id: RequestId,
    /// What it is for.
    pub action: Action,
    /// Where it is in its life.
    pub state: State,
    /// The tenant it is for.
    pub tenant: TenantName,
    /// The environment it is for.
    pub environment: EnvironmentName,
    /// The claim: its control plane, kind, namespace and name are decided when it is submitted.
    pub claim: ClaimRef,
    /// The API by which the claim is applied.
    pub resource: ResourceRef,
    /// The plan.
    pub plan: Option<PlanName>,
    /// What is applied, frozen at submission: what is approved is this, and what is applied is this.
    /// For a delete: the object as it was when that was asked.
    pub manifest: Value,
    /// [`manifest_hash`] of it.
    pub manifest_hash: String,
    /// The identity of the schema that it was judged by, where it is known. With the manifest and the placement it is
    /// what an approver agrees to.
    pub schema_hash: Option<String>,
    /// For a change: the object as it was when the change was asked.
    pub previous: Option<Value>,
    /// `metadata.uid` of the claim that a change or delete is about: another of the same name is left alone.
    pub uid: Option<String>,
    /// How the control plane was chosen.
    pub placement: Placement,
    /// Who asked.
    pub requester: Person,
    /// The SSO groups they were in when they asked: a control plane that acts as the person needs them.
    pub requester_groups: std::collections::BTreeSet<String>,
    /// What they had to say.
    pub note: Option<String>,
    /// Who must agree; `None`: nobody.
    pub approval: Option<ApprovalNeed>,
    /// Who has decided.
    pub decisions: Vec<Decision>,
    /// How often the worker has tried.
    pub attempts: u32,
    /// When the worker may try next.
    pub next_attempt_at: Option<Timestamp>,
    /// What it waits for, in a sentence.
    pub waiting_for: Option<String>,
    /// Why it was rejected or failed, in a sentence that says what to do.
    pub failure: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts its changes, from 1: a save succeeds only over the revision that was read.
    pub revision: i64,
}

impl Request {
    /// What an approver agrees to, as SHA-256 in hex: the manifest, the schema that it was judged by, and where it goes.
    /// A decision counts as long as this is what it was.
    #[must_use]
    pub fn digest(&self) -> String {
        manifest_hash(&serde_json::json!({
            "action": self.action,
            "claim": self.claim,
            "resource": self.resource,
            "plan": self.plan,
            "uid": self.uid.as_ref().filter(|_| self.action != Action::Create),
            "manifest": self.manifest_hash,
            "schema": self.schema_hash,
            "placement": self.placement.chosen,
        }))
    }

    /// Puts it up for approval again: by these rules, until `expires_at`, and as the schema of that identity has it.
    /// Decisions about what it no longer is are kept and count no more.
    pub fn ask_again(&mut self, need: ApprovalNeed, schema_hash: Option<String>) {
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

    /// The decisions that were about what the request is now.
    #[must_use]
    pub fn decisions_that_count(&self) -> Vec<Decision> {
        let digest = self.digest();
        let counts =
            |decision: &&Decision| !decision.void && decision.digest.as_ref().is_none_or(|of| *of == digest);
        self.decisions.iter().filter(counts).cloned().collect()
    }

    /// The step by which the requester may take it back now, if there is one: until the worker has begun, and while
    /// that waits to try again. A delete that has begun goes on: the control plane may be at it.
    #[must_use]
    pub fn way_back(&self) -> Option<Step> {
        let step = match self.state {
            State::Applying if self.action == Action::Delete || self.next_attempt_at.is_none() => {
                return None;
            }
            State::Applying => Step::GiveUp,
            _ => Step::Withdraw,
        };
        self.state.after(step).is_ok().then_some(step)
    }
}

/// Who must agree to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalNeed {
    /// Each must be met.
    pub rules: Vec<RuleNeed>,
    /// When it expires without.
    pub expires_at: Timestamp,
}

/// What one rule of a policy asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleNeed {
    /// The policy.
    pub policy: String,
    /// The rule.
    pub rule: String,
    /// Why, in words.
    pub reason: String,
    /// Who may agree.
    pub approvers: Approvers,
    /// How many different people must.
    pub count: u32,
}

/// What an approver said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// Who.
    pub by: Person,
    /// The identity provider that they signed in by, by its name; `None` in decisions of before it was kept.
    #[serde(default)]
    pub provider: Option<String>,
    /// Their groups at that time: what made them an approver.
    pub groups: Vec<String>,
    /// Whether they were an approver of the tenant at that time.
    pub tenant_approver: bool,
    /// Yes or no.
    pub approved: bool,
    /// In their words.
    pub comment: Option<String>,
    /// When.
    pub at: Timestamp,
    /// What they decided on: [`Request::digest`] at that time. `None` of decisions from before that was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The policy's ruling that they saw: [`policy_hash`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// It counts no more: what it was about is no longer what the request is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub void: bool,
}

/// The most characters of a comment.
pub const COMMENT_CHARACTERS: usize = 2000;

/// What somebody said about a request, outside of any decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Comment {
    /// Its identity (UUID version 7).
    pub id: Uuid,
    /// Who.
    pub by: Person,
    /// In their words: 1 to [`COMMENT_CHARACTERS`] characters.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// SHA-256, in hex, of what the rules of a policy ask.
#[must_use]
pub fn policy_hash(rules: &[RuleNeed]) -> String {
    manifest_hash(&serde_json::json!(rules))
}

/// SHA-256, in hex, of the manifest as canonical JSON.
#[must_use]
pub fn manifest_hash(manifest: &Value) -> String {
    use sha2::{Digest, Sha256};
    hex::encode(Sha256::digest(crate::record::canonical_json(manifest)))
}
