//! A map whose entries expire.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

/// Entries at most; beyond it a new one is refused.
const MAX_ENTRIES: usize = 10_000;

/// The map is full.
#[derive(Debug, thiserror::Error)]
#[error("too many sign-ins are under way")]
pub(super) struct Full;

/// Values by key, each until it expires.
#[derive(Debug)]
pub(super) struct ExpiringMap<T>(HashMap<String, (Timestamp, T)>);

impl<T> Default for ExpiringMap<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T> ExpiringMap<T> {
    /// Stores a value for `lifetime`.
    ///
    /// # Errors
    /// When the map is full of values that have not expired.
    pub(super) fn put(
        &mut self,
        key: String,
        value: T,
        now: Timestamp,
        lifetime: SignedDuration,
    ) -> Result<(), Full> {
        if self.0.len() >= MAX_ENTRIES {
            self.0.retain(|_, (end, _)| *end > now);
        }
        if self.0.len() >= MAX_ENTRIES {
            return Err(Full);
        }
        let end = now.checked_add(lifetime).unwrap_or(Timestamp::MAX);
        self.0.insert(key, (end, value));
        Ok(())
    }

    /// The value of a key, unless it has expired.
    pub(super) fn get(&mut self, key: &str, now: Timestamp) -> Option<&T> {
        self.0
            .get(key)
            .filter(|(end, _)| *end > now)
            .map(|(_, value)| value)
    }

    /// Removes and returns the value of a key, unless it has expired.
    pub(super) fn take(&mut self, key: &str, now: Timestamp) -> Option<T> {
        self.0
            .remove(key)
            .filter(|(end, _)| *end > now)
            .map(|(_, value)| value)
    }

    /// All values, also those that have expired but were not removed yet.
    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.0.values().map(|(_, value)| value)
    }

    /// Removes the values that match.
    pub(super) fn remove_where(&mut self, mut which: impl FnMut(&T) -> bool) {
        self.0.retain(|_, (_, value)| !which(value));
    }
}
