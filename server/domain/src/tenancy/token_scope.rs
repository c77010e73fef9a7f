use serde::{Deserialize, Serialize};

/// The scope of an API token. A token may never do more than its owner.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TokenScope {
    /// Read only: it changes nothing and reveals no secrets.
    Read,
    /// Everything that its owner may do.
    Full,
}

impl TokenScope {
    /// All scopes.
    pub const ALL: [Self; 2] = [Self::Read, Self::Full];

    /// Returns the name in forms, JSON and the database.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Full => "full",
        }
    }

    /// Returns the name on screens.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Read => "Read only",
            Self::Full => "All that you may do",
        }
    }

    /// Returns the scope with this slug.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.slug() == slug)
    }
}
