use jiff::Timestamp;
use portico_form::Form;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{CatalogCard, DiffLine, Paged, PlanColumn, PlaneChoice, QuotaLine};
use portico_domain::claim::ClaimRef;
use portico_domain::names::{EnvironmentName, OfferingName, PlanName, RequestId, TenantName};
use portico_domain::placement::Placement;
use portico_domain::reason::{FailureReason, WaitingReason};
use portico_domain::request::{Action, Comment, State};

/// A label by which control planes differ.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LabelChoice {
    /// Its key.
    pub key: String,
    /// The key in words.
    pub title: String,
    /// The values there are.
    pub values: Vec<String>,
    /// The value asked for.
    pub chosen: Option<String>,
}

/// The form for a new claim, or for a change to one: what must I decide?
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says something else of the form, and any of them may be so at once"
)]
pub struct RequestFormPage {
    /// What is asked for.
    pub offering: CatalogCard,
    /// Create or change.
    pub action: Action,
    /// Where the form posts to.
    pub post_to: String,
    /// The identity that the request will have: posted, so that sending the form twice asks once.
    pub request_id: RequestId,
    /// The tenant.
    pub tenant: TenantName,
    /// The environment.
    pub environment: EnvironmentName,
    /// The claim's name as typed. Fixed when changing.
    pub name: String,
    /// What is wrong with the name.
    pub name_problems: Vec<String>,
    /// The plans.
    pub plans: Vec<PlanColumn>,
    /// The plan chosen.
    pub plan: Option<PlanName>,
    /// Regions one may ask for.
    pub regions: Vec<String>,
    /// The region asked for.
    pub region: Option<String>,
    /// Control planes one may ask for.
    pub planes: Vec<PlaneChoice>,
    /// The control plane asked for.
    pub plane: Option<portico_domain::names::PlaneName>,
    /// The labels of control planes one may ask for.
    pub labels: Vec<LabelChoice>,
    /// The fields, as the chosen control plane's schema has them; `None` when no control plane can serve it.
    pub form: Option<Form>,
    /// The identity of that schema; posted as `_schema`, so that a stale form is noticed.
    pub schema_hash: String,
    /// For a change: the identity of what is live, as far as a person may set it, that the form was made over; posted
    /// as `_live`, so that what others changed meanwhile is not changed back unseen.
    pub live_hash: Option<String>,
    /// The object as JSON, where the form does not show all that is in it; posted as `_whole`, so that it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole: Option<String>,
    /// What was filled in for another control plane and has no field here, as JSON; posted as `_kept`, so that it is
    /// there again when that one is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
    /// What one should know and need not act on, each in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The object as YAML, for the YAML tab.
    pub yaml: String,
    /// Whether the YAML tab is shown.
    pub yaml_tab: bool,
    /// What is wrong with the YAML as typed.
    pub yaml_problem: Option<String>,
    /// In the YAML tab: what is wrong with what the YAML says, in the order of its lines.
    pub yaml_problems: Vec<LineProblem>,
    /// The wish in a sentence: `A PostgreSQL 17, small, in payments/production on eu-shared`.
    pub sentence: String,
    /// Which control plane, and why.
    pub placement: Placement,
    /// Whether approval will be needed, and from whom.
    pub approval: ApprovalPreview,
    /// What is left of the quota after this.
    pub quota: Vec<QuotaLine>,
    /// What it costs, in words: of a change beside what is paid now. `None` where the offering names no price.
    #[serde(default)]
    pub cost: Option<String>,
    /// What differs from the plan, or for a change from what is live: path, from, to.
    pub differences: Vec<(String, String, String)>,
    /// The exact manifest, as YAML.
    pub manifest: String,
    /// What the control plane's own dry run says; `None`: not asked yet.
    pub dry_run: Option<DryRunResult>,
    /// What they have to say to the approver.
    pub note: String,
    /// Problems that belong beside no field.
    pub problems: Vec<Problem>,
    /// All problems, those in the form included: counted by the button.
    pub problem_count: usize,
    /// Whether the fields were filled in and looked at: the page shows the summary for sending.
    pub reviewed: bool,
    /// Whether it was sent or put up for review at any time: what is wrong is then told at once, also of fields that
    /// nobody came to yet.
    pub tried: bool,
    /// Whether this very answer is to its being sent or put up for review.
    pub checked: bool,
    /// Whether it was just opened: nothing was filled in.
    pub fresh: bool,
}

/// A problem of a text, with the line that has it.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LineProblem {
    /// The line, from 1; `None` where the text has no line for it.
    pub line: Option<usize>,
    /// The field and what is wrong with it.
    pub message: String,
}

/// What a control plane's dry run says.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DryRunResult {
    /// It would take the manifest.
    pub accepted: bool,
    /// It was asked and said so; else it could not be asked, or gave no answer that makes sense.
    pub answered: bool,
    /// In a sentence: what it said, or why it could not be asked.
    pub message: String,
}

/// What is wrong with one field.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FieldProblem))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// The field, as a path (`spec.storage.size`); empty for the whole.
    pub field: String,
    /// What is wrong and what to do, in a sentence.
    pub message: String,
}

/// Whether approval will be needed.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApprovalPreview {
    /// It will be refused, for this reason.
    pub denied: Option<String>,
    /// Who must agree and why, a sentence for each rule: `Approvers of payments: changes in production need a second pair of eyes`.
    pub needed: Vec<String>,
}

/// What came of sending a request.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Submission {
    /// The request.
    pub id: RequestId,
    /// The path of its page.
    pub href: String,
    /// The path of its claim's page, where nobody need agree: what comes of it is seen there.
    #[serde(default)]
    pub claim_href: Option<String>,
    /// Where it is.
    pub state: State,
}

/// A request in a list.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestRow {
    /// Its identity.
    pub id: RequestId,
    /// The path of its page.
    pub href: String,
    /// What for.
    pub action: Action,
    /// Where it is.
    pub state: State,
    /// What it waits for or why it ended, in a sentence; may be empty.
    pub status: String,
    /// Why it waits, as a code with parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<WaitingReason>,
    /// Why it ended without being applied, as a code with parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureReason>,
    /// The claim.
    pub claim: ClaimRef,
    /// The offering's title.
    pub offering_title: String,
    /// The glyph.
    pub icon: String,
    /// The tenant.
    pub tenant: TenantName,
    /// The environment.
    pub environment: EnvironmentName,
    /// The plan.
    pub plan: Option<PlanName>,
    /// Who asked, by name.
    pub requester: String,
    /// When.
    pub created_at: Timestamp,
    /// When it last moved.
    pub updated_at: Timestamp,
}

/// A list of requests.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestsPage {
    /// Limited to one state.
    pub state: Option<State>,
    /// Limited to one offering.
    pub offering: Option<OfferingName>,
    /// Only the viewer's own.
    pub mine: bool,
    /// The requests, newest first.
    pub rows: Paged<RequestRow>,
}

/// A request: where is it, on whom does it wait?
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestPage {
    /// As in lists.
    pub row: RequestRow,
    /// The path of the claim's page, once there is a claim.
    pub claim_href: Option<String>,
    /// The line of steps.
    pub steps: Vec<RequestStep>,
    /// The wish in a sentence.
    pub sentence: String,
    /// The frozen manifest, as YAML.
    pub manifest: String,
    /// Its hash.
    pub manifest_hash: String,
    /// For a change: what differs from what was live.
    pub diff: Vec<DiffLine>,
    /// How the control plane was chosen.
    pub placement: Placement,
    /// When it expires, if nobody decides; `None` when it waits for nobody.
    pub expires_at: Option<Timestamp>,
    /// What the requester had to say.
    pub note: Option<String>,
    /// Why each rule asked: policy, rule, sentence.
    pub rules: Vec<(String, String, String)>,
    /// What it does to the quota.
    pub quota: Vec<QuotaLine>,
    /// What it costs, in words; see [`RequestFormPage::cost`].
    #[serde(default)]
    pub cost: Option<String>,
    /// Whether the viewer may decide.
    pub may_decide: bool,
    /// Why they may not, where one would expect they could (their own request, say).
    pub may_not_decide: Option<String>,
    /// Whether the viewer may take it back.
    pub may_withdraw: bool,
    /// Whether the viewer may comment on it.
    pub may_comment: bool,
    /// What counts as the request as read: posted with a decision, so that one decides on what one saw.
    pub revision: i64,
}

/// A step in the life of a request.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a mark of its own on the line"
)]
pub struct RequestStep {
    /// What happened or will happen.
    pub title: String,
    /// Who did it.
    pub who: Option<String>,
    /// When.
    pub at: Option<Timestamp>,
    /// What they said, or what it waits for.
    pub comment: Option<String>,
    /// Nothing but a comment: it moved nothing.
    pub remark: bool,
    /// Behind us.
    pub done: bool,
    /// Where it is now.
    pub current: bool,
    /// It ended here, and not well.
    pub bad: bool,
}

/// A comment that was made.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommentResult {
    /// Its identity.
    pub id: Uuid,
    /// Who made it, by name.
    pub by: String,
    /// What they said.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

impl From<Comment> for CommentResult {
    fn from(comment: Comment) -> Self {
        Self {
            id: comment.id,
            by: comment.by.name,
            text: comment.text,
            at: comment.at,
        }
    }
}
