//! Finds the kinds that bindings bring into a workspace.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use portico_domain::documents::{ExportReference, ResourceRef};
use portico_domain::names::OfferingName;
use portico_domain::text::sanitize;
use serde_json::Value;
use tokio::sync::watch;

use super::binding_watch::{BindingHandler, Bindings, By, watch_bindings};
use super::logical_cluster::until_known;
use super::member::cluster_of;
use super::schema::{BoundResource, SchemaKey};
use super::state::ExportState;
use crate::discovery::{DiscoveryState, ExportOrigin, Kind};
use crate::error::PlaneError;
use crate::plane::PlaneContext;
use crate::shared::Change;
use crate::stream::{Collection, WatchHandler, list_once};

/// The bindings of a workspace.
pub(super) const PATH: &str = "/apis/apis.kcp.io/v1alpha2/apibindings";
/// The same before kcp 0.28.
const OLD_PATH: &str = "/apis/apis.kcp.io/v1alpha1/apibindings";
/// The pauses before schemas that could not be read are tried again: at first, and later.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
const LONG_RETRY_INTERVAL: Duration = Duration::from_secs(15);
/// How many times to try soon again.
const FAST_RETRIES: u32 = 30;

/// The version of kcp's API of bindings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BindingApi {
    Current,
    /// Before kcp 0.28.
    Old,
}

impl BindingApi {
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Current => PATH,
            Self::Old => OLD_PATH,
        }
    }
}

/// The resource of bindings.
pub(crate) fn binding_resource() -> ResourceRef {
    ResourceRef {
        group: "apis.kcp.io".to_owned(),
        version: "v1alpha2".to_owned(),
        kind: "APIBinding".to_owned(),
        plural: "apibindings".to_owned(),
        namespaced: false,
    }
}

/// What the bindings of a workspace say.
#[derive(Default)]
struct Bound {
    kinds: BTreeMap<OfferingName, BoundOffer>,
    /// The exports of the document, if there are some and all of them are bound.
    exports: Option<Vec<ExportReference>>,
    /// All schemas could be read.
    is_complete: bool,
}

/// A kind that is bound.
#[derive(Debug, Clone)]
pub(crate) struct BoundOffer {
    pub(crate) kind: Arc<Kind>,
    /// A label offers it, whether or not a document names it.
    pub(crate) offered: bool,
}

/// Why the bindings are no longer judged.
enum End {
    /// Another workspace answers than the one that is known.
    Replaced,
    /// They are to be watched otherwise.
    Otherwise(By),
}

/// Keeps the bound kinds of a workspace up to date for as long as the future is polled. Ends if another workspace answers than
/// the one that is known.
pub(crate) async fn follow_bindings(context: PlaneContext, path: Arc<str>, state: Arc<DiscoveryState>) {
    let bindings = Arc::new(Bindings::default());
    let nudge = watch::Sender::new(0);
    let api = list_first(&context, &bindings).await;
    let mut by = By::Itself(api);
    // What was listed first says by which watch the rest comes, so none is opened in vain.
    let mut is_open = bindings.all().is_none();
    loop {
        let watching = async {
            if is_open {
                watch_bindings(&context, &bindings, &by, &nudge).await;
            }
            std::future::pending::<()>().await;
        };
        let judging = judge_all(&context, &path, &state, &bindings, (&by, is_open, api), &nudge);
        let end = tokio::select! {
            () = watching => return,
            end = judging => end,
        };
        match end {
            End::Replaced => return state.replaced.notify_one(),
            End::Otherwise(otherwise) => by = otherwise,
        }
        is_open = true;
    }
}

/// Lists the bindings once. Returns the version of their API.
async fn list_first(context: &PlaneContext, bindings: &Arc<Bindings>) -> BindingApi {
    let handler: Arc<dyn WatchHandler> = Arc::new(BindingHandler::new(context, bindings, None));
    let list = async |api: BindingApi| {
        let collection = Collection {
            path: api.path().to_owned(),
            ..Collection::default()
        };
        list_once(&context.client, collection, &handler, &context.limiter).await
    };
    match list(BindingApi::Current).await {
        // A failure is met again by the watch, and told then.
        Err(PlaneError::NotFound { .. }) => {
            let _ = list(BindingApi::Old).await;
            BindingApi::Old
        }
        _ => BindingApi::Current,
    }
}

/// Judges the bindings whenever they or the documents change, until they must be watched otherwise than `now`: by whom, whether
/// that watch is open, and the version of the API.
async fn judge_all(
    context: &PlaneContext,
    path: &str,
    state: &DiscoveryState,
    bindings: &Bindings,
    now: (&By, bool, BindingApi),
    nudge: &watch::Sender<u64>,
) -> End {
    let (by, is_open, api) = now;
    let mut configured = context.shared.configured.subscribe();
    let mut reconnected = context.plane.reconnected.subscribe();
    let mut fast = FAST_RETRIES;
    loop {
        configured.mark_unchanged();
        let known = context.plane.workspace.logical_cluster();
        if bindings.take_refused() {
            // The workspace may be gone, or another.
            until_known(context, path).await;
            if context.plane.workspace.logical_cluster() != known {
                return End::Replaced;
            }
        }
        let mut retry = None;
        if let Some(all) = bindings.all() {
            let mut clusters = all.iter().filter_map(cluster_of);
            if clusters.any(|cluster| Some(cluster) != known.as_deref()) {
                return End::Replaced;
            }
            let bound = judge(context, &all).await;
            if state.set_bound(bound.kinds) {
                fast = FAST_RETRIES;
            }
            let otherwise = match bound.exports {
                Some(exports) if api == BindingApi::Current => By::Exports(exports),
                _ => By::Itself(api),
            };
            if otherwise != *by || !is_open {
                return End::Otherwise(otherwise);
            }
            if !bound.is_complete {
                retry = Some(if fast > 0 {
                    RETRY_INTERVAL
                } else {
                    LONG_RETRY_INTERVAL
                });
                fast = fast.saturating_sub(1);
            }
        }
        let again = async {
            match retry {
                Some(pause) => tokio::time::sleep(pause).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = bindings.changed.notified() => {}
            () = again => {}
            () = context.plane.workspace.look_now.notified() => nudge.send_modify(|count| *count += 1),
            _ = reconnected.changed() => nudge.send_modify(|count| *count += 1),
            changed = configured.changed() => if changed.is_err() { std::future::pending::<()>().await },
        }
    }
}

/// Reads what the bindings bring, and keeps which exports of the document are bound.
async fn judge(context: &PlaneContext, bindings: &[Value]) -> Bound {
    let document = context.plane.offer.document.load_full();
    let declared = document
        .spec
        .kcp
        .as_ref()
        .map(|kcp| kcp.exports.as_slice())
        .unwrap_or_default();
    context.plane.workspace.set_exports(declared);
    let mut bound = Bound {
        is_complete: true,
        ..Bound::default()
    };
    if declared.is_empty() {
        for binding in bindings.iter().filter(|binding| is_bound(binding)) {
            bound.is_complete &= add_kinds(context, binding, None, &mut bound.kinds).await;
        }
        return bound;
    }
    let mut has_changed = false;
    let mut all_bound = true;
    for export in declared {
        let binding = binding_of(bindings, export);
        let state = match binding {
            None => ExportState::Unbound(None),
            Some(binding) if is_bound(binding) => ExportState::Bound,
            Some(binding) => ExportState::Binding(reason(binding)),
        };
        all_bound &= state == ExportState::Bound;
        if let Some(binding) = binding.filter(|binding| is_bound(binding)) {
            bound.is_complete &= add_kinds(context, binding, Some(export), &mut bound.kinds).await;
        }
        has_changed |= context.plane.workspace.update_export(export, |status| {
            // Why Portico could not bind it is known to whoever tried.
            let tried = matches!(status.state, ExportState::Unbound(Some(_)));
            if !(tried && state == ExportState::Unbound(None)) {
                status.state = state;
            }
        });
    }
    if has_changed {
        context.shared.publish(Change::Plane(context.plane.name.clone()));
    }
    bound.exports = all_bound.then(|| declared.to_vec());
    bound
}

/// The binding of an export, the one that is bound if there are several.
fn binding_of<'b>(bindings: &'b [Value], export: &ExportReference) -> Option<&'b Value> {
    let mut of_export = bindings.iter().filter(|binding| is_of(binding, export));
    let first = of_export.clone().next();
    of_export.find(|binding| is_bound(binding)).or(first)
}

/// True if a binding names the export.
pub(super) fn is_of(binding: &Value, export: &ExportReference) -> bool {
    let text = |at: &str| binding.pointer(at).and_then(Value::as_str);
    let at = |path: Option<&str>| path == Some(export.path.as_str());
    text("/spec/reference/export/name") == Some(export.name.as_str())
        && (at(text("/spec/reference/export/path")) || at(text("/status/apiExportClusterName")))
}

fn is_bound(binding: &Value) -> bool {
    binding.pointer("/status/phase").and_then(Value::as_str) == Some("Bound")
}

/// Why a binding is not bound: the first condition that is not true.
fn reason(binding: &Value) -> Option<String> {
    let conditions = binding.pointer("/status/conditions").and_then(Value::as_array);
    let bad = conditions
        .into_iter()
        .flatten()
        .find(|condition| condition.get("status").and_then(Value::as_str) == Some("False"))?;
    let text = |key: &str| bad.get(key).and_then(Value::as_str).unwrap_or_default();
    Some(sanitize(&format!("{}: {}", text("reason"), text("message"))))
}

/// Adds the kinds of a binding. Returns true if all could be read.
async fn add_kinds(
    context: &PlaneContext,
    binding: &Value,
    export: Option<&ExportReference>,
    kinds: &mut BTreeMap<OfferingName, BoundOffer>,
) -> bool {
    let Some(workspace) = context.client.workspace() else {
        return true;
    };
    let cluster = binding
        .pointer("/status/apiExportClusterName")
        .and_then(Value::as_str);
    let origin = export.map(|export| {
        Arc::new(ExportOrigin {
            source: workspace.source.clone(),
            export: export.clone(),
        })
    });
    let resources = binding
        .pointer("/status/boundResources")
        .and_then(Value::as_array);
    let mut complete = true;
    for bound in resources.into_iter().flatten() {
        let text = |at: &str| bound.pointer(at).and_then(Value::as_str).unwrap_or_default();
        let resource = BoundResource {
            group: text("/group"),
            plural: text("/resource"),
        };
        let Ok(offering) = OfferingName::new(format!("{}.{}", resource.plural, resource.group)) else {
            continue;
        };
        let desired = context.shared.desired.load();
        let named = desired.offerings.get(&offering);
        let key = SchemaKey {
            source: workspace.source.clone(),
            cluster: cluster.unwrap_or_default().to_owned(),
            name: text("/schema/name").to_owned(),
            wanted: named.and_then(|document| document.spec.version.clone()),
            origin: origin.clone(),
        };
        let read = context.shared.schemas.kind(&context.client, key, &resource).await;
        match read {
            Ok(bound) => {
                let offer = BoundOffer {
                    kind: bound.kind.clone(),
                    offered: bound.offered,
                };
                kinds.insert(offering, offer);
            }
            // What nobody asks for may stay unread.
            Err(_) if named.is_none() => {}
            Err(why) => {
                complete = false;
                context.plane.record_error(format!("{offering}: {why}"));
            }
        }
    }
    complete
}
