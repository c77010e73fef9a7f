//! Who did what on a control plane, for tests to read.

use std::collections::VecDeque;

use jiff::Timestamp;
use parking_lot::Mutex;

use super::access::Attributes;

/// One request that was answered.
#[derive(Debug, Clone)]
pub struct AuditEntry {
    /// When it was answered.
    pub time: Timestamp,
    /// Whose token it came with; empty when it had none.
    pub user: String,
    /// Whom the user acted as, by impersonation.
    pub acting_as: Option<String>,
    /// The groups that it named for whom it acted as.
    pub groups: std::collections::BTreeSet<String>,
    /// What it was about.
    pub attributes: Attributes,
    /// Whether it was only a rehearsal.
    pub dry_run: bool,
    /// The field manager it named.
    pub manager: String,
    /// The HTTP status of the answer.
    pub code: u16,
}

/// The latest requests.
#[derive(Debug, Default)]
pub struct Audit {
    entries: Mutex<VecDeque<AuditEntry>>,
}

/// How many requests are remembered.
const MAX_ENTRIES: usize = 10_000;

impl Audit {
    /// All that is remembered, oldest first.
    #[must_use]
    pub fn entries(&self) -> Vec<AuditEntry> {
        self.entries.lock().iter().cloned().collect()
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.entries.lock().clear();
    }

    pub(super) fn add(&self, entry: AuditEntry) {
        let mut entries = self.entries.lock();
        if entries.len() == MAX_ENTRIES {
            entries.pop_front();
        }
        entries.push_back(entry);
    }
}
