use portico_domain::definition_change::{DefaultChange, Refusal};
use portico_domain::names::{EnvironmentName, TenantName};
use serde::Serialize;

use super::{Link, PlaneChoice};

/// The page that tries a changed definition.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TryDefinitionPage {
    /// The definition that was sent.
    pub document: String,
    /// Why it cannot be tried.
    pub problem: Option<String>,
    /// What came of it.
    pub trial: Option<DefinitionTrial>,
}

/// What a changed definition would do to the claims of all control planes. Nothing was changed.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DefinitionTrial {
    /// The definition: `<plural>.<group>`. Of a composite resource definition: that of its claims, or of its
    /// composites if it has none.
    pub definition: String,
    /// The kind.
    pub kind: String,
    /// The offering's title in the catalog; `None` if no control plane offers it.
    pub title: Option<String>,
    /// True if the definition was derived from a composite resource definition.
    pub derived: bool,
    /// Errors for which every API server would refuse the definition, as it words them.
    pub faults: Vec<String>,
    /// The version that the `Offering` document names, if the changed definition does not serve it.
    pub missing_version: Option<String>,
    /// The control planes that offer it.
    pub planes: Vec<PlaneTrial>,
}

/// What a changed definition would do on one control plane.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlaneTrial {
    /// The control plane.
    pub plane: PlaneChoice,
    /// Whether all claims were tried.
    pub outcome: TrialOutcome,
    /// Why not all claims were tried, as a sentence.
    pub problem: Option<String>,
    /// Number of claims that Portico knows of there.
    pub known: usize,
    /// Number of claims that were tried.
    pub tried: usize,
    /// Number of tried claims that nothing happens to.
    pub unaffected: usize,
    /// The version in which the claims were read.
    pub version: String,
    /// The version in which they were tried; `None` if none could be.
    pub tried_version: Option<String>,
    /// Versions that are served there now and would no longer be.
    pub removed_versions: Vec<String>,
    /// Errors for which this API server would refuse the definition, because of the one that it has.
    pub faults: Vec<String>,
    /// Each effect with its number of claims, the gravest first; at most 200.
    pub findings: Vec<TrialFinding>,
    /// The affected claims, at most 500.
    pub claims: Vec<ClaimTrial>,
    /// Number of affected claims that are not in [`PlaneTrial::claims`].
    pub more_claims: usize,
}

/// Whether the claims of a control plane were tried.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum TrialOutcome {
    /// All.
    Complete,
    /// Only some.
    Partial,
    /// None.
    NotTried,
}

/// An effect on claims of a control plane.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrialFinding {
    /// The effect.
    pub effect: TrialEffect,
    /// Number of claims.
    pub claims: usize,
}

/// What happens to a claim.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", tag = "effect")]
pub enum TrialEffect {
    /// Writes are refused.
    Refused(Refusal),
    /// A field gets another default.
    Defaulted(DefaultChange),
    /// A field is pruned.
    Pruned {
        /// The field.
        path: String,
    },
    /// A rule could not be evaluated, so that more writes may be refused.
    Indeterminate,
}

/// An affected claim.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimTrial {
    /// Its namespace.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Its tenant, if it has one.
    pub tenant: Option<TenantName>,
    /// Its environment.
    pub environment: Option<EnvironmentName>,
    /// The path of its page, if Portico shows it.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub href: Option<Link>,
    /// What happens to it.
    pub effects: Vec<TrialEffect>,
}
