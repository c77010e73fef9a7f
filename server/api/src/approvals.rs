use jiff::Timestamp;
use serde::Serialize;

use super::{CommentResult, DiffLine, Paged, QuotaLine, RequestRow};

/// The approval queue.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalsPage {
    /// The requests that the viewer can decide on, oldest first.
    pub rows: Paged<ApprovalRow>,
}

/// A request in the approval queue.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalRow {
    /// The request.
    pub row: RequestRow,
    /// The request as a sentence.
    pub sentence: String,
    /// Why it needs the viewer's approval, one sentence for each rule.
    pub why: Vec<String>,
    /// Its effect on the quota, alone and together with the other pending requests.
    pub quota: Vec<QuotaLine>,
    /// What it costs, in words; see [`super::RequestFormPage::cost`].
    #[serde(default)]
    pub cost: Option<String>,
    /// The differences to `against`: for a change to the current object, for a new claim to its plan.
    pub diff: Vec<DiffLine>,
    /// What `diff` compares with: `the plan Small`, `what is live`.
    pub against: String,
    /// The whole manifest as YAML: what is approved.
    pub manifest: String,
    /// When it expires without a decision.
    pub expires_at: Option<Timestamp>,
    /// The requester's note.
    pub note: Option<String>,
    /// The comments, oldest first.
    #[serde(default)]
    pub comments: Vec<CommentResult>,
    /// How the requester's earlier requests in this tenant ended, and the health of their claims.
    pub history: String,
    /// See [`super::RequestPage::revision`].
    pub revision: i64,
}
