//! The query string of a list, which holds the whole filter.

use portico_api::Link;

/// A page with query parameters, without empty ones.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    page: Link,
    pairs: Vec<(&'static str, String)>,
}

impl Query {
    pub(crate) fn new(page: Link) -> Self {
        Self {
            page,
            pairs: Vec::new(),
        }
    }

    /// The same parameters for another page.
    pub(crate) fn at(mut self, page: Link) -> Self {
        self.page = page;
        self
    }

    /// Sets `key`. An empty value removes it.
    pub(crate) fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        let value = value.into();
        self.pairs.retain(|(other, _)| *other != key);
        if !value.is_empty() {
            self.pairs.push((key, value));
        }
        self
    }

    /// Removes `key`.
    pub(crate) fn without(self, key: &'static str) -> Self {
        self.with(key, "")
    }

    /// True if no parameter is set.
    pub(crate) fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The parameters other than `keys`, for the hidden inputs of a form that sets `keys` itself.
    pub(crate) fn besides(&self, keys: &[&str]) -> Vec<(&'static str, String)> {
        self.pairs
            .iter()
            .filter(|(key, _)| !keys.contains(key))
            .cloned()
            .collect()
    }

    /// The URL.
    pub(crate) fn href(&self) -> String {
        let pairs = self.pairs.iter();
        self.page
            .with_query(pairs.map(|(key, value)| (*key, value.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_kept() {
        let query = Query::new(Link::Claims)
            .with("q", "a b&c=ü")
            .with("plane", "eu")
            .with("plane", "");
        assert_eq!(query.href(), "/claims?q=a+b%26c%3D%C3%BC");
        assert_eq!(query.with("page", "2").without("q").href(), "/claims?page=2");
    }
}
