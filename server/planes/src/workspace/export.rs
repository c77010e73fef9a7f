//! The exports whose resources are watched once for all workspaces, and the endpoints of each.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use portico_domain::documents::ResourceRef;
use serde_json::Value;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

use super::bindings::binding_resource;
use super::export_watch::ExportStream;
use super::member::cluster_of;
use super::placement::{Endpoints, Placement};
use crate::client::ApiClient;
use crate::discovery::ExportOrigin;
use crate::error::PlaneError;
use crate::stream::{Collection, WatchHandler, WatchLimiter, run_watch};

/// Endpoints of an export at most: kcp has one for each shard.
pub(super) const MAX_ENDPOINTS: usize = 64;
/// The pause before something is tried with the newest credentials.
pub(super) const RETRY_INTERVAL: Duration = Duration::from_secs(10);

/// The addresses of the virtual workspaces of exports.
const ENDPOINT_SLICES: &str = "/apis/apis.kcp.io/v1alpha1/apiexportendpointslices";

/// The exports that workspaces are watched by.
#[derive(Default)]
pub(crate) struct ExportWatches {
    open: Mutex<HashMap<ExportOrigin, Weak<Export>>>,
}

/// An export. Its endpoints are no longer followed when it is dropped.
pub(super) struct Export {
    pub(super) shared: Arc<ExportState>,
    streams: Mutex<HashMap<ResourceRef, Weak<ExportStream>>>,
    task: AbortHandle,
}

/// What is known of an export.
pub(super) struct ExportState {
    pub(super) origin: ExportOrigin,
    /// The client of the workspace that joined last, for its credentials.
    pub(super) client: ArcSwap<ApiClient>,
    pub(super) endpoints: watch::Sender<Endpoints>,
    pub(super) placement: Placement,
    /// Changes whenever another watch may serve a workspace than before, or none.
    pub(super) changes: watch::Sender<u64>,
    /// Notified when the endpoints must be read with newer credentials.
    restart: Notify,
}

impl Drop for Export {
    fn drop(&mut self) {
        self.task.abort();
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
        self.export(client, origin).stream(resource)
    }

    fn export(&self, client: &ApiClient, origin: &ExportOrigin) -> Arc<Export> {
        let mut open = self.open.lock();
        open.retain(|_, export| export.strong_count() > 0);
        if let Some(export) = open.get(origin).and_then(Weak::upgrade) {
            export.shared.client.store(Arc::new(client.clone()));
            return export;
        }
        let shared = Arc::new(ExportState::new(origin.clone(), client.clone()));
        let task = tokio::spawn(follow_endpoints(shared.clone()));
        let export = Arc::new(Export {
            shared,
            streams: Mutex::default(),
            task: task.abort_handle(),
        });
        open.insert(origin.clone(), Arc::downgrade(&export));
        export
    }
}

impl Export {
    fn stream(self: &Arc<Self>, resource: &ResourceRef) -> Arc<ExportStream> {
        // Who watches claims needs the bindings, which say at which endpoint a workspace is.
        let bindings = binding_resource();
        let placing = (*resource != bindings).then(|| self.stream(&bindings));
        let mut streams = self.streams.lock();
        streams.retain(|_, stream| stream.strong_count() > 0);
        if let Some(stream) = streams.get(resource).and_then(Weak::upgrade) {
            return stream;
        }
        let stream = Arc::new(ExportStream::open(self.clone(), resource.clone(), placing));
        streams.insert(resource.clone(), Arc::downgrade(&stream));
        stream
    }
}

impl ExportState {
    pub(super) fn new(origin: ExportOrigin, client: ApiClient) -> Self {
        Self {
            origin,
            client: ArcSwap::from_pointee(client),
            endpoints: watch::Sender::new(Endpoints::Unknown),
            placement: Placement::default(),
            changes: watch::Sender::new(0),
            restart: Notify::new(),
        }
    }

    pub(super) fn note_change(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }

    pub(super) fn set_endpoints(&self, endpoints: Endpoints) {
        if *self.endpoints.borrow() == endpoints {
            return;
        }
        let none = BTreeSet::new();
        self.placement.set_endpoints(match &endpoints {
            Endpoints::Known(urls) => urls,
            Endpoints::Unknown | Endpoints::Failed(_) => &none,
        });
        self.endpoints.send_replace(endpoints);
        self.note_change();
    }
}

/// Watches the endpoint slices in the workspace of the export.
async fn follow_endpoints(export: Arc<ExportState>) {
    // It stands for no outage of one control plane.
    let reconnected = watch::Sender::new(0);
    let limiter = Arc::new(WatchLimiter::new(1));
    loop {
        let client = export.client.load_full().in_workspace(&export.origin.export.path);
        let handler = Arc::new(SliceHandler {
            export: export.clone(),
            slices: Mutex::default(),
        });
        let collection = Collection {
            path: ENDPOINT_SLICES.to_owned(),
            ..Collection::default()
        };
        let watch = run_watch(
            client,
            collection,
            handler,
            limiter.clone(),
            reconnected.subscribe(),
        );
        tokio::select! {
            () = watch => {}
            () = async {
                export.restart.notified().await;
                tokio::time::sleep(RETRY_INTERVAL).await;
            } => {}
        }
    }
}

/// The endpoint slices beside an export.
struct SliceHandler {
    export: Arc<ExportState>,
    slices: Mutex<Slices>,
}

#[derive(Default)]
struct Slices {
    by_name: HashMap<String, Value>,
    is_listed: bool,
}

impl SliceHandler {
    fn publish(&self, slices: &Slices) {
        if slices.is_listed {
            self.export
                .set_endpoints(endpoints_of(slices.by_name.values(), &self.export.origin));
        }
    }
}

fn name_of(object: &Value) -> Option<String> {
    let name = object.pointer("/metadata/name").and_then(Value::as_str);
    name.map(str::to_owned)
}

impl WatchHandler for SliceHandler {
    fn on_relist(&self) {}

    fn apply(&self, object: Value) -> Option<String> {
        let name = name_of(&object)?;
        let mut slices = self.slices.lock();
        slices.by_name.insert(name.clone(), object);
        self.publish(&slices);
        Some(name)
    }

    fn delete(&self, object: &Value) {
        let mut slices = self.slices.lock();
        if let Some(name) = name_of(object) {
            slices.by_name.remove(&name);
        }
        self.publish(&slices);
    }

    fn retain(&self, keys: &HashSet<String>) {
        let mut slices = self.slices.lock();
        slices.by_name.retain(|name, _| keys.contains(name));
        slices.is_listed = true;
        self.publish(&slices);
    }

    fn on_synced(&self) {}

    /// What cannot be found out any more is no change.
    fn on_error(&self, error: &PlaneError) {
        let is_known = matches!(*self.export.endpoints.borrow(), Endpoints::Known(_));
        if !is_known && !self.slices.lock().is_listed {
            let why = match error {
                PlaneError::Forbidden { message, .. } => format!(
                    "kcp refuses: {message}; Portico needs list and watch on apiexportendpointslices.apis.kcp.io there"
                ),
                error => error.admin_message(),
            };
            let export = self.export.origin.export.full_name();
            self.export.set_endpoints(Endpoints::Failed(format!(
                "the endpoints of {export} cannot be read: {why}"
            )));
        }
        if matches!(
            error,
            PlaneError::Refused { status: 401, .. } | PlaneError::Forbidden { .. }
        ) {
            // A workspace may have joined with newer credentials.
            self.export.restart.notify_one();
        }
    }

    fn on_skipped(&self, why: &str) {
        tracing::warn!(%why, "an APIExportEndpointSlice was skipped");
    }
}

/// The addresses of the export's virtual workspace.
fn endpoints_of<'s>(slices: impl Iterator<Item = &'s Value>, origin: &ExportOrigin) -> Endpoints {
    let export = &origin.export;
    let is_of = |slice: &&Value| {
        let text = |at: &str| slice.pointer(at).and_then(Value::as_str);
        let path = text("/spec/export/path");
        text("/spec/export/name") == Some(export.name.as_str())
            && (path.is_none_or(|path| path == export.path) || path == cluster_of(slice))
            // A partition has the endpoints of some shards alone.
            && text("/spec/partition").is_none_or(str::is_empty)
    };
    let urls = slices.filter(is_of).flat_map(|slice| {
        let endpoints = slice.pointer("/status/endpoints").and_then(Value::as_array);
        endpoints
            .into_iter()
            .flatten()
            .filter_map(|it| it.get("url")?.as_str().map(Arc::from))
    });
    let urls: BTreeSet<Arc<str>> = urls.take(MAX_ENDPOINTS).collect();
    if urls.is_empty() {
        return Endpoints::Failed(format!(
            "no APIExportEndpointSlice in {} has an endpoint for {}",
            export.path, export.name
        ));
    }
    Endpoints::Known(urls)
}
