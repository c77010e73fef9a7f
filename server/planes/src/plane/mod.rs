//! A control plane: its state, and the tasks that keep it up to date.

mod life;
mod rights;
pub(crate) mod watching;

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, ArcSwapOption};
use jiff::Timestamp;
use parking_lot::Mutex;
use portico_domain::claim::ClaimStatus;
use portico_domain::documents::ControlPlane;
use portico_domain::names::{OfferingName, PlaneName};
use tokio::sync::{Notify, OnceCell, mpsc, watch};

use crate::act::Names;
use crate::cache::Index;
use crate::discovery::Kind;
use crate::error::PlaneError;
use crate::informers::Informers;
use crate::registry::Shared;
use crate::status::{PlaneState, PlaneStatus, Vitals};
use crate::stream::Slots;
use crate::wire::Wire;

pub(crate) use life::live;
pub use rights::RightsStatus;
pub(crate) use rights::{Right, Rights};

/// After failing for this long a stream's claims are stale, even if the control plane answers other calls.
const PATIENCE: Duration = Duration::from_secs(3);
/// Distinct reasons for skipped objects that are kept.
const MOST_REASONS: usize = 50;

/// The state of a control plane. Outlives its connections.
pub(crate) struct Plane {
    pub(crate) name: PlaneName,
    pub(crate) document: ArcSwap<ControlPlane>,
    pub(crate) kinds: ArcSwap<BTreeMap<OfferingName, Arc<Kind>>>,
    /// Offerings have been read once, so that what is not in `kinds` is not offered.
    pub(crate) discovered: AtomicBool,
    pub(crate) claims: Index,
    pub(crate) names: Names,
    /// Watches of composed resources, events and secrets.
    pub(crate) informers: Informers,
    /// Changes after each reconnection.
    pub(crate) revived: watch::Sender<u64>,
    /// Wakes the probe.
    pub(crate) nudge: Notify,
    /// The control plane answers calls with 401.
    unknown_there: AtomicBool,
    wire: ArcSwapOption<Wire>,
    vitals: Mutex<Vitals>,
    streams: Mutex<BTreeMap<Arc<str>, StreamState>>,
    /// Where claims of each offering are watched, as far as rights allow: namespaces, or everywhere (`None`).
    scopes: Mutex<BTreeMap<OfferingName, BTreeSet<Option<String>>>>,
    pub(crate) rights: Rights,
    /// Insecure settings of the connection.
    warnings: ArcSwap<Vec<String>>,
    left_out: Mutex<BTreeSet<String>>,
}

#[derive(Debug, Default)]
struct StreamState {
    heard: Option<Timestamp>,
    failing_since: Option<Instant>,
}

/// The name of the stream of an offering's claims, or of those in a namespace.
pub(crate) fn stream_of(offering: &OfferingName, namespace: Option<&str>) -> String {
    match namespace {
        None => offering.to_string(),
        Some(namespace) => format!("{offering} in {namespace}"),
    }
}

/// How long a stream has been failing.
pub(crate) enum Failing {
    /// It may recover soon.
    Briefly,
    /// So long that its claims are stale.
    Lost {
        /// When it was last up to date.
        heard: Option<Timestamp>,
    },
}

/// Held by everything that still has to be read for the first time over a connection. The receiver is closed when the
/// last holder drops it.
#[derive(Debug, Clone)]
pub(crate) struct FirstRead(#[expect(dead_code, reason = "held only to be let go")] mpsc::Sender<Infallible>);

impl FirstRead {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Infallible>) {
        let (held, all_read) = mpsc::channel(1);
        (Self(held), all_read)
    }
}

/// A connected control plane: what its tasks work with.
#[derive(Clone)]
pub(crate) struct Running {
    pub(crate) shared: Arc<Shared>,
    pub(crate) plane: Arc<Plane>,
    pub(crate) wire: Wire,
    /// Limits the watches open at once.
    pub(crate) slots: Arc<Slots>,
    /// Whether Portico may list and watch everything; asked once.
    pub(crate) may_all: Arc<OnceCell<bool>>,
}

impl Plane {
    pub(crate) fn new(document: ControlPlane, now: Timestamp) -> Self {
        Self {
            name: document.name.clone(),
            document: ArcSwap::from_pointee(document),
            kinds: ArcSwap::default(),
            discovered: AtomicBool::new(false),
            claims: Index::default(),
            names: Names::default(),
            informers: Informers::default(),
            revived: watch::Sender::new(0),
            nudge: Notify::new(),
            unknown_there: AtomicBool::new(false),
            wire: ArcSwapOption::empty(),
            vitals: Mutex::new(Vitals::new(now)),
            streams: Mutex::default(),
            scopes: Mutex::default(),
            rights: Rights::default(),
            warnings: ArcSwap::default(),
            left_out: Mutex::default(),
        }
    }

    /// The display name.
    pub(crate) fn title(&self) -> String {
        let document = self.document.load();
        document
            .spec
            .title
            .clone()
            .unwrap_or_else(|| document.name.to_string())
    }

    /// The client, or why there is none.
    pub(crate) fn wire(&self) -> Result<Wire, PlaneError> {
        if let Some(wire) = self.wire.load_full() {
            return Ok(Wire::clone(&wire));
        }
        let plane = self.title();
        Err(match &self.vitals.lock().state {
            PlaneState::Misconfigured(message) => PlaneError::Misconfigured {
                plane,
                message: message.clone(),
            },
            _ => PlaneError::Unreachable {
                plane,
                message: "Portico is still connecting".to_owned(),
            },
        })
    }

    /// The current status.
    pub(crate) fn status(&self) -> PlaneStatus {
        let vitals = self.vitals.lock();
        let now = Timestamp::now();
        let lag = {
            let streams = self.streams.lock();
            let failing = streams.values().filter(|stream| stream.failing_since.is_some());
            let since = vitals.last_seen;
            failing
                .filter_map(|stream| stream.heard.or(since))
                .min()
                .map(|heard| Duration::try_from(now.duration_since(heard)).unwrap_or_default())
        };
        PlaneStatus {
            name: self.name.clone(),
            document: self.document.load_full(),
            state: vitals.state.clone(),
            since: vitals.since,
            last_seen: vitals.last_seen,
            version: vitals.version.clone(),
            claims: self.claims.len(),
            cache_bytes: self.claims.bytes().load(Ordering::Relaxed),
            observed: self.informers.status(),
            offerings: self.kinds.load().keys().cloned().collect(),
            rights: self.rights.status(),
            warnings: self.warnings.load().iter().cloned().collect(),
            left_out: self.left_out.lock().iter().cloned().collect(),
            recent_errors: vitals.notes.iter().cloned().collect(),
            lag,
            latency: vitals.latency,
            certificate_expires_at: self
                .wire
                .load()
                .as_ref()
                .and_then(|wire| wire.certificate_expires_at()),
        }
    }

    /// Keeps an error for administrators.
    pub(crate) fn note(&self, message: String) {
        tracing::debug!(plane = %self.name, %message, "trouble with a control plane");
        self.vitals.lock().note(message, Timestamp::now());
    }

    /// True if the control plane does not accept Portico's credentials.
    fn refused_us(&self) -> bool {
        self.unknown_there.load(Ordering::Relaxed)
    }

    /// Stores warnings about the connection, and logs new ones.
    fn warn(&self, warnings: Vec<String>) {
        if **self.warnings.load() == warnings {
            return;
        }
        for warning in &warnings {
            tracing::warn!(plane = %self.name, %warning, "a control plane's connection is not as safe as it should be");
        }
        self.warnings.store(Arc::new(warnings));
    }

    pub(crate) fn left_out(&self, what: &str) {
        let mut left_out = self.left_out.lock();
        if left_out.len() < MOST_REASONS {
            left_out.insert(portico_domain::claim::health::plain(what));
        }
    }

    /// Forgets the skipped objects of a stream, since it is listed again.
    pub(crate) fn nothing_left_out(&self, stream: &str) {
        let of_stream = |why: &String| {
            why.strip_prefix(stream)
                .is_some_and(|rest| rest.starts_with(": "))
        };
        self.left_out.lock().retain(|why| !of_stream(why));
    }

    /// A stream is up to date.
    pub(crate) fn heard(&self, stream: &str) {
        let now = Timestamp::now();
        let mut streams = self.streams.lock();
        if !streams.contains_key(stream) {
            streams.insert(stream.into(), StreamState::default());
        }
        if let Some(state) = streams.get_mut(stream) {
            state.heard = Some(now);
            state.failing_since = None;
        }
        drop(streams);
        self.vitals.lock().last_seen = Some(now);
        if self.unknown_there.swap(false, Ordering::Relaxed) {
            self.nudge.notify_one();
        }
    }

    /// True once the claims of the offering in the namespace have been listed, as far as Portico may list them, so
    /// that a missing claim is really absent.
    pub(crate) fn has_read(&self, offering: &OfferingName, namespace: Option<&str>) -> bool {
        if !self.discovered.load(Ordering::Relaxed) || self.vitals.lock().state == PlaneState::Connecting {
            return false;
        }
        if !self.kinds.load().contains_key(offering) {
            return true;
        }
        // Until access reviews have been answered, the scopes are unknown.
        let Some(scopes) = self.scopes.lock().get(offering).cloned() else {
            return false;
        };
        let streams = self.streams.lock();
        scopes
            .iter()
            .map(Option::as_deref)
            .filter(|scope| scope.is_none() || *scope == namespace)
            .all(|scope| {
                let stream = streams.get(stream_of(offering, scope).as_str());
                stream.is_some_and(|stream| stream.heard.is_some())
            })
    }

    /// Sets the namespaces in which claims of the offering are watched (`None`: everywhere).
    pub(crate) fn watches(&self, offering: &OfferingName, scopes: &BTreeSet<Option<String>>) {
        self.scopes.lock().insert(offering.clone(), scopes.clone());
    }

    /// Forgets the scopes and streams of other offerings.
    pub(crate) fn forget_offerings_but(&self, stays: impl Fn(&OfferingName) -> bool) {
        let mut scopes = self.scopes.lock();
        let mut streams = self.streams.lock();
        scopes.retain(|offering, scopes| {
            let stays = stays(offering);
            if !stays {
                for scope in scopes.iter() {
                    streams.remove(stream_of(offering, scope.as_deref()).as_str());
                }
            }
            stays
        });
    }

    /// True once all streams of the offering have been listed, and there is at least one.
    pub(crate) fn has_listed(&self, offering: &OfferingName) -> bool {
        let streams = self.streams.lock();
        let in_namespaces = format!("{offering} in ");
        let mut of_offering = streams
            .iter()
            .filter(|(name, _)| ***name == *offering.as_str() || name.starts_with(&in_namespaces))
            .peekable();
        of_offering.peek().is_some() && of_offering.all(|(_, stream)| stream.heard.is_some())
    }

    /// A stream failed.
    pub(crate) fn stream_failed(&self, stream: &str, error: &PlaneError) -> Failing {
        match error {
            PlaneError::Unreachable { .. } | PlaneError::Slow { .. } | PlaneError::Misconfigured { .. } => {
                self.nudge.notify_one();
            }
            PlaneError::Refused { status: 401, .. } => {
                self.unknown_there.store(true, Ordering::Relaxed);
                self.nudge.notify_one();
            }
            _ => {}
        }
        self.note(format!("{stream}: {}", error.for_platform()));
        let mut streams = self.streams.lock();
        if !streams.contains_key(stream) {
            streams.insert(stream.into(), StreamState::default());
        }
        let Some(state) = streams.get_mut(stream) else {
            return Failing::Briefly;
        };
        let since = *state.failing_since.get_or_insert_with(Instant::now);
        if since.elapsed() > PATIENCE {
            Failing::Lost { heard: state.heard }
        } else {
            Failing::Briefly
        }
    }

    /// Forgets a stream that ended.
    pub(crate) fn forget_stream(&self, stream: &str) {
        self.streams.lock().remove(stream);
    }

    /// Marks all claims as stale, with the status that `status` makes of the last known one and the control plane's
    /// title.
    fn lose_all(&self, status: fn(&ClaimStatus, &str) -> ClaimStatus) {
        let title = self.title();
        let streams: Vec<(Arc<str>, Option<Timestamp>)> = {
            let mut streams = self.streams.lock();
            streams
                .iter_mut()
                .map(|(name, state)| {
                    state.failing_since.get_or_insert_with(Instant::now);
                    (name.clone(), state.heard)
                })
                .collect()
        };
        for (stream, heard) in streams {
            self.claims.lose(&stream, heard, |known| status(known, &title));
        }
    }
}
