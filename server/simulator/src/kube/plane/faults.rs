//! Fault injection for tests and the demo.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::kube::plane::access::Attributes;

/// A fault.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Delays the response.
    Latency(Duration),
    /// Answers with a `Status`.
    Status {
        /// 403, 409, 410, 422, 429, 500, 503…
        code: u16,
        /// The message of the status.
        message: String,
        /// `retryAfterSeconds`, for 429 and 503.
        retry_after: Option<u32>,
    },
    /// Answers 200 with a body that is not JSON.
    Garbage,
    /// Closes the connection without a response.
    Hangup,
}

/// Selects the requests that a fault affects. `None` matches everything.
#[derive(Debug, Clone, Default)]
pub struct Matcher {
    /// `get`, `list`, `watch`, `create`, `patch`…
    pub verb: Option<String>,
    /// The plural, alone or as `<plural>.<group>`.
    pub resource: Option<String>,
    /// The object's name.
    pub name: Option<String>,
    /// How many requests it affects before it expires.
    pub times: Option<u32>,
}

impl Matcher {
    /// Matches all requests.
    #[must_use]
    pub fn any() -> Self {
        Self::default()
    }

    /// Matches requests with this verb for this resource.
    #[must_use]
    pub fn of(verb: &str, resource: &str) -> Self {
        Self {
            verb: Some(verb.into()),
            resource: Some(resource.into()),
            ..Self::default()
        }
    }

    /// The same, for this many requests.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self {
            times: Some(times),
            ..self
        }
    }

    fn matches(&self, attributes: &Attributes) -> bool {
        let resource = |wanted: &String| {
            *wanted == attributes.resource
                || *wanted == format!("{}.{}", attributes.resource, attributes.group)
        };
        self.verb.as_ref().is_none_or(|verb| *verb == attributes.verb)
            && self.resource.as_ref().is_none_or(resource)
            && self.name.as_ref().is_none_or(|name| *name == attributes.name)
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
    /// Adds a fault and returns the id that [`Faults::remove`] takes.
    pub fn add(&self, matcher: Matcher, fault: Fault) -> u64 {
        let mut next = self.next.lock();
        *next += 1;
        self.active.lock().push((*next, matcher, fault));
        *next
    }

    /// Removes a fault.
    pub fn remove(&self, id: u64) {
        self.active.lock().retain(|(other, _, _)| *other != id);
    }

    /// Removes all faults and accepts connections again.
    pub fn clear(&self) {
        self.active.lock().clear();
        self.refusing.send_replace(false);
    }

    /// With `true`, closes all connections and refuses new ones; with `false`, accepts them again.
    pub fn refuse_connections(&self, refuse: bool) {
        self.refusing.send_replace(refuse);
    }

    /// Ends all running watches without a final event, as a restarting API server does.
    pub fn drop_watches(&self) {
        self.dropped.send_modify(|count| *count += 1);
    }

    /// The faults that affect a request; counts each as used.
    pub(crate) fn hit(&self, attributes: &Attributes) -> Vec<Fault> {
        let mut hit = Vec::new();
        self.active.lock().retain_mut(|(_, matcher, fault)| {
            if matcher.times == Some(0) {
                return false;
            }
            if matcher.matches(attributes) {
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

    pub(crate) fn refusing(&self) -> watch::Receiver<bool> {
        self.refusing.subscribe()
    }

    pub(crate) fn dropped(&self) -> watch::Receiver<u64> {
        self.dropped.subscribe()
    }
}
