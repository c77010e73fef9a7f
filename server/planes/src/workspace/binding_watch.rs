//! Watches the bindings of a workspace: by the watches of its exports once all of them are bound, so that workspaces share
//! them, and until then, or where those do not serve it, on its own.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::select_all;
use parking_lot::Mutex;
use portico_domain::documents::ExportReference;
use serde_json::Value;
use tokio::sync::{Notify, watch};

use super::bindings::{BindingApi, binding_resource, is_of};
use super::bound_watch::BoundWatch;
use super::export_watch::{Availability, Service};
use crate::discovery::ExportOrigin;
use crate::error::PlaneError;
use crate::plane::{Plane, PlaneContext};
use crate::stream::{Collection, WatchHandler, run_watch};

/// The name of the stream in the control plane's status.
const STREAM: &str = "bindings";

/// The bindings of a workspace as last seen.
#[derive(Default)]
pub(super) struct Bindings {
    known: Mutex<Known>,
    /// Notified on every change.
    pub(super) changed: Notify,
}

#[derive(Default)]
struct Known {
    by_name: BTreeMap<String, Value>,
    is_listed: bool,
    /// They may not be listed: the workspace may be gone, or another.
    is_refused: bool,
}

impl Bindings {
    /// All of them; `None` until they have been listed.
    pub(super) fn all(&self) -> Option<Vec<Value>> {
        let known = self.known.lock();
        known.is_listed.then(|| known.by_name.values().cloned().collect())
    }

    /// True if they have been refused since this was asked last.
    pub(super) fn take_refused(&self) -> bool {
        std::mem::take(&mut self.known.lock().is_refused)
    }
}

/// By which watches the bindings of a workspace are seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum By {
    /// By its own.
    Itself(BindingApi),
    /// By those of its exports.
    Exports(Vec<ExportReference>),
}

/// Keeps `bindings` up to date for as long as the future is polled. A change of `nudge` ends pauses.
pub(super) async fn watch_bindings(
    context: &PlaneContext,
    bindings: &Arc<Bindings>,
    by: &By,
    nudge: &watch::Sender<u64>,
) {
    match by {
        By::Itself(api) => watch_alone(context, bindings, *api, nudge).await,
        By::Exports(exports) => watch_by_exports(context, bindings, exports, nudge).await,
    }
}

async fn watch_alone(
    context: &PlaneContext,
    bindings: &Arc<Bindings>,
    api: BindingApi,
    nudge: &watch::Sender<u64>,
) {
    let collection = Collection {
        path: api.path().to_owned(),
        ..Collection::default()
    };
    let handler = Arc::new(BindingHandler::new(context, bindings, None));
    run_watch(
        context.client.clone(),
        collection,
        handler,
        context.limiter.clone(),
        nudge.subscribe(),
    )
    .await;
}

/// Each export's watch has the bindings of that export.
async fn watch_by_exports(
    context: &PlaneContext,
    bindings: &Arc<Bindings>,
    exports: &[ExportReference],
    nudge: &watch::Sender<u64>,
) {
    let alone = || watch_alone(context, bindings, BindingApi::Current, nudge);
    let (Some(cluster), Some(workspace)) = (
        context.plane.workspace.logical_cluster(),
        context.client.workspace(),
    ) else {
        return alone().await;
    };
    let resource = binding_resource();
    let origins: Vec<_> = exports
        .iter()
        .map(|export| ExportOrigin {
            source: workspace.source.clone(),
            export: export.clone(),
        })
        .collect();
    let watches: Vec<_> = origins
        .iter()
        .map(|origin| {
            let stream = context.shared.exports.stream(&context.client, origin, &resource);
            let watch = BoundWatch {
                context,
                origin,
                resource: &resource,
                handler: Arc::new(BindingHandler::new(
                    context,
                    bindings,
                    Some(origin.export.clone()),
                )),
            };
            (stream, watch)
        })
        .collect();
    let mut services: Vec<Service> = watches
        .iter()
        .map(|(stream, _)| stream.service(cluster.clone()))
        .collect();
    // Bindings do not depend on documents.
    let (never, nothing) = (|| false, || ());
    loop {
        let is_served = all_serve(&mut services);
        let watching = async {
            if is_served {
                let each = watches
                    .iter()
                    .map(|(stream, watch)| Box::pin(watch.follow(stream, &cluster, &never, &nothing)));
                // It ends if the workspace may not be listed.
                let _ = select_all(each).await;
            }
            alone().await;
        };
        let changed = async {
            loop {
                let each = services.iter_mut().map(|service| Box::pin(service.changed()));
                let _ = select_all(each).await;
                if all_serve(&mut services) != is_served {
                    return;
                }
            }
        };
        tokio::select! {
            () = watching => return,
            () = changed => {}
        }
    }
}

fn all_serve(services: &mut [Service]) -> bool {
    let mut serve = true;
    for service in services {
        serve &= matches!(service.now(), Availability::Serving(_));
    }
    serve
}

/// Puts bindings where they are judged.
pub(super) struct BindingHandler {
    plane: Arc<Plane>,
    bindings: Arc<Bindings>,
    /// The export whose bindings it sees; `None`: all.
    only: Option<ExportReference>,
    /// A list is being read.
    is_listing: AtomicBool,
}

impl BindingHandler {
    pub(super) fn new(
        context: &PlaneContext,
        bindings: &Arc<Bindings>,
        only: Option<ExportReference>,
    ) -> Self {
        Self {
            plane: context.plane.clone(),
            bindings: bindings.clone(),
            only,
            is_listing: AtomicBool::new(false),
        }
    }

    fn sees(&self, binding: &Value) -> bool {
        self.only.as_ref().is_none_or(|export| is_of(binding, export))
    }
}

fn name_of(object: &Value) -> Option<&str> {
    object.pointer("/metadata/name").and_then(Value::as_str)
}

impl WatchHandler for BindingHandler {
    fn on_relist(&self) {
        self.is_listing.store(true, Ordering::Relaxed);
        self.plane.clear_skipped(STREAM);
    }

    fn apply(&self, object: Value) -> Option<String> {
        if !self.sees(&object) {
            return None;
        }
        let name = name_of(&object)?.to_owned();
        let mut known = self.bindings.known.lock();
        if known.by_name.get(&name) != Some(&object) {
            known.by_name.insert(name.clone(), object);
            self.bindings.changed.notify_one();
        }
        Some(name)
    }

    fn delete(&self, object: &Value) {
        let mut known = self.bindings.known.lock();
        let Some(name) = name_of(object).filter(|_| self.sees(object)) else {
            return;
        };
        if known.by_name.remove(name).is_some() {
            self.bindings.changed.notify_one();
        }
    }

    fn retain(&self, keys: &HashSet<String>) {
        self.is_listing.store(false, Ordering::Relaxed);
        let mut known = self.bindings.known.lock();
        known
            .by_name
            .retain(|name, binding| !self.sees(binding) || keys.contains(name));
        known.is_listed = true;
        self.bindings.changed.notify_one();
    }

    fn on_synced(&self) {
        self.plane.mark_synced(STREAM);
    }

    fn on_error(&self, error: &PlaneError) {
        if !matches!(error, PlaneError::Forbidden { .. }) {
            self.plane.record_stream_failure(STREAM, error);
            return;
        }
        let what = if self.is_listing.load(Ordering::Relaxed) {
            self.bindings.known.lock().is_refused = true;
            self.bindings.changed.notify_one();
            "read"
        } else {
            "watched"
        };
        let why = error.admin_message();
        self.plane
            .record_error(format!("its bindings cannot be {what}: {why}"));
    }

    fn on_skipped(&self, why: &str) {
        self.plane.record_skipped(&format!("{STREAM}: {why}"));
    }
}
