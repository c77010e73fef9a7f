//! Errors of parsing schemas and definitions, and the limits on them.

/// Why a document is not a usable schema or definition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// Something has the wrong JSON type or an unknown value.
    #[error("{path}: {problem}")]
    Malformed {
        /// Where, as a dotted path in the document.
        path: String,
        /// What was expected.
        problem: String,
    },
    /// `$ref`, which structural schemas must not use.
    #[error("{path}: $ref is not allowed in a structural schema")]
    Reference {
        /// Where, as a dotted path in the document.
        path: String,
    },
    /// The schema is nested too deeply.
    #[error("the schema is nested more than {limit} levels deep (at {path})")]
    TooDeep {
        /// Where the limit was exceeded.
        path: String,
        /// The limit, in levels.
        limit: usize,
    },
    /// The schema has too many nodes.
    #[error("the schema has more than {limit} fields")]
    TooManyNodes {
        /// The limit, in nodes.
        limit: usize,
    },
    /// The schema is too large.
    #[error("the schema is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The schema has too many distinct patterns.
    #[error("the schema has more than {limit} different patterns")]
    TooManyPatterns {
        /// The limit, in patterns.
        limit: usize,
    },
    /// The document is not a `CustomResourceDefinition`.
    #[error("this is a {found}, not a CustomResourceDefinition of apiextensions.k8s.io/v1")]
    NotADefinition {
        /// The document's `apiVersion` and `kind`.
        found: String,
    },
    /// The definition has no such version.
    #[error("{definition} has no version {version}; it has {known}")]
    NoSuchVersion {
        /// The definition's name.
        definition: String,
        /// The requested version.
        version: String,
        /// The existing versions, separated by commas.
        known: String,
    },
    /// The version has no schema.
    #[error("version {version} has no openAPIV3Schema")]
    NoSchema {
        /// The version.
        version: String,
    },
}

/// Limits on schemas from untrusted sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Levels of nesting.
    pub max_depth: usize,
    /// Schema nodes, including branches of `allOf`, `anyOf`, `oneOf` and `not`.
    pub max_nodes: usize,
    /// Bytes of names, descriptions, patterns, rules, defaults and examples.
    pub max_bytes: usize,
}

impl Default for Limits {
    /// Two to twenty times what the largest published definitions need.
    fn default() -> Self {
        Self {
            max_depth: 64,
            max_nodes: 100_000,
            max_bytes: 6 * 1024 * 1024,
        }
    }
}
