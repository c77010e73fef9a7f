//! Faults that tests and the demo switch on: a control plane that is slow, gone or lying.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;

use super::access::Attributes;

/// What goes wrong.
#[derive(Debug, Clone)]
pub enum Fault {
    /// The answer comes this much later.
    Latency(Duration),
    /// The answer is a `Status` with this code and message.
    Status {
        /// 403, 409, 410, 422, 429, 500, 503…
        code: u16,
        /// What it says.
        message: String,
        /// For 429 and 503.
        retry_after: Option<u32>,
    },
    /// The answer is 200 with something that is no JSON.
    Garbage,
    /// The connection is cut without an answer.
    Hangup,
}

/// Which requests a fault hits. What is `None` matches all.
#[derive(Debug, Clone, Default)]
pub struct Matcher {
    /// `get`, `list`, `watch`, `create`, `patch`…
    pub verb: Option<String>,
    /// The plural, alone or as `<plural>.<group>`.
    pub resource: Option<String>,
    /// The object's name.
    pub name: Option<String>,
    /// How many requests it hits before it is spent.
    pub times: Option<u32>,
}

impl Matcher {
    /// All requests.
    #[must_use]
    pub fn any() -> Self {
        Self::default()
    }

    /// Requests with this verb for this resource.
    #[must_use]
    pub fn of(verb: &str, resource: &str) -> Self {
        Self {
            verb: Some(verb.into()),
            resource: Some(resource.into()),
            ..Self::default()
        }
    }

    /// The same, for so many requests only.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self {
            times: Some(times),
            ..self
        }
    }

    fn matches(&self, asked: &Attributes) -> bool {
        let resource = |wanted: &String| {
            *wanted == asked.resource || *wanted == format!("{}.{}", asked.resource, asked.group)
        };
        self.verb.as_ref().is_none_or(|verb| *verb == asked.verb)
            && self.resource.as_ref().is_none_or(resource)
            && self.name.as_ref().is_none_or(|name| *name == asked.name)
    }
}

/// The faults of a control plane.
#[derive(Debug)]
pub struct Faults {
    active: Mutex<Vec<(u64, Matcher, Fault)>>,
    next: Mutex<u64>,
    /// Whether connections are refused.
    refusing: watch::Sender<bool>,
    /// Counts how often all watches were dropped.
    dropped: watch::Sender<u64>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            active: Mutex::default(),
            next: Mutex::default(),
            refusing: watch::Sender::new(false),
            dropped: watch::Sender::new(0),
        }
    }
}

impl Faults {
    /// Lets requests fail from now on; the number takes the fault back with [`Faults::remove`].
    pub fn add(&self, matcher: Matcher, fault: Fault) -> u64 {
        let mut next = self.next.lock();
        *next += 1;
        self.active.lock().push((*next, matcher, fault));
        *next
    }

    /// Takes a fault back.
    pub fn remove(&self, id: u64) {
        self.active.lock().retain(|(other, _, _)| *other != id);
    }

    /// Takes all faults back, and accepts connections again.
    pub fn clear(&self) {
        self.active.lock().clear();
        self.refusing.send_replace(false);
    }

    /// Cuts all connections and accepts no more, or accepts them again.
    pub fn refuse_connections(&self, refuse: bool) {
        self.refusing.send_replace(refuse);
    }

    /// Ends all watches that run now, without a word, as a restarting API server does.
    pub fn drop_watches(&self) {
        self.dropped.send_modify(|count| *count += 1);
    }

    /// The faults that hit a request; each is counted as used.
    pub(super) fn hit(&self, asked: &Attributes) -> Vec<Fault> {
        let mut hit = Vec::new();
        self.active.lock().retain_mut(|(_, matcher, fault)| {
            if matcher.times == Some(0) {
                return false;
            }
            if matcher.matches(asked) {
                hit.push(fault.clone());
                if let Some(times) = &mut matcher.times {
                    *times -= 1;
                    return *times > 0;
                }
            }
            true
        });
        hit
    }

    pub(super) fn refusing(&self) -> watch::Receiver<bool> {
        self.refusing.subscribe()
    }

    pub(super) fn dropped(&self) -> watch::Receiver<u64> {
        self.dropped.subscribe()
    }
}
