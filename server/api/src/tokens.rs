use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::Problem;
use portico_domain::tenancy::TokenScope;

/// The page of a person's own API tokens.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokensPage {
    /// The tokens, newest first.
    pub rows: Vec<TokenRow>,
    /// The token that was just created, with its secret.
    pub made: Option<CreatedToken>,
    /// The name of a new token, as typed.
    pub name: String,
    /// The validity of a new token in days.
    pub days: u32,
    /// The maximum validity in days.
    pub longest_days: u32,
    /// Number of days without a sign-in of their owner after which tokens are refused.
    pub sign_in_within_days: u32,
    /// The scope of a new token.
    pub scope: TokenScope,
    /// Problems of these inputs.
    pub problems: Vec<Problem>,
}

/// An API token.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenRow {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Its scope.
    pub scope: TokenScope,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// A new token. Its secret is shown only once.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreatedToken {
    /// The token.
    #[serde(flatten)]
    pub token: TokenRow,
    /// The value for `Authorization: Bearer …`.
    pub secret: String,
}
