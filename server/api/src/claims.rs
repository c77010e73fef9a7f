use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Allowed, ConnectionKey, Paged, PlaneChoice, Problem, RequestRow};
use portico_domain::claim::{ClaimRef, Condition, Health};
use portico_domain::documents::Category;
use portico_domain::names::{EnvironmentName, OfferingName, PlanName, PlaneName, RequestId, TenantName};

/// What a list of claims is limited to; all of it stands in the URL.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClaimsFilter {
    /// In the name.
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
    /// Only what the viewer asked for.
    pub mine: bool,
    /// `name`, `offering`, `health`, `age` (the youngest first); what needs someone first, where none is chosen.
    pub sort: Option<String>,
}

/// Claims: which of them needs me?
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// How many there are in each state of health, whatever `filter.health` says.
    pub healths: Vec<(Health, usize)>,
    /// The claims.
    pub rows: Paged<ClaimRow>,
}

/// A claim in a list.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimRow {
    /// Which.
    pub reference: ClaimRef,
    /// The path of its page.
    pub href: String,
    /// The offering's title.
    pub offering_title: String,
    /// The glyph.
    pub icon: String,
    /// The category.
    pub category: Category,
    /// The tenant.
    pub tenant: Option<TenantName>,
    /// The environment.
    pub environment: Option<EnvironmentName>,
    /// The plan.
    pub plan: Option<PlanName>,
    /// The control plane's title.
    pub plane_title: String,
    /// How it is.
    pub health: Health,
    /// Why, in plain words; empty when ready.
    pub reason: String,
    /// Who asked for it, by name; `None`: made by other hands.
    pub requester: Option<String>,
    /// When it has to be renewed or deleted.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its control plane was last heard of; stated where the plane does not answer.
    pub observed_at: Timestamp,
}

/// A claim: does it work, how do I connect?
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimPage {
    /// As in lists.
    pub row: ClaimRow,
    /// Its conditions, worst first.
    pub conditions: Vec<Condition>,
    /// How to connect; `None` when it has nothing to connect to.
    pub connect: Option<ConnectionDetails>,
    /// What it is composed of; the root is the claim.
    pub tree: Option<TreeNode>,
    /// Why the tree is missing or short, if it is.
    pub tree_problem: Option<String>,
    /// Kubernetes events, newest first.
    pub events: Vec<ClaimEvent>,
    /// The identity of what a person may set of it, as it is now: sent back with a change, so that what others change
    /// meanwhile is not changed back unseen.
    pub live_hash: String,
    /// The object as YAML, machinery left out.
    pub yaml: String,
    /// The whole object as YAML.
    pub full_yaml: String,
    /// Its requests, newest first.
    pub history: Vec<RequestRow>,
    /// A request about it that is still under way.
    pub pending: Option<RequestRow>,
    /// Whether the viewer may change and delete it; if not, why.
    pub may_change: Allowed,
    /// The identity that a request sent from this page will have: posted, so that sending it twice asks once.
    pub request_id: RequestId,
    /// Until when it would be kept if it were renewed now; `None` when there is no renewing it.
    pub renews_until: Option<Timestamp>,
    /// What it costs, in words.
    #[serde(default)]
    pub cost: Option<String>,
}

/// How to connect to what a claim provides.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionDetails {
    /// Addresses that stand in the claim's status: title and value.
    pub endpoints: Vec<(String, String)>,
    /// The secret's name, once there is one.
    pub secret: Option<String>,
    /// Its namespace.
    pub namespace: Option<String>,
    /// The address in one, its password as dots; where the protocol has such addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The key by which that address is revealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_key: Option<String>,
    /// Its keys. What is secret of their values is never here.
    pub keys: Vec<ConnectionKey>,
    /// Ready-made text for tools and languages; with references to the secret, never its values.
    pub snippets: Vec<Snippet>,
    /// Whether the viewer may reveal; if not, why.
    pub may_reveal: Allowed,
    /// What it waits for, when there is nothing yet.
    pub waiting: Option<String>,
}

/// Ready-made text.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snippet {
    /// `psql`, `Environment file`, `Deployment`, `Python`.
    pub title: String,
    /// The text; what is secret in it is dots.
    pub text: String,
    /// The same in pieces, those that are secret with their keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pieces: Vec<SnippetPart>,
}

/// A piece of ready-made text.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SnippetPart {
    /// The text; dots for what is secret.
    pub text: String,
    /// The key of the secret whose value belongs here.
    pub key: Option<String>,
}

/// One key of a secret, revealed.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RevealedKey {
    /// The key.
    pub key: String,
    /// The value as text; base64 when it is not UTF-8.
    pub value: String,
    /// Whether `value` is base64.
    pub base64: bool,
}

/// A composed resource and what it is composed of.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// How it is; `Gone` when it is referred to and not there.
    pub health: Health,
    /// Why, in plain words.
    pub reason: String,
    /// What it is composed of.
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub children: Vec<TreeNode>,
}

/// A Kubernetes event about a claim or what it is composed of.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimEvent {
    /// When it was last seen.
    pub at: Timestamp,
    /// Whether it is a warning.
    pub warning: bool,
    /// `reason`.
    pub reason: String,
    /// `message`.
    pub message: String,
    /// Kind and name of what it is about.
    pub about: String,
    /// How often it was seen.
    pub count: u32,
}

/// The page that asks for the claim's name before a delete.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeletePage {
    /// The claim.
    pub row: ClaimRow,
    /// Its `metadata.uid`: posted, so that another claim made under its name meanwhile is left alone.
    pub uid: String,
    /// The identity that the request will have: posted, so that sending the form twice asks once.
    pub request_id: RequestId,
    /// What goes with it, in words.
    pub consequences: Vec<String>,
    /// Whether approval will be needed, and from whom.
    pub approval: super::ApprovalPreview,
    /// What was typed.
    pub typed: String,
    /// What they had to say.
    pub note: String,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// A request that is in the way.
    pub in_the_way: Option<RequestId>,
    /// What it costs as long as it is there, in words.
    #[serde(default)]
    pub cost: Option<String>,
}
