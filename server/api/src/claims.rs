use jiff::Timestamp;
use serde::Serialize;

use super::{
    Allowed, ConnectionKey, Deprecation, Link, OfferingLifecycle, Paged, PlaneChoice, PlaneState, PriceQuote,
    Problem, RequestRow,
};
use portico_domain::claim::{ClaimRef, Condition, FieldOwner, Health, Manager};
use portico_domain::documents::Category;
use portico_domain::names::{
    ClaimName, EnvironmentName, OfferingName, PlanName, PlaneName, RequestId, TenantName,
};

/// The filters of a list of claims, all of them in the URL.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClaimsFilter {
    /// Text in the name.
    pub query: String,
    /// One tenant.
    pub tenant: Option<TenantName>,
    /// One environment.
    pub environment: Option<EnvironmentName>,
    /// One offering.
    pub offering: Option<OfferingName>,
    /// One control plane.
    pub plane: Option<PlaneName>,
    /// One state of health.
    pub health: Option<Health>,
    /// True for claims that the viewer requested.
    pub mine: bool,
    /// `health` (those that need attention first), `name`, `offering`, `version`, `plan`, `environment`, `plane` or
    /// `age` (youngest first); with `-` before it the other way round. Default: `health`.
    pub sort: Option<String>,
}

impl ClaimsFilter {
    /// Returns the parameters of the list's address, in a fixed order and without empty ones.
    #[must_use]
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        let name = |name: Option<&str>| name.unwrap_or_default().to_owned();
        let mut pairs = vec![
            ("q", self.query.trim().to_owned()),
            ("tenant", name(self.tenant.as_ref().map(AsRef::as_ref))),
            ("environment", name(self.environment.as_ref().map(AsRef::as_ref))),
            ("offering", name(self.offering.as_ref().map(AsRef::as_ref))),
            ("plane", name(self.plane.as_ref().map(AsRef::as_ref))),
            ("health", name(self.health.map(Health::slug))),
            ("mine", name(self.mine.then_some("true"))),
            ("sort", name(self.sort.as_deref())),
        ];
        pairs.retain(|(_, value)| !value.is_empty());
        pairs
    }
}

/// The views of the list of claims that a person may pick.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClaimsViews {
    /// Those that they saved, with the names that they gave them.
    pub saved: Vec<(String, ClaimsFilter)>,
    /// The filter that they used last, if it is not in force.
    pub last: Option<ClaimsFilter>,
}

/// The list of claims.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimsPage {
    /// The filter in force.
    pub filter: ClaimsFilter,
    /// Offerings to filter by, with titles.
    pub offerings: Vec<(OfferingName, String)>,
    /// Control planes to filter by.
    pub planes: Vec<PlaneChoice>,
    /// Environments to filter by.
    pub environments: Vec<EnvironmentName>,
    /// Number of claims by health, whatever `filter.health` says.
    pub healths: Vec<(Health, usize)>,
    /// Titles of the control planes that do not answer, of all claims that the filter matches.
    #[serde(default)]
    pub unreachable_planes: Vec<String>,
    /// True if the viewer may change claims of a tenant that is listed.
    #[serde(default)]
    pub may_change: bool,
    /// The claims.
    pub rows: Paged<ClaimRow>,
}

/// A claim in a list.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimRow {
    /// The claim.
    pub reference: ClaimRef,
    /// The path of its page.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub href: Link,
    /// The offering's title.
    pub offering_title: String,
    /// The name of its icon.
    pub icon: String,
    /// The category.
    pub category: Category,
    /// The tenant.
    pub tenant: Option<TenantName>,
    /// The environment.
    pub environment: Option<EnvironmentName>,
    /// That the offering is deprecated; `None` if it is not.
    pub deprecation: Option<Deprecation>,
    /// The plan.
    pub plan: Option<PlanName>,
    /// The version of what it is, such as `17` of a PostgreSQL; `None` if it has none.
    #[serde(default)]
    pub version: Option<String>,
    /// The control plane's title.
    pub plane_title: String,
    /// Its health.
    pub health: Health,
    /// Why, in words; empty when ready.
    pub reason: String,
    /// Who requested it, by name; `None` if Portico did not create it.
    pub requester: Option<String>,
    /// Who manages it; `None`: Portico.
    #[serde(default)]
    pub managed_by: Option<ManagedBy>,
    /// When it must be renewed or deleted.
    pub expires_at: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its control plane last answered; shown where it does not answer now.
    pub observed_at: Timestamp,
}

/// Who manages a claim that Portico does not manage.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ManagedBy {
    /// Who.
    pub manager: Manager,
    /// True if it undoes what is changed or deleted elsewhere, so that the portal does neither.
    pub undoes: bool,
    /// The word that marks the claim in lists: `Argo CD`.
    pub word: String,
    /// A sentence: who manages it, and what follows.
    pub message: String,
}

impl From<&Manager> for ManagedBy {
    fn from(manager: &Manager) -> Self {
        Self {
            undoes: manager.undoes(),
            word: manager.word().to_owned(),
            message: manager.sentence(),
            manager: manager.clone(),
        }
    }
}

/// The page of a claim.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimPage {
    /// The claim, as in lists.
    pub row: ClaimRow,
    /// Where its offering is in its life.
    pub lifecycle: OfferingLifecycle,
    /// The path of the offering's page; `None` if the viewer's catalog does not have it.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub offering_href: Option<Link>,
    /// Its conditions, worst first.
    pub conditions: Vec<Condition>,
    /// How to connect; `None` if there is nothing to connect to.
    pub connect: Option<ConnectionDetails>,
    /// Its composed resources; the root is the claim.
    pub tree: Option<TreeNode>,
    /// Why the tree is missing or incomplete.
    pub tree_problem: Option<String>,
    /// Kubernetes events, newest first.
    pub events: Vec<ClaimEvent>,
    /// A hash of its current user fields. A change sends it back, so that it does not silently revert what others
    /// changed meanwhile.
    pub live_hash: String,
    /// The object as YAML, without machinery.
    pub yaml: String,
    /// The whole object as YAML.
    pub full_yaml: String,
    /// Fields that controllers set; `yaml` leaves them out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub set_by_controllers: Vec<FieldOwner>,
    /// Its requests, newest first.
    pub history: Vec<RequestRow>,
    /// A request about it that is in progress.
    pub pending: Option<RequestRow>,
    /// Whether the viewer may change and delete it.
    pub may_change: Allowed,
    /// Whether the viewer may adopt it: it was made elsewhere, and nothing keeps it as it is.
    pub may_adopt: Allowed,
    /// The id of the request that this page sends. Posted, so that sending it twice creates one request.
    pub request_id: RequestId,
    /// Its lifetime's end if it were renewed now; `None` if it cannot be renewed.
    pub renews_until: Option<Timestamp>,
    /// What it costs, in words.
    #[serde(default)]
    pub cost: Option<String>,
    /// The price in parts: amount, currency, period and comparison.
    #[serde(default)]
    pub price: Option<PriceQuote>,
    /// What it is like, as label and value: the fields that people decide about and what its plan states.
    pub properties: Vec<Property>,
    /// How far it is; `None` unless it was requested here and is being created.
    pub progress: Option<Progress>,
    /// The control plane that it is, if its offering makes control planes and it has joined Portico.
    #[serde(default)]
    pub control_plane: Option<ClaimedPlane>,
    /// The service of another tenant that it is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<ClaimService>,
    /// Claims beside it that its specification names, by name, at most 50.
    pub depends_on: Vec<RelatedClaim>,
    /// Claims beside it whose specification names it, or its connection secret, by name, at most 50.
    pub needed_by: Vec<RelatedClaim>,
}

/// A claim that another one depends on, or that depends on it.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RelatedClaim {
    /// Its name.
    pub name: ClaimName,
    /// The path of its page.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub href: Link,
    /// What it is.
    pub offering_title: String,
    /// Its health.
    pub health: Health,
    /// The fields in which one names the other, such as `spec.database.secretRef`.
    pub fields: Vec<String>,
}

/// The service of another tenant that a claim is of.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimService {
    /// The publisher's title.
    pub publisher: String,
    /// Why the service takes no requests now, as a sentence; `None` if it does.
    pub closed: Option<String>,
}

/// A control plane that is itself a claim, on that claim's page.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimedPlane {
    /// Its name.
    pub name: PlaneName,
    /// Its title.
    pub title: String,
    /// The state of Portico's connection to it.
    pub state: PlaneState,
    /// What that means for the tenant, as a sentence.
    pub message: String,
    /// True if it takes no new claims: its claim is being deleted, or an administrator closed it.
    pub cordoned: bool,
    /// Number of claims on it.
    pub claims: usize,
    /// What can be requested on it: offering and title, by title.
    pub offerings: Vec<(OfferingName, String)>,
    /// True if the viewer may request claims on it.
    pub may_request: bool,
    /// The path of its page; `None` for those who are not platform admins.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub href: Option<Link>,
}

/// How far the creation of a claim is.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// Its steps, from the request until it is ready. All before the current one are done.
    pub steps: Vec<ProgressStep>,
    /// The index in `steps` of the current one.
    pub current: usize,
    /// Seconds since it was applied; 0 before that.
    pub elapsed_seconds: u64,
    /// The median of the latest claims of its offering, from applied to ready, in seconds; `None` without any.
    pub usual_seconds: Option<u64>,
}

/// A step in the creation of a claim.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProgressStep {
    /// What happened, or will.
    pub title: String,
    /// When it was done.
    pub at: Option<Timestamp>,
    /// Seconds from the end of the step before until its own; `None` if it is not done, and for the first.
    pub seconds: Option<u64>,
}

/// A property of a claim.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Property {
    /// The label: `Storage size`.
    pub label: String,
    /// The value, as text: `20 GiB`.
    pub value: String,
    /// The name of its input in the form that changes the claim; `None` if it cannot be changed.
    pub field: Option<String>,
}

/// How to connect to what a claim provides.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionDetails {
    /// Addresses from the claim's status: title and value.
    pub endpoints: Vec<(String, String)>,
    /// The secret's name, once there is one.
    pub secret: Option<String>,
    /// Its namespace.
    pub namespace: Option<String>,
    /// The service's address as a URL with the password as dots, for protocols that have such URLs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The key that reveals that URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_key: Option<String>,
    /// The secret's keys, without secret values.
    pub keys: Vec<ConnectionKey>,
    /// Snippets for tools and languages. They refer to the secret and never contain its values.
    pub snippets: Vec<Snippet>,
    /// Whether the viewer may reveal it.
    pub may_reveal: Allowed,
    /// What it waits for while there is nothing yet.
    pub waiting: Option<String>,
}

/// A snippet to copy.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Snippet {
    /// `psql`, `Environment file`, `Kubernetes`, `Python`. Snippets of the same title follow each other.
    pub title: String,
    /// What it is for, if its title does not say all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// The text; secret parts are dots.
    pub text: String,
    /// The text in parts; secret parts have their key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pieces: Vec<SnippetPart>,
}

/// A part of a snippet.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SnippetPart {
    /// The text; dots for a secret.
    pub text: String,
    /// The key of the secret whose value belongs here.
    pub key: Option<String>,
    /// How the value is quoted here.
    pub quoting: Quoting,
}

/// How a value is quoted in a snippet.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Quoting {
    /// As in a file of environment variables, where a shell would interpret it.
    #[default]
    Environment,
    /// As a double-quoted string of YAML.
    Yaml,
}

/// A revealed key of a secret.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RevealedKey {
    /// The key.
    pub key: String,
    /// The value as text; base64 when it is not UTF-8.
    pub value: String,
    /// Whether `value` is base64.
    pub base64: bool,
}

/// A composed resource with its own composed resources.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TreeNode {
    /// The kind.
    pub kind: String,
    /// The API version.
    pub api_version: String,
    /// The namespace.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
    /// Its health; `Gone` if it is referred to but does not exist.
    pub health: Health,
    /// Why, in words.
    pub reason: String,
    /// The resources that it is composed of.
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub children: Vec<TreeNode>,
}

/// A Kubernetes event about a claim or one of its composed resources.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimEvent {
    /// When it last occurred.
    pub at: Timestamp,
    /// True for a warning.
    pub warning: bool,
    /// `reason`.
    pub reason: String,
    /// `message`.
    pub message: String,
    /// Kind and name of the object that it is about.
    pub about: String,
    /// How often it occurred.
    pub count: u32,
}

/// The page that confirms a deletion by the claim's name.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeletePage {
    /// The claim.
    pub row: ClaimRow,
    /// Its `metadata.uid`. Posted, so that another claim created under its name is not deleted.
    pub uid: String,
    /// The id of the request. Posted, so that sending the form twice creates one request.
    pub request_id: RequestId,
    /// What else is deleted, in words.
    pub consequences: Vec<String>,
    /// Whether approval is needed, and whose.
    pub approval: super::ApprovalPreview,
    /// The name as typed.
    pub typed: String,
    /// The requester's note.
    pub note: String,
    /// Problems of the form.
    pub problems: Vec<Problem>,
    /// An open request about the claim that prevents this one.
    pub in_the_way: Option<RequestId>,
    /// Why the control plane would refuse to delete it, as a sentence; `None` if it would not, or could not be asked.
    #[serde(default)]
    pub refused: Option<String>,
    /// Claims beside it that depend on it, by name, at most 50.
    pub needed_by: Vec<RelatedClaim>,
    /// What is on the control plane that the claim is; `None` if it is none, or nothing is on it. It prevents the deletion
    /// unless `abandon`.
    #[serde(default)]
    pub residents: Option<PlaneResidents>,
    /// True if the claims on the control plane are to be abandoned.
    #[serde(default)]
    pub abandon: bool,
    /// What it costs while it exists, in words.
    #[serde(default)]
    pub cost: Option<String>,
    /// The price in parts: amount, currency, period and comparison.
    #[serde(default)]
    pub price: Option<PriceQuote>,
}

/// What is on a control plane that is to be deleted.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlaneResidents {
    /// The control plane's name.
    pub plane: PlaneName,
    /// Its title.
    pub plane_title: String,
    /// Number of claims on it.
    pub claims: usize,
    /// Claims on it, at most 20.
    pub rows: Vec<ClaimRow>,
    /// Number of requests for new claims on it that are under way.
    pub requested: u64,
    /// A hash of all of this, to see whether it is what somebody agreed to.
    pub hash: String,
}

impl PlaneResidents {
    /// What a deletion abandons, as a sentence with the names of the claims.
    #[must_use]
    pub fn abandoned(&self) -> String {
        let names: Vec<&str> = self.rows.iter().map(|row| row.reference.name.as_str()).collect();
        let list = if names.is_empty() {
            String::new()
        } else {
            format!(": {}", names.join(", "))
        };
        let more = match self.claims.saturating_sub(names.len()) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("Abandons {} on {}{list}{more}.", self.summary(), self.plane_title)
    }

    /// What it is, in words: `2 claims and 1 request`.
    #[must_use]
    pub fn summary(&self) -> String {
        let count = |amount: u64, one: &str, many: &str| match amount {
            0 => None,
            1 => Some(format!("1 {one}")),
            amount => Some(format!("{amount} {many}")),
        };
        let claims = u64::try_from(self.claims).unwrap_or(u64::MAX);
        let parts = [
            count(claims, "claim", "claims"),
            count(
                self.requested,
                "request for a new claim",
                "requests for new claims",
            ),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        parts.join(" and ")
    }
}
