use serde::{Deserialize, Serialize};

use super::{Allowed, ClaimRow, Paged};
use portico_domain::documents::{Category, Price};
use portico_domain::names::{OfferingName, PlanName, PlaneName};

/// The catalog: is there a thing for my need?
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CatalogPage {
    /// What was searched for.
    pub query: String,
    /// The category chosen.
    pub category: Option<Category>,
    /// The control plane chosen.
    pub plane: Option<PlaneName>,
    /// Categories with how many match the rest of the filter.
    pub categories: Vec<CategoryCount>,
    /// The control planes one may filter by.
    pub planes: Vec<PlaneChoice>,
    /// What matches.
    pub cards: Paged<CatalogCard>,
    /// How many offerings there are for the viewer, whatever the filter.
    pub all: usize,
}

/// A category with a count.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CategoryCount {
    /// The category.
    pub category: Category,
    /// How many.
    pub count: usize,
}

/// A control plane to choose.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CatalogCard {
    /// Its name.
    pub name: OfferingName,
    /// The name to show.
    pub title: String,
    /// One line.
    pub summary: String,
    /// The category.
    pub category: Category,
    /// The name of a glyph; the view falls back to the category's.
    pub icon: String,
    /// Seconds from approval to Ready, the median of our own history; `None` while there is none.
    pub typical_seconds: Option<u64>,
    /// Whether a new claim here, in the viewer's environment with the default plan, needs approval; `None` when unknown.
    pub needs_approval: Option<bool>,
    /// Where it can run, for this viewer.
    pub planes: Vec<PlaneChoice>,
    /// Those of [`CatalogCard::planes`] that do not answer just now.
    #[serde(default)]
    pub unreachable: Vec<PlaneName>,
    /// Why it cannot be asked for just now: its schema is broken, say.
    pub problem: Option<String>,
}

/// An offering: is it the right one, what do I get?
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OfferingPage {
    /// As in the list.
    pub card: CatalogCard,
    /// The kind on the control plane.
    pub kind: String,
    /// The API group.
    pub group: String,
    /// The team that answers for it.
    pub owner: Option<String>,
    /// The documentation: sanitized HTML.
    pub documentation_html: Option<String>,
    /// The plans, side by side.
    pub plans: Vec<PlanColumn>,
    /// The names of all facts that plans state, in the order of the table's rows.
    pub facts: Vec<String>,
    /// What one receives: keys of the secret and endpoints.
    pub receives: Vec<ReceivedItem>,
    /// Where it runs.
    pub served_on: Vec<ServedOn>,
    /// My tenant's claims of it.
    pub claims: Vec<ClaimRow>,
    /// Whether the viewer may ask for it where they work; if not, why.
    pub may_request: Allowed,
}

/// A plan in the table that compares them.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanColumn {
    /// Its name.
    pub name: PlanName,
    /// The name to show.
    pub title: String,
    /// One line.
    pub summary: Option<String>,
    /// Values for [`OfferingPage::facts`], in that order; empty where the plan states none.
    pub facts: Vec<String>,
    /// What it costs.
    pub price: Option<Price>,
    /// What of it may be changed: labels of fields.
    pub adjustable: Vec<String>,
}

/// Something one receives with a claim.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceivedItem {
    /// What it is: `password`, `host`.
    pub title: String,
    /// Where it stands: `secret key password`, `status.endpoint`.
    pub source: String,
}

/// A control plane that serves an offering.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServedOn {
    /// Which.
    pub plane: PlaneChoice,
    /// The version of the API.
    pub version: String,
    /// Whether that version is deprecated, with the warning.
    pub deprecated: Option<String>,
    /// Whether the control plane answers.
    pub reachable: bool,
    /// When it was last heard of, where it does not answer.
    pub last_seen: Option<jiff::Timestamp>,
}
