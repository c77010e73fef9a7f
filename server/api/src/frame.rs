use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use portico_domain::names::{EnvironmentName, TenantName};

/// What every page has around it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Frame {
    /// The title of the page, without the product's name.
    pub title: String,
    /// The company's name, at the head of the rail.
    pub company: String,
    /// The path of the page (`/catalog`): marks the entry of the rail that is current.
    pub path: String,
    /// The signed-in person's name; `None` on pages for strangers, which have no rail.
    pub person: Option<String>,
    /// Their e-mail address.
    pub email: Option<String>,
    /// Whether the rail has Admin.
    pub admin: bool,
    /// Whether Admin is all of it, and not only what an admin of a tenant looks after.
    pub platform_admin: bool,
    /// Whether the rail has Approvals.
    pub approver: bool,
    /// How many requests wait for them.
    pub waiting: usize,
    /// The tenants and environments one may work in.
    pub tenants: Vec<TenantChoice>,
    /// The one worked in.
    pub current: Option<(TenantName, EnvironmentName)>,
    /// Where one is, only where there is depth.
    pub crumbs: Vec<Crumb>,
    /// What there is to say on arrival: what a form did, say.
    pub notices: Vec<Notice>,
    /// `light`, `dark`, or `None` for the system's.
    pub theme: Option<String>,
    /// The time that relative times are reckoned from.
    pub now: Timestamp,
    /// The token that every form posts as `_csrf`.
    pub csrf: String,
    /// The nonce of this response's content security policy.
    pub nonce: String,
    /// URLs of the style sheet, the script and the wasm, by content hash; script and wasm may be missing.
    pub style: String,
    /// See `style`.
    pub script: Option<String>,
    /// See `style`.
    pub wasm: Option<String>,
}

/// A tenant and its environments, for the switch at the head of the rail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantChoice {
    /// Its name.
    pub name: TenantName,
    /// The name to show.
    pub title: String,
    /// Its environments.
    pub environments: Vec<EnvironmentName>,
}

/// A step of the way to a page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Crumb {
    /// The words.
    pub title: String,
    /// Where it leads.
    pub href: String,
}

/// Something to say at the top of a page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// How it is meant.
    pub tone: NoticeTone,
    /// The words.
    pub text: String,
}

/// How a notice is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NoticeTone {
    /// It worked.
    Good,
    /// Worth knowing.
    Plain,
    /// It may go wrong.
    Warning,
    /// It went wrong.
    Bad,
}

/// The page on which one signs in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignInPage {
    /// The company's name.
    pub company: String,
    /// The URL of its logo.
    pub logo: Option<String>,
    /// The providers, a button each.
    pub providers: Vec<SignInProvider>,
    /// Why one is here again: signed out, session ended, sign-in refused.
    pub message: Option<Notice>,
}

/// A provider to sign in with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignInProvider {
    /// The words on the button: `Sign in with Acme SSO`.
    pub title: String,
    /// Where it leads.
    pub href: String,
}
