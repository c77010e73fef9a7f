use jiff::Timestamp;
use serde::Serialize;

use portico_domain::names::{EnvironmentName, RequestId, TenantName};

use super::{Language, Link, Text};

/// The frame of a page: navigation, notices and technical values.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says whether the navigation has an entry"
)]
pub struct Frame {
    /// The title of the page, without the product's name.
    pub title: String,
    /// The company's name, at the top of the navigation.
    pub company: String,
    /// The path of the page (`/catalog`), which marks the current entry of the navigation.
    pub path: String,
    /// The signed-in person's name; `None` on public pages, which have no navigation.
    pub person: Option<String>,
    /// Their e-mail address.
    pub email: Option<String>,
    /// True if the navigation has Admin.
    pub admin: bool,
    /// True if they administer the platform, not only tenants.
    pub platform_admin: bool,
    /// True if the navigation has Approvals.
    pub approver: bool,
    /// True if there may be a kubeconfig for them.
    pub kubectl: bool,
    /// True if a tenant of the viewer publishes something.
    pub publishes: bool,
    /// Number of requests that wait for them.
    pub waiting: usize,
    /// The tenants and environments to choose from.
    pub tenants: Vec<TenantChoice>,
    /// The current tenant and environment.
    pub current: Option<(TenantName, EnvironmentName)>,
    /// The breadcrumbs, on nested pages.
    pub crumbs: Vec<Crumb>,
    /// Messages for the top of the page, such as the result of a form.
    pub notices: Vec<Notice>,
    /// The language of the page.
    pub language: Language,
    /// The languages to choose from.
    pub languages: Vec<Language>,
    /// `light`, `dark`, or `None` for the system's theme.
    pub theme: Option<String>,
    /// The current time, for relative times.
    pub now: Timestamp,
    /// The CSRF token that every form posts as `_csrf`.
    pub csrf: String,
    /// The nonce of the response's content security policy.
    pub nonce: String,
    /// The URL of the style sheet, with a hash of its content.
    pub style: String,
    /// The URL of the font.
    pub font: String,
    /// The URL of the script; `None` in a build without the browser's code.
    pub script: Option<String>,
    /// The URL of the WebAssembly module; `None` in a build without the browser's code.
    pub wasm: Option<String>,
}

/// A tenant and its environments, for the switch in the navigation.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantChoice {
    /// Its name.
    pub name: TenantName,
    /// The name to show.
    pub title: String,
    /// The tenant that it belongs to, by title.
    pub parent: Option<String>,
    /// How many tenants of the list are above it. In the list, tenants follow the one that they are in.
    pub level: usize,
    /// Its environments.
    pub environments: Vec<EnvironmentName>,
}

/// A breadcrumb.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Crumb {
    /// Its text.
    pub title: String,
    /// Its page.
    pub href: Link,
}

/// A message at the top of a page.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// Its tone.
    pub tone: NoticeTone,
    /// Its text.
    pub text: Text,
    /// What can be undone for some seconds.
    pub undo: Option<Undo>,
}

/// A decision that can still be undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Undo {
    /// The request.
    pub request: RequestId,
    /// Until when.
    pub until: Timestamp,
}

/// The tone of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum NoticeTone {
    /// Success.
    Good,
    /// Information.
    Plain,
    /// A warning.
    Warning,
    /// An error.
    Bad,
}

/// The sign-in page.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignInPage {
    /// The company's name.
    pub company: String,
    /// The URL of its logo.
    pub logo: Option<String>,
    /// The providers, one button each.
    pub providers: Vec<SignInProvider>,
    /// Why they are on this page: signed out, session ended, sign-in refused.
    pub message: Option<Notice>,
}

/// A provider to sign in with.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignInProvider {
    /// The button's text: `Continue with Acme SSO`.
    pub title: Text,
    /// Its path.
    pub href: String,
}
