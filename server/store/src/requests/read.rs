use std::collections::{BTreeMap, BTreeSet};

use portico_domain::authz::{Visible, visible_request};
use portico_domain::claim::ClaimRef;
use portico_domain::names::{RequestId, TenantName};
use portico_domain::ownership::{Owner, RecordedClaim};
use portico_domain::request::{Action, Request, State};
use portico_domain::tenancy::{Scope, Viewer};

use super::columns::{OPEN, SELECT, decode_skipping_invalid, requests, state};
use super::filter::{RequestFilter, write_claim, write_scope};
use crate::backend::Query;
use crate::{Listing, Page, Result, Store};

impl Store {
    /// Selects a request within the scope.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn request(&self, scope: &Scope, id: RequestId) -> Result<Option<Request>> {
        let mut query = Query::new(SELECT, []);
        write_scope(scope, &mut query);
        query.push(" AND id = ").bind(id.to_string());
        Ok(requests(&self.backend.fetch(query).await?)?.pop())
    }

    /// Selects a request that the viewer may read: within their tenants, or because their approval was requested.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn visible_request(&self, viewer: &Viewer, id: RequestId) -> Result<Option<Visible<Request>>> {
        let mut query = Query::new(SELECT, []);
        query.push(" WHERE id = ").bind(id.to_string());
        let found = requests(&self.backend.fetch(query).await?)?.pop();
        Ok(found.and_then(|request| visible_request(viewer, request)))
    }

    /// Selects requests, newest first. Rows that cannot be decoded are skipped.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn requests(
        &self,
        scope: &Scope,
        filter: &RequestFilter,
        page: &Page<RequestId>,
    ) -> Result<Listing<Request, RequestId>> {
        let mut query = Query::new(SELECT, []);
        filter.write(scope, &mut query);
        if let Some(before) = page.before {
            query.push(" AND id < ").bind(before.to_string());
        }
        query.push(" ORDER BY id DESC LIMIT ").bind(page.rows() + 1);
        let mut rows = self.backend.fetch(query).await?;
        let limit = usize::try_from(page.rows()).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more);
        Ok(Listing {
            next: last.map(|row| row.parsed("id")).transpose()?,
            items: decode_skipping_invalid(&rows),
        })
    }

    /// Selects the requests with these ids within the scope. Rows that cannot be decoded are skipped.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn requests_by_id(
        &self,
        scope: &Scope,
        ids: &BTreeSet<RequestId>,
    ) -> Result<BTreeMap<RequestId, Request>> {
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut query = Query::new(SELECT, []);
        write_scope(scope, &mut query);
        query
            .push(" AND id IN ")
            .bind_list(ids.iter().map(ToString::to_string));
        let found = decode_skipping_invalid(&self.backend.fetch(query).await?);
        Ok(found.into_iter().map(|request| (request.id, request)).collect())
    }

    /// Counts requests by state. States without requests are missing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_requests(
        &self,
        scope: &Scope,
        filter: &RequestFilter,
    ) -> Result<BTreeMap<State, u64>> {
        let mut query = Query::new("SELECT state, count(*) AS amount FROM requests", []);
        filter.write(scope, &mut query);
        query.push(" GROUP BY state");
        let rows = self.backend.fetch(query).await?;
        rows.iter()
            .map(|row| Ok((state(&row.text("state")?)?, row.integer("amount")?.unsigned_abs())))
            .collect()
    }

    /// Counts requests by person and state, for these pairs of a tenant and a
    /// [`portico_domain::tenancy::Person::subject`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_requests_of(
        &self,
        requesters: &BTreeSet<(TenantName, String)>,
    ) -> Result<BTreeMap<(TenantName, String), BTreeMap<State, u64>>> {
        let mut counts: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        if requesters.is_empty() {
            return Ok(counts);
        }
        let mut query = Query::new(
            "SELECT tenant, requester, state, count(*) AS amount FROM requests WHERE requester IN ",
            [],
        );
        query
            .bind_list(requesters.iter().map(|(_, subject)| subject.as_str()))
            .push(" AND tenant IN ")
            .bind_list(requesters.iter().map(|(tenant, _)| tenant.as_str()))
            .push(" GROUP BY tenant, requester, state");
        for row in self.backend.fetch(query).await? {
            let requester: (TenantName, String) = (row.parsed("tenant")?, row.text("requester")?);
            if requesters.contains(&requester) {
                let count = row.integer("amount")?.unsigned_abs();
                counts
                    .entry(requester)
                    .or_default()
                    .insert(state(&row.text("state")?)?, count);
            }
        }
        Ok(counts)
    }

    /// Selects the open request about this claim, whoever requested it. There is at most one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_request_of(&self, scope: &Scope, claim: &ClaimRef) -> Result<Option<Request>> {
        let mut query = Query::new(SELECT, []);
        write_scope(scope, &mut query);
        write_claim(claim, query.push(" AND "));
        query.push(" AND state IN ").push(OPEN);
        Ok(requests(&self.backend.fetch(query).await?)?.pop())
    }

    /// Selects open requests of these tenants for new claims and changes, oldest first. They count towards the quota
    /// before the control planes have the objects. A row that cannot be decoded is never applied, so it does not
    /// count.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_create_and_change_requests(
        &self,
        scope: &Scope,
        tenants: &BTreeSet<TenantName>,
    ) -> Result<Vec<Request>> {
        let mut query = Query::new(SELECT, []);
        write_scope(scope, &mut query);
        query
            .push(" AND tenant IN ")
            .bind_list(tenants.iter().map(AsRef::<str>::as_ref));
        query
            .push(" AND action IN ")
            .bind_list([Action::Create.slug(), Action::Change.slug()]);
        query.push(" AND state IN ").push(OPEN).push(" ORDER BY id");
        Ok(decode_skipping_invalid(&self.backend.fetch(query).await?))
    }

    /// Selects the claims that requests created cluster-scoped or in the namespace of a consumer, in the order of the audit
    /// log: a later entry for a claim replaces an earlier one. Nothing else determines the owner of such a claim.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn recorded_claims(&self) -> Result<Vec<RecordedClaim>> {
        let mut query = Query::new(
            "SELECT plane, offering, namespace, name, uid, tenant, environment FROM requests \
             WHERE (namespace IS NULL OR namespace LIKE 'portico-for-%') AND uid IS NOT NULL AND state = ",
            [],
        );
        query
            .bind(State::Fulfilled.slug())
            .push(" AND action <> ")
            .bind(Action::Delete.slug())
            .push(" ORDER BY updated_at, id");
        let rows = self.backend.fetch(query).await?;
        rows.iter()
            .map(|row| {
                Ok(RecordedClaim {
                    claim: ClaimRef {
                        plane: row.parsed("plane")?,
                        offering: row.parsed("offering")?,
                        namespace: row.text_if_any("namespace")?,
                        name: row.parsed("name")?,
                    },
                    uid: row.text("uid")?,
                    owner: Owner {
                        tenant: row.parsed("tenant")?,
                        environment: row.parsed("environment")?,
                    },
                })
            })
            .collect()
    }
}
