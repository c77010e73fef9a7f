use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use portico_domain::authz::AuditEvent;
use portico_domain::claim::ClaimRef;
use portico_domain::names::{PlaneName, RequestId};
use portico_domain::request::Request;

use super::columns::{SELECT, state};
use super::filter::write_claim;
use super::quarantine::{quarantine, split};
use crate::backend::Query;
use crate::{Result, Store};

const HURRY: &str = "UPDATE requests SET next_attempt_at = ";
const WAITING: &str = " WHERE state IN ('approved', 'applying') AND next_attempt_at > ";

/// When and why a request is taken up again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// Not before.
    pub at: Timestamp,
    /// What it waits for, in a sentence.
    pub waiting_for: String,
}

/// What became of a lease that was to be renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// It holds on.
    Held,
    /// Somebody else has it, or the request came to its end: put the work down.
    Lost,
}

impl Store {
    /// Takes requests to work on, at most `limit`: approved or being applied, due, and under nobody
    /// else's live lease. No two workers are given the same one while its lease lasts. What is for one of the
    /// control planes in `but_for` is left for later. Rows that cannot be read are quarantined; when none is
    /// returned, nothing is due.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lease(
        &self,
        worker: &str,
        now: Timestamp,
        last: Duration,
        limit: u32,
        but_for: &[PlaneName],
    ) -> Result<Vec<Request>> {
        loop {
            let mut transaction = self.backend.begin().await?;
            let mut due = Query::new(SELECT, []);
            due.push(
                " WHERE state IN ('approved', 'applying') AND (next_attempt_at IS NULL OR next_attempt_at <= ",
            );
            due.bind(now)
                .push(") AND (lease_until IS NULL OR lease_until <= ")
                .bind(now);
            due.push(")");
            leave_out(&mut due, but_for);
            due.push(" ORDER BY coalesce(next_attempt_at, created_at), id LIMIT ")
                .bind(i64::from(limit));
            due.push(self.backend.dialect().skip_locked);
            let (taken, unreadable) = split(transaction.fetch(due).await?);
            if taken.is_empty() && unreadable.is_empty() {
                return Ok(taken);
            }
            if !taken.is_empty() {
                let mut mark = Query::new("UPDATE requests SET lease_owner = ", []);
                mark.bind(worker)
                    .push(", lease_until = ")
                    .bind(until(now, last))
                    .push(" WHERE id IN ");
                mark.bind_list(taken.iter().map(|request| request.id.to_string()));
                transaction.execute(mark).await?;
            }
            let quarantined = quarantine(&mut *transaction, &unreadable, now).await?;
            transaction.commit().await?;
            self.tell_of_quarantined(&quarantined);
            // Behind rows that cannot be read there may be others that can.
            if !taken.is_empty() {
                return Ok(taken);
            }
        }
    }

    /// Makes a lease last longer, from `now`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn renew_lease(
        &self,
        id: RequestId,
        worker: &str,
        now: Timestamp,
        last: Duration,
    ) -> Result<Renewal> {
        let mut transaction = self.backend.begin().await?;
        let renew = Query::new(
            "UPDATE requests SET lease_until = $1 WHERE id = $2 AND lease_owner = $3",
            [until(now, last).into(), id.to_string().into(), worker.into()],
        );
        let renewed = transaction.execute(renew).await?;
        transaction.commit().await?;
        Ok(if renewed == 0 {
            Renewal::Lost
        } else {
            Renewal::Held
        })
    }

    /// Gives a lease back. With a `retry`, the attempt counts, and the request is due again at that
    /// time; without, at once. Somebody else's lease stays, and [`Renewal::Lost`] says so.
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
            query.push(", waiting_for = ").bind(retry.waiting_for.as_str());
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
        crate::record::append(&mut *transaction, events).await?;
        transaction.commit().await?;
        if retry.is_some() {
            self.tell(id, &row.parsed("tenant")?, state(&row.text("state")?)?);
        }
        Ok(Renewal::Held)
    }

    /// Ends the leases of processes that died, where it is certain that nobody else is alive: with
    /// SQLite, which serves one process. With PostgreSQL they run out by themselves. To be called
    /// before leasing anything. Answers how many there were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_leases_of_the_dead(&self) -> Result<u64> {
        if !self.backend.dialect().one_process {
            return Ok(0);
        }
        let end = "UPDATE requests SET lease_owner = NULL, lease_until = NULL WHERE lease_owner IS NOT NULL";
        self.write(Query::new(end, [])).await
    }

    /// Makes what waits for news of this claim due at once; how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn hurry_claim(&self, claim: &ClaimRef, now: Timestamp) -> Result<u64> {
        let mut hurry = Query::new(HURRY, []);
        hurry.bind(now).push(WAITING).bind(now).push(" AND ");
        write_claim(claim, &mut hurry);
        self.write(hurry).await
    }

    /// Makes what waits for this control plane due at once; how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn hurry_plane(&self, plane: &PlaneName, now: Timestamp) -> Result<u64> {
        let mut hurry = Query::new(HURRY, []);
        hurry
            .bind(now)
            .push(WAITING)
            .bind(now)
            .push(" AND plane = ")
            .bind(plane.as_str());
        self.write(hurry).await
    }

    /// When the next request falls due or the next lease runs out: how long the worker may sleep. What is for one
    /// of the control planes in `but_for` does not count.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next_due(&self, but_for: &[PlaneName]) -> Result<Option<Timestamp>> {
        let mut query = Query::new(
            "SELECT min(CASE WHEN coalesce(lease_until, 0) > coalesce(next_attempt_at, 0) THEN lease_until \
             ELSE coalesce(next_attempt_at, created_at) END) AS due FROM requests \
             WHERE state IN ('approved', 'applying')",
            [],
        );
        leave_out(&mut query, but_for);
        self.backend
            .fetch(query)
            .await?
            .first()
            .map_or(Ok(None), |row| row.time_if_any("due"))
    }

    /// Requests that nobody decided on in time, the most overdue first, at most 100. Rows that cannot be read are
    /// quarantined.
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
                self.tell_of_quarantined(&quarantined);
            }
            if !expired.is_empty() || unreadable.is_empty() {
                return Ok(expired);
            }
        }
    }
}

fn leave_out(query: &mut Query, planes: &[PlaneName]) {
    for plane in planes {
        query.push(" AND plane <> ").bind(plane.as_str());
    }
}

fn until(now: Timestamp, last: Duration) -> Timestamp {
    let last = SignedDuration::try_from(last).unwrap_or(SignedDuration::MAX);
    now.checked_add(last).unwrap_or(Timestamp::MAX)
}
