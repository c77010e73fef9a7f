use portico_domain::documents::Phase;
use portico_domain::names::{OfferingName, PlaneName};
use portico_domain::schema_difference::SchemaDifference;

use super::{MatrixRow, Paged, PlaneChoice, PlaneRow, PlaneState};

/// The page of control planes: all of them as a map, those that a filter leaves as rows, and what each serves.
#[derive(Debug, Clone, PartialEq)]
pub struct FleetPage {
    /// The filter in force.
    pub filter: FleetFilter,
    /// Number of control planes, whatever the filter says.
    pub all: usize,
    /// Number of control planes of each condition, of those that the rest of the filter leaves.
    pub conditions: Vec<(FleetCondition, usize)>,
    /// Regions to filter by.
    pub regions: Vec<String>,
    /// Kubernetes versions to filter by.
    pub versions: Vec<String>,
    /// Every control plane that the filter leaves, grouped; empty where there are so few that rows show them as well.
    pub map: Vec<FleetGroup>,
    /// The control planes, those with problems first.
    pub rows: Paged<PlaneRow>,
    /// What they serve.
    pub matrix: FleetMatrix,
}

/// The filter of the page of control planes, all of it in the URL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FleetFilter {
    /// Text in the name or title.
    pub query: String,
    /// One region.
    pub region: Option<String>,
    /// One Kubernetes version.
    pub version: Option<String>,
    /// One condition.
    pub condition: Option<FleetCondition>,
    /// What the map is grouped by.
    pub group: FleetGrouping,
}

/// The condition of a control plane: its state, or that it takes no new claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FleetCondition {
    /// Its document or credentials are wrong.
    Misconfigured,
    /// It does not answer.
    Unreachable,
    /// The first connection is being made.
    Connecting,
    /// It answers and takes no new claims.
    Cordoned,
    /// It answers.
    Ready,
}

impl FleetCondition {
    /// All, worst first.
    pub const ALL: [Self; 5] = [
        Self::Misconfigured,
        Self::Unreachable,
        Self::Connecting,
        Self::Cordoned,
        Self::Ready,
    ];

    /// Returns the condition of a control plane.
    #[must_use]
    pub fn of(row: &PlaneRow) -> Self {
        match row.state {
            PlaneState::Misconfigured => Self::Misconfigured,
            PlaneState::Unreachable => Self::Unreachable,
            PlaneState::Connecting => Self::Connecting,
            PlaneState::Ready if row.cordoned => Self::Cordoned,
            PlaneState::Ready => Self::Ready,
        }
    }

    /// Returns its value in URLs.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Misconfigured => "misconfigured",
            Self::Unreachable => "unreachable",
            Self::Connecting => "connecting",
            Self::Cordoned => "cordoned",
            Self::Ready => "ready",
        }
    }

    /// Returns the word for it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Misconfigured => "Misconfigured",
            Self::Unreachable => "Unreachable",
            Self::Connecting => "Connecting",
            Self::Cordoned => "Cordoned",
            Self::Ready => "Ready",
        }
    }
}

/// What the map is grouped by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FleetGrouping {
    /// Regions.
    #[default]
    Region,
    /// Kubernetes versions.
    Version,
    /// Conditions.
    Condition,
}

impl FleetGrouping {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Region, Self::Version, Self::Condition];

    /// Returns its value in URLs.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::Version => "version",
            Self::Condition => "condition",
        }
    }

    /// Returns the words for it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Region => "By region",
            Self::Version => "By version",
            Self::Condition => "By state",
        }
    }
}

/// Control planes of one region, version or condition.
#[derive(Debug, Clone, PartialEq)]
pub struct FleetGroup {
    /// The region, version or condition.
    pub title: String,
    /// The control planes, worst first.
    pub planes: Vec<FleetPlane>,
}

/// A control plane on the map.
#[derive(Debug, Clone, PartialEq)]
pub struct FleetPlane {
    /// Its name.
    pub name: PlaneName,
    /// Its title.
    pub title: String,
    /// Its condition.
    pub condition: FleetCondition,
}

/// What control planes serve.
#[derive(Debug, Clone, PartialEq)]
pub enum FleetMatrix {
    /// Few control planes: a column for each.
    Columns {
        /// The control planes.
        columns: Vec<PlaneChoice>,
        /// A row for each offering.
        rows: Vec<MatrixRow>,
    },
    /// Many: the variants of each offering.
    Variants(Vec<OfferingVariants>),
}

/// The variants of an offering on the control planes that serve it.
#[derive(Debug, Clone, PartialEq)]
pub struct OfferingVariants {
    /// The offering.
    pub offering: OfferingName,
    /// Its title.
    pub title: String,
    /// Where it is in its life.
    pub phase: Phase,
    /// Its variants, the most frequent first.
    pub variants: Vec<OfferingVariant>,
}

/// One version and schema of an offering.
#[derive(Debug, Clone, PartialEq)]
pub struct OfferingVariant {
    /// The version.
    pub version: String,
    /// The first eight characters of the schema's hash.
    pub schema: String,
    /// What is wrong with it, if anything.
    pub problem: Option<String>,
    /// Number of control planes that serve it so.
    pub count: usize,
    /// Some of them.
    pub planes: Vec<PlaneChoice>,
}

/// The page of what control planes serve differently of one offering.
#[derive(Debug, Clone, PartialEq)]
pub struct DifferencesPage {
    /// The offering.
    pub offering: OfferingName,
    /// Its title.
    pub title: String,
    /// The variant that most control planes serve; `None` if none serves it.
    pub usual: Option<OfferingVariant>,
    /// The other variants, the most frequent first.
    pub others: Vec<VariantDifferences>,
}

/// How a variant of an offering differs from the usual one.
#[derive(Debug, Clone, PartialEq)]
pub struct VariantDifferences {
    /// The variant.
    pub variant: OfferingVariant,
    /// The fields that differ, the usual variant first. Empty if only texts differ.
    pub fields: Vec<SchemaDifference>,
    /// True if one of the schemas cannot be used, so that fields cannot be compared.
    pub unusable: bool,
}
