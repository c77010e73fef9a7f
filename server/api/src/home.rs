use jiff::Timestamp;
use serde::Serialize;

use super::{ApprovalRow, CatalogCard, ClaimRow, OfferingLifecycle, PlaneChoice, PublicationRow, RequestRow};
use portico_domain::claim::Health;
use portico_domain::documents::Category;
use portico_domain::names::{EnvironmentName, OfferingName, TenantName};

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
    /// Number of claims that somebody must act on: they are degraded, their lifetime is over, or their offering ends within
    /// 30 days or has ended.
    pub needs_action: usize,
    /// Claims whose lifetime ends within a week, the soonest first, at most five.
    pub ending_soon: Vec<ClaimRow>,
    /// Offerings with a sunset date of which the current tenant has claims, the soonest first, at most five.
    pub deprecated: Vec<DeprecatedClaims>,
    /// Requests that wait for the viewer, at most five.
    pub waiting_on_me: Vec<ApprovalRow>,
    /// The viewer's requests that wait for others, newest first, at most five.
    pub waiting_on_others: Vec<RequestRow>,
    /// Number of the viewer's requests that wait for others.
    pub waiting_on_others_count: u64,
    /// The viewer's requests of the last week that ended without being applied and were not submitted again, at most
    /// five.
    pub unsuccessful: Vec<RequestRow>,
    /// Requests that changed in the last day, latest first, at most fifty.
    pub today: Vec<RequestRow>,
    /// Claims that became ready or unhealthy in the last day, by offering and environment, latest first, at most ten.
    pub health_changes: Vec<HealthChanges>,
    /// Three suggestions for newcomers; empty for others.
    pub suggestions: Vec<CatalogCard>,
    /// Titles of the viewer's control planes that do not answer.
    pub unreachable_planes: Vec<String>,
    /// The state of the platform, for platform admins.
    pub platform: Option<PlatformState>,
}

/// Claims of an offering that has a sunset date.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeprecatedClaims {
    /// The offering.
    pub offering: OfferingName,
    /// The offering's title.
    pub offering_title: String,
    /// The name of its icon.
    pub icon: String,
    /// Its category.
    pub category: Category,
    /// Where the offering is in its life.
    pub lifecycle: OfferingLifecycle,
    /// Number of claims.
    pub count: usize,
}

/// Claims of one offering and environment that became ready or unhealthy.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthChanges {
    /// The offering's title.
    pub offering_title: String,
    /// The name of its icon.
    pub icon: String,
    /// Its category.
    pub category: Category,
    /// The tenant.
    pub tenant: Option<TenantName>,
    /// The environment.
    pub environment: Option<EnvironmentName>,
    /// What they became.
    pub health: Health,
    /// Number of claims.
    pub count: usize,
    /// When the last of them changed.
    pub at: Timestamp,
    /// The claims, latest first, at most ten.
    pub claims: Vec<HealthChange>,
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

/// What needs a platform admin.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlatformState {
    /// Number of control planes.
    pub planes: usize,
    /// The control planes that do not answer.
    pub unwell_planes: Vec<PlaneChoice>,
    /// Number of errors in the configuration's files.
    pub configuration_errors: usize,
    /// Titles of the tenants that are over a quota.
    pub over_quota: Vec<String>,
    /// The publications that wait for a decision on what they ask for.
    pub waiting_publications: Vec<PublicationRow>,
    /// The request that has waited for an approval the longest, whoever decides it.
    pub oldest_approval: Option<RequestRow>,
}
