//! What connections share. The HTTP clients of workspaces of kcp: those that are reached by one kubeconfig share one, with
//! its connections. And the look at files.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::HttpClient;
use super::problem::SetUpError;
use super::watched_files::FileWatches;

/// A client, while somebody uses it. Locked while it is made, which may run a sign-in plugin.
type Slot = Arc<tokio::sync::Mutex<Weak<HttpClient>>>;

/// What connections share.
#[derive(Default)]
pub(crate) struct SharedClients {
    /// Clients by what they were made from.
    clients: Mutex<HashMap<String, Slot>>,
    /// The files that connections were made from.
    pub(super) files: FileWatches,
}

impl SharedClients {
    /// Returns the client of this key; makes it if there is none.
    pub(super) async fn obtain<F>(
        &self,
        key: String,
        make: impl FnOnce() -> F,
    ) -> Result<Arc<HttpClient>, SetUpError>
    where
        F: Future<Output = Result<HttpClient, SetUpError>>,
    {
        let slot = {
            let mut slots = self.clients.lock();
            slots.retain(|_, slot| slot.try_lock().map_or(true, |client| client.strong_count() > 0));
            slots.entry(key).or_default().clone()
        };
        let mut client = slot.lock().await;
        if let Some(known) = client.upgrade() {
            return Ok(known);
        }
        let new = Arc::new(make().await?);
        *client = Arc::downgrade(&new);
        Ok(new)
    }
}
