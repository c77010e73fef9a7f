//! Opens and closes the watches of a connection.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};

use super::{InformerKey, Informers, MOST_WATCHES, State, Wanted};
use crate::act::review;
use crate::error::PlaneError;
use crate::plane::{Plane, Running};
use crate::stream::{Collection, Sink, Slots, keep};

/// How often to ask again for a missing right to watch.
const ASK_AGAIN: Duration = Duration::from_mins(5);

/// Watches what observers need for as long as the future is polled.
pub(crate) async fn serve(run: &Running) {
    let informers = &run.plane.informers;
    let _connected = Connected::begin(informers);
    // Dropping this future ends the watches.
    let mut tasks = JoinSet::new();
    let mut open: HashMap<InformerKey, AbortHandle> = HashMap::new();
    let slots = Arc::new(Slots::new(MOST_WATCHES));
    loop {
        let admitted = informers.admitted();
        let keys: HashSet<&InformerKey> = admitted.iter().map(|(key, _)| key).collect();
        open.retain(|key, task| {
            let stays = keys.contains(key);
            if !stays {
                task.abort();
            }
            stays
        });
        for (key, wanted) in admitted {
            open.entry(key.clone())
                .or_insert_with(|| tasks.spawn(inform(run.clone(), slots.clone(), key, wanted)));
        }
        while tasks.try_join_next().is_some() {}
        informers.wanted.notified().await;
    }
}

/// Resets the states at the start and end of a connection.
struct Connected<'i>(&'i Informers);

impl<'i> Connected<'i> {
    fn begin(informers: &'i Informers) -> Self {
        informers.reset();
        Self(informers)
    }
}

impl Drop for Connected<'_> {
    fn drop(&mut self) {
        self.0.reset();
    }
}

async fn inform(run: Running, slots: Arc<Slots>, key: InformerKey, wanted: Wanted) {
    loop {
        let denied = Arc::new(Notify::new());
        if may_watch(&run, &key, &wanted).await {
            let sink = ChangeSink {
                plane: run.plane.clone(),
                key: key.clone(),
                denied: denied.clone(),
            };
            let collection = Collection {
                path: key.path.clone(),
                metadata_only: !key.by_subject,
                actor: key.actor.clone(),
                changes_only: true,
            };
            let revived = run.plane.revived.subscribe();
            tokio::select! {
                () = keep(run.wire.clone(), collection, Arc::new(sink), slots.clone(), revived) => return,
                () = denied.notified() => {}
            }
        }
        if run.plane.informers.enter(&key, State::Denied) {
            tracing::info!(
                plane = %run.plane.name, path = key.path, in_person = key.actor.is_some(),
                "what stands behind claims may not be watched, and is read now and then instead"
            );
        }
        tokio::time::sleep(ASK_AGAIN).await;
    }
}

/// Asks by access review, since a refused list would appear in the control plane's audit log as an attempt. If the
/// review fails, try.
async fn may_watch(run: &Running, key: &InformerKey, wanted: &Wanted) -> bool {
    if key.actor.is_none() && run.may_all.get() == Some(&true) {
        return true;
    }
    for verb in ["list", "watch"] {
        let reviewed = review(
            &run.wire,
            key.actor.as_ref(),
            verb,
            wanted.resource(),
            wanted.namespace(),
        );
        if let Ok(false) = reviewed.await {
            return false;
        }
    }
    true
}

/// Notifies an informer's observers of changes.
struct ChangeSink {
    plane: Arc<Plane>,
    key: InformerKey,
    /// Notified when the control plane refuses to list or watch.
    denied: Arc<Notify>,
}

impl ChangeSink {
    fn changed(&self, object: &Value) -> Option<String> {
        let at = if self.key.by_subject {
            "/involvedObject/uid"
        } else {
            "/metadata/name"
        };
        let name = object.pointer(at)?.as_str()?;
        self.plane.informers.changed(&self.key, name);
        Some(name.to_owned())
    }
}

impl Sink for ChangeSink {
    fn begin(&self) {
        self.plane.informers.all_changed(&self.key, State::Opening);
    }

    fn apply(&self, object: Value) -> Option<String> {
        self.changed(&object)
    }

    fn delete(&self, object: &Value) {
        self.changed(object);
    }

    fn retain(&self, _keys: &HashSet<String>) {}

    fn in_step(&self) {
        self.plane.informers.enter(&self.key, State::Live);
    }

    fn failed(&self, error: &PlaneError) {
        let is_denied = match error {
            PlaneError::Forbidden { .. } | PlaneError::NotFound { .. } => true,
            // Some kinds can be read but not listed or watched.
            PlaneError::Refused { status, .. } => *status == 405,
            _ => false,
        };
        if is_denied {
            self.denied.notify_one();
        } else {
            self.plane.informers.enter(&self.key, State::Interrupted);
        }
    }

    fn left_out(&self, _why: &str) {
        // The event does not say which object.
        self.plane.informers.all_changed(&self.key, State::Opening);
        self.plane.informers.enter(&self.key, State::Live);
    }
}
