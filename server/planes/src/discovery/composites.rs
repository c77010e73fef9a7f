//! Watches the composites of legacy claims, where Portico may: a claim only says that its composite is not ready.
//!
//! One watch per kind costs the control plane less than a read per claim shown, and tells of changes while nobody
//! looks. Without the right to watch, the composite is read while a claim's page is open.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use portico_domain::documents::ResourceRef;
use portico_domain::names::OfferingName;
use portico_domain::text::sanitize;
use serde_json::Value;
use tokio::task::AbortHandle;

use super::Kind;
use crate::cache::ClaimChange;
use crate::error::PlaneError;
use crate::ops::is_allowed;
use crate::path::resource_path;
use crate::plane::PlaneContext;
use crate::shared::Change;
use crate::stream::{Collection, WatchHandler, run_watch};

/// How often to ask again for a missing right.
const RIGHT_RETRY_INTERVAL: Duration = Duration::from_mins(5);

/// One task per kind of composite. All end when this is dropped.
pub(super) struct Composites {
    context: PlaneContext,
    tasks: BTreeMap<OfferingName, (ResourceRef, AbortOnDrop)>,
}

struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Composites {
    pub(super) fn new(context: PlaneContext) -> Self {
        Self {
            context,
            tasks: BTreeMap::new(),
        }
    }

    /// Watches the composites of these kinds and no others.
    pub(super) fn set_kinds(&mut self, kinds: &BTreeMap<OfferingName, Arc<Kind>>) {
        let composite_of = |name: &OfferingName| kinds.get(name).and_then(|kind| kind.composite.as_ref());
        self.tasks
            .retain(|name, (resource, _)| composite_of(name) == Some(&*resource));
        for (name, kind) in kinds {
            let Some(composite) = kind.composite.as_ref().filter(|_| !self.tasks.contains_key(name)) else {
                continue;
            };
            let task = tokio::spawn(watch(self.context.clone(), name.clone(), composite.clone()));
            let task = AbortOnDrop(task.abort_handle());
            self.tasks.insert(name.clone(), (composite.clone(), task));
        }
    }
}

async fn watch(context: PlaneContext, offering: OfferingName, composite: ResourceRef) {
    let what = format!("what stands behind {offering}");
    loop {
        let mut may = Ok(true);
        for verb in ["list", "watch"] {
            if may == Ok(true) {
                may = is_allowed(&context.client, None, verb, &composite, None).await;
            }
        }
        context.plane.clear_skipped(&what);
        if may != Ok(false) {
            break;
        }
        context.plane.record_skipped(&format!(
            "{what}: Portico may not list and watch {}.{}, so that why a claim is not ready shows only while its page is open",
            composite.plural, composite.group
        ));
        tokio::time::sleep(RIGHT_RETRY_INTERVAL).await;
    }
    let handler = CompositeHandler {
        context: context.clone(),
        offering,
        what,
    };
    let collection = Collection {
        path: resource_path(&composite, None, None),
        metadata_only: false,
        ..Collection::default()
    };
    run_watch(
        context.client.clone(),
        collection,
        Arc::new(handler),
        context.limiter.clone(),
        context.plane.reconnected.subscribe(),
    )
    .await;
}

/// Puts composites into the index and notifies subscribers of changed claims.
struct CompositeHandler {
    context: PlaneContext,
    offering: OfferingName,
    what: String,
}

impl CompositeHandler {
    fn publish(&self, changes: impl IntoIterator<Item = ClaimChange>) {
        for change in changes {
            self.context.shared.publish(Change::Claim {
                reference: change.reference,
                tenant: change.tenant,
                deleted: false,
            });
        }
    }
}

impl WatchHandler for CompositeHandler {
    fn on_relist(&self) {
        self.context.plane.clear_skipped(&self.what);
    }

    fn apply(&self, object: Value) -> Option<String> {
        let most = self.context.client.limits.objects;
        let (name, change) = self
            .context
            .plane
            .claims
            .apply_composite(&self.offering, &object, most)?;
        self.publish(change);
        Some(name)
    }

    fn delete(&self, object: &Value) {
        self.publish(self.context.plane.claims.delete_composite(&self.offering, object));
    }

    fn retain(&self, keys: &HashSet<String>) {
        let is_left = |name: &str| keys.contains(name);
        self.publish(
            self.context
                .plane
                .claims
                .retain_composites(&self.offering, is_left),
        );
    }

    fn on_synced(&self) {}

    /// Not a failure of the control plane: claims are still up to date, and what is known of their composites stays.
    fn on_error(&self, error: &PlaneError) {
        self.context
            .plane
            .record_error(sanitize(&format!("{}: {error}", self.what)));
    }

    fn on_skipped(&self, why: &str) {
        self.context
            .plane
            .record_skipped(&format!("{}: {why}", self.what));
    }
}
