//! The CRDs and XRDs seen on a control plane. Two watches write it, the discoverer reads it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use portico_domain::names::OfferingName;
use serde_json::Value;
use tokio::sync::Notify;

use super::kind::is_offered;
use super::xrd::Xrd;
use crate::error::PlaneError;
use crate::plane::Plane;
use crate::stream::WatchHandler;
use crate::workspace::BoundOffer;

/// The CRD of XRDs.
const XRD_CRD: &str = "compositeresourcedefinitions.apiextensions.crossplane.io";

/// A CRD's metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CrdMeta {
    /// `metadata.resourceVersion`.
    pub(super) version: String,
    pub(super) offered: bool,
    /// Created by Crossplane with the labels of its XRD, perhaps not for people to ask for.
    pub(super) by_crossplane: bool,
    /// The XRD that it was created for.
    pub(super) made_by: Option<String>,
}

/// The CRDs and XRDs seen.
#[derive(Debug, Default)]
pub(crate) struct DiscoveryState {
    pub(super) crds: Mutex<BTreeMap<String, CrdMeta>>,
    pub(super) xrds: Mutex<BTreeMap<String, Xrd>>,
    /// CRDs may not be listed, so those that documents name are fetched one by one.
    pub(super) crds_forbidden: AtomicBool,
    /// CRDs have been listed once.
    pub(super) crds_listed: AtomicBool,
    /// XRDs have been listed once, or cannot be listed.
    pub(super) xrds_listed: AtomicBool,
    /// The kinds of the bindings of a workspace of kcp; `None` until they have been read.
    pub(super) bound: Mutex<Option<BTreeMap<OfferingName, BoundOffer>>>,
    /// Notified when another workspace of kcp answers than before.
    pub(crate) replaced: Notify,
    /// Notified on every change.
    pub(super) changed: Notify,
    /// Notified when the CRD of XRDs appears: their API is served now or soon.
    pub(super) crossplane_installed: Notify,
}

impl DiscoveryState {
    /// True if everything has been listed, so that what is missing does not exist. Before that, what an earlier
    /// connection discovered stays.
    pub(super) fn is_complete(&self) -> bool {
        (self.crds_listed.load(Ordering::Relaxed) || self.crds_forbidden.load(Ordering::Relaxed))
            && self.xrds_listed.load(Ordering::Relaxed)
            && self.bound.lock().is_some()
    }

    /// Of a control plane whose definitions are not looked at: a workspace of kcp that offers the kinds of its exports.
    pub(super) fn has_no_definitions(&self) {
        self.crds_listed.store(true, Ordering::Relaxed);
        self.xrds_listed.store(true, Ordering::Relaxed);
    }

    /// Keeps the kinds of the bindings. Returns true if they are others than before.
    pub(crate) fn set_bound(&self, kinds: BTreeMap<OfferingName, BoundOffer>) -> bool {
        let mut bound = self.bound.lock();
        let same = bound.as_ref().is_some_and(|known| {
            known.len() == kinds.len()
                && known
                    .iter()
                    .zip(&kinds)
                    .all(|((name, one), (other_name, other))| {
                        name == other_name
                            && Arc::ptr_eq(&one.kind, &other.kind)
                            && one.offered == other.offered
                    })
        });
        *bound = Some(kinds);
        drop(bound);
        if !same {
            self.changed.notify_one();
        }
        !same
    }

    /// There are no XRDs, or none that Portico may list.
    pub(super) fn no_xrds(&self) {
        self.xrds.lock().clear();
        self.xrds_listed.store(true, Ordering::Relaxed);
        self.changed.notify_one();
    }
}

fn name_of(object: &Value) -> Option<String> {
    object
        .pointer("/metadata/name")
        .and_then(Value::as_str)
        .map(str::to_owned)
}

pub(super) struct CrdHandler {
    pub(super) state: Arc<DiscoveryState>,
    pub(super) plane: Arc<Plane>,
}

impl WatchHandler for CrdHandler {
    fn on_relist(&self) {
        self.plane.clear_skipped("definitions");
    }

    fn apply(&self, object: Value) -> Option<String> {
        let name = name_of(&object)?;
        let version = object
            .pointer("/metadata/resourceVersion")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let owners = object
            .pointer("/metadata/ownerReferences")
            .and_then(Value::as_array);
        let mut of_crossplane = owners
            .into_iter()
            .flatten()
            .filter(|owner| owner.get("kind").and_then(Value::as_str) == Some("CompositeResourceDefinition"));
        let maker = of_crossplane.next();
        let meta = CrdMeta {
            version: version.to_owned(),
            offered: is_offered(&object),
            by_crossplane: maker.is_some(),
            made_by: maker
                .and_then(|maker| maker.get("name")?.as_str())
                .map(str::to_owned),
        };
        let before = self.state.crds.lock().insert(name.clone(), meta.clone());
        if before.is_none() && name == XRD_CRD {
            self.state.crossplane_installed.notify_one();
        }
        if before != Some(meta) {
            self.state.changed.notify_one();
        }
        Some(name)
    }

    fn delete(&self, object: &Value) {
        if name_of(object).is_some_and(|name| self.state.crds.lock().remove(&name).is_some()) {
            self.state.changed.notify_one();
        }
    }

    fn retain(&self, keys: &HashSet<String>) {
        self.state.crds.lock().retain(|name, _| keys.contains(name));
        self.state.crds_forbidden.store(false, Ordering::Relaxed);
        self.state.crds_listed.store(true, Ordering::Relaxed);
        self.state.changed.notify_one();
    }

    fn on_synced(&self) {
        self.plane.mark_synced("definitions");
    }

    fn on_error(&self, error: &PlaneError) {
        if !matches!(error, PlaneError::Forbidden { .. }) {
            self.plane.record_stream_failure("definitions", error);
            return;
        }
        self.plane.rights.request_review();
        self.state.crds_forbidden.store(true, Ordering::Relaxed);
        self.state.changed.notify_one();
    }

    fn on_skipped(&self, why: &str) {
        self.plane.record_skipped(&format!("definitions: {why}"));
    }
}

pub(super) struct XrdHandler {
    pub(super) state: Arc<DiscoveryState>,
    pub(super) plane: Arc<Plane>,
}

impl WatchHandler for XrdHandler {
    fn on_relist(&self) {
        self.plane.clear_skipped("composite definitions");
    }

    fn apply(&self, object: Value) -> Option<String> {
        let name = name_of(&object)?;
        let Some(xrd) = Xrd::read(&object) else {
            self.on_skipped(&format!("{name} is malformed"));
            self.state.xrds.lock().remove(&name);
            return Some(name);
        };
        let before = self.state.xrds.lock().insert(name.clone(), xrd.clone());
        if before != Some(xrd) {
            self.state.changed.notify_one();
        }
        Some(name)
    }

    fn delete(&self, object: &Value) {
        if name_of(object).is_some_and(|name| self.state.xrds.lock().remove(&name).is_some()) {
            self.state.changed.notify_one();
        }
    }

    fn retain(&self, keys: &HashSet<String>) {
        self.state.xrds.lock().retain(|name, _| keys.contains(name));
        self.state.xrds_listed.store(true, Ordering::Relaxed);
        self.state.changed.notify_one();
    }

    fn on_synced(&self) {
        self.plane.mark_synced("composite definitions");
    }

    fn on_error(&self, error: &PlaneError) {
        match error {
            // Crossplane was removed.
            PlaneError::NotFound { .. } => self.state.no_xrds(),
            PlaneError::Forbidden { .. } => {
                self.plane.rights.request_review();
                self.state.no_xrds();
            }
            error => {
                self.plane.record_stream_failure("composite definitions", error);
            }
        }
    }

    fn on_skipped(&self, why: &str) {
        self.plane
            .record_skipped(&format!("composite definitions: {why}"));
    }
}
