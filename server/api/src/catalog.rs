use serde::Serialize;

use super::{OfferingLifecycle, Paged};
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
    /// The tenant whose service it is, by title; `None` if the platform serves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published_by: Option<String>,
    /// Where it is in its life.
    pub lifecycle: OfferingLifecycle,
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
