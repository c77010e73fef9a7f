//! How long claims took from approval to ready; the catalog shows the median.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use portico_domain::names::{OfferingName, RequestId, TenantName};
use portico_domain::request::Request;
use portico_domain::tenancy::Scope;

use crate::backend::Query;
use crate::requests::{decode_skipping_invalid, write_scope};
use crate::{Result, Store};

/// Number of latest samples of an offering in its median.
const SAMPLES: usize = 50;
/// Number of latest samples of all offerings that are read together.
const MAX_SAMPLES: i64 = 5000;

impl Store {
    /// Records how long after its approval the claim of a request became ready. Recording it again changes nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_ready(
        &self,
        request: RequestId,
        offering: &OfferingName,
        took: Duration,
        now: Timestamp,
    ) -> Result<()> {
        let mut transaction = self.backend.begin().await?;
        let seconds = i64::try_from(took.as_secs()).unwrap_or(i64::MAX);
        let insert = Query::new(
            "INSERT INTO readiness (request_id, offering, seconds, noted_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (request_id) DO NOTHING",
            [
                request.to_string().into(),
                offering.as_str().into(),
                seconds.into(),
                now.into(),
            ],
        );
        transaction.execute(insert).await?;
        transaction.commit().await
    }

    /// True if the claim of a request was recorded as ready once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn was_ready(&self, request: RequestId) -> Result<bool> {
        let query = Query::new(
            "SELECT 1 FROM readiness WHERE request_id = $1",
            [request.to_string().into()],
        );
        Ok(!self.backend.fetch(query).await?.is_empty())
    }

    /// Returns the median time to ready of an offering's latest claims; `None` without samples.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn typical_time(&self, offering: &OfferingName) -> Result<Option<Duration>> {
        let samples = i64::try_from(SAMPLES).unwrap_or(i64::MAX);
        let query = Query::new(
            "SELECT seconds FROM readiness WHERE offering = $1 ORDER BY noted_at DESC LIMIT $2",
            [offering.as_str().into(), samples.into()],
        );
        let rows = self.backend.fetch(query).await?;
        let seconds = rows
            .iter()
            .map(|row| row.integer("seconds"))
            .collect::<Result<Vec<_>>>()?;
        Ok(median(seconds))
    }

    /// Returns the median time to ready of every offering with samples, in one read for the catalog.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn typical_times(&self) -> Result<BTreeMap<OfferingName, Duration>> {
        let query = Query::new(
            "SELECT offering, seconds FROM readiness ORDER BY noted_at DESC LIMIT $1",
            [MAX_SAMPLES.into()],
        );
        let mut samples: BTreeMap<OfferingName, Vec<i64>> = BTreeMap::new();
        for row in self.backend.fetch(query).await? {
            let of_offering = samples.entry(row.parsed("offering")?).or_default();
            if of_offering.len() < SAMPLES {
                of_offering.push(row.integer("seconds")?);
            }
        }
        Ok(samples
            .into_iter()
            .filter_map(|(offering, seconds)| Some((offering, median(seconds)?)))
            .collect())
    }

    /// Returns the seconds to ready of a tenant's claims, or (`None`) of everybody's, that became ready since `since`: by
    /// offering, sorted, of the latest 5000. Claims outside the scope are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ready_times(
        &self,
        scope: &Scope,
        tenant: Option<&TenantName>,
        since: Timestamp,
    ) -> Result<BTreeMap<OfferingName, Vec<u64>>> {
        let mut query = Query::new(
            "SELECT readiness.offering AS offering, seconds FROM readiness \
             JOIN requests ON requests.id = readiness.request_id",
            [],
        );
        write_scope(scope, &mut query);
        if let Some(tenant) = tenant {
            query.push(" AND tenant = ").bind(tenant.as_str());
        }
        query.push(" AND noted_at >= ").bind(since);
        query.push(" ORDER BY noted_at DESC LIMIT ").bind(MAX_SAMPLES);
        let mut times: BTreeMap<OfferingName, Vec<u64>> = BTreeMap::new();
        for row in self.backend.fetch(query).await? {
            let seconds = u64::try_from(row.integer("seconds")?).unwrap_or(0);
            times.entry(row.parsed("offering")?).or_default().push(seconds);
        }
        for seconds in times.values_mut() {
            seconds.sort_unstable();
        }
        Ok(times)
    }

    /// Selects every offering that was ever requested: there may be claims of it, even if it is no longer offered.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn requested_offerings(&self) -> Result<BTreeSet<OfferingName>> {
        let query = Query::new("SELECT DISTINCT offering FROM requests", []);
        let rows = self.backend.fetch(query).await?;
        rows.iter().map(|row| row.parsed("offering")).collect()
    }

    /// Selects fulfilled requests for new claims since `since` whose claims were not seen ready yet, newest first, at
    /// most 500. So claims that never become ready do not block the others.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn awaiting_readiness(&self, since: Timestamp) -> Result<Vec<Request>> {
        let mut query = Query::new(crate::requests::SELECT, []);
        query
            .push(" WHERE state = 'fulfilled' AND action = 'create' AND updated_at >= ")
            .bind(since);
        query.push(" AND NOT EXISTS (SELECT 1 FROM readiness WHERE readiness.request_id = requests.id)");
        query.push(" ORDER BY requests.updated_at DESC, requests.id DESC LIMIT 500");
        Ok(decode_skipping_invalid(&self.backend.fetch(query).await?))
    }
}

fn median(mut seconds: Vec<i64>) -> Option<Duration> {
    seconds.sort_unstable();
    let middle = seconds.get(seconds.len() / 2).copied()?;
    Duration::try_from(SignedDuration::from_secs(middle)).ok()
}
