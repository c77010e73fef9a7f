//! What a check of a value comes to.

use super::super::path::Path;
use super::super::violation::{Check, Reason, Violation};

/// No more violations than a person or a program can make use of.
const MOST: usize = 500;

/// What a check of a value comes to.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) violations: Vec<Violation>,
    pub(super) failed: bool,
    /// How many checks were made: among branches that fail, the one with most checks explains why.
    pub(super) checks: usize,
}

impl Outcome {
    pub(super) fn add(
        &mut self,
        path: &Path<'_>,
        check: Check,
        reason: Reason,
        value: Option<&str>,
        detail: String,
    ) {
        self.failed = true;
        if self.violations.len() < MOST {
            self.violations
                .push(Violation::new(path, check, reason, value, detail));
        }
    }

    pub(super) fn invalid(&mut self, path: &Path<'_>, value: &str, rest: &str) {
        let detail = format!("{} in body {rest}", path.dotted());
        self.add(path, Check::Schema, Reason::Invalid, Some(value), detail);
    }

    /// An error that the API server does not attach to a field.
    pub(super) fn unattached(&mut self, path: &Path<'_>, detail: String) {
        self.add(path, Check::Combination, Reason::Invalid, Some("\"\""), detail);
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.checks += other.checks;
        self.failed |= other.failed;
        for violation in other.violations {
            if self.violations.len() < MOST && !self.violations.contains(&violation) {
                self.violations.push(violation);
            }
        }
    }
}
