use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::TokenRow;

/// A person's sessions: where am I signed in, and how do I end that?
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionsPage {
    /// The sessions, the one used last first.
    pub rows: Vec<SessionRow>,
}

/// A session, as it may be shown.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionRow {
    /// Its identity. Nobody can sign in by it.
    pub id: String,
    /// Whether it is the one that asks.
    pub current: bool,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was last used, to the minute.
    pub seen_at: Timestamp,
    /// When it ends if nobody uses it.
    pub expires_at: Timestamp,
    /// The address that it began from.
    pub address: Option<String>,
    /// The browser, in a few words.
    pub browser: Option<String>,
}

/// People who have signed in: who can do anything here, and since when?
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PeoplePage {
    /// What was searched for.
    pub query: String,
    /// The people, who signed in last first.
    pub rows: Vec<PersonRow>,
    /// Whether there are more than are shown.
    pub more: bool,
}

/// Somebody who has signed in.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PersonRow {
    /// The identity in addresses.
    pub id: Uuid,
    /// The name.
    pub name: String,
    /// The e-mail address that counts.
    pub email: Option<String>,
    /// Their sign-in provider; `None` when it is configured no more: then they may do nothing.
    pub provider: Option<String>,
    /// When they signed in last.
    pub signed_in_at: Timestamp,
    /// Since when their tokens are suspended, because the provider ended their sessions.
    pub suspended_at: Option<Timestamp>,
    /// How many sessions they have.
    pub sessions: u64,
    /// How many API tokens they have.
    pub tokens: u64,
}

/// One person, opened: what can be done in their name, and how does that end?
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PersonPage {
    /// Who.
    pub row: PersonRow,
    /// Issuer and subject.
    pub subject: String,
    /// Their groups, as of their last sign-in.
    pub groups: Vec<String>,
    /// Their sessions.
    pub sessions: Vec<SessionRow>,
    /// Their API tokens.
    pub tokens: Vec<TokenRow>,
}
