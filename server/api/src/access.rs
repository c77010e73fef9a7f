use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::TokenRow;

/// The page of a person's own sessions.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionsPage {
    /// The sessions, last used first.
    pub rows: Vec<SessionRow>,
}

/// A session.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionRow {
    /// Its id for addresses. Not the secret in the cookie.
    pub id: String,
    /// True for the session of this request.
    pub current: bool,
    /// When the person signed in.
    pub started_at: Timestamp,
    /// When it was last used, to the minute.
    pub seen_at: Timestamp,
    /// When it ends if it is not used again.
    pub expires_at: Timestamp,
    /// The address at sign-in.
    pub address: Option<String>,
    /// The browser, in a few words.
    pub browser: Option<String>,
}

/// The list of people who have signed in.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PeoplePage {
    /// The search text.
    pub query: String,
    /// The people, last signed in first.
    pub rows: Vec<PersonRow>,
    /// True if there are more than are shown.
    pub more: bool,
}

/// A person who has signed in.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PersonRow {
    /// Their id in addresses.
    pub id: Uuid,
    /// The name.
    pub name: String,
    /// The verified e-mail address.
    pub email: Option<String>,
    /// Their sign-in provider; `None` if it is no longer configured, so that they may do nothing.
    pub provider: Option<String>,
    /// When they last signed in.
    pub signed_in_at: Timestamp,
    /// Since when their tokens are suspended, because the provider ended their sessions.
    pub suspended_at: Option<Timestamp>,
    /// Number of sessions.
    pub sessions: u64,
    /// Number of API tokens.
    pub tokens: u64,
}

/// The page of one person.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PersonPage {
    /// The person.
    pub row: PersonRow,
    /// Issuer and subject, joined by `#`.
    pub subject: String,
    /// Their groups at the last sign-in.
    pub groups: Vec<String>,
    /// Their sessions.
    pub sessions: Vec<SessionRow>,
    /// Their API tokens.
    pub tokens: Vec<TokenRow>,
}
