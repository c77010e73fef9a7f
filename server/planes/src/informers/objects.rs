//! The objects that observers need, and their cached contents.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::Notify;

use super::store::{Content, Informer, InformerKey, Informers, ObserverId, State};
use super::wanted::Wanted;
use crate::error::PlaneError;

/// Cached bytes of JSON at most: per object, and per control plane.
pub(super) const MAX_BYTES_PER_OBJECT: usize = 128 << 10;
const MAX_BYTES: usize = 16 << 20;
/// Shortest and longest pause between polls of an object. It doubles while the object does not change.
const MIN_POLL_INTERVAL: Duration = Duration::from_secs(2);
pub(super) const MAX_POLL_INTERVAL: Duration = Duration::from_mins(1);

/// What is known of an object.
pub(super) enum Known {
    /// Its current content.
    Current(Result<Value, PlaneError>),
    /// Its content at an earlier time, and when it may be read again.
    Older(Result<Value, PlaneError>, Instant),
    /// It must be read.
    Unknown(Ticket),
}

/// The state when a read began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket {
    pub(super) version: u64,
    pub(super) is_live: bool,
}

impl Informers {
    /// Registers an observer of an object, to be woken when it changes.
    pub(super) fn register(
        &self,
        key: &InformerKey,
        wanted: &Wanted,
        observer: ObserverId,
        wake: &Arc<Notify>,
    ) {
        let mut inner = self.inner.lock();
        if !inner.informers.contains_key(key) {
            inner.numbers += 1;
            let informer = Informer {
                wanted: wanted.clone(),
                state: State::Opening,
                number: inner.numbers,
                objects: HashMap::new(),
            };
            inner.informers.insert(key.clone(), informer);
            self.wanted.notify_one();
        }
        if let Some(informer) = inner.informers.get_mut(key) {
            if informer.state == State::NoRoom {
                // It may fit into this observer's share.
                self.wanted.notify_one();
            }
            let object = informer.objects.entry(wanted.name().to_owned()).or_default();
            object.observers.insert(observer, wake.clone());
        }
    }

    /// Ends an observer's interest in all objects but these.
    pub(super) fn release(&self, observer: ObserverId, but: &HashSet<(InformerKey, String)>) {
        let mut inner = self.inner.lock();
        let mut freed = 0;
        let before = inner.informers.len();
        inner.informers.retain(|key, informer| {
            informer.objects.retain(|name, object| {
                if !but.contains(&(key.clone(), name.clone())) {
                    object.observers.remove(&observer);
                }
                let is_wanted = !object.observers.is_empty();
                if !is_wanted {
                    freed += object.content.as_ref().map_or(0, Content::bytes);
                }
                is_wanted
            });
            !informer.objects.is_empty()
        });
        inner.bytes = inner.bytes.saturating_sub(freed);
        if inner.informers.len() != before {
            self.wanted.notify_one();
        }
    }

    /// What is known of an object. `urgently` means that a change is likely, so objects that are not watched are
    /// polled sooner.
    pub(super) fn known(&self, key: &InformerKey, name: &str, urgently: bool) -> Known {
        let inner = self.inner.lock();
        let found = inner
            .informers
            .get(key)
            .and_then(|informer| Some((informer.state == State::Live, informer.objects.get(name)?)));
        let Some((is_live, object)) = found else {
            return Known::Unknown(Ticket {
                version: 0,
                is_live: false,
            });
        };
        let ticket = Ticket {
            version: object.version,
            is_live,
        };
        match &object.content {
            Some(content) if is_live && content.is_current => Known::Current(content.parse()),
            Some(content) if is_live && content.object.is_ok() && !self.reads.try_take() => {
                Known::Older(content.parse(), Instant::now() + MIN_POLL_INTERVAL)
            }
            Some(content) if !is_live || matches!(content.object, Err(PlaneError::Forbidden { .. })) => {
                let due = if urgently {
                    content.read_at + MIN_POLL_INTERVAL
                } else {
                    content.due_at()
                };
                if Instant::now() >= due && self.polls.try_take() {
                    Known::Unknown(ticket)
                } else {
                    Known::Older(content.parse(), content.due_at())
                }
            }
            _ => Known::Unknown(ticket),
        }
    }

    /// The current content of an object, if it is known.
    pub(super) fn current(&self, key: &InformerKey, name: &str) -> Option<Result<Value, PlaneError>> {
        let inner = self.inner.lock();
        let informer = inner.informers.get(key)?;
        let content = informer.objects.get(name)?.content.as_ref()?;
        (informer.state == State::Live && content.is_current).then(|| content.parse())
    }

    /// Caches the result of a read. Returns when to read again; `None`: when the watch reports a change.
    pub(super) fn store(
        &self,
        key: &InformerKey,
        name: &str,
        ticket: Ticket,
        read: &Result<Value, PlaneError>,
    ) -> Option<Instant> {
        let now = Instant::now();
        let soon = Some(now + MIN_POLL_INTERVAL);
        let result = match read {
            Ok(object) => Ok(object.to_string().into_boxed_str()),
            Err(error @ (PlaneError::NotFound { .. } | PlaneError::Forbidden { .. })) => Err(error.clone()),
            // A temporary error: the object's state is as unknown as before.
            Err(_) => return soon,
        };
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        let Some(informer) = inner.informers.get_mut(key) else {
            return soon;
        };
        let still_live = ticket.is_live && informer.state == State::Live;
        let Some(object) = informer.objects.get_mut(name) else {
            return soon;
        };
        let before = object.content.take();
        let same = before.as_ref().is_some_and(|before| before.object == result);
        let content = Content {
            unchanged: match &before {
                Some(before) if same => before.unchanged.saturating_add(1),
                _ => 0,
            },
            // Watches report changes of objects, not of rights, so a refusal must be checked again.
            is_current: still_live
                && object.version == ticket.version
                && !matches!(result, Err(PlaneError::Forbidden { .. })),
            read_at: now,
            object: result,
        };
        inner.bytes = inner
            .bytes
            .saturating_sub(before.as_ref().map_or(0, Content::bytes));
        let bytes = content.bytes();
        let due = (!content.is_current).then(|| content.due_at());
        if bytes <= MAX_BYTES_PER_OBJECT && inner.bytes.saturating_add(bytes) <= MAX_BYTES {
            inner.bytes += bytes;
            object.content = Some(content);
        } else {
            return Some(due.unwrap_or(now + MAX_POLL_INTERVAL));
        }
        due
    }
}

impl Content {
    fn parse(&self) -> Result<Value, PlaneError> {
        let text = self.object.as_ref().map_err(PlaneError::clone)?;
        Ok(serde_json::from_str(text).unwrap_or_default())
    }

    fn bytes(&self) -> usize {
        self.object.as_ref().map_or(0, |text| text.len())
    }

    /// When it is read again without a watch.
    fn due_at(&self) -> Instant {
        let pause = MIN_POLL_INTERVAL.saturating_mul(1 << self.unchanged.min(5));
        self.read_at + pause.min(MAX_POLL_INTERVAL)
    }
}
