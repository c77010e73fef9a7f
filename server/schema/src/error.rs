//! Why a document is not a schema or a definition that can be worked with.

/// Why a document is not a schema or a definition that can be worked with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Something has the wrong JSON type or an unknown value.
    #[error("{path}: {problem}")]
    Malformed {
        /// Where, as a dotted path in the document.
        path: String,
        /// What is expected there.
        problem: String,
    },
    /// `$ref` is not allowed in structural schemas.
    #[error("{path}: $ref is not allowed in a structural schema")]
    Reference {
        /// Where.
        path: String,
    },
    /// The schema is nested more deeply than is followed.
    #[error("the schema is nested more than {limit} levels deep (at {path})")]
    TooDeep {
        /// Where the limit was met.
        path: String,
        /// The limit.
        limit: usize,
    },
    /// The schema has more nodes than is held.
    #[error("the schema has more than {limit} fields")]
    TooManyNodes {
        /// The limit.
        limit: usize,
    },
    /// The schema has more text than is held.
    #[error("the schema is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// The schema has more different patterns than are compiled.
    #[error("the schema has more than {limit} different patterns")]
    TooManyPatterns {
        /// The limit.
        limit: usize,
    },
    /// The document is of another kind.
    #[error("this is a {found}, not a CustomResourceDefinition of apiextensions.k8s.io/v1")]
    NotADefinition {
        /// Its `apiVersion` and `kind`.
        found: String,
    },
    /// The definition has no such version.
    #[error("{definition} has no version {version}; it has {known}")]
    NoSuchVersion {
        /// The definition's name.
        definition: String,
        /// The version asked for.
        version: String,
        /// The versions there are.
        known: String,
    },
    /// The version carries no schema.
    #[error("version {version} has no openAPIV3Schema")]
    NoSchema {
        /// The version.
        version: String,
    },
}

/// Bounds on what a schema may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Levels of nesting.
    pub depth: usize,
    /// Schema nodes, branches of `oneOf` and its like included.
    pub nodes: usize,
    /// Bytes of names, descriptions, patterns, rules and defaults.
    pub bytes: usize,
}

impl Default for Limits {
    /// Twice to twenty times what the largest published definitions need.
    fn default() -> Self {
        Self {
            depth: 64,
            nodes: 100_000,
            bytes: 6 * 1024 * 1024,
        }
    }
}
