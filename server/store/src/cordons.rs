//! Cordons: control planes that take no new claims.

use jiff::Timestamp;
use portico_domain::authz::{self, AuditEvent, Granted, Uncordon};
use portico_domain::names::PlaneName;
use portico_domain::placement::Cordon;
use portico_domain::tenancy::Person;

use crate::backend::{Query, Row};
use crate::{Result, Store, StoreError};

impl Store {
    /// Inserts a cordon for the control plane that the grant names, and records it. False if there was one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn cordon(
        &self,
        grant: &Granted<PlaneName, authz::Cordon>,
        reason: Option<&str>,
        since: Timestamp,
        events: &[AuditEvent],
    ) -> Result<bool> {
        let by = grant.person();
        let insert = Query::new(
            "INSERT INTO cordons (plane, person, person_name, person_email, reason, since) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            [
                grant.target().as_str().into(),
                by.subject.as_str().into(),
                by.name.as_str().into(),
                by.email.as_deref().into(),
                reason.into(),
                since.into(),
            ],
        );
        self.write_and_record(insert, events).await
    }

    /// Deletes the cordon of the control plane that the grant names, and records it. False if there was none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn uncordon(
        &self,
        grant: &Granted<PlaneName, Uncordon>,
        events: &[AuditEvent],
    ) -> Result<bool> {
        let plane = grant.target();
        let delete = Query::new("DELETE FROM cordons WHERE plane = $1", [plane.as_str().into()]);
        self.write_and_record(delete, events).await
    }

    /// Selects all cordons.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn cordons(&self) -> Result<Vec<Cordon>> {
        let select =
            "SELECT plane, person, person_name, person_email, reason, since FROM cordons ORDER BY plane";
        self.backend
            .fetch(Query::new(select, []))
            .await?
            .iter()
            .map(Cordon::try_from)
            .collect()
    }

    /// Executes a statement, and records the events if it changed anything. False if it did not.
    pub(crate) async fn write_and_record(&self, query: Query, events: &[AuditEvent]) -> Result<bool> {
        let mut transaction = self.backend.begin().await?;
        if transaction.execute(query).await? == 0 {
            return Ok(false);
        }
        crate::audit_log::append(&mut *transaction, events).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

impl TryFrom<&Row> for Cordon {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self> {
        Ok(Self {
            plane: row.parsed("plane")?,
            by: Person {
                subject: row.text("person")?,
                name: row.text("person_name")?,
                email: row.text_if_any("person_email")?,
            },
            reason: row.text_if_any("reason")?,
            since: row.time("since")?,
        })
    }
}
