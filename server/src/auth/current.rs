//! The viewer of one HTTP request.
//!
//! A session that was seen a moment ago is not read again: a page must not cost a trip to the
//! database for that. What another replica ends, ends here within [`BELIEVED`].

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use parking_lot::Mutex;
use portico_domain::documents::Configuration;
use portico_domain::tenancy::{Via, Viewer};
use portico_store::Sessions;
use tower_sessions::Session;
use tower_sessions::session::{Error, Id};

use super::session::{SESSION_KEY, SignedIn, end_session, keep_session};
use crate::config::LiveConfiguration;

/// How long a session is believed without looking.
const BELIEVED: Duration = Duration::from_secs(5);
/// How often it is written down that a session is in use, in seconds.
const NOTED_EVERY: i64 = 60;
/// Sessions remembered.
const REMEMBERED: usize = 20_000;

/// Who is asking.
#[derive(Debug, Clone)]
pub struct Current {
    /// The viewer.
    pub viewer: Arc<Viewer>,
    /// Their session; `None` for a token.
    pub session: Option<Arc<SignedIn>>,
    /// They may look and change nothing: a token that was made for that.
    pub reads_only: bool,
}

/// The viewers of the sessions seen a moment ago.
#[derive(Default)]
pub struct Viewers {
    seen: Mutex<HashMap<Id, Seen>>,
}

#[derive(Clone)]
struct Seen {
    signed_in: Arc<SignedIn>,
    viewer: Arc<Viewer>,
    generation: u64,
    at: Instant,
}

impl Viewers {
    /// The viewer whose session this is; `None` for strangers, forged and ended sessions.
    ///
    /// # Errors
    /// When the session cannot be read.
    pub async fn of_session(
        &self,
        session: &Session,
        configuration: &LiveConfiguration,
        now: Timestamp,
    ) -> Result<Option<Current>, Error> {
        let Some(id) = session.id() else { return Ok(None) };
        let generation = configuration.generation();
        let seen = self.seen.lock().get(&id).cloned();
        if let Some(seen) = seen
            && seen.generation == generation
            && seen.at.elapsed() < BELIEVED
        {
            return Ok(Some(Current {
                viewer: seen.viewer,
                session: Some(seen.signed_in),
                reads_only: false,
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
        if now.as_second() - signed_in.seen_at.as_second() >= NOTED_EVERY {
            signed_in.seen_at = now;
            keep_session(session, &signed_in, rules).await?;
        }
        let viewer = Arc::new(viewer(&configured, &signed_in));
        let signed_in = Arc::new(signed_in);
        self.remember(
            id,
            Seen {
                signed_in: signed_in.clone(),
                viewer: viewer.clone(),
                generation,
                at: Instant::now(),
            },
        );
        Ok(Some(Current {
            viewer,
            session: Some(signed_in),
            reads_only: false,
        }))
    }

    /// The viewer of the session of that id as they are now, read from the database; `None` when it has ended. It does
    /// not count as use of the session.
    ///
    /// # Errors
    /// When the session cannot be read.
    pub async fn again(
        id: Id,
        sessions: Sessions,
        configuration: &LiveConfiguration,
        now: Timestamp,
    ) -> Result<Option<Arc<Viewer>>, Error> {
        let session = Session::new(Some(id), Arc::new(sessions), None);
        let Some(signed_in) = session.get::<SignedIn>(SESSION_KEY).await? else {
            return Ok(None);
        };
        let configured = configuration.current();
        let lasts = now < signed_in.ends_at(&configured.portal.spec.sessions);
        Ok(lasts.then(|| Arc::new(viewer(&configured, &signed_in))))
    }

    /// For a session that has just ended.
    pub fn forget(&self, id: Id) {
        self.seen.lock().remove(&id);
    }

    /// For sessions that have ended without having been asked.
    pub fn forget_all(&self) {
        self.seen.lock().clear();
    }

    fn remember(&self, id: Id, one: Seen) {
        let mut seen = self.seen.lock();
        if seen.len() >= REMEMBERED {
            seen.retain(|_, seen| seen.at.elapsed() < BELIEVED);
            if seen.len() >= REMEMBERED {
                return;
            }
        }
        seen.insert(id, one);
    }
}

fn viewer(configuration: &Configuration, signed_in: &SignedIn) -> Viewer {
    Viewer::from_groups(
        signed_in.person.clone(),
        signed_in.groups.clone(),
        configuration.tenants.values(),
        &configuration.admin_groups(),
        Via::Session,
    )
}
