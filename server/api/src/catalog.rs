use serde::Serialize;

use super::{Allowed, ClaimRow, Paged};
use portico_domain::documents::{Category, Price};
use portico_domain::names::{OfferingName, PlanName, PlaneName};

/// The catalog.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CatalogPage {
    /// The search text.
    pub query: String,
    /// The selected category.
    pub category: Option<Category>,
    /// The selected control plane.
    pub plane: Option<PlaneName>,
    /// Categories, with the number of offerings that match the other filters.
    pub categories: Vec<CategoryCount>,
    /// The control planes to filter by.
    pub planes: Vec<PlaneChoice>,
    /// The matching offerings.
    pub cards: Paged<CatalogCard>,
    /// Number of offerings for the viewer without any filter.
    pub all: usize,
}

/// A category with its number of offerings.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CategoryCount {
    /// The category.
    pub category: Category,
    /// Number of offerings.
    pub count: usize,
}

/// A control plane to choose.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlaneChoice {
    /// Its name.
    pub name: PlaneName,
    /// The name to show.
    pub title: String,
    /// Its region.
    pub region: Option<String>,
}

/// An offering in the catalog's list.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CatalogCard {
    /// Its name.
    pub name: OfferingName,
    /// The name to show.
    pub title: String,
    /// A summary of one line.
    pub summary: String,
    /// The category.
    pub category: Category,
    /// The name of its icon; pages fall back to the category's.
    pub icon: String,
    /// Median seconds from approval to Ready in this portal's history; `None` without a history.
    pub typical_seconds: Option<u64>,
    /// Whether a new claim with the default plan needs approval in the viewer's environment; `None` if unknown.
    pub needs_approval: Option<bool>,
    /// The price of its cheapest plan; `None` without prices, or with several currencies.
    pub price_from: Option<Price>,
    /// The control planes on which the viewer can have it.
    pub planes: Vec<PlaneChoice>,
    /// Those of [`CatalogCard::planes`] that do not answer.
    #[serde(default)]
    pub unreachable: Vec<PlaneName>,
    /// Why it cannot be requested at present, for example because its schema is broken.
    pub problem: Option<String>,
}

/// The page of an offering.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OfferingPage {
    /// The offering, as in the list.
    pub card: CatalogCard,
    /// The kind on the control plane.
    pub kind: String,
    /// The API group.
    pub group: String,
    /// The team that runs it.
    pub owner: Option<String>,
    /// The documentation as sanitized HTML.
    pub documentation_html: Option<String>,
    /// The plans.
    pub plans: Vec<PlanColumn>,
    /// The names of all facts that plans state, in the order of the table's rows.
    pub facts: Vec<String>,
    /// What a claim provides: keys of its secret, and endpoints.
    pub receives: Vec<ReceivedItem>,
    /// The same by what it is for.
    pub connection: ConnectionOutline,
    /// The control planes that serve it.
    pub served_on: Vec<ServedOn>,
    /// The tenant's claims of it.
    pub claims: Vec<ClaimRow>,
    /// Whether the viewer may request it in their workspace.
    pub may_request: Allowed,
}

/// A plan, as a column of the table that compares plans.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanColumn {
    /// Its name.
    pub name: PlanName,
    /// The name to show.
    pub title: String,
    /// A summary of one line.
    pub summary: Option<String>,
    /// Values for [`OfferingPage::facts`], in that order; empty where the plan states none.
    pub facts: Vec<String>,
    /// What it costs.
    pub price: Option<Price>,
    /// Labels of the fields that may be changed.
    pub adjustable: Vec<String>,
}

/// Something that a claim provides.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceivedItem {
    /// Its name: `password`, `host`.
    pub title: String,
    /// Where it comes from: `secret key password`, `status.endpoint`.
    pub source: String,
}

/// How one connects to what a claim provides, before there is one.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionOutline {
    /// The titles of its addresses: `Read and write`.
    pub endpoints: Vec<String>,
    /// The name of its secret, with `{name}` for the claim's: `{name}-connection`; `None` if only the claim knows it.
    pub secret: Option<String>,
    /// The keys of that secret.
    pub keys: Vec<String>,
}

/// A control plane that serves an offering.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServedOn {
    /// The control plane.
    pub plane: PlaneChoice,
    /// The version of the API.
    pub version: String,
    /// The deprecation warning of that version, if it is deprecated.
    pub deprecated: Option<String>,
    /// True if the control plane answers.
    pub reachable: bool,
    /// When it last answered, if it does not answer now.
    pub last_seen: Option<jiff::Timestamp>,
}
