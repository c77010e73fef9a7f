use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::GroupRef;
use crate::language::Language;

/// The portal's own settings: the one document of kind `Portal`.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Portal {
    /// The document's name. Claims say by it which portal manages them, so portals that share a control plane need
    /// different names, and a new name makes the claims of the old one read-only.
    pub name: String,
    /// The specification.
    pub spec: PortalSpec,
}

/// `spec` of a `Portal`.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PortalSpec {
    /// The address in people's browsers: `https://portico.example.com`. Scheme, host and port only.
    pub public_url: String,
    /// The address to listen on, `host:port`.
    #[serde(default = "listen")]
    pub listen: String,
    /// The company that runs the portal.
    #[serde(default)]
    pub company: Company,
    /// The languages of the pages, `en` and `de`. People choose one of them, or get the one that their browser asks for;
    /// the first is for everybody else. German is a preview: some of its pages are still English. The API speaks English.
    #[serde(default = "languages")]
    pub languages: Vec<Language>,
    /// How people sign in.
    pub sign_in: SignIn,
    /// How long a sign-in lasts.
    #[serde(default)]
    pub sessions: Sessions,
    /// How long API tokens are valid.
    #[serde(default)]
    pub tokens: TokenRules,
    /// Where requests and the audit log are stored.
    #[serde(default)]
    pub database: Database,
    /// How many proxies in front of Portico add to `X-Forwarded-For`. With 0 the header is ignored, since anybody
    /// could have written it.
    #[serde(default)]
    pub trusted_proxies: u8,
    /// Allows `http:` addresses of browsers and identity providers beyond this machine. Anybody on the network path can
    /// then sign in as anybody.
    #[serde(default)]
    pub insecure_http: bool,
    /// With https, tells browsers to use it for all subdomains too
    /// (`Strict-Transport-Security: includeSubDomains`).
    #[serde(default)]
    pub hsts_include_subdomains: bool,
    /// Rate limits for one person and one address.
    #[serde(default)]
    pub limits: RequestLimits,
    /// Who may read the metrics.
    #[serde(default)]
    pub metrics: Metrics,
    /// How to prove that the audit log was not altered.
    #[serde(default)]
    pub record: RecordProof,
    /// How approvers decide.
    #[serde(default)]
    pub approvals: Approvals,
    /// Limits for the watch caches of all control planes together.
    #[serde(default)]
    pub caches: Caches,
    /// The control plane that holds control planes, offerings, tenants and approval policies as objects, besides this
    /// folder. Whoever may write them there decides as whoever may write this folder. Without it: the folder alone.
    #[serde(default)]
    pub home: Option<HomePlane>,
    /// Where the agents of control planes behind firewalls connect. Without it: nowhere.
    #[serde(default)]
    pub agents: Option<AgentListener>,
}

fn languages() -> Vec<Language> {
    vec![Language::English]
}

/// How approvers decide.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Approvals {
    /// How long an approver can take a decision back, in seconds, 0 to 300. What is approved is applied after that. 0: not
    /// at all, and what is approved is applied at once.
    #[serde(default = "undo_seconds")]
    pub undo_seconds: u32,
}

impl Default for Approvals {
    fn default() -> Self {
        Self {
            undo_seconds: undo_seconds(),
        }
    }
}

impl Approvals {
    /// How long an approver can take a decision back.
    #[must_use]
    pub fn undo_window(&self) -> jiff::SignedDuration {
        jiff::SignedDuration::from_secs(i64::from(self.undo_seconds))
    }
}

fn undo_seconds() -> u32 {
    10
}

/// Where agents connect, and the authority for their certificates.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AgentListener {
    /// The address to listen on for agents, `host:port`. What stands in front of it must pass TLS through unopened.
    pub listen: String,
    /// The address at which agents reach it, `host:port`. It is shown in the commands that set an agent up.
    pub address: String,
    /// A file with the certificate of the authority, in PEM: `portico agent-authority` creates it. A relative path counts
    /// from the document's file.
    pub certificate_file: String,
    /// A file with the authority's private key, in PEM. Whoever has it can pose as any agent, and to agents as Portico.
    pub key_file: String,
    /// How long the certificate of an agent is valid, in minutes, 1 to 43200. The agent renews it by itself after two
    /// thirds.
    #[serde(default = "certificate_minutes")]
    pub certificate_minutes: u32,
}

fn certificate_minutes() -> u32 {
    24 * 60
}

/// How to reach the home control plane.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum HomePlane {
    /// A kubeconfig file. A relative path counts from the document's file.
    #[serde(rename_all = "camelCase")]
    Kubeconfig {
        /// The path of the file.
        path: String,
        /// The context to use. Without it: the file's current context.
        #[serde(default)]
        context: Option<String>,
    },
    /// The cluster that Portico runs in, by its service account.
    InCluster {},
}

/// Limits for the memory that the data of all control planes takes together.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Caches {
    /// Their size in bytes, approximately. Half of it is divided equally among the control planes; the other half goes to
    /// those that need more.
    pub bytes: usize,
}

impl Default for Caches {
    fn default() -> Self {
        Self { bytes: 1 << 30 }
    }
}

fn listen() -> String {
    "127.0.0.1:8080".to_owned()
}

/// The company that runs the portal.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Company {
    /// The company's name, on the sign-in page and in titles.
    pub name: Option<String>,
    /// A logo: an SVG, PNG or WebP file. A relative path counts from the document's file.
    pub logo: Option<String>,
}

/// How people sign in.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignIn {
    /// The OpenID Connect providers, at least one.
    pub providers: Vec<Provider>,
    /// The SSO groups whose members are platform admins.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "Vec<super::reference::WrittenGroup>"))]
    pub admin_groups: Vec<GroupRef>,
}

/// An OpenID Connect provider.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Provider {
    /// Its name in addresses.
    pub name: String,
    /// The text of its button after "Continue with". Default: `name`.
    #[serde(default)]
    pub title: Option<String>,
    /// Its issuer, exactly as in its discovery document.
    pub issuer: String,
    /// The client that is registered there for Portico, with the redirect address `<publicUrl>/auth/callback`.
    pub client_id: String,
    /// A file with the client's secret. A relative path counts from the document's file.
    #[serde(default)]
    pub client_secret_file: Option<String>,
    /// An environment variable with the client's secret. With neither this nor a file it is a public client, protected by
    /// PKCE alone.
    #[serde(default)]
    pub client_secret_env: Option<String>,
    /// The scopes to request besides `openid`. The provider must know all of them.
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
    /// The claim with a person's groups: a name, or a path of names joined by dots (`realm_access.roles`). It may hold
    /// a list of names, a list of objects with a `name`, an object whose keys are the names, or one name.
    #[serde(default = "groups_claim")]
    pub groups_claim: String,
    /// Where the claim with the groups is.
    #[serde(default)]
    pub groups_from: GroupsFrom,
    /// The separator of the names, if the claim is one text. Without it such a text is one name, since the name of a group
    /// may contain commas.
    #[serde(default)]
    pub groups_separator: Option<String>,
    /// Audiences that its ID tokens may have in `aud` besides the client, as Zitadel names the project. A token with
    /// any other audience is refused: it may be for another application.
    #[serde(default)]
    pub trusted_audiences: Vec<String>,
    /// Accepts e-mail addresses that the provider does not mark as verified or unverified, as Entra ID and ADFS do. Set it
    /// only if nobody can choose their own address there. An address marked as unverified is never accepted.
    #[serde(default)]
    pub trust_emails: bool,
    /// Maximum age of a sign-in at the provider, in minutes; the provider asks people whose sign-in is older to
    /// authenticate again. Default: the provider decides.
    #[serde(default)]
    pub max_age_minutes: Option<u32>,
    /// The accepted ways to authenticate (`acr` of OpenID Connect), such as two factors; the first is preferred. Empty: any.
    #[serde(default)]
    pub acr_values: Vec<String>,
}

fn scopes() -> Vec<String> {
    vec!["profile".to_owned(), "email".to_owned()]
}

fn groups_claim() -> String {
    "groups".to_owned()
}

/// Where a provider sends a person's groups.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GroupsFrom {
    /// In the ID token.
    #[default]
    IdToken,
    /// In the response of its userinfo endpoint.
    Userinfo,
}

/// How long a sign-in lasts.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Sessions {
    /// Minutes without use after which a session ends, 1 to 43200.
    pub idle_minutes: u32,
    /// Hours after which a session ends in any case, 1 to 2160. Changed groups take effect by then.
    pub absolute_hours: u32,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            idle_minutes: 120,
            absolute_hours: 12,
        }
    }
}

/// How long API tokens are valid. A token never outlives its person's access: it is also refused once the provider has
/// ended the person's sessions, until they sign in again.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TokenRules {
    /// The longest validity of a token in days, 1 to 365. It applies to existing tokens too.
    pub longest_days: u32,
    /// Number of days without a sign-in of their owner, 1 to 365, after which tokens are refused until the next
    /// sign-in.
    pub sign_in_within_days: u32,
    /// Which back-channel logout suspends the person's tokens.
    pub suspended_by: SuspendedBy,
}

impl Default for TokenRules {
    fn default() -> Self {
        Self {
            longest_days: 365,
            sign_in_within_days: 30,
            suspended_by: SuspendedBy::LogoutOfPerson,
        }
    }
}

impl TokenRules {
    /// Returns when a token ends: at its own expiry, or when it reaches the longest lifetime.
    #[must_use]
    pub fn ends_at(&self, created_at: Timestamp, expires_at: Timestamp) -> Timestamp {
        let longest = SignedDuration::from_hours(i64::from(self.longest_days) * 24);
        let oldest = created_at.saturating_add(longest).unwrap_or(Timestamp::MAX);
        expires_at.min(oldest)
    }
}

/// Which back-channel logout suspends a person's tokens until they sign in again.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SuspendedBy {
    /// Only a logout that names the person and no session: all of their sessions are over.
    #[default]
    LogoutOfPerson,
    /// Any logout, also that of a single session, which many providers send when somebody signs out in one browser.
    LogoutOfSession,
}

/// Where requests and the audit log are stored.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Database {
    /// `sqlite:<path>` or `postgres://…`. A relative path counts from the document's file. Without it:
    /// `portico.db` beside the document.
    pub url: Option<String>,
    /// An environment variable with the address, if it contains a password.
    pub url_env: Option<String>,
}

/// Rate limits. Requests over a limit get status 429 with `Retry-After`.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RequestLimits {
    /// HTTP requests per second of one person on average, 1 to 10000, with bursts of ten times as many. Each of their
    /// API tokens has half of it.
    pub requests_per_second: u32,
    /// Changes per minute of one person on average, 1 to 100000, with bursts of three times as many.
    pub changes_per_minute: u32,
    /// HTTP requests per second of one address without sign-in on average, 1 to 100000, with bursts of five times as
    /// many. An IPv6 /64 counts as one address.
    pub strangers_per_second: u32,
    /// Streams of events that one person has open at once, 1 to 100000: each page that shows changes as they happen has
    /// one.
    pub event_streams: u32,
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self {
            requests_per_second: 50,
            changes_per_minute: 120,
            strangers_per_second: 100,
            event_streams: 32,
        }
    }
}

/// Who may read the metrics. Default: only requests from the same machine that came through no proxy.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Metrics {
    /// A separate address, `host:port`, without authentication. The metrics are then not on the portal's own address.
    pub listen: Option<String>,
    /// A file with a bearer token for reading them on the portal's own address. A relative path counts from the
    /// document's file.
    pub token_file: Option<String>,
    /// An environment variable with that token.
    pub token_env: Option<String>,
}

/// How to prove that the audit log was not altered: a signing key and the last signed head of the log, both outside
/// the database.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RecordProof {
    /// A file with an Ed25519 private key in PEM (`openssl genpkey -algorithm ed25519`). Default: a key created
    /// beside an SQLite database; with PostgreSQL, a key that lasts as long as the process.
    pub key_file: Option<String>,
    /// A file to which Portico writes the signed head of the audit log. Default: beside an SQLite database; with
    /// PostgreSQL only in the process log, the metrics and exports.
    pub anchor_file: Option<String>,
}
