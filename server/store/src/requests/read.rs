use std::collections::BTreeMap;

use portico_domain::claim::ClaimRef;
use portico_domain::names::{RequestId, TenantName};
use portico_domain::ownership::{Owner, RecordedClaim};
use portico_domain::request::{Action, Request, State};
use portico_domain::tenancy::Scope;

use super::columns::{OPEN, SELECT, requests, state};
use super::filter::{RequestFilter, write_claim, write_scope};
use crate::backend::Query;
use crate::{Listing, Page, Result, Store};

impl Store {
    /// The request, if it exists within the scope.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn request(&self, scope: &Scope, id: RequestId) -> Result<Option<Request>> {
        let mut query = Query::new(SELECT, []);
        write_scope(scope, &mut query);
        query.push(" AND id = ").bind(id.to_string());
        Ok(requests(&self.backend.fetch(query).await?)?.pop())
    }

    /// Requests, the newest first.
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
        let found = requests(&self.backend.fetch(query).await?)?;
        Ok(Listing::cut(found, page.rows(), |request| request.id))
    }

    /// How many requests there are in each state; a state without any is missing.
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

    /// The request that is under way for this claim, whoever's it is: there is one at most.
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

    /// A tenant's requests for new claims and changes that are under way, the oldest first: what they ask for counts
    /// towards its quota before the control planes have it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn under_way(&self, scope: &Scope, tenant: &TenantName) -> Result<Vec<Request>> {
        let mut query = Query::new(SELECT, []);
        write_scope(scope, &mut query);
        query.push(" AND tenant = ").bind(tenant.as_str());
        query
            .push(" AND action IN ")
            .bind_list([Action::Create.slug(), Action::Change.slug()]);
        query.push(" AND state IN ").push(OPEN).push(" ORDER BY id");
        requests(&self.backend.fetch(query).await?)
    }

    /// The cluster-scoped claims that were made for somebody, in the order in which that was recorded: what comes
    /// later of a claim holds. Nothing but this says whose such a claim is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn cluster_scoped_claims(&self) -> Result<Vec<RecordedClaim>> {
        let mut query = Query::new(
            "SELECT plane, offering, name, uid, tenant, environment FROM requests \
             WHERE namespace IS NULL AND uid IS NOT NULL AND state = ",
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
                        namespace: None,
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
