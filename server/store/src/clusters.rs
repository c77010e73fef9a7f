//! Which cluster answers for each control plane.
//!
//! A row stays when its control plane is gone from the configuration: a document of the same name may come back, by a file
//! that was unreadable for a while or a change that was undone, and must then find the same cluster. People write these names,
//! so there are few. The names of control planes that are claims end in a hash of the claim's uid and never come back once
//! the claim is deleted: then [`Store::delete_claimed_plane`] deletes the row as well, and the table does not grow with every
//! control plane that was ever requested.

use jiff::Timestamp;
use portico_domain::authz::{AcceptCluster, AuditEvent, Granted, SystemAuthority};
use portico_domain::cluster::{ClusterId, RecordedCluster};
use portico_domain::names::PlaneName;

use crate::backend::Query;
use crate::{Result, Store};

impl Store {
    /// Selects the cluster on record for the control plane. If there is none, `found` is put on record first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn record_cluster(
        &self,
        _authority: &SystemAuthority,
        plane: &PlaneName,
        found: Option<&ClusterId>,
        now: Timestamp,
    ) -> Result<Option<RecordedCluster>> {
        if let Some(found) = found {
            let insert = Query::new(
                "INSERT INTO clusters (plane, cluster, since) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                [plane.as_str().into(), found.as_str().into(), now.into()],
            );
            self.write_and_record(insert, &[]).await?;
        }
        let select = Query::new(
            "SELECT cluster, since FROM clusters WHERE plane = $1",
            [plane.as_str().into()],
        );
        let rows = self.backend.fetch(select).await?;
        let recorded = |row: &crate::backend::Row| {
            Ok(RecordedCluster {
                id: row.parsed("cluster")?,
                since: row.time("since")?,
            })
        };
        rows.first().map(recorded).transpose()
    }

    /// Puts another cluster on record for the control plane that the grant names, or none, and records that. False if
    /// `was` is not on record.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn accept_cluster(
        &self,
        grant: &Granted<PlaneName, AcceptCluster>,
        was: &ClusterId,
        now_is: Option<&ClusterId>,
        since: Timestamp,
        events: &[AuditEvent],
    ) -> Result<bool> {
        let (plane, was) = (grant.target().as_str(), was.as_str());
        let write = match now_is {
            Some(now_is) => Query::new(
                "UPDATE clusters SET cluster = $3, since = $4 WHERE plane = $1 AND cluster = $2",
                [plane.into(), was.into(), now_is.as_str().into(), since.into()],
            ),
            None => Query::new(
                "DELETE FROM clusters WHERE plane = $1 AND cluster = $2",
                [plane.into(), was.into()],
            ),
        };
        self.write_and_record(write, events).await
    }
}
