//! API tokens: for programs that speak for a person.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use portico_domain::tenancy::{Via, Viewer};
use portico_store::{ApiToken, Store, StoreError};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use super::current::Current;
use crate::config::LiveConfiguration;

/// What every token begins with, so that one that leaked is known for what it is.
const PREFIX: &str = "portico_";
/// How long a token is believed without looking.
const BELIEVED: Duration = Duration::from_secs(5);
/// Tokens remembered.
const REMEMBERED: usize = 5_000;
/// The longest that a token may be good for, in days.
pub(crate) const LONGEST_DAYS: u32 = 365;

/// A token to make.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewToken {
    /// What to call it.
    pub name: String,
    /// For how many days it is good, 1 to 365.
    pub days: u32,
}

/// The tokens seen a moment ago, by the hashes of their secrets.
#[derive(Default)]
pub struct Tokens {
    seen: Mutex<HashMap<[u8; 32], Seen>>,
}

/// The viewer, by which configuration, and when.
type Seen = (Arc<Viewer>, u64, Instant);

impl Tokens {
    /// The viewer that a token speaks for; `None` when it is good for nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn viewer(
        &self,
        secret: &str,
        store: &Store,
        configuration: &LiveConfiguration,
        now: Timestamp,
    ) -> Result<Option<Current>, StoreError> {
        if !secret.starts_with(PREFIX) {
            return Ok(None);
        }
        let key: [u8; 32] = Sha256::digest(secret).into();
        let generation = configuration.generation();
        let seen = self.seen.lock().get(&key).cloned();
        if let Some((viewer, of, at)) = seen
            && of == generation
            && at.elapsed() < BELIEVED
        {
            return Ok(Some(Current {
                viewer,
                session: None,
            }));
        }
        let Some(token) = store.use_token(secret, now).await? else {
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
        let mut seen = self.seen.lock();
        if seen.len() >= REMEMBERED {
            seen.retain(|_, (_, _, at)| at.elapsed() < BELIEVED);
        }
        if seen.len() < REMEMBERED {
            seen.insert(key, (viewer.clone(), generation, Instant::now()));
        }
        Ok(Some(Current {
            viewer,
            session: None,
        }))
    }

    /// Forgets all tokens seen, for when one was removed.
    pub fn forget(&self) {
        self.seen.lock().clear();
    }

    /// Makes a token for the viewer: what may be shown of it, and the secret, which is shown this once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn make(
        store: &Store,
        viewer: &Viewer,
        wish: &NewToken,
        now: Timestamp,
    ) -> Result<(ApiToken, String), StoreError> {
        let secret = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()));
        let days = i64::from(wish.days.clamp(1, LONGEST_DAYS));
        let token = ApiToken {
            id: Uuid::now_v7(),
            name: wish.name.clone(),
            person: viewer.person.clone(),
            groups: viewer.groups.clone(),
            created_at: now,
            expires_at: now
                .saturating_add(SignedDuration::from_hours(days * 24))
                .unwrap_or(Timestamp::MAX),
            last_used_at: None,
        };
        store.insert_token(&token, &secret).await?;
        Ok((token, secret))
    }
}
