//! The settings of a control plane.

use std::path::PathBuf;
use std::time::Duration;

/// The settings of a control plane.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The path of the snapshot; `None` keeps objects only in memory.
    pub snapshot: Option<PathBuf>,
    /// Changes kept in the log; a watch that falls further behind gets 410.
    pub history: usize,
    /// Objects at most; a create beyond that fails as with a full etcd.
    pub max_objects: usize,
    /// The largest request body, in bytes. Kubernetes has 3 MiB.
    pub max_body: usize,
    /// The bearer token of the user `portico`, a member of `system:masters`; `None` generates one.
    pub token: Option<String>,
    /// The interval of bookmarks on watches that allow them.
    pub bookmark_interval: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            snapshot: None,
            history: 8_192,
            max_objects: 200_000,
            max_body: 3 * 1024 * 1024,
            token: None,
            bookmark_interval: Duration::from_secs(30),
        }
    }
}
