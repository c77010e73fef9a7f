use portico_domain::claim::Health;
use portico_domain::documents::HealthExpressions;
use portico_domain::names::{EnvironmentName, OfferingName, TenantName};
use serde::Serialize;

use super::Link;

/// The page that tries the health rules of an offering.
#[derive(Debug, Clone, PartialEq)]
pub struct TryHealthPage {
    /// The offering.
    pub offering: OfferingName,
    /// Its title.
    pub title: String,
    /// The rules in the form.
    pub rules: HealthExpressions,
    /// True if the offering's document has these rules.
    pub in_force: bool,
    /// What came of them; `None` before they are tried.
    pub trial: Option<HealthTrial>,
}

/// What changed health rules would make of the claims of an offering. Nothing was changed.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthTrial {
    /// Why rules cannot be used. Then no claim is tried.
    pub problems: Vec<HealthRuleProblem>,
    /// Number of claims that Portico knows of.
    pub known: usize,
    /// Number of claims that were tried: the first 500, if there are more, or as many as there was time for.
    pub tried: usize,
    /// Number of those that would show something else.
    pub changed: usize,
    /// Claims that were tried, at most 50. Those that would show something else come first.
    pub claims: Vec<ClaimHealthTrial>,
    /// The rules as YAML for the `Offering` document; the whole document if there is none.
    pub yaml: String,
}

/// Why a health rule cannot be used.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthRuleProblem {
    /// The rule: `ready`, `failed` or `message`.
    pub rule: String,
    /// The line, counted from 1; `None` if it is about the whole rule.
    pub line: Option<usize>,
    /// The column, counted from 1.
    pub column: Option<usize>,
    /// What is wrong.
    pub message: String,
}

/// What a claim shows, and what it would show.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimHealthTrial {
    /// The claim's name.
    pub name: String,
    /// Its namespace; `None` for a cluster-scoped one.
    pub namespace: Option<String>,
    /// The title of its control plane.
    pub plane: String,
    /// Its tenant; `None` if nobody owns it.
    pub tenant: Option<TenantName>,
    /// Its environment.
    pub environment: Option<EnvironmentName>,
    /// The path of its page.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub href: Link,
    /// What it shows today.
    pub today: ShownHealth,
    /// What it would show.
    pub tried: ShownHealth,
    /// True if that is something else.
    pub changed: bool,
}

/// A health with its reason.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownHealth {
    /// The health.
    pub health: Health,
    /// Why; empty if there is nothing to say.
    pub reason: String,
}
