//! What the tasks of a connection work with.

use std::convert::Infallible;
use std::sync::Arc;

use tokio::sync::{OnceCell, mpsc};

use super::state::Plane;
use crate::client::ApiClient;
use crate::shared::Shared;
use crate::stream::WatchLimiter;

/// Held by everything that still has to be read for the first time over a connection. The receiver is closed when the
/// last holder drops it.
#[derive(Debug, Clone)]
pub(crate) struct InitialSync(
    #[expect(dead_code, reason = "held only until dropped")] mpsc::Sender<Infallible>,
);

impl InitialSync {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Infallible>) {
        let (sender, all_read) = mpsc::channel(1);
        (Self(sender), all_read)
    }
}

/// A connected control plane: what its tasks work with.
#[derive(Clone)]
pub(crate) struct PlaneContext {
    pub(crate) shared: Arc<Shared>,
    pub(crate) plane: Arc<Plane>,
    pub(crate) client: ApiClient,
    /// Limits the watches open at once.
    pub(crate) limiter: Arc<WatchLimiter>,
    /// Whether Portico may list and watch everything; asked once.
    pub(crate) may_watch_all: Arc<OnceCell<bool>>,
}
