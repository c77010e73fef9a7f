//! A lock for each key.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use tokio::sync::{Mutex, OwnedMutexGuard};

/// Locks by key. A lock exists for as long as somebody holds it or waits for it.
#[derive(Debug)]
pub(super) struct KeyedLock<K>(parking_lot::Mutex<BTreeMap<K, Weak<Mutex<()>>>>);

impl<K> Default for KeyedLock<K> {
    fn default() -> Self {
        Self(parking_lot::Mutex::new(BTreeMap::new()))
    }
}

impl<K: Ord + Clone> KeyedLock<K> {
    /// Waits until nobody else holds the lock of this key, and holds it until the guard is dropped.
    pub(super) async fn lock(&self, key: &K) -> OwnedMutexGuard<()> {
        let lock = {
            let mut locks = self.0.lock();
            locks.retain(|_, lock| lock.strong_count() > 0);
            if let Some(lock) = locks.get(key).and_then(Weak::upgrade) {
                lock
            } else {
                let lock = Arc::new(Mutex::new(()));
                locks.insert(key.clone(), Arc::downgrade(&lock));
                lock
            }
        };
        lock.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::KeyedLock;

    /// Long enough for a lock that is free, however busy the machine is.
    const TIMEOUT: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn one_key_waits_for_itself_and_for_no_other() {
        let locks = KeyedLock::default();
        let held = locks.lock(&"payments").await;
        tokio::time::timeout(TIMEOUT, locks.lock(&"research"))
            .await
            .expect("another key is free");
        let mut second = Box::pin(locks.lock(&"payments"));
        assert!(
            tokio::time::timeout(Duration::from_millis(20), &mut second)
                .await
                .is_err(),
            "the same key is held"
        );
        drop(held);
        drop(
            tokio::time::timeout(TIMEOUT, second)
                .await
                .expect("it was let go"),
        );
        drop(locks.lock(&"research").await);
        assert!(locks.0.lock().len() <= 1, "locks that nobody uses are forgotten");
    }
}
