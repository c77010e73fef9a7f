//! What a request to a virtual workspace is for.

use super::instance::LogicalCluster;

/// What a request is for.
pub(super) struct Scope {
    /// The logical cluster of the export.
    pub(super) provider: String,
    pub(super) export: String,
    /// The one logical cluster that it is for; `None`: all.
    pub(super) only: Option<String>,
}

impl Scope {
    /// Whether the logical cluster has the resource from the export, or had: watches hear of its end.
    pub(super) fn covers(&self, cluster: &LogicalCluster, group: &str, plural: &str) -> bool {
        self.only
            .as_ref()
            .is_none_or(|only| *only == cluster.name || *only == cluster.path)
            && cluster
                .source(group, plural)
                .is_some_and(|bound| bound.cluster == self.provider && bound.export == self.export)
    }
}
