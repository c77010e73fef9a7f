//! The CRDs and XRDs seen on a control plane. Two watches write it, the discoverer reads it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::Notify;

use super::kind::is_offered;
use super::xrd::Xrd;
use crate::error::PlaneError;
use crate::plane::Plane;
use crate::stream::Sink;

/// The CRD of XRDs.
const XRDS: &str = "compositeresourcedefinitions.apiextensions.crossplane.io";

/// A CRD's metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CrdMeta {
    /// `metadata.resourceVersion`.
    pub(super) version: String,
    pub(super) offered: bool,
    /// Created by Crossplane with the labels of its XRD, perhaps not for people to ask for.
    pub(super) composed: bool,
    /// The XRD that it was created for.
    pub(super) made_by: Option<String>,
}

/// The CRDs and XRDs seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) crds: Mutex<BTreeMap<String, CrdMeta>>,
    pub(super) xrds: Mutex<BTreeMap<String, Xrd>>,
    /// CRDs may not be listed, so those that documents name are fetched one by one.
    pub(super) blind: AtomicBool,
    /// CRDs have been listed once.
    pub(super) crds_known: AtomicBool,
    /// XRDs have been listed once, or cannot be listed.
    pub(super) xrds_known: AtomicBool,
    /// Notified on every change.
    pub(super) changed: Notify,
    /// Notified when the CRD of XRDs appears: their API is served now or soon.
    pub(super) crossplane_came: Notify,
}

impl Seen {
    /// True if everything has been listed, so that what is missing does not exist. Before that, what an earlier
    /// connection discovered stays.
    pub(super) fn is_complete(&self) -> bool {
        (self.crds_known.load(Ordering::Relaxed) || self.blind.load(Ordering::Relaxed))
            && self.xrds_known.load(Ordering::Relaxed)
    }

    /// There are no XRDs, or none that Portico may list.
    pub(super) fn no_xrds(&self) {
        self.xrds.lock().clear();
        self.xrds_known.store(true, Ordering::Relaxed);
        self.changed.notify_one();
    }
}

fn name_of(object: &Value) -> Option<String> {
    object
        .pointer("/metadata/name")
        .and_then(Value::as_str)
        .map(str::to_owned)
}

pub(super) struct CrdSink {
    pub(super) seen: Arc<Seen>,
    pub(super) plane: Arc<Plane>,
}

impl Sink for CrdSink {
    fn begin(&self) {
        self.plane.nothing_left_out("definitions");
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
            composed: maker.is_some(),
            made_by: maker
                .and_then(|maker| maker.get("name")?.as_str())
                .map(str::to_owned),
        };
        let before = self.seen.crds.lock().insert(name.clone(), meta.clone());
        if before.is_none() && name == XRDS {
            self.seen.crossplane_came.notify_one();
        }
        if before != Some(meta) {
            self.seen.changed.notify_one();
        }
        Some(name)
    }

    fn delete(&self, object: &Value) {
        if name_of(object).is_some_and(|name| self.seen.crds.lock().remove(&name).is_some()) {
            self.seen.changed.notify_one();
        }
    }

    fn retain(&self, keys: &HashSet<String>) {
        self.seen.crds.lock().retain(|name, _| keys.contains(name));
        self.seen.blind.store(false, Ordering::Relaxed);
        self.seen.crds_known.store(true, Ordering::Relaxed);
        self.seen.changed.notify_one();
    }

    fn in_step(&self) {
        self.plane.heard("definitions");
    }

    fn failed(&self, error: &PlaneError) {
        if !matches!(error, PlaneError::Forbidden { .. }) {
            self.plane.stream_failed("definitions", error);
            return;
        }
        self.plane.rights.doubt();
        self.seen.blind.store(true, Ordering::Relaxed);
        self.seen.changed.notify_one();
    }

    fn left_out(&self, why: &str) {
        self.plane.left_out(&format!("definitions: {why}"));
    }
}

pub(super) struct XrdSink {
    pub(super) seen: Arc<Seen>,
    pub(super) plane: Arc<Plane>,
}

impl Sink for XrdSink {
    fn begin(&self) {
        self.plane.nothing_left_out("composite definitions");
    }

    fn apply(&self, object: Value) -> Option<String> {
        let name = name_of(&object)?;
        let Some(xrd) = Xrd::read(&object) else {
            self.left_out(&format!("{name} is malformed"));
            self.seen.xrds.lock().remove(&name);
            return Some(name);
        };
        let before = self.seen.xrds.lock().insert(name.clone(), xrd.clone());
        if before != Some(xrd) {
            self.seen.changed.notify_one();
        }
        Some(name)
    }

    fn delete(&self, object: &Value) {
        if name_of(object).is_some_and(|name| self.seen.xrds.lock().remove(&name).is_some()) {
            self.seen.changed.notify_one();
        }
    }

    fn retain(&self, keys: &HashSet<String>) {
        self.seen.xrds.lock().retain(|name, _| keys.contains(name));
        self.seen.xrds_known.store(true, Ordering::Relaxed);
        self.seen.changed.notify_one();
    }

    fn in_step(&self) {
        self.plane.heard("composite definitions");
    }

    fn failed(&self, error: &PlaneError) {
        match error {
            // Crossplane was removed.
            PlaneError::NotFound { .. } => self.seen.no_xrds(),
            PlaneError::Forbidden { .. } => {
                self.plane.rights.doubt();
                self.seen.no_xrds();
            }
            error => {
                self.plane.stream_failed("composite definitions", error);
            }
        }
    }

    fn left_out(&self, why: &str) {
        self.plane.left_out(&format!("composite definitions: {why}"));
    }
}
