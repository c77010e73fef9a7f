//! Quarantine for rows of the queue that cannot be decoded, because something else or a newer Portico wrote them.
//! Left in the queue, they would stay first and block it.

use jiff::Timestamp;
use portico_domain::audit_log::NewEvent;
use portico_domain::names::{RequestId, TenantName};
use portico_domain::reason::FailureReason;
use portico_domain::request::{Request, State};
use serde_json::json;

use super::columns::{CLEAR_SENTENCES, reason_value};
use super::pending_approvals::remove_approvers;
use crate::backend::{Query, Row, Transaction};
use crate::{Result, Store, StoreError};

/// A row that cannot be decoded, and why.
pub(super) struct Unreadable {
    row: Row,
    why: StoreError,
}

/// Separates rows that can be decoded from those that cannot.
pub(super) fn split(rows: Vec<Row>) -> (Vec<Request>, Vec<Unreadable>) {
    let mut requests = Vec::new();
    let mut unreadable = Vec::new();
    for row in rows {
        match Request::try_from(&row) {
            Ok(request) => requests.push(request),
            Err(why) => unreadable.push(Unreadable { row, why }),
        }
    }
    (requests, unreadable)
}

/// Ends these requests as failed and records why, at the end of the transaction. Other columns do not change, so that
/// an operator can repair them. Returns the recorded events; a row whose state changed meanwhile is skipped.
pub(super) async fn quarantine(
    transaction: &mut dyn Transaction,
    rows: &[Unreadable],
    now: Timestamp,
) -> Result<Vec<NewEvent>> {
    let mut events = Vec::new();
    for Unreadable { row, why } in rows {
        let id = row.text("id")?;
        let mut update = Query::new("UPDATE requests SET state = ", []);
        let reason = FailureReason::Unreadable {
            message: why.to_string(),
        };
        update
            .bind(State::Failed.slug())
            .push(", failure_reason = ")
            .bind(reason_value(&reason)?);
        update.push(CLEAR_SENTENCES).push(
            ", waiting_reason = NULL, next_attempt_at = NULL, lease_owner = NULL, lease_until = NULL, \
             revision = revision + 1, updated_at = ",
        );
        update.bind(now).push(" WHERE id = ").bind(id.as_str());
        update.push(" AND state = ").bind(row.text("state")?);
        if transaction.execute(update).await? == 0 {
            continue;
        }
        remove_approvers(transaction, &id).await?;
        tracing::error!(request = id, %why, "a request that cannot be read was taken out of the queue");
        metrics::counter!("portico_requests_failed_total", "reason" => "unreadable").increment(1);
        events.push(event(row, id, why, now));
    }
    crate::audit_log::append(transaction, &events).await?;
    Ok(events)
}

impl Store {
    /// Notifies subscribers that these requests have failed.
    pub(super) fn notify_of_quarantined(&self, events: &[NewEvent]) {
        for event in events {
            if let (Some(id), Some(tenant)) = (event.request, &event.tenant) {
                self.notify_subscribers(id, tenant, State::Failed);
            }
        }
    }
}

/// Builds the audit event from the columns that can be decoded.
fn event(row: &Row, id: String, why: &StoreError, now: Timestamp) -> NewEvent {
    let text = |column| row.text(column).unwrap_or_default();
    let namespace = row.text_if_any("namespace").ok().flatten();
    let claim = [
        text("plane"),
        text("offering"),
        namespace.unwrap_or_else(|| "-".to_owned()),
        text("name"),
    ];
    NewEvent {
        at: now,
        actor: "portico".to_owned(),
        actor_name: "Portico".to_owned(),
        verb: "request.failed".to_owned(),
        tenant: text("tenant").parse::<TenantName>().ok(),
        request: id.parse::<RequestId>().ok(),
        subject: id,
        remote: None,
        details: json!({"reason": "unreadable", "why": why.to_string(), "claim": claim.join("/")}),
    }
}
