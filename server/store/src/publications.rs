//! What platform admins decided on the permissions of publications.

use jiff::Timestamp;
use portico_domain::authz::{AuditEvent, DecidePermission, Granted, PublicationTarget};
use portico_domain::documents::Permission;
use portico_domain::publication::{Ask, PermissionDecision, PermissionDecisions};
use portico_domain::tenancy::Person;
use uuid::Uuid;

use crate::backend::{Query, Row};
use crate::{Result, Store, StoreError};

/// A decision on a permission, by the person of the grant.
#[derive(Debug, Clone)]
pub struct NewPermissionDecision {
    /// Its id (UUID version 7).
    pub id: Uuid,
    /// The permission.
    pub permission: Permission,
    /// Accepted or refused.
    pub accepted: bool,
    /// What was asked for.
    pub ask: Ask,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// Inserts a decision on a permission that the publication of the grant asks for, and records it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert_permission_decision(
        &self,
        grant: &Granted<PublicationTarget, DecidePermission>,
        decision: &NewPermissionDecision,
        events: &[AuditEvent],
    ) -> Result<()> {
        let by = grant.person();
        let ask = serde_json::to_string(&decision.ask)
            .map_err(|error| StoreError::unreadable("permission_decisions.ask", error))?;
        let insert = Query::new(
            "INSERT INTO permission_decisions \
             (id, publication, permission, accepted, ask, person, person_name, person_email, at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            [
                decision.id.to_string().into(),
                grant.target().name.as_str().into(),
                decision.permission.slug().into(),
                i64::from(decision.accepted).into(),
                ask.into(),
                by.subject.as_str().into(),
                by.name.as_str().into(),
                by.email.as_deref().into(),
                decision.at.into(),
            ],
        );
        self.write_and_record(insert, events).await.map(drop)
    }

    /// Selects all decisions on permissions. Rows about permissions that this version does not know are skipped.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn permission_decisions(&self) -> Result<PermissionDecisions> {
        let select = "SELECT publication, permission, accepted, ask, person, person_name, person_email, at \
                      FROM permission_decisions ORDER BY at, id";
        let rows = self.backend.fetch(Query::new(select, [])).await?;
        let mut decisions = Vec::with_capacity(rows.len());
        for row in &rows {
            if let Some(permission) = Permission::from_slug(&row.text("permission")?) {
                decisions.push(decision(row, permission)?);
            }
        }
        Ok(PermissionDecisions::new(decisions))
    }
}

fn decision(row: &Row, permission: Permission) -> Result<PermissionDecision> {
    Ok(PermissionDecision {
        publication: row.parsed("publication")?,
        permission,
        accepted: row.integer("accepted")? != 0,
        ask: row.json("ask")?,
        by: Person {
            subject: row.text("person")?,
            name: row.text("person_name")?,
            email: row.text_if_any("person_email")?,
        },
        at: row.time("at")?,
    })
}
