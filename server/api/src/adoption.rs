//! The page of an adoption.

use portico_domain::claim::FieldOwner;
use portico_domain::names::RequestId;
use serde::Serialize;

use super::{ApprovalPreview, ClaimRow, Problem};

/// The page that shows what adopting a claim changes, and asks for it.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AdoptPage {
    /// The claim.
    pub row: ClaimRow,
    /// Its `metadata.uid`. Posted, so that another claim created under its name is not adopted.
    pub uid: String,
    /// A hash of its fields. Posted, so that it is adopted only as it was seen.
    pub live_hash: String,
    /// The id of the request. Posted, so that sending the form twice creates one request.
    pub request_id: RequestId,
    /// Labels and annotations that Portico sets.
    pub marks: Vec<Mark>,
    /// Fields that kubectl, and tools that let go of the claim, give up to Portico, by field manager.
    pub given_up: Vec<FieldOwner>,
    /// Fields that other field managers keep.
    pub kept: Vec<FieldOwner>,
    /// Whether approval is needed, and whose.
    pub approval: ApprovalPreview,
    /// The requester's note.
    pub note: String,
    /// What stands against it.
    pub problems: Vec<Problem>,
}

/// A label or annotation that is set.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mark {
    /// `label` or `annotation`.
    pub kind: String,
    /// Its key.
    pub key: String,
    /// Its value now; `None` if it is not there.
    pub before: Option<String>,
    /// Its value afterwards.
    pub value: String,
}
