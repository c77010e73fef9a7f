//! The audit log of HTTP requests, for tests.

use std::collections::VecDeque;

use jiff::Timestamp;
use parking_lot::Mutex;

use crate::kube::plane::access::Attributes;

/// A request that was answered.
#[derive(Debug, Clone)]
pub struct AuditEntry {
    /// When it was answered.
    pub time: Timestamp,
    /// The user of its token; empty when it had none.
    pub user: String,
    /// The impersonated user.
    pub acting_as: Option<String>,
    /// The impersonated groups.
    pub groups: std::collections::BTreeSet<String>,
    /// The attributes of the request.
    pub attributes: Attributes,
    /// Whether it was a dry run.
    pub dry_run: bool,
    /// Its field manager.
    pub manager: String,
    /// The HTTP status of the response.
    pub code: u16,
}

/// The latest requests.
#[derive(Debug, Default)]
pub struct Audit {
    entries: Mutex<VecDeque<AuditEntry>>,
}

/// Entries kept.
const MAX_ENTRIES: usize = 10_000;

impl Audit {
    /// All entries, oldest first.
    #[must_use]
    pub fn entries(&self) -> Vec<AuditEntry> {
        self.entries.lock().iter().cloned().collect()
    }

    /// Removes all entries.
    pub fn clear(&self) {
        self.entries.lock().clear();
    }

    pub(crate) fn add(&self, entry: AuditEntry) {
        let mut entries = self.entries.lock();
        if entries.len() == MAX_ENTRIES {
            entries.pop_front();
        }
        entries.push_back(entry);
    }
}
