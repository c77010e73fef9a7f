use jiff::Timestamp;
use serde::Serialize;

use super::language::Text;
use super::words::Denial;
use super::{CommentResult, DiffLine, Paged, PriceQuote, QuotaLine, RequestRow};

/// The approval queue.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalsPage {
    /// The requests that the viewer can decide on, oldest first.
    pub rows: Paged<ApprovalRow>,
}

/// The approval queue with one request open.
#[derive(Debug, Clone, PartialEq)]
pub struct InboxPage {
    /// The requests that the viewer can decide on, oldest first.
    pub rows: Paged<ApprovalRow>,
    /// The open request: the one that the URL names, else the first.
    pub opened: Option<ApprovalRow>,
    /// Why the viewer cannot decide on it, or cannot any more.
    pub closed: Option<Closed>,
    /// True if the viewer may comment on it.
    pub may_comment: bool,
    /// True if the URL names it. Narrow screens then show it in place of the list.
    pub chosen: bool,
}

/// Why a request in the approval queue needs no decision of the viewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// The requester withdrew it.
    Withdrawn,
    /// This person approved it; `None` is the viewer.
    Approved(Option<String>),
    /// This person rejected it; `None` is the viewer.
    Rejected(Option<String>),
    /// A policy refused it.
    Refused,
    /// Nobody decided in time.
    Expired,
    /// It awaits approval, but not the viewer's.
    Denied(Denial),
    /// It needed no decision.
    NoneNeeded,
}

/// A request in the approval queue.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalRow {
    /// The request.
    pub row: RequestRow,
    /// The request as a sentence.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub sentence: Text,
    /// Why it needs the viewer's approval, one sentence for each rule.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub why: Vec<Text>,
    /// Its effect on the quota, alone and together with the other pending requests.
    pub quota: Vec<QuotaLine>,
    /// What it costs, in words; see [`super::RequestFormPage::cost`].
    #[serde(default)]
    pub cost: Option<String>,
    /// The price in parts: amount, currency, period and comparison.
    #[serde(default)]
    pub price: Option<PriceQuote>,
    /// The differences to `against`: for a change to the current object, for a new claim to its plan.
    pub diff: Vec<DiffLine>,
    /// What `diff` compares with: `the plan Small`, `what is live`.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub against: Text,
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
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub history: Text,
    /// See [`super::RequestPage::revision`].
    pub revision: i64,
}
