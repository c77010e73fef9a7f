use jiff::Timestamp;
use portico_form::Form;
use serde::Serialize;
use uuid::Uuid;

use super::language::Text;
use super::words::DraftProblem;
use super::{
    CatalogCard, DiffLine, Link, Paged, PlacementView, PlanColumn, PlaneChoice, PriceQuote, QuotaLine,
};
use portico_domain::claim::ClaimRef;
use portico_domain::names::{EnvironmentName, OfferingName, PlanName, RequestId, TenantName};
use portico_domain::reason::{FailureReason, WaitingReason};
use portico_domain::request::{Action, Comment, State};

/// A label of control planes to choose by.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LabelChoice {
    /// The label's key.
    pub key: String,
    /// The key in words.
    pub title: String,
    /// The values to choose from.
    pub values: Vec<String>,
    /// The chosen value.
    pub chosen: Option<String>,
}

/// A field that a change would change although another field manager owns it.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContestedField {
    /// The field, as the control plane names it: `spec.size`.
    pub field: String,
    /// The field manager.
    pub manager: String,
    /// Its value now, as text; `None` if it is not known.
    pub value: Option<String>,
    /// The value that the change sets.
    pub wanted: Option<String>,
    /// What follows if it is taken over, as a sentence.
    pub follows: String,
    /// True if it is to be taken over.
    pub taken: bool,
}

/// The form for a new claim or for a change to one.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says something else of the form, and any of them may be so at once"
)]
pub struct RequestFormPage {
    /// The offering.
    pub offering: CatalogCard,
    /// Create or change.
    pub action: Action,
    /// The path that the form posts to.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub post_to: Link,
    /// The id of the request. Posted, so that sending the form twice creates one request.
    pub request_id: RequestId,
    /// The tenant.
    pub tenant: TenantName,
    /// The environment.
    pub environment: EnvironmentName,
    /// The claim's name as typed. Fixed for a change.
    pub name: String,
    /// Problems of the name.
    pub name_problems: Vec<String>,
    /// The plans.
    pub plans: Vec<PlanColumn>,
    /// The names of the facts that [`PlanColumn::facts`] has the values of.
    pub plan_facts: Vec<String>,
    /// The chosen plan.
    pub plan: Option<PlanName>,
    /// Regions to choose from.
    pub regions: Vec<String>,
    /// The chosen region.
    pub region: Option<String>,
    /// Control planes to choose from.
    pub planes: Vec<PlaneChoice>,
    /// The chosen control plane.
    pub plane: Option<portico_domain::names::PlaneName>,
    /// Labels of control planes to choose by.
    pub labels: Vec<LabelChoice>,
    /// The fields, by the chosen control plane's schema; `None` if no control plane can serve the claim.
    pub form: Option<Form>,
    /// The hash of that schema. Posted as `_schema`, so that an outdated form is noticed.
    pub schema_hash: String,
    /// For a change: the hash of the user fields that the form was made from. Posted as `_live`, so that the change
    /// does not silently revert what others changed meanwhile.
    pub live_hash: Option<String>,
    /// The object as JSON, if the form does not show all of it. Posted as `_whole`, so that it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole: Option<String>,
    /// Values entered for another control plane that have no field here, as JSON. Posted as `_kept`, so that they
    /// return when that control plane is chosen again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
    /// Information that needs no action, each in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The object as YAML, for the YAML tab.
    pub yaml: String,
    /// True if the YAML tab is shown.
    pub yaml_tab: bool,
    /// The syntax error of the YAML as typed.
    pub yaml_problem: Option<String>,
    /// In the YAML tab: the problems of its content, in the order of lines.
    pub yaml_problems: Vec<LineProblem>,
    /// The request as a sentence: `A PostgreSQL 17, small, in payments/production on eu-shared`.
    pub sentence: String,
    /// The chosen control plane, and why.
    pub placement: PlacementView,
    /// Whether approval is needed, and whose.
    pub approval: ApprovalPreview,
    /// The quota after this request.
    pub quota: Vec<QuotaLine>,
    /// What it costs, in words; for a change compared with the current price. `None` if the offering has no price.
    #[serde(default)]
    pub cost: Option<String>,
    /// The price in parts: amount, currency, period and comparison.
    #[serde(default)]
    pub price: Option<PriceQuote>,
    /// Differences from the plan, or for a change from the current object: path, from, to.
    pub differences: Vec<(String, String, String)>,
    /// The exact manifest as YAML.
    pub manifest: String,
    /// Fields of other field managers that the request would change. They must be taken over, or left as they are.
    pub conflicts: Vec<ContestedField>,
    /// The result of the control plane's dry run; `None` if it was not run.
    pub dry_run: Option<DryRunResult>,
    /// The requester's note to the approver.
    pub note: String,
    /// Problems that belong to no field.
    pub problems: Vec<Problem>,
    /// Number of all problems, with those of the form's fields.
    pub problem_count: usize,
    /// True if the fields were reviewed: the page shows the summary to send.
    pub reviewed: bool,
    /// True once it was sent or reviewed. Then problems are shown at once, also those of fields that were not
    /// visited.
    pub tried: bool,
    /// True if this response is to sending or reviewing it.
    pub checked: bool,
    /// True if it was just opened and nothing was entered.
    pub fresh: bool,
}

/// A problem with the line that has it.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LineProblem {
    /// The line, from 1; `None` if it belongs to no line.
    pub line: Option<usize>,
    /// The field and its problem.
    pub message: String,
}

/// The result of a control plane's dry run.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DryRunResult {
    /// True if it accepts the manifest.
    pub accepted: bool,
    /// True if it answered. False if it could not be called, or if its response was invalid.
    pub answered: bool,
    /// The result as a sentence, or why there is none.
    pub message: String,
}

/// A problem of a field.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = FieldProblem))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// The field's path (`spec.storage.size`); empty for the whole object.
    pub field: String,
    /// What is wrong and what to do, as a sentence.
    pub message: String,
    /// What is wrong, as a code with parameters; missing for messages of a schema or a control plane.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<DraftProblem>,
}

impl Problem {
    /// A problem in the words of a schema or a control plane.
    #[must_use]
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
            reason: None,
        }
    }
}

/// Whether approval is needed.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ApprovalPreview {
    /// The reason, if a policy denies it.
    pub denied: Option<String>,
    /// Who must approve and why, one sentence for each rule: `Approvers of payments: changes in production need a
    /// second pair of eyes`.
    pub needed: Vec<String>,
}

/// The result of submitting a request.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Submission {
    /// The request.
    pub id: RequestId,
    /// The path of its page.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub href: Link,
    /// The path of its claim's page if no approval is needed: the result shows there.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub claim_href: Option<Link>,
    /// Its state.
    pub state: State,
}

/// A request in a list.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestRow {
    /// Its id.
    pub id: RequestId,
    /// The path of its page.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub href: Link,
    /// Its action.
    pub action: Action,
    /// Its state.
    pub state: State,
    /// What it waits for or why it ended, as a sentence; may be empty.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub status: Text,
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
    /// The name of the offering's icon.
    pub icon: String,
    /// The tenant.
    pub tenant: TenantName,
    /// The environment.
    pub environment: EnvironmentName,
    /// The plan.
    pub plan: Option<PlanName>,
    /// The requester's name.
    pub requester: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A list of requests.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestsPage {
    /// Filter: a state.
    pub state: Option<State>,
    /// Filter: an offering.
    pub offering: Option<OfferingName>,
    /// Filter: only the viewer's own.
    pub mine: bool,
    /// The requests, newest first.
    pub rows: Paged<RequestRow>,
}

/// The page of a request.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestPage {
    /// The request, as in lists.
    pub row: RequestRow,
    /// That the offering is deprecated, for an open request for a new claim, as a sentence.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub deprecation: Option<Text>,
    /// The path of the offering's page; `None` if the viewer's catalog does not have it.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub offering_href: Option<Link>,
    /// The path of the claim's page, once there is a claim.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub claim_href: Option<Link>,
    /// The steps of its life.
    pub steps: Vec<RequestStep>,
    /// The request as a sentence.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub sentence: Text,
    /// Fields that it takes over from other field managers.
    pub take_over: Vec<String>,
    /// The frozen manifest, as YAML.
    pub manifest: String,
    /// Its hash.
    pub manifest_hash: String,
    /// The differences to `against`.
    pub diff: Vec<DiffLine>,
    /// What `diff` compares with: the object at submission, or for a new claim that awaits approval its plan.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub against: Text,
    /// How the control plane was chosen.
    pub placement: PlacementView,
    /// When it expires without a decision; `None` if it awaits none.
    pub expires_at: Option<Timestamp>,
    /// The requester's note.
    pub note: Option<String>,
    /// Why each rule requires approval: policy, rule, sentence.
    pub rules: Vec<(String, String, String)>,
    /// Its effect on the quota.
    pub quota: Vec<QuotaLine>,
    /// What it costs, in words; see [`RequestFormPage::cost`].
    #[serde(default)]
    pub cost: Option<String>,
    /// The price in parts: amount, currency, period and comparison.
    #[serde(default)]
    pub price: Option<PriceQuote>,
    /// True if the viewer may decide.
    pub may_decide: bool,
    /// Why they may not, where they might expect to: it is their own request, for example.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub may_not_decide: Option<Text>,
    /// Until when the viewer can take their decision on it back; `None` if they cannot.
    #[serde(default)]
    pub undo_until: Option<Timestamp>,
    /// True if the viewer may withdraw it.
    pub may_withdraw: bool,
    /// True if the viewer may comment on it.
    pub may_comment: bool,
    /// The requested fields as YAML, if it ended without being applied and the viewer may fill the form with them again.
    pub again: Option<String>,
    /// The revision that the page shows. Posted with a decision, so that it applies to what the approver saw.
    pub revision: i64,
}

/// A step in the life of a request.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a mark of its own on the line"
)]
pub struct RequestStep {
    /// What happened or will happen.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub title: Text,
    /// The person who did it.
    pub who: Option<String>,
    /// When.
    pub at: Option<Timestamp>,
    /// Their comment, or what it waits for.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub comment: Option<Text>,
    /// True for a comment that changed no state.
    pub remark: bool,
    /// True if it is in the past.
    pub done: bool,
    /// True for the current step.
    pub current: bool,
    /// True if the request ended here without success.
    pub bad: bool,
}

/// A comment on a request.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CommentResult {
    /// Its id.
    pub id: Uuid,
    /// The author's name.
    pub by: String,
    /// Its text.
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
