//! Finds the kinds that bindings bring into a workspace.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use portico_domain::documents::ExportReference;
use portico_domain::names::OfferingName;
use portico_domain::text::sanitize;
use serde_json::Value;

use super::logical_cluster::{LOGICAL_CLUSTER, until_known};
use super::schema::{BoundResource, SchemaKey};
use super::state::ExportState;
use crate::client::Call;
use crate::discovery::{DiscoveryState, ExportOrigin, Kind};
use crate::error::PlaneError;
use crate::plane::PlaneContext;
use crate::shared::Change;

/// The bindings of a workspace.
pub(super) const PATH: &str = "/apis/apis.kcp.io/v1alpha2/apibindings";
/// The same before kcp 0.28.
const OLD_PATH: &str = "/apis/apis.kcp.io/v1alpha1/apibindings";
/// How often to look, once everything is bound, and for a while until it is.
const INTERVAL: Duration = Duration::from_mins(1);
const BINDING_INTERVAL: Duration = Duration::from_secs(1);
const LONG_BINDING_INTERVAL: Duration = Duration::from_secs(15);
/// How many times to look soon again.
const FAST_LOOKS: u32 = 30;

/// What a look at the bindings found.
enum Looked {
    Bound(Bound),
    /// They are another workspace's.
    Other,
}

/// What the bindings of a workspace say.
#[derive(Default)]
struct Bound {
    kinds: BTreeMap<OfferingName, BoundOffer>,
    /// Everything that is to be bound is.
    complete: bool,
}

/// A kind that is bound.
#[derive(Debug, Clone)]
pub(crate) struct BoundOffer {
    pub(crate) kind: Arc<Kind>,
    /// A label offers it, whether or not a document names it.
    pub(crate) offered: bool,
}

/// Keeps the bound kinds of a workspace up to date for as long as the future is polled. Ends if another workspace answers than
/// the one that is known.
pub(crate) async fn follow_bindings(context: PlaneContext, path: Arc<str>, state: Arc<DiscoveryState>) {
    let mut configured = context.shared.configured.subscribe();
    let mut fast = FAST_LOOKS;
    loop {
        configured.mark_unchanged();
        let pause = match look(&context).await {
            Ok(Looked::Other) => return state.replaced.notify_one(),
            Ok(Looked::Bound(bound)) => {
                if state.set_bound(bound.kinds) {
                    fast = FAST_LOOKS;
                }
                if bound.complete {
                    INTERVAL
                } else if fast > 0 {
                    fast -= 1;
                    BINDING_INTERVAL
                } else {
                    LONG_BINDING_INTERVAL
                }
            }
            Err(error) => {
                context
                    .plane
                    .record_error(format!("its bindings cannot be read: {}", error.admin_message()));
                if matches!(error, PlaneError::Forbidden { .. }) {
                    // The workspace may be gone, or another.
                    let known = context.plane.workspace.logical_cluster();
                    until_known(&context, &path).await;
                    if context.plane.workspace.logical_cluster() != known {
                        return state.replaced.notify_one();
                    }
                }
                LONG_BINDING_INTERVAL
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = context.plane.workspace.look_now.notified() => fast = FAST_LOOKS,
            changed = configured.changed() => if changed.is_err() { return },
        }
    }
}

async fn look(context: &PlaneContext) -> Result<Looked, PlaneError> {
    let client = &context.client;
    let answer = match client.request_json(Call::get(PATH.to_owned())).await {
        Err(PlaneError::NotFound { .. }) => client.request_json(Call::get(OLD_PATH.to_owned())).await,
        answer => answer,
    };
    let (_, list) = answer?;
    let bindings = list
        .get("items")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let known = context.plane.workspace.logical_cluster();
    if bindings
        .iter()
        .filter_map(cluster_of)
        .any(|cluster| Some(cluster) != known.as_deref())
    {
        return Ok(Looked::Other);
    }
    let document = context.plane.offer.document.load_full();
    let declared = document
        .spec
        .kcp
        .as_ref()
        .map(|kcp| kcp.exports.as_slice())
        .unwrap_or_default();
    context.plane.workspace.set_exports(declared);
    let mut bound = Bound {
        complete: true,
        ..Bound::default()
    };
    if declared.is_empty() {
        for binding in bindings.iter().filter(|binding| is_bound(binding)) {
            bound.complete &= add_kinds(context, binding, None, &mut bound.kinds).await;
        }
        return Ok(Looked::Bound(bound));
    }
    let mut has_changed = false;
    for export in declared {
        let binding = binding_of(&bindings, export);
        let state = match binding {
            None => ExportState::Unbound(None),
            Some(binding) if is_bound(binding) => ExportState::Bound,
            Some(binding) => ExportState::Binding(reason(binding)),
        };
        bound.complete &= state == ExportState::Bound;
        if let Some(binding) = binding.filter(|binding| is_bound(binding)) {
            bound.complete &= add_kinds(context, binding, Some(export), &mut bound.kinds).await;
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
    Ok(Looked::Bound(bound))
}

/// The logical cluster that an object says it is in.
fn cluster_of(object: &Value) -> Option<&str> {
    let annotations = object.pointer("/metadata/annotations")?;
    annotations.get(LOGICAL_CLUSTER)?.as_str()
}

/// The binding of an export, the one that is bound if there are several.
fn binding_of<'b>(bindings: &'b [Value], export: &ExportReference) -> Option<&'b Value> {
    let is_of = |binding: &&Value| {
        let text = |at: &str| binding.pointer(at).and_then(Value::as_str);
        let at = |path: Option<&str>| path == Some(export.path.as_str());
        text("/spec/reference/export/name") == Some(export.name.as_str())
            && (at(text("/spec/reference/export/path")) || at(text("/status/apiExportClusterName")))
    };
    let mut of_export = bindings.iter().filter(is_of);
    let first = of_export.clone().next();
    of_export.find(|binding| is_bound(binding)).or(first)
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
