//! View models: what each screen shows, already cut to what the viewer may see.
//!
//! A page is a function from one of these to HTML, and the API answers with the same values as
//! JSON. They hold no markup, save where a field says it is sanitized HTML.

mod access;
mod admin;
mod approvals;
mod catalog;
mod claims;
mod frame;
mod home;
pub mod names;
mod requests;
mod time;
mod tokens;

pub use access::{PeoplePage, PersonPage, PersonRow, SessionRow, SessionsPage};
pub use admin::{
    ChainBreak, ChainState, ConfigurationError, ConfigurationPage, MatrixCell, MatrixRow, PlaneDetail,
    PlaneRow, PlaneState, PlanesPage, RecordPage, RecordRow, TenantRow, TenantsPage,
};
pub use approvals::{ApprovalRow, ApprovalsPage};
pub use catalog::{
    CatalogCard, CatalogPage, CategoryCount, OfferingPage, PlanColumn, PlaneChoice, ReceivedItem, ServedOn,
};
pub use claims::{
    ClaimEvent, ClaimPage, ClaimRow, ClaimsFilter, ClaimsPage, ConnectionDetails, DeletePage, RevealedKey,
    Snippet, SnippetPart, TreeNode,
};
pub use frame::{Crumb, Frame, Notice, NoticeTone, SignInPage, SignInProvider, TenantChoice};
pub use home::{HealthChange, HomePage};
pub use requests::{
    ApprovalPreview, CommentResult, DryRunResult, LabelChoice, LineProblem, Problem, RequestFormPage,
    RequestPage, RequestRow, RequestStep, RequestsPage, Submission,
};
pub use time::{duration, relative};
pub use tokens::{CreatedToken, TokenRow, TokensPage};

pub use portico_domain::connection::ConnectionKey;
pub use portico_domain::manifest::{DiffLine, DiffTone};
pub use portico_domain::quota::QuotaLine;

use serde::{Deserialize, Serialize};

/// A page of a longer list.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Paged<T> {
    /// The rows of this page.
    pub items: Vec<T>,
    /// How many there are on all pages; `None` where counting would cost too much.
    pub total: Option<usize>,
    /// The number of this page, from 1.
    pub page: usize,
    /// Rows on a full page.
    pub per_page: usize,
    /// Whether another page follows.
    pub more: bool,
}

impl<T> Paged<T> {
    /// Cuts the page `page` (from 1) of `per_page` rows out of the whole list.
    #[must_use]
    pub fn cut(all: Vec<T>, page: usize, per_page: usize) -> Self {
        let total = all.len();
        let page = page.max(1);
        let items: Vec<T> = all
            .into_iter()
            .skip((page - 1).saturating_mul(per_page))
            .take(per_page)
            .collect();
        let more = page.saturating_mul(per_page) < total;
        Self {
            items,
            total: Some(total),
            page,
            per_page,
            more,
        }
    }
}

/// Whether something may be done.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Allowed {
    /// Whether it may.
    pub allowed: bool,
    /// If not, why, in a sentence.
    pub why_not: Option<String>,
}

impl Allowed {
    /// It may be done.
    #[must_use]
    pub fn yes() -> Self {
        Self {
            allowed: true,
            why_not: None,
        }
    }

    /// It may not, for this reason.
    #[must_use]
    pub fn no(why: impl Into<String>) -> Self {
        Self {
            allowed: false,
            why_not: Some(why.into()),
        }
    }
}
