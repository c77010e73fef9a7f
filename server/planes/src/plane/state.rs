//! The state of a control plane.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, ArcSwapOption};
use jiff::Timestamp;
use parking_lot::Mutex;
use portico_domain::claim::ClaimStatus;
use portico_domain::documents::ControlPlane;
use portico_domain::names::{OfferingName, PlaneName};
use tokio::sync::{Notify, watch};

use crate::cache::Index;
use crate::client::ApiClient;
use crate::cluster::ClusterStatus;
use crate::error::PlaneError;
use crate::informers::Informers;
use crate::resource_names::ResourceNames;
use crate::rights::Rights;
use crate::shared::Offer;
use crate::status::{HealthState, PlaneState, PlaneStatus, PlaneSummary};
use crate::workspace::WorkspaceState;

/// After failing for this long a stream's claims are stale, even if the control plane answers other calls.
const STALE_AFTER: Duration = Duration::from_secs(3);
/// Distinct reasons for skipped objects that are kept.
const MAX_SKIPPED_REASONS: usize = 50;

/// The state of a control plane. Outlives its connections.
pub(crate) struct Plane {
    pub(crate) name: PlaneName,
    /// Its document and the kinds that it offers.
    pub(crate) offer: Arc<Offer>,
    /// Offerings have been read once, so that what is not in `kinds` is not offered.
    pub(crate) discovered: AtomicBool,
    pub(crate) claims: Index,
    pub(crate) names: ResourceNames,
    /// Watches of composed resources, events and secrets.
    pub(crate) informers: Informers,
    /// Changes after each reconnection.
    pub(crate) reconnected: watch::Sender<u64>,
    /// Wakes the probe.
    pub(crate) probe_now: Arc<Notify>,
    /// The control plane answers calls with 401.
    pub(super) unauthenticated: AtomicBool,
    pub(super) client: ArcSwapOption<ApiClient>,
    pub(super) health: Mutex<HealthState>,
    streams: Mutex<BTreeMap<Arc<str>, StreamState>>,
    /// Where claims of each offering are watched, as far as rights allow: namespaces, or everywhere (`None`).
    scopes: Mutex<BTreeMap<OfferingName, Arc<BTreeSet<Option<String>>>>>,
    pub(crate) rights: Rights,
    /// Insecure settings of the connection.
    pub(super) warnings: ArcSwap<Vec<String>>,
    skipped: Mutex<BTreeSet<String>>,
    /// The cluster that answers for it.
    pub(super) cluster: Arc<Mutex<ClusterStatus>>,
    /// The workspace of kcp that it is.
    pub(crate) workspace: WorkspaceState,
}

#[derive(Debug, Default)]
struct StreamState {
    synced_at: Option<Timestamp>,
    failing_since: Option<Instant>,
}

/// The name of the stream of an offering's claims, or of those in a namespace.
pub(crate) fn stream_name(offering: &OfferingName, namespace: Option<&str>) -> String {
    match namespace {
        None => offering.to_string(),
        Some(namespace) => format!("{offering} in {namespace}"),
    }
}

/// How long a stream has been failing.
pub(crate) enum StreamFailure {
    /// It may recover soon.
    Brief,
    /// So long that its claims are stale.
    Stale {
        /// When it was last up to date.
        synced_at: Option<Timestamp>,
    },
}

impl Plane {
    pub(crate) fn new(document: ControlPlane, now: Timestamp) -> Self {
        Self {
            name: document.name.clone(),
            offer: Arc::new(Offer::new(document)),
            discovered: AtomicBool::new(false),
            claims: Index::default(),
            names: ResourceNames::default(),
            informers: Informers::default(),
            reconnected: watch::Sender::new(0),
            probe_now: Arc::default(),
            unauthenticated: AtomicBool::new(false),
            client: ArcSwapOption::empty(),
            health: Mutex::new(HealthState::new(now)),
            streams: Mutex::default(),
            scopes: Mutex::default(),
            rights: Rights::default(),
            warnings: ArcSwap::default(),
            skipped: Mutex::default(),
            cluster: Arc::default(),
            workspace: WorkspaceState::default(),
        }
    }

    /// The display name.
    pub(crate) fn title(&self) -> String {
        let document = self.offer.document.load();
        document
            .spec
            .title
            .clone()
            .unwrap_or_else(|| document.name.to_string())
    }

    /// The client, or why there is none.
    pub(crate) fn client(&self) -> Result<ApiClient, PlaneError> {
        if let Some(client) = self.client.load_full() {
            return Ok(ApiClient::clone(&client));
        }
        let plane = self.title();
        Err(match &self.health.lock().state {
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

    /// The current state.
    pub(crate) fn summary(&self) -> PlaneSummary {
        let health = self.health.lock();
        PlaneSummary {
            name: self.name.clone(),
            document: self.offer.document.load_full(),
            state: health.state.clone(),
            last_seen: health.last_seen,
            claims: self.claims.len(),
        }
    }

    /// The current status.
    pub(crate) fn status(&self) -> PlaneStatus {
        let health = self.health.lock();
        let now = Timestamp::now();
        let lag = {
            let streams = self.streams.lock();
            let failing = streams.values().filter(|stream| stream.failing_since.is_some());
            let since = health.last_seen;
            failing
                .filter_map(|stream| stream.synced_at.or(since))
                .min()
                .map(|synced_at| Duration::try_from(now.duration_since(synced_at)).unwrap_or_default())
        };
        PlaneStatus {
            name: self.name.clone(),
            document: self.offer.document.load_full(),
            state: health.state.clone(),
            since: health.since,
            last_seen: health.last_seen,
            version: health.version.clone(),
            claims: self.claims.len(),
            cache_bytes: self.claims.bytes().load(Ordering::Relaxed),
            observed: self.informers.status(),
            offerings: self.offer.kinds.load().keys().cloned().collect(),
            rights: self.rights.status(),
            workspace: self
                .client
                .load()
                .as_ref()
                .and_then(|client| client.workspace().map(|workspace| workspace.path.clone())),
            exports: self.workspace.exports(),
            logical_cluster: self.workspace.logical_cluster(),
            warnings: self.warnings.load().iter().cloned().collect(),
            skipped: self.skipped.lock().iter().cloned().collect(),
            recent_errors: health.recent_errors.iter().cloned().collect(),
            lag,
            cluster: self.cluster.lock().clone(),
            latency: health.latency,
            clock_offset: self
                .client
                .load()
                .as_ref()
                .map(|client| client.clock_offset())
                .unwrap_or_default(),
            certificate_expires_at: self
                .client
                .load()
                .as_ref()
                .and_then(|client| client.certificate_expires_at()),
        }
    }

    /// Keeps an error for administrators.
    pub(crate) fn record_error(&self, message: String) {
        tracing::debug!(plane = %self.name, %message, "trouble with a control plane");
        self.health.lock().record_error(message, Timestamp::now());
    }

    /// True if the control plane does not accept Portico's credentials.
    pub(super) fn is_unauthenticated(&self) -> bool {
        self.unauthenticated.load(Ordering::Relaxed)
    }

    /// True if another cluster than the right one answered last.
    pub(super) fn has_wrong_cluster(&self) -> bool {
        self.cluster.lock().problem.is_some()
    }

    /// Stores warnings about the connection, and logs new ones.
    pub(super) fn warn(&self, warnings: Vec<String>) {
        if **self.warnings.load() == warnings {
            return;
        }
        for warning in &warnings {
            tracing::warn!(plane = %self.name, %warning, "a control plane's connection is not as safe as it should be");
        }
        self.warnings.store(Arc::new(warnings));
    }

    pub(crate) fn record_skipped(&self, what: &str) {
        let mut skipped = self.skipped.lock();
        if skipped.len() < MAX_SKIPPED_REASONS {
            skipped.insert(portico_domain::text::sanitize(what));
        }
    }

    /// Forgets the skipped objects of a stream, since it is listed again.
    pub(crate) fn clear_skipped(&self, stream: &str) {
        let of_stream = |why: &String| {
            why.strip_prefix(stream)
                .is_some_and(|rest| rest.starts_with(": "))
        };
        self.skipped.lock().retain(|why| !of_stream(why));
    }

    /// A stream is up to date.
    pub(crate) fn mark_synced(&self, stream: &str) {
        let now = Timestamp::now();
        let mut streams = self.streams.lock();
        if !streams.contains_key(stream) {
            streams.insert(stream.into(), StreamState::default());
        }
        if let Some(state) = streams.get_mut(stream) {
            state.synced_at = Some(now);
            state.failing_since = None;
        }
        drop(streams);
        self.health.lock().last_seen = Some(now);
        if self.unauthenticated.swap(false, Ordering::Relaxed) {
            self.probe_now.notify_one();
        }
    }

    /// True once the claims of the offering in the namespace have been listed, as far as Portico may list them, so
    /// that a missing claim is really absent.
    pub(crate) fn is_synced(&self, offering: &OfferingName, namespace: Option<&str>) -> bool {
        self.is_discovered()
            && (!self.offer.kinds.load().contains_key(offering)
                || self.are_listed(offering, |scope| scope.is_none() || scope == namespace))
    }

    /// True once all claims have been listed, as far as Portico may list them.
    pub(crate) fn is_wholly_synced(&self) -> bool {
        self.is_discovered()
            && self
                .offer
                .kinds
                .load()
                .keys()
                .all(|offering| self.are_listed(offering, |_| true))
    }

    fn is_discovered(&self) -> bool {
        self.discovered.load(Ordering::Relaxed) && self.health.lock().state != PlaneState::Connecting
    }

    /// True once the claims of the offering have been listed in those of the watched namespaces (`None`: everywhere) that
    /// `matter`.
    fn are_listed(&self, offering: &OfferingName, matter: impl Fn(Option<&str>) -> bool) -> bool {
        // Until access reviews have been answered, the scopes are unknown.
        let Some(scopes) = self.scopes.lock().get(offering).cloned() else {
            return false;
        };
        let streams = self.streams.lock();
        scopes
            .iter()
            .map(Option::as_deref)
            .filter(|scope| matter(*scope))
            .all(|scope| {
                let stream = streams.get(stream_name(offering, scope).as_str());
                stream.is_some_and(|stream| stream.synced_at.is_some())
            })
    }

    /// Sets the namespaces in which claims of the offering are watched (`None`: everywhere).
    pub(crate) fn set_scopes(&self, offering: &OfferingName, scopes: Arc<BTreeSet<Option<String>>>) {
        self.scopes.lock().insert(offering.clone(), scopes);
    }

    /// The namespaces in which claims of the offering are watched (`None`: everywhere); empty until that is known.
    pub(crate) fn scopes(&self, offering: &OfferingName) -> Arc<BTreeSet<Option<String>>> {
        self.scopes.lock().get(offering).cloned().unwrap_or_default()
    }

    /// Forgets the scopes and streams of other offerings.
    pub(crate) fn retain_offerings(&self, stays: impl Fn(&OfferingName) -> bool) {
        let mut scopes = self.scopes.lock();
        let mut streams = self.streams.lock();
        scopes.retain(|offering, scopes| {
            let stays = stays(offering);
            if !stays {
                for scope in scopes.iter() {
                    streams.remove(stream_name(offering, scope.as_deref()).as_str());
                }
            }
            stays
        });
    }

    /// True once all streams of the offering have been listed, and there is at least one.
    pub(crate) fn is_listed(&self, offering: &OfferingName) -> bool {
        let streams = self.streams.lock();
        let in_namespaces = format!("{offering} in ");
        let mut of_offering = streams
            .iter()
            .filter(|(name, _)| ***name == *offering.as_str() || name.starts_with(&in_namespaces))
            .peekable();
        of_offering.peek().is_some() && of_offering.all(|(_, stream)| stream.synced_at.is_some())
    }

    /// A stream failed.
    pub(crate) fn record_stream_failure(&self, stream: &str, error: &PlaneError) -> StreamFailure {
        match error {
            PlaneError::Unreachable { .. }
            | PlaneError::Timeout { .. }
            | PlaneError::Misconfigured { .. } => {
                self.probe_now.notify_one();
            }
            PlaneError::Refused { status: 401, .. } => {
                self.unauthenticated.store(true, Ordering::Relaxed);
                self.probe_now.notify_one();
            }
            _ => {}
        }
        self.record_error(format!("{stream}: {}", error.admin_message()));
        let mut streams = self.streams.lock();
        if !streams.contains_key(stream) {
            streams.insert(stream.into(), StreamState::default());
        }
        let Some(state) = streams.get_mut(stream) else {
            return StreamFailure::Brief;
        };
        let since = *state.failing_since.get_or_insert_with(Instant::now);
        if since.elapsed() > STALE_AFTER {
            StreamFailure::Stale {
                synced_at: state.synced_at,
            }
        } else {
            StreamFailure::Brief
        }
    }

    /// Forgets a stream that ended.
    pub(crate) fn forget_stream(&self, stream: &str) {
        self.streams.lock().remove(stream);
    }

    /// Marks all claims as stale, with the status that `status` makes of the last known one and the control plane's
    /// title.
    pub(super) fn mark_all_stale(&self, status: fn(&ClaimStatus, &str) -> ClaimStatus) {
        let title = self.title();
        let streams: Vec<(Arc<str>, Option<Timestamp>)> = {
            let mut streams = self.streams.lock();
            streams
                .iter_mut()
                .map(|(name, state)| {
                    state.failing_since.get_or_insert_with(Instant::now);
                    (name.clone(), state.synced_at)
                })
                .collect()
        };
        for (stream, synced_at) in streams {
            self.claims
                .mark_stale(&stream, synced_at, |known| status(known, &title));
        }
    }
}
