use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::GroupRef;

/// The portal's own settings: the one document of kind `Portal`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Portal {
    /// `metadata.name`.
    pub name: String,
    /// The specification.
    pub spec: PortalSpec,
}

/// `spec` of a `Portal`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PortalSpec {
    /// The address that people's browsers use: `https://portico.example.com`. Scheme, host and port only.
    pub public_url: String,
    /// The address to listen on, `host:port`.
    #[serde(default = "listen")]
    pub listen: String,
    /// Whose portal it is.
    #[serde(default)]
    pub company: Company,
    /// How people sign in.
    pub sign_in: SignIn,
    /// How long a sign-in lasts.
    #[serde(default)]
    pub sessions: Sessions,
    /// How long API tokens are good for.
    #[serde(default)]
    pub tokens: TokenRules,
    /// Where requests and their record are kept.
    #[serde(default)]
    pub database: Database,
    /// How many proxies in front of Portico add to `X-Forwarded-For`. With 0 the header is ignored, since anybody
    /// could have written it.
    #[serde(default)]
    pub trusted_proxies: u8,
    /// Says on purpose that browsers or identity providers are reached without TLS, beyond this machine. Whoever is on
    /// the way can then sign in as anybody.
    #[serde(default)]
    pub insecure_http: bool,
    /// With https: whether browsers shall use it for all hosts below this one too
    /// (`Strict-Transport-Security: includeSubDomains`).
    #[serde(default)]
    pub hsts_include_subdomains: bool,
    /// How much one person and one address may ask.
    #[serde(default)]
    pub limits: RequestLimits,
    /// Who may read the metrics.
    #[serde(default)]
    pub metrics: Metrics,
    /// What proves that the record is as it was written.
    #[serde(default)]
    pub record: RecordProof,
    /// What is held in memory of all control planes together.
    #[serde(default)]
    pub caches: Caches,
}

/// Bounds on what is held in memory of all control planes together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Caches {
    /// Bytes, about. Half of them is divided among the control planes, the other half is whoever's who needs more.
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

/// Whose portal it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Company {
    /// The company's name, on the sign-in page and in titles.
    pub name: Option<String>,
    /// A logo: an SVG, PNG or WebP file. A relative path counts from the document's file.
    pub logo: Option<String>,
}

/// How people sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignIn {
    /// The OpenID Connect providers, at least one.
    pub providers: Vec<Provider>,
    /// The SSO groups whose people are platform admins.
    #[serde(default)]
    pub admin_groups: Vec<GroupRef>,
}

/// An OpenID Connect provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Provider {
    /// Its name in addresses.
    pub name: String,
    /// What its button says after "Continue with"; `name` where there is none.
    #[serde(default)]
    pub title: Option<String>,
    /// Its issuer, exactly as its discovery document has it.
    pub issuer: String,
    /// The client that is registered there for Portico, with the redirect address `<publicUrl>/auth/callback`.
    pub client_id: String,
    /// A file with the client's secret. A relative path counts from the document's file.
    #[serde(default)]
    pub client_secret_file: Option<String>,
    /// An environment variable with the client's secret. Neither this nor a file: a public client, by PKCE alone.
    #[serde(default)]
    pub client_secret_env: Option<String>,
    /// What to ask for besides `openid`.
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
    /// The claim with a person's groups: a name, or a path of names joined by dots (`realm_access.roles`). It may hold
    /// a list of names, a list of objects with a `name`, an object whose keys are the names, or one name.
    #[serde(default = "groups_claim")]
    pub groups_claim: String,
    /// Where that claim is.
    #[serde(default)]
    pub groups_from: GroupsFrom,
    /// What stands between the names where the claim is one text. Without it such a text is one name: a group's name may
    /// have commas in it.
    #[serde(default)]
    pub groups_separator: Option<String>,
    /// What its ID tokens may name in `aud` besides the client, as Zitadel names the project. A token that names
    /// anything else is refused: it may be for another application.
    #[serde(default)]
    pub trusted_audiences: Vec<String>,
    /// Whether an e-mail address counts of which the provider does not say if it has verified it, as Entra ID and ADFS
    /// do not. Only where nobody can choose their own address there. One that it says is unverified never counts.
    #[serde(default)]
    pub trust_emails: bool,
    /// How long ago people may have proved who they are there, in minutes; longer, and the provider asks them again.
    /// Without it that is the provider's business.
    #[serde(default)]
    pub max_age_minutes: Option<u32>,
    /// The ways of proving who they are that are good enough here, the first preferred (`acr` of OpenID Connect): two
    /// factors, say. Empty: any.
    #[serde(default)]
    pub acr_values: Vec<String>,
}

fn scopes() -> Vec<String> {
    vec!["profile".to_owned(), "email".to_owned()]
}

fn groups_claim() -> String {
    "groups".to_owned()
}

/// Where a provider tells a person's groups.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GroupsFrom {
    /// In the ID token.
    #[default]
    IdToken,
    /// In the answer of its userinfo endpoint.
    Userinfo,
}

/// How long a sign-in lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Sessions {
    /// Minutes without use after which it ends.
    pub idle_minutes: u32,
    /// Hours after which it ends in any case, so that changed groups take effect.
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

/// How long API tokens are good for. A token never outlives its person: besides these it is refused from the moment
/// that the provider ended the person's sessions, until they sign in again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TokenRules {
    /// The longest that a token is good for, in days, 1 to 365. It counts for tokens that were made before, too.
    pub longest_days: u32,
    /// A token of whoever has not signed in for so many days is refused until they do, 1 to 365.
    pub sign_in_within_days: u32,
    /// Which logout that the provider tells of suspends the person's tokens.
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
    /// From when on a token is good for nothing: by its own end, or because none may be older than that.
    #[must_use]
    pub fn ends_at(&self, created_at: Timestamp, expires_at: Timestamp) -> Timestamp {
        let longest = SignedDuration::from_hours(i64::from(self.longest_days) * 24);
        let oldest = created_at.saturating_add(longest).unwrap_or(Timestamp::MAX);
        expires_at.min(oldest)
    }
}

/// Which back-channel logout suspends a person's tokens until they sign in again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SuspendedBy {
    /// One that names the person and no session: all of their sessions are over.
    #[default]
    LogoutOfPerson,
    /// Any, also of one session, which is what a provider sends when somebody signs out in one browser.
    LogoutOfSession,
}

/// Where requests and their record are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Database {
    /// `sqlite:<path>` or `postgres://…`. A relative path counts from the document's file. Without it:
    /// `portico.db` beside the document.
    pub url: Option<String>,
    /// An environment variable with the address, for one that holds a password.
    pub url_env: Option<String>,
}

/// How much one person and one address may ask. What goes beyond is answered with 429 and when to try again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RequestLimits {
    /// Requests a second that one person may make on average, 1 to 10000; ten times as many at once. Each of their API
    /// tokens may make half of that.
    pub requests_per_second: u32,
    /// Changes a minute that one person may make on average, 1 to 100000; three times as many at once.
    pub changes_per_minute: u32,
    /// Requests a second that one address may make on average without being signed in, 1 to 100000; five times as many
    /// at once. Of IPv6 a whole /64 counts as one address.
    pub strangers_per_second: u32,
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self {
            requests_per_second: 50,
            changes_per_minute: 120,
            strangers_per_second: 100,
        }
    }
}

/// Who may read the metrics. Without any of this: whoever asks from the same machine and not through a proxy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Metrics {
    /// An address of their own, `host:port`, where whoever reaches it may read them. They are not on the portal's own
    /// address then.
    pub listen: Option<String>,
    /// A file with the bearer token that reads them on the portal's own address. A relative path counts from the
    /// document's file.
    pub token_file: Option<String>,
    /// An environment variable with that token.
    pub token_env: Option<String>,
}

/// What proves that the record is as it was written: a key that is not in the database, and the last known end of the
/// record in a file that is not in the database either.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RecordProof {
    /// A file with an Ed25519 private key in PEM (`openssl genpkey -algorithm ed25519`). Without it, one is made
    /// beside an SQLite database; with PostgreSQL, one that lasts as long as the process.
    pub key_file: Option<String>,
    /// A file that Portico writes the signed end of the record to. Without it, beside an SQLite database; with
    /// PostgreSQL, nowhere but the log, the metrics and exports.
    pub anchor_file: Option<String>,
}
