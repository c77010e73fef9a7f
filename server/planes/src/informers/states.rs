//! The states of watches.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::store::{Informer, InformerKey, Informers, MAX_WATCHES, Object, ObserverId, State};
use super::wanted::Wanted;

/// Watches of one observer at most.
pub(super) const MAX_WATCHES_PER_OBSERVER: usize = 24;
/// How long a reader waits for a new watch, so that it need not read twice.
const OPEN_TIMEOUT: Duration = Duration::from_secs(2);

impl Informers {
    /// Waits until the informer's watch is open or known not to open.
    pub(super) async fn wait_until_open(&self, key: &InformerKey) {
        let mut states = self.states.subscribe();
        let settling = async {
            loop {
                states.mark_unchanged();
                let state = self.inner.lock().informers.get(key).map(|it| it.state);
                if state != Some(State::Opening) || states.changed().await.is_err() {
                    return;
                }
            }
        };
        // After a timeout, read without a watch.
        let _ = tokio::time::timeout(OPEN_TIMEOUT, settling).await;
    }

    /// The watch reported a change of an object.
    pub(super) fn changed(&self, key: &InformerKey, name: &str) {
        let mut inner = self.inner.lock();
        let informer = inner.informers.get_mut(key);
        if let Some(object) = informer.and_then(|informer| informer.objects.get_mut(name)) {
            invalidate(object);
            wake(object);
        }
    }

    /// The watch may have missed changes.
    pub(super) fn all_changed(&self, key: &InformerKey, state: State) {
        let mut inner = self.inner.lock();
        if let Some(informer) = inner.informers.get_mut(key) {
            informer.state = state;
            informer.objects.values_mut().for_each(invalidate);
        }
        drop(inner);
        self.states.send_modify(|times| *times += 1);
    }

    /// Sets the state. Returns true if it changed; then observers are woken.
    pub(super) fn set_state(&self, key: &InformerKey, state: State) -> bool {
        let mut inner = self.inner.lock();
        let Some(informer) = inner.informers.get_mut(key) else {
            return false;
        };
        if informer.state == state {
            return false;
        }
        informer.state = state;
        informer.objects.values().for_each(wake);
        drop(inner);
        self.states.send_modify(|times| *times += 1);
        true
    }

    /// There is no connection, so no watches.
    pub(super) fn reset(&self) {
        let mut inner = self.inner.lock();
        for informer in inner.informers.values_mut() {
            informer.state = State::Opening;
            informer.objects.values_mut().for_each(invalidate);
        }
        drop(inner);
        self.states.send_modify(|times| *times += 1);
    }

    /// Chooses the informers that get a watch: oldest first, within the limits of the control plane and of each
    /// observer. The others are marked.
    pub(super) fn select_watches(&self) -> Vec<(InformerKey, Wanted)> {
        let mut inner = self.inner.lock();
        let mut by_age: Vec<(&InformerKey, &mut Informer)> = inner.informers.iter_mut().collect();
        by_age.sort_by_key(|(_, informer)| informer.number);
        let mut watches: HashMap<ObserverId, usize> = HashMap::new();
        let mut selected = Vec::new();
        let mut has_changed = false;
        for (key, informer) in by_age {
            let observers: HashSet<ObserverId> = informer
                .objects
                .values()
                .flat_map(|object| object.observers.keys().copied())
                .collect();
            let has_room = |observer: &ObserverId| {
                watches
                    .get(observer)
                    .is_none_or(|watches| *watches < MAX_WATCHES_PER_OBSERVER)
            };
            if selected.len() < MAX_WATCHES && observers.iter().any(has_room) {
                for observer in observers {
                    *watches.entry(observer).or_default() += 1;
                }
                if informer.state == State::NoRoom {
                    informer.state = State::Opening;
                }
                selected.push((key.clone(), informer.wanted.clone()));
            } else if informer.state != State::NoRoom {
                informer.state = State::NoRoom;
                informer.objects.values_mut().for_each(invalidate);
                has_changed = true;
            }
        }
        drop(inner);
        if has_changed {
            self.states.send_modify(|times| *times += 1);
        }
        selected
    }
}

fn invalidate(object: &mut Object) {
    object.version += 1;
    if let Some(content) = &mut object.content {
        content.is_current = false;
    }
}

fn wake(object: &Object) {
    for observer in object.observers.values() {
        observer.notify_one();
    }
}
