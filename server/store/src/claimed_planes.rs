//! Control planes that are themselves claims and have joined.

use jiff::Timestamp;
use portico_domain::authz::{AuditEvent, SystemAuthority};
use portico_domain::claimed_plane::PlaneClaim;
use portico_domain::names::PlaneName;

use crate::audit_log::append;
use crate::backend::{Query, Row};
use crate::{Result, Store, StoreError};

impl Store {
    /// Inserts a claim whose control plane has joined, and records it. False if it is there already.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert_claimed_plane(
        &self,
        _: &SystemAuthority,
        joined: &PlaneClaim,
        now: Timestamp,
        events: &[AuditEvent],
    ) -> Result<bool> {
        let claim = serde_json::to_string(&joined.claim)
            .map_err(|error| StoreError::unreadable("claimed_planes.claim", error))?;
        let insert = Query::new(
            "INSERT INTO claimed_planes (uid, claim, tenant, environment, joined_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT DO NOTHING",
            [
                joined.uid.as_str().into(),
                claim.into(),
                joined.tenant.as_str().into(),
                joined.environment.as_str().into(),
                now.into(),
            ],
        );
        self.write_and_record(insert, events).await
    }

    /// Deletes a claim whose control plane has left, and records it. False if it was not there. With `forgotten`, no cluster
    /// is on record for the control plane of this name any more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete_claimed_plane(
        &self,
        _: &SystemAuthority,
        uid: &str,
        forgotten: Option<&PlaneName>,
        events: &[AuditEvent],
    ) -> Result<bool> {
        let delete = Query::new("DELETE FROM claimed_planes WHERE uid = $1", [uid.into()]);
        let mut transaction = self.backend.begin().await?;
        if transaction.execute(delete).await? == 0 {
            return Ok(false);
        }
        if let Some(plane) = forgotten {
            let forget = Query::new("DELETE FROM clusters WHERE plane = $1", [plane.as_str().into()]);
            transaction.execute(forget).await?;
        }
        append(&mut *transaction, events).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Selects all claims whose control planes have joined, in that order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claimed_planes(&self, _: &SystemAuthority) -> Result<Vec<PlaneClaim>> {
        let select = "SELECT uid, claim, tenant, environment FROM claimed_planes ORDER BY joined_at, uid";
        let rows = self.backend.fetch(Query::new(select, [])).await?;
        rows.iter().map(PlaneClaim::try_from).collect()
    }
}

impl TryFrom<&Row> for PlaneClaim {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self> {
        Ok(Self {
            claim: row.json("claim")?,
            uid: row.text("uid")?,
            tenant: row.parsed("tenant")?,
            environment: row.parsed("environment")?,
        })
    }
}
