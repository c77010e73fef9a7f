//! Requests that await approval, indexed by their possible approvers.

use portico_domain::approver::{Approver, PendingApproval};
use portico_domain::request::Request;
use portico_domain::tenancy::Scope;

use super::columns::{SELECT, decode_skipping_invalid};
use super::filter::RequestFilter;
use crate::backend::{Query, Transaction};
use crate::{Result, Store};

/// Number of requests read at a time.
const BATCH: i64 = 200;

impl Store {
    /// Counts the requests that wait for this approver.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_pending_approvals(&self, approver: &Approver) -> Result<u64> {
        let mut query = Query::new("SELECT count(*) AS amount FROM requests", []);
        write_approver(approver, &mut query);
        let rows = self.backend.fetch(query).await?;
        let count = rows.first().map_or(Ok(0), |row| row.integer("amount"))?;
        Ok(count.unsigned_abs())
    }

    /// Selects the requests that wait for this approver, oldest first: at most `limit` after the first `skip`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pending_approvals(
        &self,
        approver: &Approver,
        skip: usize,
        limit: usize,
    ) -> Result<Vec<Request>> {
        let as_i64 = |as_i64| i64::try_from(as_i64).unwrap_or(i64::MAX);
        let mut query = Query::new(SELECT, []);
        write_approver(approver, &mut query);
        // Callers of the API may choose an id, so ids need not follow the time.
        query
            .push(" ORDER BY created_at, id LIMIT ")
            .bind(as_i64(limit))
            .push(" OFFSET ")
            .bind(as_i64(skip));
        Ok(decode_skipping_invalid(&self.backend.fetch(query).await?))
    }

    /// Selects the request that has awaited approval the longest, whoever can decide on it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn oldest_pending_approval(&self, scope: &Scope) -> Result<Option<Request>> {
        let mut query = Query::new(SELECT, []);
        RequestFilter::awaiting_decision().write(scope, &mut query);
        query.push(" ORDER BY created_at, id LIMIT 1");
        Ok(decode_skipping_invalid(&self.backend.fetch(query).await?).pop())
    }

    /// Derives the approvers of requests that an older version inserted without them.
    pub(crate) async fn derive_missing_approvers(&self) -> Result<()> {
        let mut last: Option<String> = None;
        loop {
            let mut transaction = self.backend.begin().await?;
            let mut query = Query::new(SELECT, []);
            query.push(
                " WHERE state = 'awaiting-approval' AND NOT EXISTS \
                 (SELECT 1 FROM excluded_approvers WHERE excluded_approvers.request_id = requests.id)",
            );
            if let Some(last) = last.take() {
                query.push(" AND id > ").bind(last);
            }
            query.push(" ORDER BY id LIMIT ").bind(BATCH);
            // Another replica that does the same has locked these.
            query.push(self.backend.dialect().skip_locked);
            let rows = transaction.fetch(query).await?;
            let Some(last_row) = rows.last() else {
                return Ok(());
            };
            last = Some(last_row.text("id")?);
            for request in decode_skipping_invalid(&rows) {
                save_approvers(&mut *transaction, &request).await?;
            }
            transaction.commit().await?;
        }
    }
}

/// Replaces the approvers of a request, in the transaction that saves the request.
pub(super) async fn save_approvers(transaction: &mut dyn Transaction, request: &Request) -> Result<()> {
    let id = request.id.to_string();
    remove_approvers(transaction, &id).await?;
    let Some(need) = PendingApproval::of(request) else {
        return Ok(());
    };
    let tables = [
        (
            "INSERT INTO pending_approvers (request_id, principal) VALUES ",
            need.principals,
        ),
        (
            "INSERT INTO excluded_approvers (request_id, person) VALUES ",
            need.excluded,
        ),
    ];
    for (insert, values) in tables {
        if values.is_empty() {
            continue;
        }
        let mut query = Query::new(insert, []);
        for (index, value) in values.into_iter().enumerate() {
            query.push(if index == 0 { "(" } else { ", (" });
            query.bind(id.as_str()).push(", ").bind(value).push(")");
        }
        transaction.execute(query).await?;
    }
    Ok(())
}

/// Deletes the approvers of the request with that id.
pub(super) async fn remove_approvers(transaction: &mut dyn Transaction, id: &str) -> Result<()> {
    for delete in [
        "DELETE FROM pending_approvers WHERE request_id = $1",
        "DELETE FROM excluded_approvers WHERE request_id = $1",
    ] {
        transaction.execute(Query::new(delete, [id.into()])).await?;
    }
    Ok(())
}

/// Appends the condition that a request waits for the approver.
fn write_approver(approver: &Approver, query: &mut Query) {
    query
        .push(
            " WHERE state = 'awaiting-approval' AND id IN \
             (SELECT request_id FROM pending_approvers WHERE principal IN ",
        )
        .bind_list(approver.principals().iter().map(String::as_str));
    query
        .push(
            ") AND NOT EXISTS (SELECT 1 FROM excluded_approvers \
             WHERE excluded_approvers.request_id = requests.id AND excluded_approvers.person IN ",
        )
        .bind_list(approver.identities().iter().map(String::as_str));
    query.push(")");
}
