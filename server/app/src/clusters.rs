//! Which cluster answers for each control plane: kept in the database.

use futures::future::BoxFuture;
use jiff::Timestamp;
use portico_domain::authz::SystemAuthority;
use portico_domain::cluster::{ClusterId, RecordedCluster};
use portico_domain::names::PlaneName;
use portico_planes::ClusterRegister;
use portico_store::Store;

/// Keeps the clusters in the database, so that all replicas agree and a restart forgets nothing.
pub struct RecordedClusters {
    store: Store,
    authority: SystemAuthority,
    now: fn() -> Timestamp,
}

impl RecordedClusters {
    /// Keeps them in this database.
    #[must_use]
    pub fn new(store: Store, authority: SystemAuthority, now: fn() -> Timestamp) -> Self {
        Self {
            store,
            authority,
            now,
        }
    }
}

impl ClusterRegister for RecordedClusters {
    fn recorded<'a>(
        &'a self,
        plane: &'a PlaneName,
        found: Option<&'a ClusterId>,
    ) -> BoxFuture<'a, Result<Option<RecordedCluster>, String>> {
        Box::pin(async move {
            let recorded = self
                .store
                .record_cluster(&self.authority, plane, found, (self.now)())
                .await;
            recorded.map_err(|error| {
                tracing::warn!(%plane, %error, "which cluster answers for a control plane cannot be looked up");
                "the database does not answer".to_owned()
            })
        })
    }
}
