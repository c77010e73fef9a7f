//! Authenticates API tokens, with which programs act for a person.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use parking_lot::Mutex;
use portico_app::configuration::LiveConfiguration;
use portico_domain::tenancy::{Lapse, TokenScope, Via};
use portico_store::{ApiToken, Store, StoreError};
use sha2::{Digest, Sha256};

use super::current::CurrentViewer;

/// How long a cached token is valid without a query.
const CACHE_TIME: Duration = Duration::from_secs(5);
/// Maximum number of cached tokens.
const CACHE_SIZE: usize = 5_000;

/// Caches recently used tokens by the hash of their secret.
#[derive(Default)]
pub struct Tokens {
    cache: Mutex<HashMap<[u8; 32], CachedToken>>,
}

/// The viewer, the generation of the configuration, and when it was cached.
type CachedToken = (CurrentViewer, u64, Instant);

/// Why a token is rejected.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The token does not exist or has expired.
    #[error("there is no such token, or it has expired")]
    Unknown,
    /// The token is older than the configuration allows.
    #[error("tokens are good for {0} days at most, and this one is older")]
    TooOld(u32),
    /// Its owner must sign in first.
    #[error(transparent)]
    Lapsed(#[from] Lapse),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Tokens {
    /// Returns the viewer of a token: its owner, with the groups of their last sign-in. `remote` is the client's
    /// address.
    ///
    /// # Errors
    /// When the token is invalid, or when the database fails.
    pub async fn viewer(
        &self,
        secret: &str,
        store: &Store,
        configuration: &LiveConfiguration,
        now: Timestamp,
        remote: Option<&str>,
    ) -> Result<CurrentViewer, TokenError> {
        if !secret.starts_with(ApiToken::PREFIX) {
            return Err(TokenError::Unknown);
        }
        let key: [u8; 32] = Sha256::digest(secret).into();
        let generation = configuration.generation();
        let cached = self.cache.lock().get(&key).cloned();
        if let Some((current, cached_generation, at)) = cached
            && cached_generation == generation
            && at.elapsed() < CACHE_TIME
        {
            return Ok(current);
        }
        self.cache.lock().remove(&key);
        let (token, known) = store
            .authenticate_token(secret, now)
            .await?
            .ok_or(TokenError::Unknown)?;
        let configured = configuration.current();
        let rules = &configured.portal.spec.tokens;
        if now >= rules.ends_at(token.created_at, token.expires_at) {
            return Err(TokenError::TooOld(rules.longest_days));
        }
        if let Some(lapse) = known.lapse(rules, now) {
            return Err(lapse.into());
        }
        // The owner's provider was removed from the configuration.
        #[expect(clippy::disallowed_methods, reason = "the viewer of an API token")]
        let viewer = known.viewer(&configured, Via::Token).ok_or(TokenError::Unknown)?;
        store.note_token_use(&token, &known.person, now, remote).await?;
        let current = CurrentViewer {
            viewer: Arc::new(viewer),
            session: None,
            read_only: token.scope == TokenScope::Read,
        };
        let mut cache = self.cache.lock();
        if cache.len() >= CACHE_SIZE {
            cache.retain(|_, (_, _, at)| at.elapsed() < CACHE_TIME);
        }
        if cache.len() < CACHE_SIZE {
            cache.insert(key, (current.clone(), generation, Instant::now()));
        }
        Ok(current)
    }

    /// Clears the cache, after a token was revoked.
    pub fn forget(&self) {
        self.cache.lock().clear();
    }
}
