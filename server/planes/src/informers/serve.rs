//! Opens and closes the watches of a connection.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};

use super::store::{InformerKey, Informers, MAX_WATCHES, State};
use super::wanted::{Wanted, part_selector};
use crate::error::PlaneError;
use crate::ops::{PART_OF, is_allowed};
use crate::plane::{Plane, PlaneContext};
use crate::stream::{Collection, WatchHandler, WatchLimiter, run_watch};

/// How often to ask again for a missing right to watch.
const RIGHT_RETRY_INTERVAL: Duration = Duration::from_mins(5);

/// Watches what observers need for as long as the future is polled.
pub(crate) async fn serve(context: &PlaneContext) {
    let informers = &context.plane.informers;
    let _connected = Connected::begin(informers);
    // Dropping this future ends the watches.
    let mut tasks = JoinSet::new();
    let mut open: HashMap<InformerKey, AbortHandle> = HashMap::new();
    let limiter = Arc::new(WatchLimiter::new(MAX_WATCHES));
    loop {
        let selected = informers.select_watches();
        let keys: HashSet<&InformerKey> = selected.iter().map(|(key, _)| key).collect();
        open.retain(|key, task| {
            let stays = keys.contains(key);
            if !stays {
                task.abort();
            }
            stays
        });
        for (key, wanted) in selected {
            open.entry(key.clone())
                .or_insert_with(|| tasks.spawn(run_informer(context.clone(), limiter.clone(), key, wanted)));
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

async fn run_informer(context: PlaneContext, limiter: Arc<WatchLimiter>, key: InformerKey, wanted: Wanted) {
    loop {
        let denied = Arc::new(Notify::new());
        if may_watch(&context, &key, &wanted).await {
            let handler = ChangeHandler {
                plane: context.plane.clone(),
                key: key.clone(),
                denied: denied.clone(),
            };
            let collection = Collection {
                path: key.path.clone(),
                metadata_only: !key.by_subject,
                actor: key.actor.clone(),
                changes_only: true,
            };
            let reconnected = context.plane.reconnected.subscribe();
            tokio::select! {
                () = run_watch(context.client.clone(), collection, Arc::new(handler), limiter.clone(), reconnected) => return,
                () = denied.notified() => {}
            }
        }
        if context.plane.informers.set_state(&key, State::Denied) {
            tracing::info!(
                plane = %context.plane.name, path = key.path, in_person = key.actor.is_some(),
                "what stands behind claims may not be watched, and is read now and then instead"
            );
        }
        tokio::time::sleep(RIGHT_RETRY_INTERVAL).await;
    }
}

/// Asks by access review, since a refused list would appear in the control plane's audit log as an attempt. If the
/// review fails, try.
async fn may_watch(context: &PlaneContext, key: &InformerKey, wanted: &Wanted) -> bool {
    if key.actor.is_none() && context.may_watch_all.get() == Some(&true) {
        return true;
    }
    for verb in ["list", "watch"] {
        let reviewed = is_allowed(
            &context.client,
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
struct ChangeHandler {
    plane: Arc<Plane>,
    key: InformerKey,
    /// Notified when the control plane refuses to list or watch.
    denied: Arc<Notify>,
}

impl ChangeHandler {
    fn changed(&self, object: &Value) -> Option<String> {
        let at = if self.key.by_subject {
            "/involvedObject/uid"
        } else {
            "/metadata/name"
        };
        let name = object.pointer(at)?.as_str()?;
        self.plane.informers.changed(&self.key, name);
        let labels = object.pointer("/metadata/labels");
        if let Some(set) = labels
            .and_then(|labels| labels.get(PART_OF))
            .and_then(Value::as_str)
        {
            self.plane.informers.changed(&self.key, &part_selector(set));
        }
        Some(name.to_owned())
    }
}

impl WatchHandler for ChangeHandler {
    fn on_relist(&self) {
        self.plane.informers.all_changed(&self.key, State::Opening);
    }

    fn apply(&self, object: Value) -> Option<String> {
        self.changed(&object)
    }

    fn delete(&self, object: &Value) {
        self.changed(object);
    }

    fn retain(&self, _keys: &HashSet<String>) {}

    fn on_synced(&self) {
        self.plane.informers.set_state(&self.key, State::Live);
    }

    fn on_error(&self, error: &PlaneError) {
        let is_denied = match error {
            PlaneError::Forbidden { .. } | PlaneError::NotFound { .. } => true,
            // Some kinds can be read but not listed or watched.
            PlaneError::Refused { status, .. } => *status == 405,
            _ => false,
        };
        if is_denied {
            self.denied.notify_one();
        } else {
            self.plane.informers.set_state(&self.key, State::Interrupted);
        }
    }

    fn on_skipped(&self, _why: &str) {
        // The event does not say which object.
        self.plane.informers.all_changed(&self.key, State::Opening);
        self.plane.informers.set_state(&self.key, State::Live);
    }
}
