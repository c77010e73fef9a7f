use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{CommentResult, DiffLine, Paged, QuotaLine, RequestRow};

/// The approval queue: should I say yes?
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalsPage {
    /// What waits for the viewer, the longest waiting first.
    pub rows: Paged<ApprovalRow>,
}

/// A request that waits for the viewer.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalRow {
    /// The request.
    pub row: RequestRow,
    /// The wish in a sentence.
    pub sentence: String,
    /// Why it needs the viewer: sentences of the rules.
    pub why: Vec<String>,
    /// What it does to the quota: it alone, and with the others that wait.
    pub quota: Vec<QuotaLine>,
    /// What it costs, in words; see [`super::RequestFormPage::cost`].
    #[serde(default)]
    pub cost: Option<String>,
    /// What to look at: for a change what differs from what was live, for a new claim what differs from its plan.
    pub diff: Vec<DiffLine>,
    /// What `diff` is told against: `the plan Small`, `what is live`.
    pub against: String,
    /// The whole manifest, as YAML: what is approved.
    pub manifest: String,
    /// When it expires, if nobody decides.
    pub expires_at: Option<Timestamp>,
    /// What the requester had to say.
    pub note: Option<String>,
    /// What was said about it since, the oldest first.
    #[serde(default)]
    pub comments: Vec<CommentResult>,
    /// What became of the requester's requests here, and how their claims are.
    pub history: String,
    /// See [`super::RequestPage::revision`].
    pub revision: i64,
}
