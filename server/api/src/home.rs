use jiff::Timestamp;
use serde::Serialize;

use super::{ApprovalRow, CatalogCard, ClaimRow, RequestRow};

/// The home page: what needs the viewer's attention.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HomePage {
    /// Claims of the current tenant that are not ready or whose lifetime is over, worst first, at most ten.
    pub unhealthy_claims: Vec<ClaimRow>,
    /// Number of claims.
    pub claims: usize,
    /// Number of claims that are ready and within their lifetime.
    pub ready: usize,
    /// Requests that wait for the viewer, at most five.
    pub waiting_on_me: Vec<ApprovalRow>,
    /// The viewer's requests that wait for others.
    pub waiting_on_others: Vec<RequestRow>,
    /// Requests that changed in the last day.
    pub today: Vec<RequestRow>,
    /// Claims that became ready or unhealthy in the last day, latest first, at most ten.
    pub health_changes: Vec<HealthChange>,
    /// Three suggestions for newcomers; empty for others.
    pub suggestions: Vec<CatalogCard>,
    /// Titles of the viewer's control planes that do not answer.
    pub unreachable_planes: Vec<String>,
}

/// A claim that became ready or unhealthy.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthChange {
    /// The claim with its new health.
    pub claim: ClaimRow,
    /// When it changed.
    pub at: Timestamp,
}
