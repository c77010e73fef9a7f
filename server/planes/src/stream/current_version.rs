//! Reads the current version of a collection, for watches that need only changes.

use serde_json::Value;

use super::{METADATA_LIST, WatchLimiter, Watcher};
use crate::client::Call;
use crate::error::PlaneError;

impl Watcher {
    /// Lists one object's metadata: the list's version is the whole collection's. Reading an object after this and
    /// watching from that version misses no change of it (Kubernetes, "API concepts", efficient detection of
    /// changes).
    pub(super) async fn current_version(&self, limiter: &WatchLimiter) -> Result<String, PlaneError> {
        self.handler.on_relist();
        // The permit only fails when the semaphore is closed, which nobody does.
        let _page = limiter.pages.acquire().await.ok();
        let path = format!("{}?limit=1", self.collection.path);
        let mut call = Call::get(path).accept(METADATA_LIST);
        call.actor = self.collection.actor.as_ref();
        let (_, list) = self.client.request_json(call).await?;
        let version = list.pointer("/metadata/resourceVersion").and_then(Value::as_str);
        version
            .filter(|version| !version.is_empty())
            .map(str::to_owned)
            .ok_or_else(|| self.client.invalid_response("a list has no resource version"))
    }
}
