use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use portico_domain::authz::AuditEvent;
use portico_domain::claim::ClaimRef;
use portico_domain::names::{PlaneName, RequestId};
use portico_domain::reason::WaitingReason;
use portico_domain::request::Request;

use super::columns::{CLEAR_SENTENCES, SELECT, reason_value, state};
use super::filter::write_claim;
use super::quarantine::{quarantine, split};
use crate::backend::Query;
use crate::{Result, Store};

const WAKE: &str = "UPDATE requests SET next_attempt_at = ";
/// What waits for something that can happen. A decision that can be undone has no such reason: it takes effect in its time.
const WAITING: &str = " WHERE state IN ('approved', 'applying') AND coalesce(waiting_reason, waiting_for) IS NOT NULL AND next_attempt_at > ";

/// When a request is processed again, and why not now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// Not before this time.
    pub at: Timestamp,
    /// Why it waits.
    pub waiting_for: WaitingReason,
}

/// Whether a lease is still held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// The lease was extended.
    Held,
    /// Another worker has it, or the request has ended: stop working on it.
    Lost,
}

impl Store {
    /// Leases at most `limit` requests that are due, approved or being applied, and not leased by another worker. No two
    /// workers get the same request while its lease lasts. Requests for a control plane in `exclude_planes` are skipped.
    /// Rows that cannot be read are quarantined. An empty result means that nothing is due.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lease(
        &self,
        worker: &str,
        now: Timestamp,
        duration: Duration,
        limit: u32,
        exclude_planes: &[PlaneName],
    ) -> Result<Vec<Request>> {
        loop {
            let mut transaction = self.backend.begin().await?;
            // Their ids first: sorting all that are due with their manifests costs more than reading a few again.
            let mut due = Query::new("SELECT id FROM requests", []);
            due.push(
                " WHERE state IN ('approved', 'applying') AND (next_attempt_at IS NULL OR next_attempt_at <= ",
            );
            due.bind(now)
                .push(") AND (lease_until IS NULL OR lease_until <= ")
                .bind(now);
            due.push(")");
            exclude(&mut due, exclude_planes);
            due.push(" ORDER BY coalesce(next_attempt_at, created_at), id LIMIT ")
                .bind(i64::from(limit));
            due.push(self.backend.dialect().skip_locked);
            let due = transaction.fetch(due).await?;
            if due.is_empty() {
                return Ok(Vec::new());
            }
            let ids: Vec<String> = due.iter().map(|row| row.text("id")).collect::<Result<_>>()?;
            let mut rows = Query::new(SELECT, []);
            rows.push(" WHERE id IN ");
            rows.bind_list(ids);
            rows.push(" ORDER BY coalesce(next_attempt_at, created_at), id");
            let (leased, unreadable) = split(transaction.fetch(rows).await?);
            if leased.is_empty() && unreadable.is_empty() {
                return Ok(leased);
            }
            if !leased.is_empty() {
                let mut update = Query::new("UPDATE requests SET lease_owner = ", []);
                update
                    .bind(worker)
                    .push(", lease_until = ")
                    .bind(until(now, duration))
                    .push(" WHERE id IN ");
                update.bind_list(leased.iter().map(|request| request.id.to_string()));
                transaction.execute(update).await?;
            }
            let quarantined = quarantine(&mut *transaction, &unreadable, now).await?;
            transaction.commit().await?;
            self.notify_of_quarantined(&quarantined);
            // More rows may follow behind those that cannot be decoded.
            if !leased.is_empty() {
                return Ok(leased);
            }
        }
    }

    /// Extends a lease to `now + duration`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn renew_lease(
        &self,
        id: RequestId,
        worker: &str,
        now: Timestamp,
        duration: Duration,
    ) -> Result<Renewal> {
        let mut transaction = self.backend.begin().await?;
        let renew = Query::new(
            "UPDATE requests SET lease_until = $1 WHERE id = $2 AND lease_owner = $3",
            [until(now, duration).into(), id.to_string().into(), worker.into()],
        );
        let renewed = transaction.execute(renew).await?;
        transaction.commit().await?;
        Ok(if renewed == 0 {
            Renewal::Lost
        } else {
            Renewal::Held
        })
    }

    /// Releases a lease. With a `retry`, the attempt counts and the request is due at that time; without, it is due at once.
    /// Returns [`Renewal::Lost`] and changes nothing if another worker has the lease.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release(
        &self,
        id: RequestId,
        worker: &str,
        now: Timestamp,
        retry: Option<&Retry>,
        events: &[AuditEvent],
    ) -> Result<Renewal> {
        let mut transaction = self.backend.begin().await?;
        let mut query = Query::new("UPDATE requests SET lease_owner = NULL, lease_until = NULL", []);
        if let Some(retry) = retry {
            query
                .push(", attempts = attempts + 1, revision = revision + 1, next_attempt_at = ")
                .bind(retry.at);
            query
                .push(", waiting_reason = ")
                .bind(reason_value(&retry.waiting_for)?);
            query.push(CLEAR_SENTENCES);
            query.push(", updated_at = ").bind(now);
        }
        query
            .push(" WHERE id = ")
            .bind(id.to_string())
            .push(" AND lease_owner = ")
            .bind(worker);
        query.push(" RETURNING tenant, state");
        let released = transaction.fetch(query).await?;
        let Some(row) = released.first() else {
            return Ok(Renewal::Lost);
        };
        crate::audit_log::append(&mut *transaction, events).await?;
        transaction.commit().await?;
        if retry.is_some() {
            self.notify_subscribers(id, &row.parsed("tenant")?, state(&row.text("state")?)?);
        }
        Ok(Renewal::Held)
    }

    /// Releases the leases of an earlier process and returns how many there were. Only with SQLite, which one process uses;
    /// with PostgreSQL they run out. Call it before leasing anything.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release_orphaned_leases(&self) -> Result<u64> {
        if !self.backend.dialect().single_process {
            return Ok(0);
        }
        let release =
            "UPDATE requests SET lease_owner = NULL, lease_until = NULL WHERE lease_owner IS NOT NULL";
        self.write(Query::new(release, [])).await
    }

    /// Makes requests that wait and are about this claim due at once. Returns how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn wake_waiting_for_claim(&self, claim: &ClaimRef, now: Timestamp) -> Result<u64> {
        let mut wake = Query::new(WAKE, []);
        wake.bind(now).push(WAITING).bind(now).push(" AND ");
        write_claim(claim, &mut wake);
        self.write(wake).await
    }

    /// Makes requests that wait and are for this control plane due at once. Returns how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn wake_waiting_for_plane(&self, plane: &PlaneName, now: Timestamp) -> Result<u64> {
        let mut wake = Query::new(WAKE, []);
        wake.bind(now)
            .push(WAITING)
            .bind(now)
            .push(" AND plane = ")
            .bind(plane.as_str());
        self.write(wake).await
    }

    /// Returns when the next request is due or the next lease expires. Requests for a control plane in
    /// `exclude_planes` do not count.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next_due(&self, exclude_planes: &[PlaneName]) -> Result<Option<Timestamp>> {
        let mut query = Query::new(
            "SELECT min(CASE WHEN coalesce(lease_until, 0) > coalesce(next_attempt_at, 0) THEN lease_until \
             ELSE coalesce(next_attempt_at, created_at) END) AS due FROM requests \
             WHERE state IN ('approved', 'applying')",
            [],
        );
        exclude(&mut query, exclude_planes);
        self.backend
            .fetch(query)
            .await?
            .first()
            .map_or(Ok(None), |row| row.time_if_any("due"))
    }

    /// Selects requests whose approval deadline has passed, most overdue first, at most 100. Rows that cannot be
    /// decoded are quarantined.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn expired(&self, now: Timestamp) -> Result<Vec<Request>> {
        loop {
            let mut query = Query::new(SELECT, []);
            query
                .push(" WHERE state = 'awaiting-approval' AND expires_at <= ")
                .bind(now);
            query.push(" ORDER BY expires_at LIMIT 100");
            let (expired, unreadable) = split(self.backend.fetch(query).await?);
            if !unreadable.is_empty() {
                let mut transaction = self.backend.begin().await?;
                let quarantined = quarantine(&mut *transaction, &unreadable, now).await?;
                transaction.commit().await?;
                self.notify_of_quarantined(&quarantined);
            }
            if !expired.is_empty() || unreadable.is_empty() {
                return Ok(expired);
            }
        }
    }
}

fn exclude(query: &mut Query, planes: &[PlaneName]) {
    for plane in planes {
        query.push(" AND plane <> ").bind(plane.as_str());
    }
}

fn until(now: Timestamp, duration: Duration) -> Timestamp {
    let duration = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
    now.checked_add(duration).unwrap_or(Timestamp::MAX)
}
