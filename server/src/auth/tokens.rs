//! API tokens: for programs that speak for a person.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use parking_lot::Mutex;
use portico_domain::tenancy::{TokenScope, Via, Viewer};
use portico_store::{ApiToken, Store, StoreError};
use sha2::{Digest, Sha256};

use super::current::Current;
use crate::config::LiveConfiguration;

/// How long a token is believed without looking.
const BELIEVED: Duration = Duration::from_secs(5);
/// Tokens remembered.
const REMEMBERED: usize = 5_000;

/// The tokens seen a moment ago, by the hashes of their secrets.
#[derive(Default)]
pub struct Tokens {
    seen: Mutex<HashMap<[u8; 32], Seen>>,
}

/// Who asks, by which configuration, and when.
type Seen = (Current, u64, Instant);

impl Tokens {
    /// The viewer that a token speaks for; `None` when it is good for nothing. `remote` is the address it came from.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn viewer(
        &self,
        secret: &str,
        store: &Store,
        configuration: &LiveConfiguration,
        now: Timestamp,
        remote: Option<&str>,
    ) -> Result<Option<Current>, StoreError> {
        if !secret.starts_with(ApiToken::PREFIX) {
            return Ok(None);
        }
        let key: [u8; 32] = Sha256::digest(secret).into();
        let generation = configuration.generation();
        let seen = self.seen.lock().get(&key).cloned();
        if let Some((current, of, at)) = seen
            && of == generation
            && at.elapsed() < BELIEVED
        {
            return Ok(Some(current));
        }
        let Some(token) = store.use_token(secret, now, remote).await? else {
            self.seen.lock().remove(&key);
            return Ok(None);
        };
        let configured = configuration.current();
        let viewer = Arc::new(Viewer::from_groups(
            token.person,
            token.groups,
            configured.tenants.values(),
            &configured.admin_groups(),
            Via::Token,
        ));
        let current = Current {
            viewer,
            session: None,
            reads_only: token.scope == TokenScope::Read,
        };
        let mut seen = self.seen.lock();
        if seen.len() >= REMEMBERED {
            seen.retain(|_, (_, _, at)| at.elapsed() < BELIEVED);
        }
        if seen.len() < REMEMBERED {
            seen.insert(key, (current.clone(), generation, Instant::now()));
        }
        Ok(Some(current))
    }

    /// Forgets all tokens seen, for when one was removed.
    pub fn forget(&self) {
        self.seen.lock().clear();
    }
}
