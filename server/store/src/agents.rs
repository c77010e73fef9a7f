//! Agents of control planes, the tokens with which they enrol, and the replicas that they connect to.

use jiff::Timestamp;
use portico_domain::agent::KnownAgent;
use portico_domain::authz::{self, AuditEvent, Granted, SystemAuthority};
use portico_domain::names::PlaneName;
use uuid::Uuid;

use crate::backend::{Query, Row};
use crate::{Result, Store, StoreError};

/// An agent that is to be enrolled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment<'a> {
    /// The digest of its token.
    pub digest: &'a str,
    /// The id that it gets.
    pub agent: Uuid,
    /// The control plane that it says.
    pub plane: &'a PlaneName,
    /// Where it connected from.
    pub remote: &'a str,
    /// When its certificate runs out.
    pub certificate_expires_at: Timestamp,
    /// The time of this.
    pub now: Timestamp,
}

/// What became of an enrolment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enrolled {
    /// The token is used up and the agent is kept.
    Yes,
    /// There is no such token, or it was used, or it has run out.
    NoToken,
    /// The token is for another control plane, and not used up.
    OtherPlane,
}

const COLUMNS: &str =
    "id, plane, remote, enrolled_at, certificate_expires_at, last_seen_at, revoked_at, revoked_by";

impl Store {
    /// Inserts a token for the control plane that the grant names, and records it. Tokens that ran out are removed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn insert_agent_enrolment(
        &self,
        grant: &Granted<PlaneName, authz::EnrolAgent>,
        digest: &str,
        created_at: Timestamp,
        expires_at: Timestamp,
        event: AuditEvent,
    ) -> Result<()> {
        let mut transaction = self.backend.begin().await?;
        let forget = Query::new(
            "DELETE FROM agent_enrolments WHERE expires_at <= $1",
            [created_at.into()],
        );
        transaction.execute(forget).await?;
        let insert = Query::new(
            "INSERT INTO agent_enrolments (digest, plane, person, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
            [
                digest.into(),
                grant.target().as_str().into(),
                grant.person().subject.as_str().into(),
                created_at.into(),
                expires_at.into(),
            ],
        );
        transaction.execute(insert).await?;
        crate::audit_log::append(&mut *transaction, &[event]).await?;
        transaction.commit().await
    }

    /// Uses up a token and inserts its agent, and records it: both or neither.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn enrol_agent(
        &self,
        _: &SystemAuthority,
        enrolment: &Enrolment<'_>,
        event: AuditEvent,
    ) -> Result<Enrolled> {
        let mut transaction = self.backend.begin().await?;
        let take = Query::new(
            "UPDATE agent_enrolments SET used_at = $1 \
             WHERE digest = $2 AND plane = $3 AND used_at IS NULL AND expires_at > $4",
            [
                enrolment.now.into(),
                enrolment.digest.into(),
                enrolment.plane.as_str().into(),
                enrolment.now.into(),
            ],
        );
        if transaction.execute(take).await? == 0 {
            drop(transaction);
            let select = Query::new(
                "SELECT plane FROM agent_enrolments WHERE digest = $1 AND used_at IS NULL AND expires_at > $2",
                [enrolment.digest.into(), enrolment.now.into()],
            );
            let is_other = !self.backend.fetch(select).await?.is_empty();
            return Ok(if is_other {
                Enrolled::OtherPlane
            } else {
                Enrolled::NoToken
            });
        }
        let insert = Query::new(
            "INSERT INTO agents (id, plane, remote, enrolled_at, certificate_expires_at) VALUES ($1, $2, $3, $4, $5)",
            [
                enrolment.agent.to_string().into(),
                enrolment.plane.as_str().into(),
                enrolment.remote.into(),
                enrolment.now.into(),
                enrolment.certificate_expires_at.into(),
            ],
        );
        transaction.execute(insert).await?;
        crate::audit_log::append(&mut *transaction, &[event]).await?;
        transaction.commit().await?;
        Ok(Enrolled::Yes)
    }

    /// Notes that an agent gets another certificate. False if it may not: it is unknown, revoked, or another control
    /// plane's.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn renew_agent(
        &self,
        _: &SystemAuthority,
        agent: Uuid,
        plane: &PlaneName,
        certificate_expires_at: Timestamp,
    ) -> Result<bool> {
        let update = Query::new(
            "UPDATE agents SET certificate_expires_at = $1 WHERE id = $2 AND plane = $3 AND revoked_at IS NULL",
            [
                certificate_expires_at.into(),
                agent.to_string().into(),
                plane.as_str().into(),
            ],
        );
        Ok(self.execute_once(update).await? > 0)
    }

    /// Selects an agent.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn agent(&self, _: &SystemAuthority, agent: Uuid) -> Result<Option<KnownAgent>> {
        let mut select = Query::new("SELECT ", []);
        select
            .push(COLUMNS)
            .push(" FROM agents WHERE id = ")
            .bind(agent.to_string());
        let rows = self.backend.fetch(select).await?;
        rows.first().map(KnownAgent::try_from).transpose()
    }

    /// Selects the agents of a control plane, the newest first, at most 50. It says nothing of a tenant.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn agents_of(&self, plane: &PlaneName) -> Result<Vec<KnownAgent>> {
        let mut select = Query::new("SELECT ", []);
        select
            .push(COLUMNS)
            .push(" FROM agents WHERE plane = ")
            .bind(plane.as_str())
            .push(" ORDER BY enrolled_at DESC, id LIMIT 50");
        self.backend
            .fetch(select)
            .await?
            .iter()
            .map(KnownAgent::try_from)
            .collect()
    }

    /// Revokes an agent of the control plane that the grant names, and records it. False if there is none, or it is
    /// revoked already.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_agent(
        &self,
        grant: &Granted<PlaneName, authz::RevokeAgent>,
        agent: Uuid,
        now: Timestamp,
        event: AuditEvent,
    ) -> Result<bool> {
        let update = Query::new(
            "UPDATE agents SET revoked_at = $1, revoked_by = $2 WHERE id = $3 AND plane = $4 AND revoked_at IS NULL",
            [
                now.into(),
                grant.person().name.as_str().into(),
                agent.to_string().into(),
                grant.target().as_str().into(),
            ],
        );
        self.write_and_record(update, &[event]).await
    }

    /// Notes that these agents are connected. Returns those that may stay.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn see_agents(
        &self,
        _: &SystemAuthority,
        agents: &[Uuid],
        now: Timestamp,
    ) -> Result<Vec<Uuid>> {
        if agents.is_empty() {
            return Ok(Vec::new());
        }
        let ids = || agents.iter().map(Uuid::to_string);
        let mut update = Query::new("UPDATE agents SET last_seen_at = ", []);
        update
            .bind(now)
            .push(" WHERE revoked_at IS NULL AND id IN ")
            .bind_list(ids());
        self.execute_once(update).await?;
        let mut select = Query::new("SELECT id FROM agents WHERE revoked_at IS NULL AND id IN ", []);
        select.bind_list(ids());
        let rows = self.backend.fetch(select).await?;
        rows.iter().map(|row| row.parsed("id")).collect()
    }

    /// Notes that a replica is alive, forgets those that were not since `since`, and selects the others.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn see_replica(
        &self,
        _: &SystemAuthority,
        replica: Uuid,
        now: Timestamp,
        since: Timestamp,
    ) -> Result<Vec<Uuid>> {
        let insert = Query::new(
            "INSERT INTO replicas (id, seen_at) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET seen_at = $3",
            [replica.to_string().into(), now.into(), now.into()],
        );
        self.execute_once(insert).await?;
        let delete = Query::new("DELETE FROM replicas WHERE seen_at < $1", [since.into()]);
        self.execute_once(delete).await?;
        let select = Query::new("SELECT id FROM replicas ORDER BY id", []);
        let rows = self.backend.fetch(select).await?;
        rows.iter().map(|row| row.parsed("id")).collect()
    }

    /// Forgets a replica that stops.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_replica(&self, _: &SystemAuthority, replica: Uuid) -> Result<()> {
        let delete = Query::new("DELETE FROM replicas WHERE id = $1", [replica.to_string().into()]);
        self.execute_once(delete).await.map(drop)
    }

    async fn execute_once(&self, query: Query) -> Result<u64> {
        let mut transaction = self.backend.begin().await?;
        let rows = transaction.execute(query).await?;
        transaction.commit().await?;
        Ok(rows)
    }
}

impl TryFrom<&Row> for KnownAgent {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.parsed("id")?,
            plane: row.parsed("plane")?,
            remote: row.text("remote")?,
            enrolled_at: row.time("enrolled_at")?,
            certificate_expires_at: row.time("certificate_expires_at")?,
            last_seen_at: row.time_if_any("last_seen_at")?,
            revoked_at: row.time_if_any("revoked_at")?,
            revoked_by: row.text_if_any("revoked_by")?,
        })
    }
}
