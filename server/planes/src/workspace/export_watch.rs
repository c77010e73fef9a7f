//! Watches the resources of exports once for all workspaces that bind them, through the virtual workspace of the export.
//!
//! An object is given to the workspace whose logical cluster its annotation `kcp.io/cluster` names, and to no other. kcp
//! sets that annotation itself. An object without it, or of a workspace that is none of Portico's, is given to nobody.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::Weak;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::{Mutex, RwLock};
use portico_domain::documents::ResourceRef;
use serde_json::Value;
use tokio::sync::{Notify, watch};
use tokio::task::{AbortHandle, JoinSet};

use super::logical_cluster::LOGICAL_CLUSTER;
use crate::client::{ApiClient, Call};
use crate::discovery::ExportOrigin;
use crate::error::PlaneError;
use crate::path::resource_path;
use crate::stream::{Collection, WatchHandler, WatchLimiter, run_watch};

/// How often the endpoints of an export are looked up, and how soon again after a failure.
const ENDPOINT_INTERVAL: Duration = Duration::from_mins(1);
const RETRY_INTERVAL: Duration = Duration::from_secs(10);
/// Events that are kept for a workspace while it is listed. With more it is listed again.
const MAX_PENDING_EVENTS: usize = 10_000;
/// Watches of one resource: kcp has one endpoint a shard.
const MAX_ENDPOINTS: usize = 64;

/// The watches of exports.
#[derive(Default)]
pub(crate) struct ExportWatches {
    open: Mutex<HashMap<(ExportOrigin, ResourceRef), Weak<ExportStream>>>,
}

/// Whether the watch of an export serves its workspaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Availability {
    /// It does, or is about to.
    Serving,
    /// It cannot. Holds why.
    Unavailable(String),
}

/// The watch of one resource of an export. Ends when it is dropped.
pub(super) struct ExportStream {
    shared: Arc<Members>,
    task: AbortHandle,
}

impl Drop for ExportStream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The workspaces that one watch serves.
struct Members {
    /// The client of the workspace that joined last, for its credentials.
    client: ArcSwap<ApiClient>,
    by_cluster: RwLock<BTreeMap<Arc<str>, Vec<Arc<Member>>>>,
    availability: watch::Sender<Availability>,
    /// Notified when the watches must begin anew.
    restart: Notify,
    /// How many endpoints there are.
    endpoints: AtomicU64,
}

/// A workspace in a watch of an export.
pub(super) struct Member {
    cluster: Arc<str>,
    handler: Arc<dyn WatchHandler>,
    /// Events that came while the workspace is listed; `None` once it has been.
    pending: Mutex<Option<Vec<Event>>>,
    /// The endpoint that has its objects, once one came.
    endpoint: AtomicU64,
    /// Counts its lists.
    lists: AtomicU64,
    /// Notified when the workspace must be listed again.
    pub(super) relist: Notify,
}

/// No endpoint yet.
const NO_ENDPOINT: u64 = u64::MAX;

enum Event {
    Applied(Value),
    Deleted(Value),
}

/// A workspace's place in a watch. It leaves when this is dropped.
pub(super) struct Membership {
    stream: Arc<ExportStream>,
    pub(super) member: Arc<Member>,
}

impl Drop for Membership {
    fn drop(&mut self) {
        let mut by_cluster = self.stream.shared.by_cluster.write();
        if let Some(members) = by_cluster.get_mut(&self.member.cluster) {
            members.retain(|member| !Arc::ptr_eq(member, &self.member));
            if members.is_empty() {
                by_cluster.remove(&self.member.cluster);
            }
        }
    }
}

impl ExportWatches {
    /// The watch of a resource of an export; opens it if there is none.
    pub(super) fn stream(
        &self,
        client: &ApiClient,
        origin: &ExportOrigin,
        resource: &ResourceRef,
    ) -> Arc<ExportStream> {
        let mut open = self.open.lock();
        open.retain(|_, stream| stream.strong_count() > 0);
        let key = (origin.clone(), resource.clone());
        if let Some(stream) = open.get(&key).and_then(Weak::upgrade) {
            stream.shared.client.store(Arc::new(client.clone()));
            return stream;
        }
        let shared = Arc::new(Members {
            client: ArcSwap::from_pointee(client.clone()),
            by_cluster: RwLock::default(),
            availability: watch::Sender::new(Availability::Serving),
            restart: Notify::new(),
            endpoints: AtomicU64::new(0),
        });
        let task = tokio::spawn(run(shared.clone(), origin.clone(), resource.clone()));
        let stream = Arc::new(ExportStream {
            shared,
            task: task.abort_handle(),
        });
        open.insert(key, Arc::downgrade(&stream));
        stream
    }
}

impl ExportStream {
    pub(super) fn availability(&self) -> watch::Receiver<Availability> {
        self.shared.availability.subscribe()
    }

    /// Adds a workspace. Its events are kept until [`Member::listed`].
    pub(super) fn join(self: &Arc<Self>, cluster: Arc<str>, handler: Arc<dyn WatchHandler>) -> Membership {
        let member = Arc::new(Member {
            cluster: cluster.clone(),
            handler,
            pending: Mutex::new(Some(Vec::new())),
            endpoint: AtomicU64::new(NO_ENDPOINT),
            lists: AtomicU64::new(0),
            relist: Notify::new(),
        });
        let mut by_cluster = self.shared.by_cluster.write();
        by_cluster.entry(cluster).or_default().push(member.clone());
        drop(by_cluster);
        Membership {
            stream: self.clone(),
            member,
        }
    }
}

impl Member {
    /// The workspace is listed anew: its events are kept until that is done.
    pub(super) fn begin_list(&self) {
        let mut pending = self.pending.lock();
        pending.get_or_insert_default();
        self.lists.fetch_add(1, Ordering::Relaxed);
    }

    /// The workspace has been listed at this version. Applies what came since.
    pub(super) fn listed(&self, version: &str) {
        let mut pending = self.pending.lock();
        for event in pending.take().into_iter().flatten() {
            let object = match &event {
                Event::Applied(object) | Event::Deleted(object) => object,
            };
            if is_newer(object, version) {
                self.handle(event);
            }
        }
    }

    /// Returns the key under which an applied object is kept, or `None` while events are kept.
    fn deliver(&self, event: Event) -> Option<String> {
        let mut pending = self.pending.lock();
        let Some(kept) = pending.as_mut() else {
            // Under the lock, so that events stay in order.
            return self.handle(event);
        };
        if kept.len() >= MAX_PENDING_EVENTS {
            kept.clear();
            self.relist.notify_one();
        }
        kept.push(event);
        None
    }

    fn handle(&self, event: Event) -> Option<String> {
        match event {
            Event::Applied(object) => self.handler.apply(object),
            Event::Deleted(object) => {
                self.handler.delete(&object);
                None
            }
        }
    }

    fn is_listed(&self) -> bool {
        self.pending.lock().is_none()
    }

    /// The number of its last list, if that is complete.
    fn complete_list(&self) -> Option<u64> {
        let pending = self.pending.lock();
        pending.is_none().then(|| self.lists.load(Ordering::Relaxed))
    }
}

/// True unless both versions are numbers and the object's is not higher (Kubernetes, KEP-5504: versions of one resource can
/// be compared).
fn is_newer(object: &Value, version: &str) -> bool {
    let of_object = object
        .pointer("/metadata/resourceVersion")
        .and_then(Value::as_str);
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<u64>().ok());
    match (number(of_object), number(Some(version))) {
        (Some(object), Some(list)) => object > list,
        _ => true,
    }
}

impl Members {
    fn of(&self, object: &Value) -> Vec<Arc<Member>> {
        let annotations = object.pointer("/metadata/annotations");
        let cluster = annotations.and_then(|annotations| annotations.get(LOGICAL_CLUSTER)?.as_str());
        let by_cluster = self.by_cluster.read();
        cluster
            .and_then(|cluster| by_cluster.get(cluster))
            .cloned()
            .unwrap_or_default()
    }

    fn all(&self) -> Vec<Arc<Member>> {
        self.by_cluster.read().values().flatten().cloned().collect()
    }

    fn set(&self, availability: Availability) {
        self.availability.send_if_modified(|now| {
            let is_new = *now != availability;
            *now = availability;
            is_new
        });
    }
}

/// Keeps the watches of a resource open, one for each endpoint of the export.
async fn run(shared: Arc<Members>, origin: ExportOrigin, resource: ResourceRef) {
    // It stands for no outage of one control plane.
    let reconnected = watch::Sender::new(0);
    let limiter = Arc::new(WatchLimiter::new(MAX_ENDPOINTS));
    loop {
        let client = shared.client.load_full();
        let clients = match endpoints(&client, &origin).await {
            Ok(urls) => match clients_of(&client, &urls) {
                Ok(clients) => Ok((urls, clients)),
                Err(why) => Err(why),
            },
            Err(why) => Err(why),
        };
        let (urls, clients) = match clients {
            Ok(found) => found,
            Err(why) => {
                shared.set(Availability::Unavailable(why));
                tokio::select! {
                    () = tokio::time::sleep(RETRY_INTERVAL) => {}
                    () = shared.restart.notified() => {}
                }
                continue;
            }
        };
        shared.endpoints.store(clients.len() as u64, Ordering::Relaxed);
        let mut tasks = JoinSet::new();
        for (number, endpoint) in clients.into_iter().enumerate() {
            let handler = Arc::new(Splitter {
                shared: shared.clone(),
                endpoint: number as u64,
                listed_before: Mutex::default(),
            });
            let collection = Collection {
                path: format!("/clusters/*{}", resource_path(&resource, None, None)),
                ..Collection::default()
            };
            tasks.spawn(run_watch(
                endpoint,
                collection,
                handler,
                limiter.clone(),
                reconnected.subscribe(),
            ));
        }
        until_changed(&shared, &origin, &urls).await;
    }
}

/// Waits until the endpoints are others, or the watches must begin anew.
async fn until_changed(shared: &Members, origin: &ExportOrigin, urls: &[String]) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(ENDPOINT_INTERVAL) => {}
            () = shared.restart.notified() => {
                // Not in a circle without a pause.
                tokio::time::sleep(RETRY_INTERVAL).await;
                return;
            }
        }
        let client = shared.client.load_full();
        match endpoints(&client, origin).await {
            Ok(now) if now == urls => {}
            // What cannot be found out is no change.
            Err(_) => {}
            Ok(_) => return,
        }
    }
}

fn clients_of(client: &ApiClient, urls: &[String]) -> Result<Vec<ApiClient>, String> {
    urls.iter().map(|url| client.at_endpoint(url)).collect()
}

/// The addresses of the export's virtual workspace, sorted.
async fn endpoints(client: &ApiClient, origin: &ExportOrigin) -> Result<Vec<String>, String> {
    let export = &origin.export;
    let provider = client.in_workspace(&export.path);
    let path = "/apis/apis.kcp.io/v1alpha1/apiexportendpointslices".to_owned();
    let (_, list) = provider.request_json(Call::get(path)).await.map_err(|error| {
        let why = match error {
            PlaneError::Forbidden { message, .. } => {
                format!(
                    "kcp refuses: {message}; Portico needs list on apiexportendpointslices.apis.kcp.io there"
                )
            }
            error => error.admin_message(),
        };
        format!("the endpoints of {} cannot be read: {why}", export.full_name())
    })?;
    let items = list
        .get("items")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let is_of = |slice: &&Value| {
        let text = |at: &str| slice.pointer(at).and_then(Value::as_str);
        let own = |object: &Value| {
            let annotations = object.pointer("/metadata/annotations");
            annotations.and_then(|it| it.get(LOGICAL_CLUSTER)?.as_str().map(str::to_owned))
        };
        let path = text("/spec/export/path");
        text("/spec/export/name") == Some(export.name.as_str())
            && (path.is_none_or(|path| path == export.path) || path == own(slice).as_deref())
            // A partition has the endpoints of some shards alone.
            && text("/spec/partition").is_none_or(str::is_empty)
    };
    let urls = items.iter().filter(is_of).flat_map(|slice| {
        let endpoints = slice.pointer("/status/endpoints").and_then(Value::as_array);
        endpoints
            .into_iter()
            .flatten()
            .filter_map(|it| it.get("url")?.as_str().map(str::to_owned))
    });
    let urls: std::collections::BTreeSet<String> = urls.take(MAX_ENDPOINTS).collect();
    if urls.is_empty() {
        return Err(format!(
            "no APIExportEndpointSlice in {} has an endpoint for {}",
            export.path, export.name
        ));
    }
    Ok(urls.into_iter().collect())
}

/// Gives the objects of one endpoint to the workspaces that they belong to.
struct Splitter {
    shared: Arc<Members>,
    endpoint: u64,
    /// The workspaces that had been listed when the current list of all began, with the numbers of their lists.
    listed_before: Mutex<Vec<(Arc<Member>, u64)>>,
}

impl Splitter {
    /// True if this endpoint has the workspace's objects; `None` if that is not known.
    fn serves(&self, member: &Member) -> Option<bool> {
        match member.endpoint.load(Ordering::Relaxed) {
            _ if self.shared.endpoints.load(Ordering::Relaxed) == 1 => Some(true),
            NO_ENDPOINT => None,
            endpoint => Some(endpoint == self.endpoint),
        }
    }
}

impl WatchHandler for Splitter {
    fn on_relist(&self) {
        let members = self.shared.all().into_iter();
        let listed = members.filter_map(|member| {
            let list = member.complete_list()?;
            Some((member, list))
        });
        *self.listed_before.lock() = listed.collect();
    }

    fn apply(&self, object: Value) -> Option<String> {
        let members = self.shared.of(&object);
        let (last, others) = members.split_last()?;
        for member in others {
            member.endpoint.store(self.endpoint, Ordering::Relaxed);
            member.deliver(Event::Applied(object.clone()));
        }
        last.endpoint.store(self.endpoint, Ordering::Relaxed);
        let key = last.deliver(Event::Applied(object))?;
        Some(format!("{}\n{key}", last.cluster))
    }

    fn delete(&self, object: &Value) {
        for member in self.shared.of(object) {
            member.deliver(Event::Deleted(object.clone()));
        }
    }

    fn retain(&self, keys: &HashSet<String>) {
        let mut by_cluster: HashMap<&str, HashSet<String>> = HashMap::new();
        for (cluster, key) in keys.iter().filter_map(|key| key.split_once('\n')) {
            by_cluster.entry(cluster).or_default().insert(key.to_owned());
        }
        let nothing = HashSet::new();
        let before = std::mem::take(&mut *self.listed_before.lock());
        for member in self.shared.all() {
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
        self.shared.set(Availability::Serving);
        for member in self.shared.all() {
            if member.is_listed() && self.serves(&member) != Some(false) {
                member.handler.on_synced();
            }
        }
    }

    fn on_error(&self, error: &PlaneError) {
        match error {
            PlaneError::Forbidden { message, .. } => {
                self.shared.set(Availability::Unavailable(format!(
                    "kcp refuses to show it for all workspaces at once: {message}; Portico needs all verbs on \
                     apiexports/content.apis.kcp.io there"
                )));
                self.shared.restart.notify_one();
            }
            PlaneError::NotFound { message, .. } => {
                let why = format!("its virtual workspace does not serve it: {message}");
                self.shared.set(Availability::Unavailable(why));
                self.shared.restart.notify_one();
            }
            error => {
                if matches!(error, PlaneError::Refused { status: 401, .. }) {
                    // A workspace may have joined with newer credentials.
                    self.shared.restart.notify_one();
                }
                for member in self.shared.all() {
                    member.handler.on_error(error);
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
mod tests {
    use portico_domain::documents::{ActAs, Connection, ControlPlane, Limits};
    use serde_json::json;

    use super::*;
    use crate::connect::{SharedClients, connect, no_secrets};
    use crate::shared::Settings;

    #[derive(Default)]
    struct EventLog(Mutex<Vec<String>>);

    impl WatchHandler for EventLog {
        fn on_relist(&self) {}
        fn apply(&self, object: Value) -> Option<String> {
            let name = object["metadata"]["name"].as_str().unwrap().to_owned();
            self.0.lock().push(format!("+{name}"));
            Some(name)
        }
        fn delete(&self, object: &Value) {
            let name = object["metadata"]["name"].as_str().unwrap();
            self.0.lock().push(format!("-{name}"));
        }
        fn retain(&self, keys: &HashSet<String>) {
            let mut keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            keys.sort_unstable();
            self.0.lock().push(format!("={}", keys.join(",")));
        }
        fn on_synced(&self) {}
        fn on_error(&self, _: &PlaneError) {}
        fn on_skipped(&self, _: &str) {}
    }

    fn member(cluster: &str) -> (Arc<EventLog>, Arc<Member>) {
        let seen = Arc::new(EventLog::default());
        let member = Member {
            cluster: cluster.into(),
            handler: seen.clone(),
            pending: Mutex::new(Some(Vec::new())),
            endpoint: AtomicU64::new(NO_ENDPOINT),
            lists: AtomicU64::new(0),
            relist: Notify::new(),
        };
        (seen, Arc::new(member))
    }

    fn object(name: &str, version: u64) -> Value {
        json!({ "metadata": { "name": name, "resourceVersion": version.to_string() } })
    }

    #[test]
    fn what_came_during_a_list_is_applied_if_it_is_newer() {
        let (seen, member) = member("c");
        member.deliver(Event::Applied(object("old", 5)));
        member.deliver(Event::Deleted(object("gone", 9)));
        member.deliver(Event::Applied(object("new", 11)));
        assert!(seen.0.lock().is_empty(), "nothing before the list");
        member.listed("9");
        assert_eq!(*seen.0.lock(), ["+new"]);
        member.deliver(Event::Deleted(object("new", 12)));
        assert_eq!(*seen.0.lock(), ["+new", "-new"]);
    }

    /// A client that makes no call.
    async fn unconnected() -> ApiClient {
        let name = "a".parse().unwrap();
        let document = ControlPlane::bare(name, Connection::Agent {}, ActAs::Portico, Limits::default());
        let clients = SharedClients::default();
        let connected = connect(&document, &Settings::default(), &no_secrets(), &clients).await;
        ApiClient::new("a".to_owned(), connected.unwrap().connection, &document)
    }

    fn splitter(client: ApiClient, member: &Arc<Member>) -> Splitter {
        let by_cluster = BTreeMap::from([(member.cluster.clone(), vec![member.clone()])]);
        Splitter {
            shared: Arc::new(Members {
                client: ArcSwap::from_pointee(client),
                by_cluster: RwLock::new(by_cluster),
                availability: watch::Sender::new(Availability::Serving),
                restart: Notify::new(),
                endpoints: AtomicU64::new(1),
            }),
            endpoint: 0,
            listed_before: Mutex::default(),
        }
    }

    fn in_cluster(cluster: Option<&str>, name: &str) -> Value {
        let mut object = object(name, 5);
        if let Some(cluster) = cluster {
            object["metadata"]["annotations"] = json!({ LOGICAL_CLUSTER: cluster });
        }
        object
    }

    #[tokio::test]
    async fn a_list_of_all_removes_nothing_of_a_workspace_that_is_listed_meanwhile() {
        let (seen, member) = member("c");
        let all = splitter(unconnected().await, &member);
        member.begin_list();
        all.on_relist();
        assert_eq!(
            all.apply(in_cluster(Some("c"), "a")),
            None,
            "kept until the workspace is listed"
        );
        member.listed("7");
        all.retain(&HashSet::new());
        assert!(seen.0.lock().is_empty(), "nothing is removed");
        member.relist.notified().await;
        // One that was listed before has what the list of all has.
        all.on_relist();
        let key = all.apply(in_cluster(Some("c"), "a")).unwrap();
        all.retain(&HashSet::from([key]));
        assert_eq!(*seen.0.lock(), ["+a", "=a"]);
    }

    #[tokio::test]
    async fn an_object_of_nobody_is_given_to_nobody() {
        let (seen, member) = member("c");
        member.listed("1");
        let all = splitter(unconnected().await, &member);
        for cluster in [None, Some("other"), Some("")] {
            assert_eq!(all.apply(in_cluster(cluster, "a")), None);
            all.delete(&in_cluster(cluster, "a"));
        }
        assert!(seen.0.lock().is_empty());
    }

    #[test]
    fn versions_that_are_no_numbers_are_taken_as_newer() {
        assert!(is_newer(&object("a", 3), "abc"));
        assert!(is_newer(&json!({}), "7"));
        assert!(!is_newer(&object("a", 7), "7"));
    }

    #[test]
    fn too_many_events_during_a_list_ask_for_another() {
        let (_, member) = member("c");
        for version in 0..=MAX_PENDING_EVENTS as u64 {
            member.deliver(Event::Applied(object("a", version)));
        }
        assert_eq!(member.pending.lock().as_ref().unwrap().len(), 1);
    }
}
