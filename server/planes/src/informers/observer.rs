//! Follows one claim for its open pages: composed resources, events, and whether its secret changed.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use parking_lot::Mutex;
use portico_domain::claim::{Claim, ClaimEvent, ClaimRef, Health, ResourceTree};
use portico_domain::documents::ActAs;
use tokio::sync::{Notify, broadcast, watch};

use super::objects::MAX_POLL_INTERVAL;
use super::observers::{LastKnown, Observer, Subject};
use super::reader::{Observing, Reader};
use super::store::{InformerKey, ObserverId};
use crate::actor::Actor;
use crate::error::PlaneError;
use crate::ops::SecretError;
use crate::plane::Plane;
use crate::registry::{Planes, WeakPlanes};
use crate::shared::Change;

/// Wait for more changes before reacting.
const DEBOUNCE: Duration = Duration::from_millis(50);
/// Shortest pause between two reads.
const MIN_READ_INTERVAL: Duration = Duration::from_millis(400);
/// How long a claim is followed after the last viewer left, so that reloading a page finds it ready.
const GRACE_PERIOD: Duration = Duration::from_secs(30);
/// Claims followed at once on a control plane. Pages beyond that update only when reloaded.
const MAX_OBSERVERS: usize = 256;

/// The result of one read.
struct ClaimReading {
    tree: ResourceTree,
    events: Vec<ClaimEvent>,
    /// The resource version of the connection secret, if there is one.
    secret: Option<String>,
}

impl Planes {
    /// Follows a claim's composed resources, events and secret for as long as the receiver is kept, and a little
    /// longer. The receiver is notified after the first read (so that what was read before can be read again) and
    /// after every change. Read the content with [`Planes::tree`] and [`Planes::events`].
    ///
    /// With `actAs: person`, everything is watched and read as the actor.
    ///
    /// `None` if there is no such control plane, or too many claims are followed there.
    #[must_use]
    pub fn observe(&self, actor: &Actor, claim: &ClaimRef) -> Option<watch::Receiver<u64>> {
        let plane = self.plane(&claim.plane).ok()?;
        let subject = subject(&plane, actor, claim);
        let id = plane.informers.next_observer();
        let mut observers = plane.informers.observers.0.lock();
        if let Some(observer) = observers.get(&subject) {
            let mut changes = observer.changes.subscribe();
            if *changes.borrow() > 0 {
                changes.mark_changed();
            }
            return Some(changes);
        }
        if observers.len() >= MAX_OBSERVERS {
            return None;
        }
        let observer = Arc::new(Observer {
            changes: watch::Sender::new(0),
            last: Mutex::default(),
            is_watched: AtomicBool::new(false),
        });
        let changes = observer.changes.subscribe();
        observers.insert(subject.clone(), observer.clone());
        let follow = FollowTask {
            planes: self.downgrade(),
            changes: self.subscribe(),
            id,
            plane: plane.clone(),
            subject,
            observer,
            wake: Arc::new(Notify::new()),
            used: HashSet::new(),
            secret: None,
            failures: 0,
            unwatched_since: None,
        };
        drop(observers);
        tokio::spawn(follow.run());
        Some(changes)
    }

    /// What was last read of a claim that is followed as the same actor. It may be old; use it when the control plane
    /// does not answer.
    #[must_use]
    pub fn last_known(&self, actor: &Actor, claim: &ClaimRef) -> Option<LastKnown> {
        let plane = self.plane(&claim.plane).ok()?;
        let subject = subject(&plane, actor, claim);
        let observer = plane.informers.observers.0.lock().get(&subject)?.clone();
        let last = observer.last.lock().clone()?;
        let answered_at = plane
            .status()
            .last_seen
            .filter(|_| observer.is_watched.load(Ordering::Relaxed));
        Some(LastKnown {
            read_at: answered_at.map_or(last.read_at, |at| at.max(last.read_at)),
            ..LastKnown::clone(&last)
        })
    }
}

/// Returns what to follow: as the person only if Portico acts as people on the control plane.
fn subject(plane: &Plane, actor: &Actor, claim: &ClaimRef) -> Subject {
    let in_person = plane.offer.document.load().spec.act_as != ActAs::Portico;
    Subject {
        claim: claim.clone(),
        actor: (in_person && !actor.is_portico()).then(|| actor.clone()),
    }
}

/// The task that follows a claim.
struct FollowTask {
    planes: WeakPlanes,
    changes: broadcast::Receiver<Change>,
    plane: Arc<Plane>,
    id: ObserverId,
    subject: Subject,
    observer: Arc<Observer>,
    wake: Arc<Notify>,
    /// The objects it needs.
    used: HashSet<(InformerKey, String)>,
    secret: Option<String>,
    failures: u32,
    unwatched_since: Option<Instant>,
}

impl Drop for FollowTask {
    fn drop(&mut self) {
        self.plane.informers.release(self.id, &HashSet::new());
        let mut observers = self.plane.informers.observers.0.lock();
        if let Some(observer) = observers.get(&self.subject)
            && Arc::ptr_eq(observer, &self.observer)
        {
            observers.remove(&self.subject);
        }
    }
}

impl FollowTask {
    async fn run(mut self) {
        let mut urgently = false;
        loop {
            let started = Instant::now();
            let Some(planes) = self.planes.upgrade() else {
                return;
            };
            let again_at = self.read(&planes, urgently).await;
            drop(planes);
            match self.wait_for_change(again_at).await {
                Some(changed) => urgently = changed,
                None => return,
            }
            tokio::time::sleep(DEBOUNCE).await;
            tokio::time::sleep(MIN_READ_INTERVAL.saturating_sub(started.elapsed())).await;
        }
    }

    /// Reads once and notifies subscribers of changes. Returns when to read again at the latest.
    async fn read(&mut self, planes: &Planes, urgently: bool) -> Option<Instant> {
        let actor = self.subject.actor.clone();
        let observing = Observing::new(
            self.plane.clone(),
            actor.clone(),
            self.id,
            self.wake.clone(),
            urgently,
        );
        let reader = Reader::Observing(Box::new(observing));
        let claim = planes.claim_of_anybody(&self.subject.claim);
        // Watches report claims that were deleted or become reachable.
        let claim = claim.filter(|claim| claim.status.health != Health::Unreachable)?;
        let actor = actor.unwrap_or_else(Actor::portico);
        let reading = read(planes, &reader, &actor, &claim).await;
        let Reader::Observing(observing) = reader else {
            return None;
        };
        let log = observing.into_log();
        match reading {
            Ok(reading) => {
                self.failures = 0;
                self.used = log.used;
                self.plane.informers.release(self.id, &self.used);
                self.take(reading);
                let is_watched = log.again_at.is_none();
                self.observer.is_watched.store(is_watched, Ordering::Relaxed);
                log.again_at
            }
            Err(error) => {
                tracing::debug!(claim = %self.subject.claim, %error, "what stands behind a claim could not be read");
                // Keep the watches: only the current state is unknown.
                self.used.extend(log.used);
                self.failures += 1;
                let pause = Duration::from_secs(1).saturating_mul(1 << self.failures.min(6));
                Some(Instant::now() + pause.min(MAX_POLL_INTERVAL))
            }
        }
    }

    fn take(&mut self, reading: ClaimReading) {
        let mut last = self.observer.last.lock();
        let same = last
            .as_ref()
            .is_some_and(|last| last.tree == reading.tree && last.events == reading.events)
            && self.secret == reading.secret;
        *last = Some(Arc::new(LastKnown {
            tree: reading.tree,
            events: reading.events,
            read_at: Timestamp::now(),
        }));
        drop(last);
        self.secret = reading.secret;
        if !same {
            self.observer.changes.send_modify(|times| *times += 1);
        }
    }

    /// Waits for a reason to read again; true if the claim itself changed. `None`: nobody follows any more.
    async fn wait_for_change(&mut self, again_at: Option<Instant>) -> Option<bool> {
        let again = async {
            match again_at {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(again);
        loop {
            if !self.observer.changes.is_closed() {
                self.unwatched_since = None;
            }
            let end = self.unwatched_since.map(|since| (since + GRACE_PERIOD).into());
            let grace = async {
                match end {
                    Some(end) => tokio::time::sleep_until(end).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.wake.notified() => return Some(false),
                () = &mut again => return Some(false),
                change = self.changes.recv() => match change {
                    Ok(Change::Claim { reference, .. }) if reference == self.subject.claim => return Some(true),
                    Ok(Change::Plane(name)) if name == self.plane.name => {
                        // A new control plane may have taken the name.
                        let plane = self.planes.upgrade()?.plane(&name).ok()?;
                        return Arc::ptr_eq(&plane, &self.plane).then_some(false);
                    }
                    Ok(_) => {}
                    Err(broadcast::error::RecvError::Lagged(_)) => return Some(true),
                    Err(broadcast::error::RecvError::Closed) => return None,
                },
                () = self.observer.changes.closed(), if end.is_none() => self.unwatched_since = Some(Instant::now()),
                () = grace => if self.end_if_unfollowed() { return None },
            }
        }
    }

    /// True if still nobody follows. Then the observer is removed.
    fn end_if_unfollowed(&mut self) -> bool {
        // Nobody can subscribe under the lock.
        let mut observers = self.plane.informers.observers.0.lock();
        let ends = self.observer.changes.is_closed();
        if ends {
            observers.remove(&self.subject);
        } else {
            self.unwatched_since = None;
        }
        ends
    }
}

async fn read(
    planes: &Planes,
    reader: &Reader<'_>,
    actor: &Actor,
    claim: &Claim,
) -> Result<ClaimReading, PlaneError> {
    let secret = async {
        match planes.secret_version_by(reader, actor, claim).await {
            Ok(version) => Ok(Some(version)),
            Err(
                SecretError::NotThere
                | SecretError::NotProven { .. }
                | SecretError::Plane(PlaneError::Forbidden { .. }),
            ) => Ok(None),
            Err(SecretError::Plane(error)) => Err(error),
        }
    };
    let (tree, events, secret) = tokio::join!(
        planes.complete_tree(reader, actor, claim),
        planes.events_by(reader, actor, claim),
        secret,
    );
    let events = match events {
        Err(PlaneError::Forbidden { .. }) => Vec::new(),
        events => events?,
    };
    Ok(ClaimReading {
        tree: tree?,
        events,
        secret: secret?,
    })
}
