//! A workspace in the watch of an export: its events, in order, around its own lists.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};
use serde_json::Value;
use tokio::sync::Notify;

use super::logical_cluster::LOGICAL_CLUSTER;
use crate::stream::WatchHandler;

/// Events that are kept for a workspace while it is listed. With more it is listed again.
const MAX_PENDING_EVENTS: usize = 10_000;

/// A workspace in a watch of an export.
pub(super) struct Member {
    pub(super) cluster: Arc<str>,
    pub(super) handler: Arc<dyn WatchHandler>,
    /// Events that came while the workspace is listed; `None` once it has been.
    pending: Mutex<Option<Vec<Event>>>,
    /// Counts its lists.
    lists: AtomicU64,
    /// Notified when the workspace must be listed again.
    pub(super) relist: Notify,
}

/// A change of an object of a workspace.
pub(super) enum Event {
    Applied(Value),
    Deleted(Value),
}

impl Member {
    /// A workspace that has not been listed: its events are kept.
    pub(super) fn new(cluster: Arc<str>, handler: Arc<dyn WatchHandler>) -> Self {
        Self {
            cluster,
            handler,
            pending: Mutex::new(Some(Vec::new())),
            lists: AtomicU64::new(0),
            relist: Notify::new(),
        }
    }

    /// The workspace is listed anew: its events are kept until that is done.
    pub(super) fn begin_list(&self) {
        let mut pending = self.pending.lock();
        pending.get_or_insert_default();
        self.lists.fetch_add(1, Ordering::Relaxed);
    }

    /// The workspace has been listed at this version. Applies what came since.
    pub(super) fn listed(&self, version: &str) {
        let mut pending = self.pending.lock();
        for event in pending.take().into_iter().flatten() {
            let object = match &event {
                Event::Applied(object) | Event::Deleted(object) => object,
            };
            if is_newer(object, version) {
                self.handle(event);
            }
        }
    }

    /// Returns the key under which an applied object is kept, or `None` while events are kept.
    pub(super) fn deliver(&self, event: Event) -> Option<String> {
        let mut pending = self.pending.lock();
        let Some(kept) = pending.as_mut() else {
            // Under the lock, so that events stay in order.
            return self.handle(event);
        };
        if kept.len() >= MAX_PENDING_EVENTS {
            kept.clear();
            self.relist.notify_one();
        }
        kept.push(event);
        None
    }

    fn handle(&self, event: Event) -> Option<String> {
        match event {
            Event::Applied(object) => self.handler.apply(object),
            Event::Deleted(object) => {
                self.handler.delete(&object);
                None
            }
        }
    }

    pub(super) fn is_listed(&self) -> bool {
        self.pending.lock().is_none()
    }

    /// The number of its last list, if that is complete.
    pub(super) fn complete_list(&self) -> Option<u64> {
        let pending = self.pending.lock();
        pending.is_none().then(|| self.lists.load(Ordering::Relaxed))
    }
}

/// True unless both versions are numbers and the object's is not higher (Kubernetes, KEP-5504: versions of one resource can
/// be compared).
fn is_newer(object: &Value, version: &str) -> bool {
    let of_object = object
        .pointer("/metadata/resourceVersion")
        .and_then(Value::as_str);
    let number = |text: Option<&str>| text.and_then(|text| text.parse::<u64>().ok());
    match (number(of_object), number(Some(version))) {
        (Some(object), Some(list)) => object > list,
        _ => true,
    }
}

/// The logical cluster that an object says it is in.
pub(super) fn cluster_of(object: &Value) -> Option<&str> {
    let annotations = object.pointer("/metadata/annotations")?;
    annotations.get(LOGICAL_CLUSTER)?.as_str()
}

/// The workspaces that one watch serves, by logical cluster.
#[derive(Default)]
pub(super) struct Members(RwLock<BTreeMap<Arc<str>, Vec<Arc<Member>>>>);

impl Members {
    pub(super) fn add(&self, member: Arc<Member>) {
        let mut by_cluster = self.0.write();
        by_cluster.entry(member.cluster.clone()).or_default().push(member);
    }

    pub(super) fn remove(&self, member: &Arc<Member>) {
        let mut by_cluster = self.0.write();
        if let Some(members) = by_cluster.get_mut(&member.cluster) {
            members.retain(|known| !Arc::ptr_eq(known, member));
            if members.is_empty() {
                by_cluster.remove(&member.cluster);
            }
        }
    }

    /// Those of a logical cluster.
    pub(super) fn of(&self, cluster: &str) -> Vec<Arc<Member>> {
        self.0.read().get(cluster).cloned().unwrap_or_default()
    }

    pub(super) fn all(&self) -> Vec<Arc<Member>> {
        self.0.read().values().flatten().cloned().collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::HashSet;

    use serde_json::json;

    use super::*;
    use crate::error::PlaneError;

    /// Keeps what it hears: `+name`, `-name`, and `=names` for what is retained.
    #[derive(Default)]
    pub(in crate::workspace) struct EventLog(pub(in crate::workspace) Mutex<Vec<String>>);

    impl WatchHandler for EventLog {
        fn on_relist(&self) {}
        fn apply(&self, object: Value) -> Option<String> {
            let name = object["metadata"]["name"].as_str().unwrap().to_owned();
            self.0.lock().push(format!("+{name}"));
            Some(name)
        }
        fn delete(&self, object: &Value) {
            let name = object["metadata"]["name"].as_str().unwrap();
            self.0.lock().push(format!("-{name}"));
        }
        fn retain(&self, keys: &HashSet<String>) {
            let mut keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            keys.sort_unstable();
            self.0.lock().push(format!("={}", keys.join(",")));
        }
        fn on_synced(&self) {}
        fn on_error(&self, _: &PlaneError) {
            self.0.lock().push("!".to_owned());
        }
        fn on_skipped(&self, _: &str) {}
    }

    pub(in crate::workspace) fn member(cluster: &str) -> (Arc<EventLog>, Arc<Member>) {
        let seen = Arc::new(EventLog::default());
        let member = Member::new(cluster.into(), seen.clone());
        (seen, Arc::new(member))
    }

    pub(in crate::workspace) fn object(name: &str, version: u64) -> Value {
        json!({ "metadata": { "name": name, "resourceVersion": version.to_string() } })
    }

    #[test]
    fn what_came_during_a_list_is_applied_if_it_is_newer() {
        let (seen, member) = member("c");
        member.deliver(Event::Applied(object("old", 5)));
        member.deliver(Event::Deleted(object("gone", 9)));
        member.deliver(Event::Applied(object("new", 11)));
        assert!(seen.0.lock().is_empty(), "nothing before the list");
        member.listed("9");
        assert_eq!(*seen.0.lock(), ["+new"]);
        member.deliver(Event::Deleted(object("new", 12)));
        assert_eq!(*seen.0.lock(), ["+new", "-new"]);
    }

    #[test]
    fn versions_that_are_no_numbers_are_taken_as_newer() {
        assert!(is_newer(&object("a", 3), "abc"));
        assert!(is_newer(&json!({}), "7"));
        assert!(!is_newer(&object("a", 7), "7"));
    }

    #[test]
    fn too_many_events_during_a_list_ask_for_another() {
        let (_, member) = member("c");
        for version in 0..=MAX_PENDING_EVENTS as u64 {
            member.deliver(Event::Applied(object("a", version)));
        }
        assert_eq!(member.pending.lock().as_ref().unwrap().len(), 1);
    }
}
