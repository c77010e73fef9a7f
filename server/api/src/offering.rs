//! The page of an offering.

use serde::Serialize;

use super::{Allowed, CatalogCard, ClaimRow, PlanColumn, PlaneChoice};

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
    /// Where people get help with it: an `https:` or `mailto:` URL.
    pub support: Option<String>,
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

/// Claims on the page of an offering, at most.
pub const MAX_OFFERING_CLAIMS: usize = 20;

/// Offerings that are compared at once, at most.
pub const MAX_COMPARED: usize = 4;

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
