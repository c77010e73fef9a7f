use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ClaimRow, PlaneChoice};
use portico_domain::names::{EnvironmentName, OfferingName, TenantName};
use portico_domain::placement::Cordon;
use portico_domain::record::{Event, SignedHead};

/// Control planes: which is unwell?
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanesPage {
    /// The control planes, unwell first.
    pub rows: Vec<PlaneRow>,
    /// The control planes of the matrix's columns.
    pub columns: Vec<PlaneChoice>,
    /// Offering by control plane, with versions and drift.
    pub matrix: Vec<MatrixRow>,
}

/// How a control plane is.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PlaneState {
    /// Being connected to for the first time.
    Connecting,
    /// Answers.
    Ready,
    /// Does not answer.
    Unreachable,
    /// Cannot be connected to as configured.
    Misconfigured,
}

/// A control plane in the list.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlaneRow {
    /// Its name, title and region.
    pub plane: PlaneChoice,
    /// `Cluster`, `Virtual cluster`, `kcp workspace`.
    pub kind: String,
    /// How it is.
    pub state: PlaneState,
    /// Since when.
    pub since: Timestamp,
    /// When it was last heard of.
    pub last_seen: Option<Timestamp>,
    /// Why it is not ready, in plain words.
    pub problem: Option<String>,
    /// Its Kubernetes version.
    pub version: Option<String>,
    /// How many claims it has.
    pub claims: usize,
    /// How many offerings it serves.
    pub offerings: usize,
    /// Milliseconds that its last answer took.
    pub latency_ms: Option<u64>,
    /// Milliseconds by which what is shown of it may be behind; `None`: it is live.
    pub lag_ms: Option<u64>,
    /// When its certificate ends.
    pub certificate_expires_at: Option<Timestamp>,
    /// Takes no new claims.
    pub cordoned: bool,
    /// The only tenants it serves; empty: shared.
    pub dedicated_to: Vec<TenantName>,
}

/// A control plane, opened.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlaneDetail {
    /// As in the list.
    pub row: PlaneRow,
    /// Who closed it to new claims, since when and why; its document may say so instead, or as well.
    pub cordon: Option<Cordon>,
    /// Its document says that it takes no new claims.
    pub cordoned_by_document: bool,
    /// While it takes no new claims: those that are still there, by owner, 500 at most.
    pub remaining: Vec<ClaimRow>,
    /// What it serves: offering, title, version.
    pub serves: Vec<(OfferingName, String, String)>,
    /// Rights that Portico lacks there, in words.
    pub missing_rights: Vec<String>,
    /// When its rights were reviewed last; `None`: not since Portico started.
    pub rights_reviewed_at: Option<Timestamp>,
    /// Why they could not be reviewed the last time, so that what is said of them is older.
    pub rights_unknown: Option<String>,
    /// What is left out of what is shown, because it is beyond the limits or malformed, in words.
    pub left_out: Vec<String>,
    /// What is not as safe as it should be, although it works.
    pub warnings: Vec<String>,
    /// What is held of it in memory, in bytes, and the most that may be.
    pub cache_bytes: (u64, u64),
    /// What went wrong lately, newest first.
    pub recent_errors: Vec<(Timestamp, String)>,
}

/// A row of the matrix offering by control plane.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MatrixRow {
    /// The offering.
    pub offering: OfferingName,
    /// Its title.
    pub title: String,
    /// A cell for each of [`PlanesPage::columns`].
    pub cells: Vec<Option<MatrixCell>>,
    /// Whether the cells' schemas differ.
    pub drift: bool,
}

/// What a control plane serves of an offering.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MatrixCell {
    /// The version.
    pub version: String,
    /// The first eight characters of the schema's hash.
    pub schema: String,
    /// What is wrong with it.
    pub problem: Option<String>,
}

/// The tenants.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantsPage {
    /// The tenants.
    pub rows: Vec<TenantRow>,
}

/// A tenant in the list.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantRow {
    /// Its name.
    pub name: TenantName,
    /// The name to show.
    pub title: String,
    /// Environments with their namespaces and whether they are production.
    pub environments: Vec<(EnvironmentName, String, bool)>,
    /// Groups and roles, in words.
    pub members: Vec<(String, String)>,
    /// Control planes it may use.
    pub planes: Vec<PlaneChoice>,
    /// How many claims it has.
    pub claims: usize,
    /// Its quota: resource, used, limit.
    pub quota: Vec<(String, u64, u64)>,
}

/// The record: who did what to what, when, from where.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordPage {
    /// Filters: text in actor, verb or subject.
    pub query: String,
    /// One verb.
    pub verb: Option<String>,
    /// One tenant.
    pub tenant: Option<TenantName>,
    /// One person, by their subject.
    pub person: Option<String>,
    /// From this day on: `2026-01-31`, in UTC.
    pub since: Option<String>,
    /// Up to this day and with it.
    pub until: Option<String>,
    /// Tenants to filter by, with titles.
    pub tenants: Vec<(TenantName, String)>,
    /// People to filter by: subjects and names.
    pub people: Vec<(String, String)>,
    /// The events, newest first.
    pub rows: Vec<RecordRow>,
    /// Ask with this for what is older.
    pub before: Option<i64>,
    /// Whether the chain holds; `None` when the viewer may not see the whole record.
    pub chain: Option<ChainState>,
}

/// Whether the record's chain of hashes holds.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChainState {
    /// It does, or an administrator has taken note of every break.
    pub holds: bool,
    /// The newest event that was verified.
    pub verified: i64,
    /// When new events were last verified.
    pub checked_at: Option<Timestamp>,
    /// When all events were last verified.
    pub verified_at: Option<Timestamp>,
    /// The first event at which it breaks, of those that nobody has taken note of.
    pub breaks_at: Option<i64>,
    /// All breaks that were ever found, the earliest events first.
    pub breaks: Vec<ChainBreak>,
    /// The end of the record as it was signed last.
    pub head: Option<SignedHead>,
}

/// A place at which the record is not as it was written.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChainBreak {
    /// The event; 0 for the kept end of the record.
    pub sequence: i64,
    /// What is wrong with it.
    pub why: String,
    /// When that was found.
    pub found_at: Timestamp,
    /// The administrator who took note of it, by name.
    pub acknowledged_by: Option<String>,
}

/// A line of the record.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordRow {
    /// The event.
    pub event: Event,
    /// What happened, in a sentence.
    pub sentence: String,
    /// Where it leads.
    pub href: Option<String>,
}

/// The configuration in force and what is wrong with the files.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigurationPage {
    /// Since when the configuration in force is.
    pub loaded_at: Timestamp,
    /// Its documents: kind and how many.
    pub documents: Vec<(String, usize)>,
    /// What is wrong with the newest version of the files, so that the older one stays in force.
    pub errors: Vec<ConfigurationError>,
    /// Remarks that do not keep it from being in force.
    pub warnings: Vec<ConfigurationError>,
}

/// An error in the configuration.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigurationError {
    /// The file, from the folder.
    pub file: String,
    /// The line, from 1.
    pub line: Option<usize>,
    /// The field, as a path.
    pub field: Option<String>,
    /// What is wrong and what to do.
    pub message: String,
}
