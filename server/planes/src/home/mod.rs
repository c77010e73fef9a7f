//! The home plane: watches the control plane that holds Portico's own documents as objects, and writes their status.

mod read;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use http::Method;
use jiff::Timestamp;
use parking_lot::Mutex;
use portico_domain::authz::SystemAuthority;
use portico_domain::claim::labels;
use portico_domain::documents::{API_VERSION, ActAs, Connection, ControlPlane, HomePlane, Limits};
use portico_domain::names::PlaneName;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::client::{ApiClient, Call};
use crate::connect::{Connected, SharedClients, connect, no_secrets};
use crate::error::PlaneError;
use crate::path::escape_segment;
use crate::shared::Settings;
use crate::stream::{Collection, WatchHandler, WatchLimiter, run_watch};

pub use read::{HomeReadError, read_home};

/// The kinds of documents that the home plane holds, with their plurals.
pub const HOME_KINDS: [(&str, &str); 5] = [
    ("ControlPlane", "controlplanes"),
    ("Offering", "offerings"),
    ("Tenant", "tenants"),
    ("ApprovalPolicy", "approvalpolicies"),
    ("Publication", "publications"),
];
/// Objects of one kind at most.
const MAX_OBJECTS: usize = 2_000;
/// How often the kubeconfig is looked at, and a home plane that does not answer is asked again.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);

/// The objects of the home plane as they were last read.
#[derive(Debug, Clone, Default)]
pub struct HomeSnapshot {
    /// The objects, by kind and name.
    pub objects: Vec<Arc<Value>>,
    /// True once all kinds were read.
    pub synced: bool,
    /// Why it cannot be read now, for administrators, and since when.
    pub failure: Option<(String, Timestamp)>,
    /// Why statuses cannot be written now, for administrators.
    pub unwritten: Option<String>,
}

/// An object of the home plane as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HomeObject {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// The version of it that was read.
    pub resource_version: String,
}

/// A watched home plane. Cheap to clone.
#[derive(Clone)]
pub struct HomeWatch(Arc<State>);

struct State {
    document: ControlPlane,
    client: ArcSwapOption<ApiClient>,
    kinds: [Mutex<KindState>; HOME_KINDS.len()],
    connection_failure: Mutex<Option<(String, Timestamp)>>,
    unwritten: Mutex<Option<String>>,
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct KindState {
    objects: BTreeMap<String, Arc<Value>>,
    synced: bool,
    failure: Option<(String, Timestamp)>,
}

impl HomeWatch {
    /// Nothing is read yet: see [`HomeWatch::run`]. `None` if the name of the home plane is no name.
    #[must_use]
    pub fn new(home: &HomePlane) -> Option<Self> {
        let connection = match home.clone() {
            HomePlane::Kubeconfig { path, context } => Connection::Kubeconfig { path, context },
            HomePlane::InCluster {} => Connection::InCluster {},
        };
        // More than the API server takes: one that is left out would count as deleted.
        let limits = Limits {
            object_bytes: 8 << 20,
            ..Limits::default()
        };
        let mut document =
            ControlPlane::bare(PlaneName::new("home").ok()?, connection, ActAs::Portico, limits);
        document.spec.title = Some("the home control plane".to_owned());
        Some(Self(Arc::new(State {
            document,
            client: ArcSwapOption::empty(),
            kinds: Default::default(),
            connection_failure: Mutex::default(),
            unwritten: Mutex::default(),
            changed: watch::Sender::new(0),
        })))
    }

    /// Keeps the objects up to date for as long as the future is polled.
    pub async fn run(self) {
        loop {
            match connect(
                &self.0.document,
                &Settings::default(),
                &no_secrets(),
                &SharedClients::default(),
            )
            .await
            {
                Ok(connected) => {
                    self.0.note_connection(None);
                    self.follow(connected).await;
                }
                Err(error) => {
                    self.0.note_connection(Some(error.to_string()));
                    tokio::time::sleep(CHECK_INTERVAL).await;
                }
            }
        }
    }

    /// Watches until what the connection was made from changes.
    async fn follow(&self, connected: Connected) {
        let state = &self.0;
        let title = state.document.title().to_owned();
        let client = ApiClient::new(title, connected.connection, &state.document);
        state.client.store(Some(Arc::new(client.clone())));
        let limiter = Arc::new(WatchLimiter::new(HOME_KINDS.len()));
        let (reconnected, seen) = watch::channel(0_u64);
        let mut watches = JoinSet::new();
        for (at, (_, plural)) in HOME_KINDS.into_iter().enumerate() {
            let collection = Collection {
                path: format!("/apis/{API_VERSION}/{plural}"),
                ..Collection::default()
            };
            let handler = Arc::new(KindHandler {
                state: state.clone(),
                at,
            });
            watches.spawn(run_watch(
                client.clone(),
                collection,
                handler,
                limiter.clone(),
                seen.clone(),
            ));
        }
        loop {
            tokio::time::sleep(CHECK_INTERVAL).await;
            let fails = state.failure().is_some();
            if connected.source.has_changed(fails).await {
                return;
            }
            // The watches wait longer and longer: they go on at once when it answers again.
            if fails
                && client
                    .request_json(Call::get("/version".to_owned()))
                    .await
                    .is_ok()
            {
                reconnected.send_modify(|times| *times += 1);
            }
        }
    }

    /// Returns a receiver that is notified after each change.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    /// The objects as they were last read.
    #[must_use]
    pub fn snapshot(&self) -> HomeSnapshot {
        let mut snapshot = HomeSnapshot {
            synced: true,
            failure: self.0.failure(),
            unwritten: self.0.unwritten.lock().clone(),
            ..HomeSnapshot::default()
        };
        for kind in &self.0.kinds {
            let kind = kind.lock();
            snapshot.synced &= kind.synced;
            snapshot.objects.extend(kind.objects.values().cloned());
        }
        snapshot
    }

    /// Notes why statuses cannot be written; `None`: they can. Returns true if that is news.
    #[must_use]
    pub fn note_unwritten(&self, why: Option<String>) -> bool {
        let mut unwritten = self.0.unwritten.lock();
        if *unwritten == why {
            return false;
        }
        *unwritten = why;
        drop(unwritten);
        self.0.tell();
        true
    }

    /// Writes the status of an object by server-side apply as Portico, if the object is still as it was read. So a status
    /// is never replaced by one that is about an older version of the object.
    ///
    /// # Errors
    /// Any [`PlaneError`]: [`PlaneError::Contended`] when the object has changed, [`PlaneError::Gone`] when it is gone or
    /// is another one of the same name.
    pub async fn write_status(
        &self,
        _authority: &SystemAuthority,
        object: &HomeObject,
        status: &Value,
    ) -> Result<(), PlaneError> {
        let HomeObject {
            kind,
            name,
            uid,
            resource_version,
        } = object;
        let plane = || self.0.document.title().to_owned();
        let Some(client) = self.0.client.load_full() else {
            return Err(PlaneError::Unreachable {
                plane: plane(),
                message: "it is not connected".to_owned(),
            });
        };
        let Some((kind, plural)) = HOME_KINDS.into_iter().find(|(known, _)| known == kind) else {
            return Err(PlaneError::Misconfigured {
                plane: plane(),
                message: format!("it holds no {kind}"),
            });
        };
        let body = json!({
            "apiVersion": API_VERSION,
            "kind": kind,
            "metadata": { "name": name, "uid": uid, "resourceVersion": resource_version },
            "status": status,
        });
        // Forced: the status is Portico's alone.
        let path = format!(
            "/apis/{API_VERSION}/{plural}/{}/status?fieldManager={}&force=true",
            escape_segment(name),
            labels::FIELD_MANAGER
        );
        let call = Call::get(path).with_body(Method::PATCH, "application/apply-patch+yaml", &body);
        client.request_json(call).await.map(drop)
    }
}

impl State {
    fn tell(&self) {
        self.changed.send_modify(|times| *times += 1);
    }

    fn note_connection(&self, error: Option<String>) {
        let mut failure = self.connection_failure.lock();
        let before = failure.take();
        let is_same = before.as_ref().map(|(message, _)| message) == error.as_ref();
        let since = before.map_or_else(Timestamp::now, |(_, since)| since);
        *failure = error.map(|message| (message, since));
        drop(failure);
        if !is_same {
            self.tell();
        }
    }

    /// The failure that has lasted longest.
    fn failure(&self) -> Option<(String, Timestamp)> {
        let connection = self.connection_failure.lock().clone();
        let kinds = self.kinds.iter().filter_map(|kind| kind.lock().failure.clone());
        connection
            .into_iter()
            .chain(kinds)
            .min_by_key(|(_, since)| *since)
    }
}

struct KindHandler {
    state: Arc<State>,
    at: usize,
}

impl KindHandler {
    fn kind(&self) -> parking_lot::MutexGuard<'_, KindState> {
        self.state.kinds[self.at].lock()
    }

    fn fail(&self, message: &str) {
        let mut kind = self.kind();
        let is_same = kind
            .failure
            .as_ref()
            .is_some_and(|(before, _)| *before == message);
        let since = kind
            .failure
            .take()
            .map_or_else(Timestamp::now, |(_, since)| since);
        kind.failure = Some((message.to_owned(), since));
        drop(kind);
        if !is_same {
            let kind = HOME_KINDS[self.at].0;
            tracing::warn!(kind, error = message, "the home plane cannot be read");
            self.state.tell();
        }
    }
}

fn name_of(object: &Value) -> Option<String> {
    object.pointer("/metadata/name")?.as_str().map(str::to_owned)
}

impl WatchHandler for KindHandler {
    fn on_relist(&self) {}

    fn apply(&self, mut object: Value) -> Option<String> {
        let name = name_of(&object)?;
        // Lists leave it out of their items.
        object["kind"] = HOME_KINDS[self.at].0.into();
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.remove("managedFields");
        }
        let mut kind = self.kind();
        if kind.objects.len() >= MAX_OBJECTS && !kind.objects.contains_key(&name) {
            drop(kind);
            self.on_skipped(&format!("there are more than {MAX_OBJECTS}"));
            return None;
        }
        let object = Arc::new(object);
        let is_same = kind.objects.insert(name.clone(), object.clone()).as_deref() == Some(&*object);
        drop(kind);
        if !is_same {
            self.state.tell();
        }
        Some(name)
    }

    fn delete(&self, object: &Value) {
        let removed = name_of(object).and_then(|name| self.kind().objects.remove(&name));
        if removed.is_some() {
            self.state.tell();
        }
    }

    fn retain(&self, keys: &HashSet<String>) {
        let mut kind = self.kind();
        let before = kind.objects.len();
        kind.objects.retain(|name, _| keys.contains(name));
        let is_same = kind.objects.len() == before;
        drop(kind);
        if !is_same {
            self.state.tell();
        }
    }

    fn on_synced(&self) {
        let mut kind = self.kind();
        let is_same = kind.synced && kind.failure.is_none();
        kind.synced = true;
        kind.failure = None;
        drop(kind);
        if !is_same {
            self.state.tell();
        }
    }

    fn on_error(&self, error: &PlaneError) {
        let (kind, plural) = HOME_KINDS[self.at];
        // It was set up before there were publications: it has none, and must not be kept waiting for.
        let is_newer = kind == "Publication" && matches!(error, PlaneError::NotFound { .. });
        if is_newer && self.kind().objects.is_empty() {
            self.on_synced();
            return;
        }
        let message = match error {
            PlaneError::NotFound { .. } => {
                format!("it does not serve {plural}.portico.dev: apply what `portico crds` prints")
            }
            error => error.admin_message(),
        };
        self.fail(&message);
    }

    fn on_skipped(&self, why: &str) {
        tracing::warn!(
            kind = HOME_KINDS[self.at].0,
            why,
            "an object of the home plane is left out"
        );
    }
}
