use jiff::Timestamp;
use portico_domain::names::{RequestId, TenantName};
use portico_domain::request::{ApprovalNeed, Decision};
use portico_domain::tenancy::{Person, Scope};

use super::filter::RequestFilter;
use crate::backend::{Query, Row};
use crate::{Result, Store, StoreError};

/// How many are read at a time.
const PART: i64 = 200;

/// What tells on whom a request waits, of one that somebody must decide on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecided {
    /// The request.
    pub id: RequestId,
    /// The tenant it is for.
    pub tenant: TenantName,
    /// Who asks.
    pub requester: Person,
    /// Who must agree.
    pub approval: Option<ApprovalNeed>,
    /// Who has decided.
    pub decisions: Vec<Decision>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Store {
    /// All requests that somebody must decide on, the longest waiting first, but for those of the person `but_of`. Without
    /// their manifests, so that there may be many of them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn undecided(&self, scope: &Scope, but_of: &str) -> Result<Vec<Undecided>> {
        let filter = RequestFilter {
            not_requester: Some(but_of.to_owned()),
            ..RequestFilter::awaiting_decision()
        };
        let mut found: Vec<Undecided> = Vec::new();
        loop {
            let mut query = Query::new(
                "SELECT id, tenant, requester, requester_name, requester_email, approval, decisions, created_at \
                 FROM requests",
                [],
            );
            filter.write(scope, &mut query);
            if let Some(last) = found.last() {
                query.push(" AND id > ").bind(last.id.to_string());
            }
            query.push(" ORDER BY id LIMIT ").bind(PART);
            let rows = self.backend.fetch(query).await?;
            let read = i64::try_from(rows.len()).unwrap_or(i64::MAX);
            for row in &rows {
                found.push(row.try_into()?);
            }
            if read < PART {
                break;
            }
        }
        // Whoever calls the API may choose an id, which need not follow from the time.
        found.sort_by_key(|request| (request.created_at, request.id));
        Ok(found)
    }
}

impl TryFrom<&Row> for Undecided {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.parsed("id")?,
            tenant: row.parsed("tenant")?,
            requester: Person {
                subject: row.text("requester")?,
                name: row.text("requester_name")?,
                email: row.text_if_any("requester_email")?,
            },
            approval: row.json_if_any("approval")?,
            decisions: row.json("decisions")?,
            created_at: row.time("created_at")?,
        })
    }
}
