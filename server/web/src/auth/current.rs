//! Finds the viewer of an HTTP request.
//!
//! Caches sessions for [`CACHE_TIME`], so that a page does not cost a query. Until then a session that another replica
//! ended is still valid here.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use parking_lot::Mutex;
use portico_app::configuration::LiveConfiguration;
use portico_domain::tenancy::{Via, Viewer};
use portico_store::{Sessions, Store, StoreError};
use tower_sessions::Session;
use tower_sessions::session::Id;

use super::session::{SESSION_KEY, SignedIn, end_session, store_session};

/// How long a cached session is valid without a query.
const CACHE_TIME: Duration = Duration::from_secs(5);
/// How often a session's last use is stored, in seconds.
const STORE_INTERVAL: i64 = 60;
/// Maximum number of cached sessions.
const CACHE_SIZE: usize = 20_000;

/// Why the viewer could not be found.
#[derive(Debug, thiserror::Error)]
pub enum ViewerError {
    /// The session cannot be read or stored.
    #[error(transparent)]
    Session(#[from] tower_sessions::session::Error),
    /// The person's data cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The viewer of a request, with how they signed in.
#[derive(Debug, Clone)]
pub struct CurrentViewer {
    /// The viewer.
    pub viewer: Arc<Viewer>,
    /// Their session; `None` for an API token.
    pub session: Option<Arc<SignedIn>>,
    /// True for a read-only API token.
    pub read_only: bool,
}

/// Caches the viewers of recently used sessions.
#[derive(Default)]
pub struct Viewers {
    cache: Mutex<HashMap<Id, CachedViewer>>,
}

#[derive(Clone)]
struct CachedViewer {
    signed_in: Arc<SignedIn>,
    viewer: Arc<Viewer>,
    generation: u64,
    at: Instant,
}

impl Viewers {
    /// Returns the viewer of a session. `None` for anonymous, forged and ended sessions.
    ///
    /// # Errors
    /// When the session or its person cannot be read.
    pub async fn of_session(
        &self,
        session: &Session,
        store: &Store,
        configuration: &LiveConfiguration,
        now: Timestamp,
    ) -> Result<Option<CurrentViewer>, ViewerError> {
        let Some(id) = session.id() else { return Ok(None) };
        let generation = configuration.generation();
        let cached = self.cache.lock().get(&id).cloned();
        if let Some(cached) = cached
            && cached.generation == generation
            && cached.at.elapsed() < CACHE_TIME
        {
            return Ok(Some(CurrentViewer {
                viewer: cached.viewer,
                session: Some(cached.signed_in),
                read_only: false,
            }));
        }
        let configured = configuration.current();
        let Some(mut signed_in) = session.get::<SignedIn>(SESSION_KEY).await? else {
            self.forget(id);
            return Ok(None);
        };
        let rules = &configured.portal.spec.sessions;
        if now >= signed_in.ends_at(rules) {
            self.forget(id);
            end_session(session).await?;
            return Ok(None);
        }
        let known = store.known_person(&signed_in.person.subject).await?;
        #[expect(clippy::disallowed_methods, reason = "the viewer of a session")]
        let Some(viewer) = known.and_then(|known| known.viewer(&configured, Via::Session)) else {
            self.forget(id);
            end_session(session).await?;
            return Ok(None);
        };
        if now.as_second() - signed_in.seen_at.as_second() >= store_interval(rules) {
            signed_in.seen_at = now;
            store_session(session, &signed_in, rules).await?;
        }
        let viewer = Arc::new(viewer);
        let signed_in = Arc::new(signed_in);
        self.remember(
            id,
            CachedViewer {
                signed_in: signed_in.clone(),
                viewer: viewer.clone(),
                generation,
                at: Instant::now(),
            },
        );
        Ok(Some(CurrentViewer {
            viewer,
            session: Some(signed_in),
            read_only: false,
        }))
    }

    /// Reads the viewer of a session from the database. `None` when it has ended. Does not count as use of the
    /// session.
    ///
    /// # Errors
    /// When the session or its person cannot be read.
    #[expect(clippy::disallowed_methods, reason = "the viewer of a session")]
    pub async fn read_again(
        id: Id,
        store: &Store,
        configuration: &LiveConfiguration,
        now: Timestamp,
    ) -> Result<Option<Arc<Viewer>>, ViewerError> {
        let session = Session::new(Some(id), Arc::new(Sessions::new(store.clone())), None);
        let Some(signed_in) = session.get::<SignedIn>(SESSION_KEY).await? else {
            return Ok(None);
        };
        let configured = configuration.current();
        if now >= signed_in.ends_at(&configured.portal.spec.sessions) {
            return Ok(None);
        }
        let known = store.known_person(&signed_in.person.subject).await?;
        Ok(known
            .and_then(|known| known.viewer(&configured, Via::Session))
            .map(Arc::new))
    }

    /// Removes a session that has just ended from the cache.
    pub fn forget(&self, id: Id) {
        self.cache.lock().remove(&id);
    }

    /// Clears the cache, after sessions were ended from elsewhere.
    pub fn forget_all(&self) {
        self.cache.lock().clear();
    }

    fn remember(&self, id: Id, viewer: CachedViewer) {
        let mut cache = self.cache.lock();
        if cache.len() >= CACHE_SIZE {
            cache.retain(|_, cached| cached.at.elapsed() < CACHE_TIME);
            if cache.len() >= CACHE_SIZE {
                return;
            }
        }
        cache.insert(id, viewer);
    }
}

/// Returns how often a session's last use is stored, in seconds: well before it counts as idle, but not for every
/// request.
fn store_interval(rules: &portico_domain::documents::Sessions) -> i64 {
    (i64::from(rules.idle_minutes) * 60 / 4).min(STORE_INTERVAL)
}

#[cfg(test)]
mod tests {
    use portico_domain::documents::Sessions;

    use super::{CACHE_TIME, store_interval};

    #[test]
    fn use_is_noted_well_before_a_session_counts_as_idle() {
        for idle_minutes in [1, 2, 5, 120, 43_200] {
            let rules = Sessions {
                idle_minutes,
                absolute_hours: 12,
            };
            let not_stored_for = store_interval(&rules) + i64::try_from(CACHE_TIME.as_secs()).unwrap();
            assert!(
                not_stored_for * 2 < i64::from(idle_minutes) * 60,
                "{idle_minutes}"
            );
        }
    }
}
