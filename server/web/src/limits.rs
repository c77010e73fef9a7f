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

use crate::auth::CurrentViewer;

/// Maximum number of concurrent requests of one person; others wait.
const MAX_CONCURRENT: usize = 32;
/// How long they wait.
const SLOT_WAIT: Duration = Duration::from_secs(10);

/// Counts requests. One per process.
#[derive(Debug, Default)]
pub struct Usage {
    people: Buckets<String>,
    tokens: Buckets<[u8; 32]>,
    changes: Buckets<String>,
    anonymous: Buckets<IpAddr>,
    in_progress: Mutex<HashMap<String, Arc<Semaphore>>>,
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
        current: &CurrentViewer,
        headers: &HeaderMap,
        changes: bool,
    ) -> Result<OwnedSemaphorePermit, Duration> {
        let (subject, now) = (&current.viewer.person().subject, Instant::now());
        if let Some(authorization) = headers.get(header::AUTHORIZATION) {
            self.tokens
                .take(&fingerprint(authorization), token_rate(limits), now)?;
        }
        if changes {
            self.changes.check(subject, change_rate(limits), now)?;
        }
        self.people.take(subject, person_rate(limits), now)?;
        let slots = self.slots(subject);
        match tokio::time::timeout(SLOT_WAIT, slots.acquire_owned()).await {
            Ok(Ok(slot)) => Ok(slot),
            _ => Err(Duration::from_secs(1)),
        }
    }

    /// Counts a change by a person.
    pub(super) fn count_change(&self, limits: &RequestLimits, current: &CurrentViewer) {
        self.changes.spend(
            &current.viewer.person().subject,
            change_rate(limits),
            Instant::now(),
        );
    }

    /// Checks whether an address has sent too many anonymous requests.
    ///
    /// # Errors
    /// When it has: how long to wait.
    pub(super) fn check_anonymous(&self, limits: &RequestLimits, network: IpAddr) -> Result<(), Duration> {
        self.anonymous
            .check(&network, anonymous_rate(limits), Instant::now())
    }

    /// Counts an anonymous request.
    pub(super) fn count_anonymous(&self, limits: &RequestLimits, network: IpAddr) {
        self.anonymous
            .spend(&network, anonymous_rate(limits), Instant::now());
    }

    fn slots(&self, subject: &str) -> Arc<Semaphore> {
        let mut in_progress = self.in_progress.lock();
        if in_progress.len() > 1_000 {
            in_progress.retain(|_, slots| Arc::strong_count(slots) > 1);
        }
        Arc::clone(
            in_progress
                .entry(subject.to_owned())
                .or_insert_with(|| Arc::new(Semaphore::new(MAX_CONCURRENT))),
        )
    }
}

fn fingerprint(authorization: &HeaderValue) -> [u8; 32] {
    Sha256::digest(authorization.as_bytes()).into()
}

fn person_rate(limits: &RequestLimits) -> Rate {
    let per_second = f64::from(limits.requests_per_second);
    Rate {
        burst: per_second * 10.0,
        per_second,
    }
}

fn token_rate(limits: &RequestLimits) -> Rate {
    let Rate { burst, per_second } = person_rate(limits);
    Rate {
        burst: burst / 2.0,
        per_second: per_second / 2.0,
    }
}

fn change_rate(limits: &RequestLimits) -> Rate {
    let per_minute = f64::from(limits.changes_per_minute);
    Rate {
        burst: per_minute * 3.0,
        per_second: per_minute / 60.0,
    }
}

fn anonymous_rate(limits: &RequestLimits) -> Rate {
    let per_second = f64::from(limits.strangers_per_second);
    Rate {
        burst: per_second * 5.0,
        per_second,
    }
}
