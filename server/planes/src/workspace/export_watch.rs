//! Watches a resource of an export once for all workspaces that bind it, through the virtual workspace of the export: one
//! watch for each of its endpoints.
//!
//! An object is given to the workspace whose logical cluster its annotation `kcp.io/cluster` names, and to no other. kcp
//! sets that annotation itself. An object without it, or of a workspace that is none of Portico's, is given to nobody. A
//! workspace is at one endpoint, and what happens to others does not concern it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use portico_domain::documents::ResourceRef;
use serde_json::Value;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::bindings::binding_resource;
use super::export::{Export, ExportState, MAX_ENDPOINTS, RETRY_INTERVAL};
use super::member::{Event, Member, Members, cluster_of};
use super::placement::{Claimed, Endpoints};
use crate::error::PlaneError;
use crate::path::resource_path;
use crate::stream::{Collection, WatchHandler, WatchLimiter, run_watch};

/// Failures in a row after which an endpoint does not answer.
const FAILURES_UNTIL_DOWN: u32 = 2;
/// How long a workspace may be at no endpoint before it is watched on its own: the binding of a new one needs a moment to show.
const GRACE: Duration = Duration::from_secs(3);

/// Whether the watches of an export serve a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Availability {
    /// They do, or are about to. Holds why nothing comes just now, if its endpoint does not answer.
    Serving(Option<String>),
    /// All endpoints have been read, and it is at none of them.
    Unplaced,
    /// They cannot. Holds why.
    Unavailable(String),
}

/// The watches of one resource of an export. They end when this is dropped.
pub(super) struct ExportStream {
    export: Arc<Export>,
    /// The watches of the bindings, kept open for as long as this is.
    _placing: Option<Arc<Self>>,
    shared: Arc<StreamState>,
    task: AbortHandle,
}

impl Drop for ExportStream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What the watches of a resource share.
struct StreamState {
    export: Arc<ExportState>,
    resource: ResourceRef,
    members: Members,
    states: RwLock<BTreeMap<Arc<str>, EndpointState>>,
    /// The endpoints whose watches must begin anew, with newer credentials.
    again: Mutex<BTreeSet<Arc<str>>>,
    restart: Notify,
}

/// The watch of one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
enum EndpointState {
    Starting,
    Serving,
    /// It does not answer. Holds why.
    Down(String),
    /// It does not let Portico watch. Holds why.
    Refused(String),
}

/// A workspace's place in a watch. It leaves when this is dropped.
pub(super) struct Membership {
    stream: Arc<ExportStream>,
    pub(super) member: Arc<Member>,
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.stream.shared.members.remove(&self.member);
    }
}

impl ExportStream {
    pub(super) fn open(export: Arc<Export>, resource: ResourceRef, placing: Option<Arc<Self>>) -> Self {
        let shared = Arc::new(StreamState::new(export.shared.clone(), resource));
        let task = tokio::spawn(run(shared.clone()));
        Self {
            export,
            _placing: placing,
            shared,
            task: task.abort_handle(),
        }
    }

    /// Adds a workspace. Its events are kept until [`Member::listed`].
    pub(super) fn join(self: &Arc<Self>, cluster: Arc<str>, handler: Arc<dyn WatchHandler>) -> Membership {
        let member = Arc::new(Member::new(cluster, handler));
        self.shared.members.add(member.clone());
        Membership {
            stream: self.clone(),
            member,
        }
    }

    /// Follows whether it serves a workspace.
    pub(super) fn service(self: &Arc<Self>, cluster: Arc<str>) -> Service {
        Service {
            changes: self.export.shared.changes.subscribe(),
            stream: self.clone(),
            cluster,
            unplaced_since: None,
        }
    }
}

/// Whether a stream serves a workspace, from one moment to the next.
pub(super) struct Service {
    stream: Arc<ExportStream>,
    cluster: Arc<str>,
    changes: watch::Receiver<u64>,
    unplaced_since: Option<Instant>,
}

impl Service {
    /// Whether it does now: `Serving` or `Unavailable`.
    pub(super) fn now(&mut self) -> Availability {
        self.changes.mark_unchanged();
        let now = self.stream.shared.availability(&self.cluster);
        if now != Availability::Unplaced {
            self.unplaced_since = None;
            return now;
        }
        let since = *self.unplaced_since.get_or_insert_with(Instant::now);
        if since.elapsed() < GRACE {
            return Availability::Serving(None);
        }
        let export = self.stream.export.shared.origin.export.full_name();
        Availability::Unavailable(format!("none of the endpoints of {export} has this workspace"))
    }

    /// Waits until that may be different.
    pub(super) async fn changed(&mut self) {
        let grace_ends = self.unplaced_since.map(|since| since + GRACE);
        let until = grace_ends.filter(|end| *end > Instant::now());
        let grace = async {
            match until {
                Some(end) => tokio::time::sleep_until(end).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = self.changes.changed() => if changed.is_err() { std::future::pending().await },
            () = grace => {}
        }
    }

    /// The endpoint that has the workspace.
    pub(super) fn endpoint(&self) -> Option<Arc<str>> {
        self.stream.export.shared.placement.of(&self.cluster)
    }
}

impl StreamState {
    fn new(export: Arc<ExportState>, resource: ResourceRef) -> Self {
        Self {
            export,
            resource,
            members: Members::default(),
            states: RwLock::default(),
            again: Mutex::default(),
            restart: Notify::new(),
        }
    }

    fn availability(&self, cluster: &str) -> Availability {
        let endpoints = match &*self.export.endpoints.borrow() {
            Endpoints::Unknown => return Availability::Serving(None),
            Endpoints::Failed(why) => return Availability::Unavailable(why.clone()),
            Endpoints::Known(urls) => urls.clone(),
        };
        let states = self.states.read();
        let of = |state: Option<&EndpointState>| match state {
            Some(EndpointState::Refused(why)) => Availability::Unavailable(why.clone()),
            Some(EndpointState::Down(why)) => Availability::Serving(Some(why.clone())),
            Some(EndpointState::Starting | EndpointState::Serving) | None => Availability::Serving(None),
        };
        match self.export.placement.of(cluster) {
            Some(url) if !endpoints.contains(&url) => Availability::Unavailable(format!(
                "the endpoint that had this workspace is no longer among those of {}",
                self.export.origin.export.full_name()
            )),
            Some(url) => of(states.get(&url)),
            // It may be at any of them.
            None => {
                let is_refused = |state: &&EndpointState| matches!(state, EndpointState::Refused(_));
                let is_down = |state: &&EndpointState| matches!(state, EndpointState::Down(_));
                let refused = states.values().find(is_refused);
                if refused.is_none() && self.export.placement.is_complete() {
                    return Availability::Unplaced;
                }
                of(refused.or_else(|| states.values().find(is_down)))
            }
        }
    }

    fn set(&self, url: &Arc<str>, state: EndpointState) {
        let mut states = self.states.write();
        if states.get(url) != Some(&state) {
            states.insert(url.clone(), state);
            drop(states);
            self.export.note_change();
        }
    }
}

/// The watch of an endpoint; ends when it is dropped.
struct EndpointWatch(AbortHandle);

impl Drop for EndpointWatch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Keeps the watches of a resource open, one for each endpoint of the export. An endpoint that comes or goes is no matter of
/// the others.
async fn run(shared: Arc<StreamState>) {
    // It stands for no outage of one control plane.
    let reconnected = watch::Sender::new(0);
    let limiter = Arc::new(WatchLimiter::new(MAX_ENDPOINTS));
    let mut endpoints = shared.export.endpoints.subscribe();
    let mut watches: BTreeMap<Arc<str>, EndpointWatch> = BTreeMap::new();
    loop {
        let urls = match &*endpoints.borrow_and_update() {
            Endpoints::Known(urls) => urls.clone(),
            Endpoints::Unknown | Endpoints::Failed(_) => BTreeSet::new(),
        };
        watches.retain(|url, _| urls.contains(url));
        shared.states.write().retain(|url, _| urls.contains(url));
        for url in urls {
            if watches.contains_key(&url) {
                continue;
            }
            let endpoint = match shared.export.client.load().at_endpoint(&url) {
                Ok(endpoint) => endpoint,
                Err(why) => {
                    shared.set(&url, EndpointState::Refused(why));
                    continue;
                }
            };
            shared.set(&url, EndpointState::Starting);
            let handler = Arc::new(Splitter::new(shared.clone(), url.clone()));
            let collection = Collection {
                path: format!("/clusters/*{}", resource_path(&shared.resource, None, None)),
                ..Collection::default()
            };
            let watch = run_watch(
                endpoint,
                collection,
                handler,
                limiter.clone(),
                reconnected.subscribe(),
            );
            watches.insert(url, EndpointWatch(tokio::spawn(watch).abort_handle()));
        }
        tokio::select! {
            changed = endpoints.changed() => if changed.is_err() { return },
            () = async {
                shared.restart.notified().await;
                // Not in a circle without a pause.
                tokio::time::sleep(RETRY_INTERVAL).await;
            } => {
                let again = std::mem::take(&mut *shared.again.lock());
                watches.retain(|url, _| !again.contains(url));
            }
        }
    }
}

/// Gives the objects of one endpoint to the workspaces that they belong to.
struct Splitter {
    shared: Arc<StreamState>,
    url: Arc<str>,
    /// Its resource is the bindings, which say which workspaces are at the endpoint.
    places: bool,
    failures: AtomicU32,
    /// The workspaces that had been listed when the current list of all began, with the numbers of their lists.
    listed_before: Mutex<Vec<(Arc<Member>, u64)>>,
}

impl Splitter {
    fn new(shared: Arc<StreamState>, url: Arc<str>) -> Self {
        Self {
            places: shared.resource == binding_resource(),
            shared,
            url,
            failures: AtomicU32::new(0),
            listed_before: Mutex::default(),
        }
    }

    /// True if this endpoint has the workspace's objects; `None` if that is not known.
    fn serves(&self, member: &Member) -> Option<bool> {
        let export = &self.shared.export;
        if let Some(url) = export.placement.of(&member.cluster) {
            return Some(url == self.url);
        }
        let is_alone = matches!(&*export.endpoints.borrow(), Endpoints::Known(urls) if urls.len() == 1);
        is_alone.then_some(true)
    }

    /// The workspaces of an object, if this endpoint may speak for them.
    fn members_of(&self, object: &Value) -> Vec<Arc<Member>> {
        let Some(cluster) = cluster_of(object) else {
            return Vec::new();
        };
        let members = self.shared.members.of(cluster);
        if members.is_empty() && !self.places {
            return members;
        }
        match self.shared.export.placement.claim(cluster, &self.url) {
            Claimed::Its => members,
            Claimed::New => {
                self.shared.export.note_change();
                members
            }
            Claimed::Anothers => Vec::new(),
        }
    }

    fn refuse(&self, why: String) {
        self.shared.set(&self.url, EndpointState::Refused(why));
        self.retry();
    }

    /// Begins anew: a workspace may have joined with newer credentials.
    fn retry(&self) {
        self.shared.again.lock().insert(self.url.clone());
        self.shared.restart.notify_one();
    }
}

impl WatchHandler for Splitter {
    fn on_relist(&self) {
        let members = self.shared.members.all().into_iter();
        let listed = members.filter_map(|member| {
            let list = member.complete_list()?;
            Some((member, list))
        });
        *self.listed_before.lock() = listed.collect();
    }

    fn apply(&self, object: Value) -> Option<String> {
        let cluster = cluster_of(&object)?.to_owned();
        let members = self.members_of(&object);
        let mut key = None;
        if let Some((last, others)) = members.split_last() {
            for member in others {
                member.deliver(Event::Applied(object.clone()));
            }
            key = last.deliver(Event::Applied(object));
        }
        // Bindings of workspaces that are none of Portico's count for who is at this endpoint, without a key.
        match key {
            Some(key) => Some(format!("{cluster}\n{key}")),
            None => self.places.then_some(cluster),
        }
    }

    fn delete(&self, object: &Value) {
        for member in self.members_of(object) {
            member.deliver(Event::Deleted(object.clone()));
        }
        let left = cluster_of(object)
            .is_some_and(|cluster| self.places && self.shared.export.placement.leave(cluster, &self.url));
        if left {
            self.shared.export.note_change();
        }
    }

    fn retain(&self, keys: &HashSet<String>) {
        let mut by_cluster: HashMap<&str, HashSet<String>> = HashMap::new();
        for key in keys {
            let (cluster, key) = key
                .split_once('\n')
                .map_or((&**key, None), |(c, key)| (c, Some(key)));
            let of_cluster = by_cluster.entry(cluster).or_default();
            of_cluster.extend(key.map(str::to_owned));
        }
        if self.places {
            let clusters = by_cluster.keys().copied().collect();
            self.shared.export.placement.listed(&self.url, &clusters);
            self.shared.export.note_change();
        }
        let nothing = HashSet::new();
        let before = std::mem::take(&mut *self.listed_before.lock());
        for member in self.shared.members.all() {
            // What came while a workspace was listed is not among the keys, and what went between the two lists is in
            // neither: such a workspace is listed once more.
            let list = member.complete_list();
            let was_listed = before
                .iter()
                .any(|(known, number)| Arc::ptr_eq(known, &member) && Some(*number) == list);
            match self.serves(&member) {
                Some(false) => {}
                Some(true) if was_listed => member
                    .handler
                    .retain(by_cluster.get(&*member.cluster).unwrap_or(&nothing)),
                Some(true) | None => member.relist.notify_one(),
            }
        }
    }

    fn on_synced(&self) {
        self.failures.store(0, Ordering::Relaxed);
        if self.places {
            self.shared.export.placement.set_down(&self.url, false);
        }
        self.shared.set(&self.url, EndpointState::Serving);
        for member in self.shared.members.all() {
            if member.is_listed() && self.serves(&member) != Some(false) {
                member.handler.on_synced();
            }
        }
    }

    fn on_error(&self, error: &PlaneError) {
        match error {
            PlaneError::Forbidden { message, .. } => self.refuse(format!(
                "kcp refuses to show it for all workspaces at once: {message}; Portico needs all verbs on \
                 apiexports/content.apis.kcp.io there"
            )),
            PlaneError::NotFound { message, .. } => {
                self.refuse(format!("its virtual workspace does not serve it: {message}"));
            }
            error => {
                if matches!(error, PlaneError::Refused { status: 401, .. }) {
                    self.retry();
                }
                if self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= FAILURES_UNTIL_DOWN {
                    let why = match error {
                        PlaneError::Unreachable { plane, message } => {
                            format!("{plane} cannot be reached ({message})")
                        }
                        error => error.admin_message(),
                    };
                    if self.places {
                        self.shared.export.placement.set_down(&self.url, true);
                    }
                    self.shared.set(&self.url, EndpointState::Down(why));
                }
                for member in self.shared.members.all() {
                    if self.serves(&member) != Some(false) {
                        member.handler.on_error(error);
                    }
                }
            }
        }
    }

    /// Nobody knows whose object it was, so nobody is told but the log.
    fn on_skipped(&self, why: &str) {
        tracing::warn!(%why, "an object in the watch of an export of kcp was skipped");
    }
}

#[cfg(test)]
#[path = "export_watch_tests.rs"]
mod tests;
