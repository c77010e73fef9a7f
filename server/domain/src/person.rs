//! People.

use serde::{Deserialize, Serialize};

/// A person as their identity provider knows them.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// `iss` and `sub` joined by `#`: unique over all providers, never reused.
    pub subject: String,
    /// The name to show.
    pub name: String,
    /// The e-mail address, if the provider verified it or the configuration trusts unverified ones.
    pub email: Option<String>,
}

impl Person {
    /// True if both are the same human being: the same account, or two accounts with one e-mail address. A person
    /// with two accounts cannot approve their own requests, and counts once.
    #[must_use]
    pub fn is_same_human(&self, other: &Self) -> bool {
        let same_email = match (&self.email, &other.email) {
            (Some(one), Some(another)) => one.to_lowercase() == another.to_lowercase(),
            _ => false,
        };
        self.subject == other.subject || same_email
    }
}
