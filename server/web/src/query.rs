//! Query parameters.

use std::str::FromStr;

use axum::extract::FromRequestParts;
use http::request::Parts;

/// Names and values of the query. An empty or invalid value counts as missing: forms send empty fields, and people
/// edit addresses.
#[derive(Debug, Clone, Default)]
pub(super) struct QueryParams {
    pairs: Vec<(String, String)>,
}

impl From<Vec<(String, String)>> for QueryParams {
    fn from(pairs: Vec<(String, String)>) -> Self {
        Self { pairs }
    }
}

impl QueryParams {
    /// Reads a query, without `?`.
    pub(super) fn of(query: &str) -> Self {
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        Self {
            pairs: pairs.into_owned().collect(),
        }
    }

    /// Returns the value unless it is blank.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// Parses the value.
    pub(super) fn parsed<T: FromStr>(&self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    /// Parses all values of this name.
    pub(super) fn all<T: FromStr>(&self, name: &str) -> Vec<T> {
        let named = self.pairs.iter().filter(|(known, _)| known == name);
        named.filter_map(|(_, value)| value.trim().parse().ok()).collect()
    }

    /// True if the value is `true`.
    pub(super) fn is_true(&self, name: &str) -> bool {
        self.text(name) == Some("true")
    }

    /// Returns the page number, from 1.
    pub(super) fn page(&self) -> usize {
        self.parsed("page").unwrap_or(1).max(1)
    }

    /// Returns all pairs.
    pub(super) fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }
}

impl<S: Sync> FromRequestParts<S> for QueryParams {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(parts.uri.query().unwrap_or_default()))
    }
}
