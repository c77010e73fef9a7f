//! View models: the content of each page, limited to what the viewer may see.
//!
//! A page renders one of these as HTML, and the API returns the same values as JSON. They hold no markup, except
//! where a field says that it is sanitized HTML.

mod access;
mod admin;
mod adoption;
mod agents;
mod approvals;
mod catalog;
mod claims;
mod definition_trial;
mod fleet;
mod frame;
mod health_trial;
mod home;
mod kcp;
mod kubeconfigs;
pub mod language;
mod lifecycle;
mod link;
mod namespaces;
mod offering;
mod placement;
mod publications;
mod requests;
mod search;
mod several;
mod time;
mod tokens;
mod usage;
pub mod words;

pub use access::{PeoplePage, PersonPage, PersonRow, SessionRow, SessionsPage};
pub use admin::{
    ChainBreak, ChainState, ClusterProblem, ConfigurationError, ConfigurationPage, HomePlaneState,
    InheritedMember, MatrixCell, MatrixRow, PlaneCluster, PlaneDetail, PlaneRow, PlaneState, PlanesPage,
    RecordPage, RecordRow, RelatedTenant, TenantEnvironment, TenantPage, TenantPlane, TenantRow, TenantsPage,
};
pub use adoption::{AdoptPage, Mark};
pub use agents::{AgentRow, AgentState, CreatedEnrolment, PlaneAgents};
pub use approvals::{ApprovalRow, ApprovalsPage, Closed, InboxPage};
pub use catalog::{CatalogCard, CatalogPage, CategoryCount, PlanColumn, PlaneChoice};
pub use claims::{
    ClaimEvent, ClaimPage, ClaimRow, ClaimService, ClaimedPlane, ClaimsFilter, ClaimsPage, ClaimsViews,
    ConnectionDetails, DeletePage, ManagedBy, PlaneResidents, Progress, ProgressStep, Property, Quoting,
    RelatedClaim, RevealedKey, Snippet, SnippetPart, TreeNode,
};
pub use definition_trial::{
    ClaimTrial, DefinitionTrial, PlaneTrial, TrialEffect, TrialFinding, TrialOutcome, TryDefinitionPage,
};
pub use fleet::{
    DifferencesPage, FleetCondition, FleetFilter, FleetGroup, FleetGrouping, FleetMatrix, FleetPage,
    FleetPlane, OfferingVariant, OfferingVariants, VariantDifferences,
};
pub use frame::{Crumb, Frame, Notice, NoticeTone, SignInPage, SignInProvider, TenantChoice, Undo};
pub use health_trial::{ClaimHealthTrial, HealthRuleProblem, HealthTrial, ShownHealth, TryHealthPage};
pub use home::{DeprecatedClaims, HealthChange, HealthChanges, HomePage, PlatformState};
pub use kcp::{PlaneExport, PlaneExportPermission, PlaneExportState, PlaneWorkspace};
pub use kubeconfigs::{FetchedKubeconfig, KubeconfigRow, KubectlPage};
pub use language::{Arg, Language, Text};
pub use lifecycle::{OfferingLifecycle, Replacement};
pub use link::Link;
pub use namespaces::{Correction, NamespaceRow, NamespaceState, PlaneNamespaces};
pub use offering::{
    ConnectionOutline, MAX_COMPARED, MAX_OFFERING_CLAIMS, OfferingPage, ReceivedItem, ServedOn,
};
pub use placement::{CandidateView, PlacementView};
pub use portico_page::names;
pub use publications::{
    ConsumerClaim, ConsumerClaims, PermissionDecisionView, PermissionView, PublicationPage, PublicationRow,
    PublicationsPage,
};
pub use requests::{
    ApprovalPreview, CommentResult, ContestedField, DryRunResult, LabelChoice, LineProblem, Problem,
    RequestFormPage, RequestPage, RequestRow, RequestStep, RequestsPage, Submission,
};
pub use search::{ClientAction, SearchResult, SearchResultKind};
pub use several::{SeveralAction, SeveralOutcome, SeveralPage, SeveralRow};
pub use time::{day_in, duration, relative};
pub use tokens::{CreatedToken, TokenRow, TokensPage};
pub use usage::{
    ClaimsSlot, CostHistory, HealthCount, MonthCost, QuotaHistory, QuotaSlot, ReadySeconds, ReadyTimes,
    UsagePage, UsagePeriod,
};

pub use portico_domain::connection::ConnectionKey;
pub use portico_domain::documents::Deprecation;
pub use portico_domain::manifest::{DiffLine, DiffTone};
pub use portico_domain::price::{PriceComparison, PricePeriod, PriceQuote};
pub use portico_domain::quota::{QuotaLine, QuotaOwner};

use serde::Serialize;

use words::Denial;

/// A page of a longer list.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Paged<T> {
    /// The rows of this page.
    pub items: Vec<T>,
    /// Number of rows on all pages; `None` where counting would cost too much.
    pub total: Option<usize>,
    /// The number of this page, from 1.
    pub page: usize,
    /// Maximum number of rows of a page.
    pub per_page: usize,
    /// True if another page follows.
    pub more: bool,
}

impl<T> Paged<T> {
    /// Returns page `page` (from 1) of `per_page` rows of the whole list.
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

/// Whether an action is allowed.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Allowed {
    /// True if it is allowed.
    pub allowed: bool,
    /// If not, why, as a sentence.
    pub why_not: Option<String>,
    /// If not, why, as a code with parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Denial>,
}

impl Allowed {
    /// The action is allowed.
    #[must_use]
    pub fn yes() -> Self {
        Self {
            allowed: true,
            why_not: None,
            reason: None,
        }
    }

    /// The action is not allowed, for this reason.
    #[must_use]
    pub fn no(reason: Denial) -> Self {
        Self {
            allowed: false,
            why_not: Some(reason.to_string()),
            reason: Some(reason),
        }
    }
}

impl From<Result<(), Denial>> for Allowed {
    fn from(judged: Result<(), Denial>) -> Self {
        judged.map_or_else(Self::no, |()| Self::yes())
    }
}
