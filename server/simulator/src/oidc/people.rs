use serde::{Deserialize, Serialize};

/// A person who can sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// `sub`: stable and unique.
    pub subject: String,
    /// `preferred_username`.
    pub username: String,
    /// `name`.
    pub name: String,
    /// `email`; `email_verified` is true.
    pub email: String,
    /// `groups`.
    pub groups: Vec<String>,
    /// A short description on the sign-in page; not a claim.
    pub about: String,
}

/// A client (relying party).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// `client_secret`.
    pub secret: String,
    /// The name on the sign-in page.
    pub name: String,
    /// The redirect URIs, compared as strings (RFC 9700, section 2.1).
    pub redirect_uris: Vec<String>,
    /// The post-logout redirect URIs.
    pub post_logout_redirect_uris: Vec<String>,
}
