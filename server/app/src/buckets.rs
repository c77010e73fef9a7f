//! Token buckets by key: how often each person, token or address may do something.
//!
//! Beside taking, one can look without taking and take afterwards: what a request costs is often known only when it
//! was answered.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Beyond this many keys, those whose buckets are full are removed.
const MAX_KEYS: usize = 10_000;

/// A rate limit: burst and refill rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Tokens in a full bucket, at least 1.
    pub burst: f64,
    /// Tokens added per second, more than 0.
    pub per_second: f64,
}

/// One token bucket per key. All begin full.
#[derive(Debug)]
pub struct Buckets<K> {
    levels: Mutex<HashMap<K, Level>>,
}

impl<K> Default for Buckets<K> {
    fn default() -> Self {
        Self {
            levels: Mutex::default(),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Level {
    left: f64,
    at: Instant,
}

impl Level {
    fn now(self, rate: Rate, now: Instant) -> f64 {
        let refilled = now.saturating_duration_since(self.at).as_secs_f64() * rate.per_second;
        (self.left + refilled).min(rate.burst)
    }
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    /// Takes a token.
    ///
    /// # Errors
    /// When there is none: how long until there is.
    pub fn take(&self, key: &K, rate: Rate, now: Instant) -> Result<(), Duration> {
        self.check(key, rate, now)?;
        self.spend(key, rate, now);
        Ok(())
    }

    /// Checks that there is a token, without taking it.
    ///
    /// # Errors
    /// When there is none: how long until there is.
    pub fn check(&self, key: &K, rate: Rate, now: Instant) -> Result<(), Duration> {
        let levels = self.levels.lock();
        let left = levels.get(key).map_or(rate.burst, |level| level.now(rate, now));
        if left >= 1.0 {
            Ok(())
        } else {
            Err(Duration::from_secs_f64((1.0 - left) / rate.per_second))
        }
    }

    /// Takes a token even from an empty bucket, down to one burst below zero.
    pub fn spend(&self, key: &K, rate: Rate, now: Instant) {
        let mut levels = self.levels.lock();
        if levels.len() >= MAX_KEYS && !levels.contains_key(key) {
            levels.retain(|_, level| level.now(rate, now) < rate.burst);
            // All of them are in use: better to let this one pass than to hold ever more.
            if levels.len() >= MAX_KEYS {
                return;
            }
        }
        let left = levels.get(key).map_or(rate.burst, |level| level.now(rate, now));
        levels.insert(
            key.clone(),
            Level {
                left: (left - 1.0).max(-rate.burst),
                at: now,
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        burst: 3.0,
        per_second: 2.0,
    };

    #[test]
    fn a_burst_is_taken_at_once_and_then_it_drips() {
        let (buckets, start) = (Buckets::default(), Instant::now());
        for _ in 0..3 {
            assert_eq!(buckets.take(&"dana", RATE, start), Ok(()));
        }
        let wait = buckets.take(&"dana", RATE, start).unwrap_err();
        assert_eq!(wait, Duration::from_millis(500));
        assert_eq!(
            buckets.take(&"devon", RATE, start),
            Ok(()),
            "others have their own"
        );
        assert_eq!(buckets.take(&"dana", RATE, start + wait), Ok(()));
        assert!(buckets.take(&"dana", RATE, start + wait).is_err());
    }

    #[test]
    fn looking_takes_nothing_and_credit_has_an_end() {
        let (buckets, start) = (Buckets::default(), Instant::now());
        for _ in 0..10 {
            assert_eq!(buckets.check(&1, RATE, start), Ok(()));
        }
        for _ in 0..1_000 {
            buckets.spend(&1, RATE, start);
        }
        let wait = buckets.check(&1, RATE, start).unwrap_err();
        assert_eq!(wait, Duration::from_secs(2));
    }

    #[test]
    fn keys_without_end_do_not_fill_the_memory() {
        let (buckets, start) = (Buckets::default(), Instant::now());
        for key in 0..MAX_KEYS * 3 {
            buckets.spend(&key, RATE, start);
        }
        assert!(buckets.levels.lock().len() <= MAX_KEYS);
        buckets.spend(&0, RATE, start + Duration::from_mins(1));
        assert!(buckets.check(&0, RATE, start).is_ok());
    }
}
