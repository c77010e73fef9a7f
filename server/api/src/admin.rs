use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::{ClaimRow, Link, NamespaceRow, PlaneAgents, PlaneChoice, PlaneNamespaces, PlaneWorkspace};
use portico_domain::audit_log::{Event, SignedHead};
use portico_domain::cluster::{ClusterId, RecordedCluster};
use portico_domain::documents::Phase;
use portico_domain::names::{EnvironmentName, OfferingName, PlaneName, TenantName};
use portico_domain::placement::Cordon;

/// The list of control planes.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanesPage {
    /// The control planes, those with problems first.
    pub rows: Vec<PlaneRow>,
    /// The control planes in the columns of the matrix.
    pub columns: Vec<PlaneChoice>,
    /// What each control plane serves of each offering.
    pub matrix: Vec<MatrixRow>,
}

/// The state of the connection to a control plane.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum PlaneState {
    /// The first connection is being made.
    Connecting,
    /// It answers.
    Ready,
    /// It does not answer.
    Unreachable,
    /// Its document or credentials are wrong.
    Misconfigured,
}

/// A control plane in the list.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlaneRow {
    /// Its name, title and region.
    pub plane: PlaneChoice,
    /// `Cluster`, `Virtual cluster`, `kcp workspace`.
    pub kind: String,
    /// The state of its connection.
    pub state: PlaneState,
    /// Since when it is in that state.
    pub since: Timestamp,
    /// When it last answered.
    pub last_seen: Option<Timestamp>,
    /// Why it is not ready.
    pub problem: Option<String>,
    /// Its Kubernetes version.
    pub version: Option<String>,
    /// Number of claims.
    pub claims: usize,
    /// Number of offerings that it serves.
    pub offerings: usize,
    /// Duration of its last response in milliseconds.
    pub latency_ms: Option<u64>,
    /// How old the displayed data may be, in milliseconds; `None` if it is live.
    pub lag_ms: Option<u64>,
    /// When its certificate expires.
    pub certificate_expires_at: Option<Timestamp>,
    /// True if it takes no new claims.
    pub cordoned: bool,
    /// The only tenants that it serves; empty if it is shared.
    pub dedicated_to: Vec<TenantName>,
    /// The only environments of its tenants that it serves; empty if all.
    pub environments: Vec<EnvironmentName>,
    /// The path of the claim that it is; `None` if a document names it.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub claim: Option<Link>,
}

/// The cluster that answers for a control plane. It is told from others by the uid of its namespace `kube-system`.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlaneCluster {
    /// The one that answered last; `None` if it does not say who it is.
    pub found: Option<ClusterId>,
    /// The one on record; `None` if none has said who it is yet.
    pub recorded: Option<RecordedCluster>,
    /// Why it is not used.
    pub problem: Option<ClusterProblem>,
}

/// Why a cluster is not used as a control plane.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ClusterProblem {
    /// It is another than the one on record.
    Another,
    /// One is on record, and this one does not say who it is.
    Unknown,
    /// This control plane is the same cluster.
    SameAs(PlaneName),
}

/// The page of one control plane.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlaneDetail {
    /// The control plane, as in the list.
    pub row: PlaneRow,
    /// The cordon that an administrator set. Its document can set one as well.
    pub cordon: Option<Cordon>,
    /// True if its document cordons it.
    pub cordoned_by_document: bool,
    /// While it is cordoned: its claims by owner, at most 500.
    pub remaining: Vec<ClaimRow>,
    /// The cluster that answers for it.
    pub cluster: PlaneCluster,
    /// Its agents; `None` if it is reached otherwise.
    pub agents: Option<PlaneAgents>,
    /// The namespaces of tenants that templates keep on it; `None` if no template is for it.
    pub namespaces: Option<PlaneNamespaces>,
    /// The workspace of kcp that it is.
    pub workspace: Option<PlaneWorkspace>,
    /// What it serves: offering, title, version.
    pub serves: Vec<(OfferingName, String, String)>,
    /// Rights that Portico lacks on it, in words.
    pub missing_rights: Vec<String>,
    /// When its rights were last reviewed; `None` if not since Portico started.
    pub rights_reviewed_at: Option<Timestamp>,
    /// Why the last review of its rights failed, so that the rights shown are older.
    pub rights_unknown: Option<String>,
    /// Objects that are not shown because they exceed a limit or are malformed, in words.
    pub left_out: Vec<String>,
    /// Security warnings, in words.
    pub warnings: Vec<String>,
    /// How many seconds its clock is ahead of Portico's; negative if it is behind. `None` if that is less than five.
    pub clock_offset_seconds: Option<i64>,
    /// Bytes that its data takes in memory, and the limit.
    pub cache_bytes: (u64, u64),
    /// Recent errors, newest first.
    pub recent_errors: Vec<(Timestamp, String)>,
}

/// A row of the matrix of offerings by control plane.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MatrixRow {
    /// The offering.
    pub offering: OfferingName,
    /// Its title.
    pub title: String,
    /// One cell for each of [`PlanesPage::columns`].
    pub cells: Vec<Option<MatrixCell>>,
    /// True if the schemas of the cells differ.
    pub drift: bool,
    /// Where the offering is in its life now.
    pub phase: Phase,
    /// The sunset date of a deprecated offering.
    pub sunset: Option<Date>,
}

/// What a control plane serves of an offering.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MatrixCell {
    /// The version.
    pub version: String,
    /// The first eight characters of the schema's hash.
    pub schema: String,
    /// What is wrong with it, if anything.
    pub problem: Option<String>,
}

/// The list of tenants.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantsPage {
    /// The tenants.
    pub rows: Vec<TenantRow>,
}

/// A tenant in the list.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantRow {
    /// Its name.
    pub name: TenantName,
    /// The name to show.
    pub title: String,
    /// The tenant that it belongs to.
    pub parent: Option<TenantName>,
    /// That tenant's name to show.
    pub parent_title: Option<String>,
    /// How many tenants of the list are above it. In the list, tenants follow the one that they are in.
    pub level: usize,
    /// Environments: name, namespace, and whether it is production.
    pub environments: Vec<(EnvironmentName, String, bool)>,
    /// Groups and their roles, in words.
    pub members: Vec<(String, String)>,
    /// Members of the tenants above it, who have their role here, too.
    pub inherited_members: Vec<InheritedMember>,
    /// Control planes that it may use.
    pub planes: Vec<PlaneChoice>,
    /// Number of claims.
    pub claims: usize,
    /// Its quota: resource, used by it and everything below it, limit.
    pub quota: Vec<(String, u64, u64)>,
}

/// A group that has a role in a tenant because it has it in one above.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InheritedMember {
    /// The group.
    pub group: String,
    /// The role, in words.
    pub role: String,
    /// The tenant that names it, by title.
    pub from: String,
}

/// A tenant above or below another one.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RelatedTenant {
    /// Its name.
    pub name: TenantName,
    /// The name to show.
    pub title: String,
    /// True if the viewer administers it, so that it has a page for them.
    pub administered: bool,
    /// Number of tenants below it; `null` for viewers who do not administer it.
    pub tenants_below: Option<usize>,
    /// Its quota: resource, used by it and everything below it, limit.
    pub quota: Vec<(String, u64, u64)>,
}

/// The page of a tenant.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantPage {
    /// The tenant, as in the list.
    pub row: TenantRow,
    /// The tenants above it, the outermost first.
    pub above: Vec<RelatedTenant>,
    /// The tenants in it.
    pub below: Vec<RelatedTenant>,
    /// Its environments.
    pub environments: Vec<TenantEnvironment>,
}

/// An environment of a tenant, and where it is.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantEnvironment {
    /// Its name.
    pub name: EnvironmentName,
    /// Its namespace.
    pub namespace: String,
    /// True if it is production.
    pub production: bool,
    /// Number of claims.
    pub claims: usize,
    /// The control planes that may serve it.
    pub planes: Vec<TenantPlane>,
}

/// A control plane that may serve an environment of a tenant.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantPlane {
    /// The control plane.
    pub plane: PlaneChoice,
    /// Its state.
    pub state: PlaneState,
    /// True if its document closes it to new claims.
    pub cordoned: bool,
    /// Number of the environment's claims on it.
    pub claims: usize,
    /// The namespace there, if templates keep it and it has been looked at. What is wrong with it only for platform
    /// admins.
    pub namespace: Option<NamespaceRow>,
}

/// A page of the audit log.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordPage {
    /// Filter: text in actor, verb or subject.
    pub query: String,
    /// Filter: a verb.
    pub verb: Option<String>,
    /// Filter: a tenant.
    pub tenant: Option<TenantName>,
    /// Filter: a person's subject.
    pub person: Option<String>,
    /// Filter: the first day, such as `2026-01-31`, in UTC.
    pub since: Option<String>,
    /// Filter: the last day, inclusive.
    pub until: Option<String>,
    /// Tenants to choose from: name and title.
    pub tenants: Vec<(TenantName, String)>,
    /// People to choose from: subject and name.
    pub people: Vec<(String, String)>,
    /// The events, newest first.
    pub rows: Vec<RecordRow>,
    /// The `before` of the next page; `None` on the last one.
    pub before: Option<i64>,
    /// The state of the hash chain; `None` if the viewer may not see the whole audit log.
    pub chain: Option<ChainState>,
}

/// The state of the audit log's hash chain.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChainState {
    /// True if it is intact, or if an administrator has acknowledged every break.
    pub holds: bool,
    /// The last event that was verified.
    pub verified: i64,
    /// When new events were last verified.
    pub checked_at: Option<Timestamp>,
    /// When all events were last verified.
    pub verified_at: Option<Timestamp>,
    /// The first event with a break that nobody has acknowledged.
    pub breaks_at: Option<i64>,
    /// All breaks ever found, in the order of their events.
    pub breaks: Vec<ChainBreak>,
    /// The last signed head of the audit log.
    pub head: Option<SignedHead>,
}

/// A break of the audit log: it differs from what was written.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChainBreak {
    /// The event; 0 for the signed head.
    pub sequence: i64,
    /// What is wrong.
    pub why: String,
    /// When it was found.
    pub found_at: Timestamp,
    /// The name of the administrator who acknowledged it.
    pub acknowledged_by: Option<String>,
}

/// An event of the audit log.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordRow {
    /// The event.
    pub event: Event,
    /// The event as a sentence.
    pub sentence: String,
    /// The path of the page that it is about.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub href: Option<Link>,
}

/// The configuration in force, with the problems of the files.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigurationPage {
    /// When the configuration in force was loaded.
    pub loaded_at: Timestamp,
    /// Number of documents of each kind.
    pub documents: Vec<(String, usize)>,
    /// Errors in the newest files, because of which the older configuration stays in force.
    pub errors: Vec<ConfigurationError>,
    /// Warnings, which do not prevent the configuration from taking effect.
    pub warnings: Vec<ConfigurationError>,
    /// The home control plane, if there is one.
    pub home: Option<HomePlaneState>,
}

/// The home control plane, which holds documents as objects besides the files.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HomePlaneState {
    /// True once its objects have been read. Until then none of them is in force.
    pub synced: bool,
    /// Why it cannot be read now. What was read before stays in force.
    pub failure: Option<String>,
    /// Since when it cannot be read.
    pub failing_since: Option<Timestamp>,
    /// Why nobody can request anything, although the files are in force.
    pub blocked: Option<String>,
    /// Why the statuses of its objects cannot be written now.
    pub unwritten: Option<String>,
    /// Errors of its objects, because of which they are not in force, or an older version of them is.
    pub errors: Vec<ConfigurationError>,
}

/// An error in the configuration.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigurationError {
    /// The file, relative to the configuration's folder; or the object of the home control plane, by kind and name.
    pub file: String,
    /// The line, from 1.
    pub line: Option<usize>,
    /// The field, as a path.
    pub field: Option<String>,
    /// What is wrong and what to do.
    pub message: String,
}
