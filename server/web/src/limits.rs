//! Rate limits by person, token and address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderValue, header};
use parking_lot::Mutex;
use portico_app::buckets::{Buckets, Rate};
use portico_domain::documents::RequestLimits;
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::auth::Current;

/// Maximum number of concurrent requests of one person; others wait.
const AT_ONCE: usize = 32;
/// How long they wait.
const PLACE_WAIT: Duration = Duration::from_secs(10);

/// Counts requests. One per process.
#[derive(Debug, Default)]
pub struct Usage {
    people: Buckets<String>,
    tokens: Buckets<[u8; 32]>,
    changes: Buckets<String>,
    strangers: Buckets<IpAddr>,
    under_way: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Usage {
    /// Counts a request of a person or token, and waits for one of the person's slots. Refuses a change when the
    /// person has made too many lately.
    ///
    /// # Errors
    /// When there were too many: how long to wait.
    pub(super) async fn admit(
        &self,
        limits: &RequestLimits,
        current: &Current,
        headers: &HeaderMap,
        changes: bool,
    ) -> Result<OwnedSemaphorePermit, Duration> {
        let (subject, now) = (&current.viewer.person.subject, Instant::now());
        if let Some(authorization) = headers.get(header::AUTHORIZATION) {
            self.tokens
                .take(&fingerprint(authorization), of_token(limits), now)?;
        }
        if changes {
            self.changes.check(subject, of_changes(limits), now)?;
        }
        self.people.take(subject, of_person(limits), now)?;
        let places = self.places(subject);
        match tokio::time::timeout(PLACE_WAIT, places.acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(Duration::from_secs(1)),
        }
    }

    /// Counts a change by a person.
    pub(super) fn changed(&self, limits: &RequestLimits, current: &Current) {
        self.changes
            .spend(&current.viewer.person.subject, of_changes(limits), Instant::now());
    }

    /// Checks whether an address has sent too many anonymous requests.
    ///
    /// # Errors
    /// When it has: how long to wait.
    pub(super) fn check_stranger(&self, limits: &RequestLimits, network: IpAddr) -> Result<(), Duration> {
        self.strangers
            .check(&network, of_strangers(limits), Instant::now())
    }

    /// Counts an anonymous request.
    pub(super) fn was_stranger(&self, limits: &RequestLimits, network: IpAddr) {
        self.strangers
            .spend(&network, of_strangers(limits), Instant::now());
    }

    fn places(&self, subject: &str) -> Arc<Semaphore> {
        let mut under_way = self.under_way.lock();
        if under_way.len() > 1_000 {
            under_way.retain(|_, places| Arc::strong_count(places) > 1);
        }
        Arc::clone(
            under_way
                .entry(subject.to_owned())
                .or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))),
        )
    }
}

fn fingerprint(authorization: &HeaderValue) -> [u8; 32] {
    Sha256::digest(authorization.as_bytes()).into()
}

fn of_person(limits: &RequestLimits) -> Rate {
    let per_second = f64::from(limits.requests_per_second);
    Rate {
        burst: per_second * 10.0,
        per_second,
    }
}

fn of_token(limits: &RequestLimits) -> Rate {
    let Rate { burst, per_second } = of_person(limits);
    Rate {
        burst: burst / 2.0,
        per_second: per_second / 2.0,
    }
}

fn of_changes(limits: &RequestLimits) -> Rate {
    let per_minute = f64::from(limits.changes_per_minute);
    Rate {
        burst: per_minute * 3.0,
        per_second: per_minute / 60.0,
    }
}

fn of_strangers(limits: &RequestLimits) -> Rate {
    let per_second = f64::from(limits.strangers_per_second);
    Rate {
        burst: per_second * 5.0,
        per_second,
    }
}
