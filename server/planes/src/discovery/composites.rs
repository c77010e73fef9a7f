//! Watches the composites of legacy claims, where Portico may: a claim only says that its composite is not ready.
//!
//! One watch per kind costs the control plane less than a read per claim shown, and tells of changes while nobody
//! looks. Without the right to watch, the composite is read while a claim's page is open.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use portico_domain::claim::health::plain;
use portico_domain::documents::ResourceRef;
use portico_domain::names::OfferingName;
use serde_json::Value;
use tokio::task::AbortHandle;

use super::Kind;
use crate::act::review;
use crate::cache::Touched;
use crate::error::PlaneError;
use crate::plane::Running;
use crate::registry::Change;
use crate::stream::{Collection, Sink, keep};
use crate::wire::path_of;

/// How often to ask again for a missing right.
const ASK_AGAIN: Duration = Duration::from_mins(5);

/// One task per kind of composite. All end when this is dropped.
pub(super) struct Composites {
    run: Running,
    tasks: BTreeMap<OfferingName, (ResourceRef, AbortOnDrop)>,
}

struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Composites {
    pub(super) fn new(run: Running) -> Self {
        Self {
            run,
            tasks: BTreeMap::new(),
        }
    }

    /// Watches the composites of these kinds and no others.
    pub(super) fn keep(&mut self, kinds: &BTreeMap<OfferingName, Arc<Kind>>) {
        let composite_of = |name: &OfferingName| kinds.get(name).and_then(|kind| kind.composite.as_ref());
        self.tasks
            .retain(|name, (resource, _)| composite_of(name) == Some(&*resource));
        for (name, kind) in kinds {
            let Some(composite) = kind.composite.as_ref().filter(|_| !self.tasks.contains_key(name)) else {
                continue;
            };
            let task = tokio::spawn(watch(self.run.clone(), name.clone(), composite.clone()));
            let task = AbortOnDrop(task.abort_handle());
            self.tasks.insert(name.clone(), (composite.clone(), task));
        }
    }
}

async fn watch(run: Running, offering: OfferingName, composite: ResourceRef) {
    let what = format!("what stands behind {offering}");
    loop {
        let mut may = Ok(true);
        for verb in ["list", "watch"] {
            if may == Ok(true) {
                may = review(&run.wire, None, verb, &composite, None).await;
            }
        }
        run.plane.nothing_left_out(&what);
        if may != Ok(false) {
            break;
        }
        run.plane.left_out(&format!(
            "{what}: Portico may not list and watch {}.{}, so that why a claim is not ready shows only while its page is open",
            composite.plural, composite.group
        ));
        tokio::time::sleep(ASK_AGAIN).await;
    }
    let sink = CompositeSink {
        run: run.clone(),
        offering,
        what,
    };
    let collection = Collection {
        path: path_of(&composite, None, None),
        metadata_only: false,
        ..Collection::default()
    };
    keep(
        run.wire.clone(),
        collection,
        Arc::new(sink),
        run.slots.clone(),
        run.plane.revived.subscribe(),
    )
    .await;
}

/// Puts composites into the index and notifies subscribers of changed claims.
struct CompositeSink {
    run: Running,
    offering: OfferingName,
    what: String,
}

impl CompositeSink {
    fn tell(&self, touched: impl IntoIterator<Item = Touched>) {
        for touched in touched {
            self.run.shared.tell(Change::Claim {
                reference: touched.reference,
                tenant: touched.tenant,
                deleted: false,
            });
        }
    }
}

impl Sink for CompositeSink {
    fn begin(&self) {
        self.run.plane.nothing_left_out(&self.what);
    }

    fn apply(&self, object: Value) -> Option<String> {
        let most = self.run.wire.limits.objects;
        let (name, touched) = self
            .run
            .plane
            .claims
            .apply_composite(&self.offering, &object, most)?;
        self.tell(touched);
        Some(name)
    }

    fn delete(&self, object: &Value) {
        self.tell(self.run.plane.claims.delete_composite(&self.offering, object));
    }

    fn retain(&self, keys: &HashSet<String>) {
        let is_left = |name: &str| keys.contains(name);
        self.tell(self.run.plane.claims.retain_composites(&self.offering, is_left));
    }

    fn in_step(&self) {}

    /// Not a failure of the control plane: claims are still up to date, and what is known of their composites stays.
    fn failed(&self, error: &PlaneError) {
        self.run.plane.note(plain(&format!("{}: {error}", self.what)));
    }

    fn left_out(&self, why: &str) {
        self.run.plane.left_out(&format!("{}: {why}", self.what));
    }
}
