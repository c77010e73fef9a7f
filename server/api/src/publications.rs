//! What tenants publish to other tenants, and what was decided on the permissions they ask for.

use jiff::Timestamp;
use portico_domain::claim::Health;
use portico_domain::documents::Permission;
use portico_domain::names::{
    ClaimName, EnvironmentName, OfferingName, PlanName, PublicationName, TenantName,
};
use portico_domain::publication::PermissionState;
use serde::Serialize;

use super::{Link, PlaneChoice};

/// The publications that the viewer may see: all for platform admins, those of their tenants for others.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PublicationsPage {
    /// Those that wait for a decision first.
    pub rows: Vec<PublicationRow>,
}

/// A publication in a list.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PublicationRow {
    /// Its name.
    pub name: PublicationName,
    /// The path of its page.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub href: Link,
    /// The tenant that publishes it.
    pub publisher: TenantName,
    /// Its title.
    pub publisher_title: String,
    /// The offering.
    pub offering: OfferingName,
    /// Its title.
    pub offering_title: String,
    /// The control plane that takes the claims; `None` if the configuration has none of that name.
    pub plane: Option<PlaneChoice>,
    /// The titles of the consumers; `None` for every tenant.
    pub consumers: Option<Vec<String>>,
    /// Number of permissions that it asks for.
    pub asked: usize,
    /// Number of permissions that are accepted.
    pub accepted: usize,
    /// Number of permissions that wait for a decision.
    pub waiting: usize,
    /// Number of tenants that can make requests now.
    pub open_to: usize,
    /// Number of claims of consumers.
    pub claims: usize,
}

/// A publication.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PublicationPage {
    /// What lists show.
    pub row: PublicationRow,
    /// Why it cannot be in force, whatever is decided.
    pub problem: Option<String>,
    /// Its approvers, in words; `None` if it asks for none.
    pub approvers: Option<String>,
    /// What it asks for.
    pub permissions: Vec<PermissionView>,
    /// The claims of consumers, by consumer.
    pub consumers: Vec<ConsumerClaims>,
    /// True if the viewer may decide.
    pub may_decide: bool,
}

/// A permission that a publication asks for.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PermissionView {
    /// The permission.
    pub permission: Permission,
    /// Its heading.
    pub title: String,
    /// What the publisher needs it for.
    pub reason: String,
    /// True if the service works without it.
    pub optional: bool,
    /// What becomes of it.
    pub state: PermissionState,
    /// What follows when it is accepted.
    pub when_accepted: String,
    /// What follows when it is not.
    pub otherwise: String,
    /// The version of what is asked for, to send with a decision.
    pub asked: String,
    /// The decisions, newest first, at most ten.
    pub decisions: Vec<PermissionDecisionView>,
}

/// A decision on a permission.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PermissionDecisionView {
    /// Accepted or refused.
    pub accepted: bool,
    /// Who decided, by name.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The titles of the consumers that it is about; `None` for every tenant.
    pub consumers: Option<Vec<String>>,
}

/// A consumer, with its claims as the publisher may see them.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsumerClaims {
    /// The consumer.
    pub tenant: TenantName,
    /// Its title.
    pub title: String,
    /// Why it cannot make requests now, without capital letter and full stop; `None` if it can.
    pub closed: Option<String>,
    /// Its claims, at most a hundred.
    pub claims: Vec<ConsumerClaim>,
    /// Number of all its claims.
    pub total: usize,
}

/// A claim of a consumer.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsumerClaim {
    /// Its name.
    pub name: ClaimName,
    /// Its namespace on the control plane of the publisher.
    pub namespace: String,
    /// The environment.
    pub environment: Option<EnvironmentName>,
    /// The plan.
    pub plan: Option<PlanName>,
    /// Its health.
    pub health: Health,
    /// Who asked for it, by name; `None` if the publisher may not know.
    pub requester: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}
