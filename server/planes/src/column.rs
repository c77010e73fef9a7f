//! Printer columns of a kind.

/// A printer column of a CRD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub name: String,
    /// A path in the object, see [`portico_domain::claim::path`].
    pub path: String,
}
