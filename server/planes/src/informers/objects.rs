//! The objects that observers want, and what is kept of them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::Notify;

use super::reader::Wanted;
use super::{Content, Informer, InformerKey, Informers, ObserverId, State};
use crate::error::PlaneError;

/// What is kept of one object, and of all of a plane, in bytes of JSON.
pub(super) const MOST_BYTES_PER_OBJECT: usize = 128 << 10;
const MOST_BYTES: usize = 16 << 20;
/// How soon something that is not watched may be read again, and how long it is left alone at most while it does not
/// change.
const FIRST_POLL: Duration = Duration::from_secs(2);
pub(super) const LONGEST_POLL: Duration = Duration::from_mins(1);

/// What is known of an object.
pub(super) enum Known {
    /// It is so now.
    Current(Result<Value, PlaneError>),
    /// It was so when it was read, and is not to be read again before then.
    Older(Result<Value, PlaneError>, Instant),
    /// It has to be read.
    Unknown(Ticket),
}

/// What held when a read began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket {
    pub(super) version: u64,
    pub(super) is_live: bool,
}

impl Informers {
    /// Has the object watched for an observer, who is woken when it changes.
    pub(super) fn want(&self, key: &InformerKey, wanted: &Wanted, observer: ObserverId, wake: &Arc<Notify>) {
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
                // There may be room for it by this observer's account.
                self.wanted.notify_one();
            }
            let object = informer.objects.entry(wanted.name().to_owned()).or_default();
            object.observers.insert(observer, wake.clone());
        }
    }

    /// Ends what an observer wants, but for these.
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

    /// What is known of an object that is wanted. With `urgently`, something has happened that may have changed it:
    /// what is not watched is read again sooner.
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
                Known::Older(content.parse(), Instant::now() + FIRST_POLL)
            }
            Some(content) if !is_live || matches!(content.object, Err(PlaneError::Forbidden { .. })) => {
                let due = if urgently {
                    content.read_at + FIRST_POLL
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

    /// What is known to be so now, whoever wants it.
    pub(super) fn current(&self, key: &InformerKey, name: &str) -> Option<Result<Value, PlaneError>> {
        let inner = self.inner.lock();
        let informer = inner.informers.get(key)?;
        let content = informer.objects.get(name)?.content.as_ref()?;
        (informer.state == State::Live && content.is_current).then(|| content.parse())
    }

    /// Keeps what was read. Says when it has to be read again; `None`: the watch tells.
    pub(super) fn store(
        &self,
        key: &InformerKey,
        name: &str,
        ticket: Ticket,
        read: &Result<Value, PlaneError>,
    ) -> Option<Instant> {
        let now = Instant::now();
        let soon = Some(now + FIRST_POLL);
        let kept = match read {
            Ok(object) => Ok(object.to_string().into_boxed_str()),
            Err(error @ (PlaneError::NotFound { .. } | PlaneError::Forbidden { .. })) => Err(error.clone()),
            // How the object is, is as unknown as it was.
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
        let same = before.as_ref().is_some_and(|before| before.object == kept);
        let content = Content {
            unchanged: match &before {
                Some(before) if same => before.unchanged.saturating_add(1),
                _ => 0,
            },
            // A watch tells of objects, not of rights: whether it may be read is to be asked again.
            is_current: still_live
                && object.version == ticket.version
                && !matches!(kept, Err(PlaneError::Forbidden { .. })),
            read_at: now,
            object: kept,
        };
        inner.bytes = inner
            .bytes
            .saturating_sub(before.as_ref().map_or(0, Content::bytes));
        let bytes = content.bytes();
        let due = (!content.is_current).then(|| content.due_at());
        if bytes <= MOST_BYTES_PER_OBJECT && inner.bytes.saturating_add(bytes) <= MOST_BYTES {
            inner.bytes += bytes;
            object.content = Some(content);
        } else {
            return Some(due.unwrap_or(now + LONGEST_POLL));
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

    /// When it is read again where no watch tells of it.
    fn due_at(&self) -> Instant {
        let pause = FIRST_POLL.saturating_mul(1 << self.unchanged.min(5));
        self.read_at + pause.min(LONGEST_POLL)
    }
}
