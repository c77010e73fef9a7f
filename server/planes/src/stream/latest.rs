//! Reads the current version of a collection, for watches that need only changes.

use serde_json::Value;

use super::{METADATA_LIST, Run, Slots};
use crate::error::PlaneError;
use crate::wire::Call;

impl Run {
    /// Lists one object's metadata: the list's version is the whole collection's. Reading an object after this and
    /// watching from that version misses no change of it (Kubernetes, "API concepts", efficient detection of
    /// changes).
    pub(super) async fn latest_version(&self, slots: &Slots) -> Result<String, PlaneError> {
        self.sink.begin();
        // The permit only fails when the semaphore is closed, which nobody does.
        let _page = slots.lists.acquire().await.ok();
        let path = format!("{}?limit=1", self.collection.path);
        let mut call = Call::get(path).accepting(METADATA_LIST);
        call.actor = self.collection.actor.as_ref();
        let (_, list) = self.wire.ask(call).await?;
        let version = list.pointer("/metadata/resourceVersion").and_then(Value::as_str);
        version
            .filter(|version| !version.is_empty())
            .map(str::to_owned)
            .ok_or_else(|| self.wire.garbage("a list came without a version"))
    }
}
