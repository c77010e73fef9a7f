use serde::{Deserialize, Serialize};

/// Somebody who can sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// `sub`: never changes, never belongs to another.
    pub subject: String,
    /// `preferred_username`.
    pub username: String,
    /// `name`.
    pub name: String,
    /// `email`; told as verified.
    pub email: String,
    /// `groups`.
    pub groups: Vec<String>,
    /// Who they are, in a few words for the sign-in page; no claim.
    pub about: String,
}

/// A program that may ask the provider to sign people in (a relying party).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// `client_secret`.
    pub secret: String,
    /// Its name, shown on the sign-in page.
    pub name: String,
    /// Where codes may be sent, compared as text (RFC 9700, section 2.1).
    pub redirect_uris: Vec<String>,
    /// Where browsers may be sent after sign-out.
    pub post_logout_redirect_uris: Vec<String>,
}
