use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ApprovalRow, CatalogCard, ClaimRow, RequestRow};

/// Home: is anything of mine broken, is anyone waiting for me?
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HomePage {
    /// Claims of the tenant one works in that are not ready or whose time is over, worst first, at most ten.
    pub unhealthy_claims: Vec<ClaimRow>,
    /// How many claims there are, and how many are ready and in their time.
    pub claims: usize,
    /// See `claims`.
    pub ready: usize,
    /// Requests that wait for the viewer, at most five.
    pub waiting_on_me: Vec<ApprovalRow>,
    /// The viewer's requests that wait for others.
    pub waiting_on_others: Vec<RequestRow>,
    /// Requests that moved in the last day.
    pub today: Vec<RequestRow>,
    /// Claims that became ready or broke in the last day, the latest first, at most ten.
    pub health_changes: Vec<HealthChange>,
    /// Three suggestions, for a newcomer; empty for others.
    pub suggestions: Vec<CatalogCard>,
    /// Control planes of the viewer that do not answer: titles.
    pub unreachable_planes: Vec<String>,
}

/// A claim that became ready, or broke.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthChange {
    /// The claim, with what it became.
    pub claim: ClaimRow,
    /// When.
    pub at: Timestamp,
}
