//! Query parameters.

use std::str::FromStr;

use axum::extract::FromRequestParts;
use http::request::Parts;

/// Names and values. A form that is left empty sends empty values, and people edit addresses: what is empty or makes
/// no sense counts as not asked.
#[derive(Debug, Clone, Default)]
pub(super) struct QueryParams {
    pairs: Vec<(String, String)>,
}

impl QueryParams {
    /// The value, unless it is blank.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// The value as what it should be.
    pub(super) fn parsed<T: FromStr>(&self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    /// Whether it is `true`.
    pub(super) fn is_true(&self, name: &str) -> bool {
        self.text(name) == Some("true")
    }

    /// The number of the page, from 1.
    pub(super) fn page(&self) -> usize {
        self.parsed("page").unwrap_or(1).max(1)
    }

    /// All of it.
    pub(super) fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }
}

impl<S: Sync> FromRequestParts<S> for QueryParams {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self {
            pairs: url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        })
    }
}
