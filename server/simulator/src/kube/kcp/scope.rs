//! What a request to a virtual workspace is for.

use serde_json::Value;

use super::instance::LogicalCluster;
use crate::kube::types::kind::Kind;

/// What a request is for.
pub(super) struct Scope {
    /// The logical cluster of the export.
    pub(super) provider: String,
    pub(super) export: String,
    /// The one logical cluster that it is for; `None`: all.
    pub(super) only: Option<String>,
    /// The shard whose logical clusters it is for; `None`: all.
    pub(super) shard: Option<usize>,
}

impl Scope {
    /// Whether the logical cluster has the resource from the export, or had: watches hear of its end. Bindings are in all.
    pub(super) fn covers(&self, cluster: &LogicalCluster, group: &str, plural: &str) -> bool {
        self.shard.is_none_or(|shard| shard == cluster.shard)
            && self
                .only
                .as_ref()
                .is_none_or(|only| *only == cluster.name || *only == cluster.path)
            && (is_binding(group, plural)
                || cluster
                    .source(group, plural)
                    .is_some_and(|bound| bound.cluster == self.provider && bound.export == self.export))
    }

    /// Whether an object is shown: of bindings, those of the export.
    pub(super) fn shows(&self, kind: &Kind, object: &Value) -> bool {
        !is_binding(&kind.group, &kind.plural)
            || (object["spec"]["reference"]["export"]["name"] == self.export.as_str()
                && object["status"]["apiExportClusterName"] == self.provider.as_str())
    }
}

/// Whether a resource is that of bindings, which kcp shows beside those of the export.
fn is_binding(group: &str, plural: &str) -> bool {
    (group, plural) == ("apis.kcp.io", "apibindings")
}
