use jiff::Timestamp;
use portico_domain::authz::{AuditEvent, InsertsRequest, UpdatesRequest};
use portico_domain::request::Request;

use super::columns::{OPEN, insert, update};
use super::filter::write_claim;
use super::pending_approvals::save_approvers;
use crate::backend::Query;
use crate::{Result, Store, StoreError};

impl Store {
    /// Inserts a new request with its audit events in the same transaction. Times are stored to the microsecond.
    ///
    /// It takes a grant. Without one it does not compile:
    ///
    /// ```compile_fail,E0061
    /// use portico_domain::request::Request;
    /// use portico_store::Store;
    ///
    /// async fn forgot_to_ask(store: &Store, request: &Request) {
    ///     let _ = store.insert_request(request, &[]).await;
    /// }
    /// ```
    ///
    /// Nor with a grant for another operation:
    ///
    /// ```compile_fail,E0277
    /// use portico_domain::authz::{Comment, Granted};
    /// use portico_domain::request::Request;
    /// use portico_store::Store;
    ///
    /// async fn may_only_comment(store: &Store, grant: &Granted<Request, Comment>, request: &Request) {
    ///     let _ = store.insert_request(grant, request, &[]).await;
    /// }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::NotCovered`] when the grant is for another request, [`StoreError::ClaimBusy`] when another
    /// request about the same claim is open, [`StoreError::Duplicate`] when the request exists.
    pub async fn insert_request(
        &self,
        by: &impl InsertsRequest,
        request: &Request,
        events: &[AuditEvent],
    ) -> Result<()> {
        if !by.covers(request) {
            return Err(StoreError::NotCovered(request.id));
        }
        self.insert(request, events).await
    }

    /// Inserts a request, for tests of other things than grants.
    ///
    /// # Errors
    /// As [`Store::insert_request`].
    #[cfg(feature = "testing")]
    pub async fn insert_for_tests(&self, request: &Request, events: &[AuditEvent]) -> Result<()> {
        self.insert(request, events).await
    }

    async fn insert(&self, request: &Request, events: &[AuditEvent]) -> Result<()> {
        let mut transaction = self.backend.begin().await?;
        match transaction.execute(insert(request)?).await {
            Ok(_) => {}
            Err(StoreError::Database(sqlx::Error::Database(error))) if error.is_unique_violation() => {
                drop(transaction);
                return Err(self.conflict_of(request).await?);
            }
            Err(error) => return Err(error),
        }
        save_approvers(&mut *transaction, request).await?;
        crate::audit_log::append(&mut *transaction, events).await?;
        transaction.commit().await?;
        self.notify_subscribers(request.id, &request.tenant, request.state);
        Ok(())
    }

    /// Updates a request if its revision is still the one that was read, with its audit events in the same
    /// transaction. What was frozen at submission (manifest, claim, requester) does not change. Returns the request
    /// with its new revision.
    ///
    /// # Errors
    /// [`StoreError::NotCovered`] when the grant is for another request, [`StoreError::Stale`] when the request was
    /// changed since it was read.
    pub async fn update_request(
        &self,
        by: &impl UpdatesRequest,
        request: &Request,
        events: &[AuditEvent],
    ) -> Result<Request> {
        if !by.covers(request) {
            return Err(StoreError::NotCovered(request.id));
        }
        self.save(request, update(request)?, events).await
    }

    /// Updates a request, for tests of other things than grants.
    ///
    /// # Errors
    /// As [`Store::update_request`].
    #[cfg(feature = "testing")]
    pub async fn update_for_tests(&self, request: &Request, events: &[AuditEvent]) -> Result<Request> {
        self.save(request, update(request)?, events).await
    }

    /// Like [`Store::update_request`], unless a worker holds its lease at `now`.
    ///
    /// # Errors
    /// [`StoreError::Stale`] also if a worker holds its lease.
    pub async fn update_idle_request(
        &self,
        by: &impl UpdatesRequest,
        request: &Request,
        now: Timestamp,
        events: &[AuditEvent],
    ) -> Result<Request> {
        if !by.covers(request) {
            return Err(StoreError::NotCovered(request.id));
        }
        let mut update = update(request)?;
        update
            .push(" AND (lease_until IS NULL OR lease_until <= ")
            .bind(now);
        update.push(")");
        self.save(request, update, events).await
    }

    async fn save(&self, request: &Request, update: Query, events: &[AuditEvent]) -> Result<Request> {
        let mut transaction = self.backend.begin().await?;
        match transaction.execute(update).await {
            Ok(0) => return Err(StoreError::Stale(request.id)),
            Ok(_) => {}
            // It is open again, and another about its claim is open by now.
            Err(StoreError::Database(sqlx::Error::Database(error))) if error.is_unique_violation() => {
                drop(transaction);
                return Err(self.claim_busy(request).await?);
            }
            Err(error) => return Err(error),
        }
        save_approvers(&mut *transaction, request).await?;
        crate::audit_log::append(&mut *transaction, events).await?;
        transaction.commit().await?;
        self.notify_subscribers(request.id, &request.tenant, request.state);
        Ok(Request {
            revision: request.revision + 1,
            ..request.clone()
        })
    }

    async fn conflict_of(&self, request: &Request) -> Result<StoreError> {
        let same = Query::new(
            "SELECT id FROM requests WHERE id = $1",
            [request.id.to_string().into()],
        );
        if !self.backend.fetch(same).await?.is_empty() {
            return Ok(StoreError::Duplicate(format!("request {}", request.id)));
        }
        self.claim_busy(request).await
    }

    async fn claim_busy(&self, request: &Request) -> Result<StoreError> {
        let mut open = Query::new("SELECT id FROM requests WHERE ", []);
        write_claim(&request.claim, &mut open);
        open.push(" AND state IN ").push(OPEN);
        let by = self
            .backend
            .fetch(open)
            .await?
            .first()
            .map(|row| row.parsed("id"))
            .transpose()?;
        Ok(StoreError::ClaimBusy { by })
    }
}
