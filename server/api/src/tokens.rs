use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Problem;
use portico_domain::tenancy::TokenScope;

/// A person's API tokens: which programs speak for me, and how do I get rid of one?
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokensPage {
    /// The tokens, the newest first.
    pub rows: Vec<TokenRow>,
    /// The one that was made just now, with its secret.
    pub made: Option<CreatedToken>,
    /// The name of a new one, as typed.
    pub name: String,
    /// For how many days.
    pub days: u32,
    /// For how many days at most.
    pub longest_days: u32,
    /// After how many days without a sign-in of their person's tokens are refused.
    pub sign_in_within_days: u32,
    /// What it shall be good for.
    pub scope: TokenScope,
    /// What is wrong with these.
    pub problems: Vec<Problem>,
}

/// A token, as it may be shown.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenRow {
    /// Its identity.
    pub id: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// What it is good for.
    pub scope: TokenScope,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is good for nothing.
    pub expires_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// A token that was made just now: its secret is shown this once.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreatedToken {
    /// The token.
    #[serde(flatten)]
    pub token: TokenRow,
    /// What to send as `Authorization: Bearer …`.
    pub secret: String,
}
