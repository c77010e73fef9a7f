//! The errors found in a value.

use super::super::path::Path;
use super::super::violation::{Check, Reason, Violation};

/// Errors reported at most.
const MAX_VIOLATIONS: usize = 500;

/// The errors found in a value.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) violations: Vec<Violation>,
    pub(super) failed: bool,
    /// How many checks were made: if no branch matches, the one with the most checks is reported.
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
        if self.violations.len() < MAX_VIOLATIONS {
            self.violations
                .push(Violation::new(path, check, reason, value, detail));
        }
    }

    pub(super) fn invalid(&mut self, path: &Path<'_>, value: &str, rest: &str) {
        let detail = format!("{} in body {rest}", path.dotted());
        self.add(path, Check::Schema, Reason::Invalid, Some(value), detail);
    }

    /// Adds an error for which the API server names no field.
    pub(super) fn unattached(&mut self, path: &Path<'_>, detail: String) {
        self.add(path, Check::Combination, Reason::Invalid, Some("\"\""), detail);
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.checks += other.checks;
        self.failed |= other.failed;
        for violation in other.violations {
            if self.violations.len() < MAX_VIOLATIONS && !self.violations.contains(&violation) {
                self.violations.push(violation);
            }
        }
    }
}
