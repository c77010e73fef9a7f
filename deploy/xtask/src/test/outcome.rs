//! Counts of passed, failed and skipped tests.

use super::report_entry::ReportEntry;
use super::requirements::Requirement;

/// The result of some tests.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Tests that passed.
    pub(crate) passed: usize,
    /// Tests that failed.
    pub(crate) failed: usize,
    /// Tests that did not run.
    pub(crate) skipped: usize,
    /// The names of failed tests, as far as they are known.
    pub(crate) failures: Vec<String>,
    /// What failed tests printed, shortened, each with its name.
    pub(crate) details: Vec<String>,
}

impl Outcome {
    /// Adds the counts of another outcome.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.failures.extend(other.failures);
        self.details.extend(other.details);
    }

    /// A failure that is not a single test: a suite that did not start or did not end.
    pub(crate) fn failure(what: impl Into<String>) -> Self {
        Self {
            failed: 1,
            failures: vec![what.into()],
            ..Self::default()
        }
    }

    /// Counts tests that reported a skip as skipped. libtest counts them as passed.
    pub(crate) fn count_skips(&mut self, entries: &[ReportEntry]) {
        let skips = entries
            .iter()
            .filter(|entry| matches!(entry, ReportEntry::Skipped { .. }))
            .count();
        let skips = skips.min(self.passed);
        self.passed -= skips;
        self.skipped += skips;
    }

    /// With `CI=true`, counts a skip as failed if this machine could install what was missing. Returns a description of
    /// these skips.
    pub(crate) fn fail_avoidable_skips(
        &mut self,
        entries: &[ReportEntry],
        requirements: &[Requirement],
    ) -> Option<String> {
        if std::env::var("CI").as_deref() != Ok("true") {
            return None;
        }
        let avoidable: Vec<String> = entries
            .iter()
            .filter_map(|entry| match entry {
                ReportEntry::Skipped { test, lack } => requirements
                    .iter()
                    .any(|requirement| requirement.name == lack && requirement.installable)
                    .then(|| format!("  {test}: skipped because {lack} is missing")),
                ReportEntry::TookPart { .. } => None,
            })
            .collect();
        self.skipped -= avoidable.len().min(self.skipped);
        self.failed += avoidable.len();
        (!avoidable.is_empty()).then(|| avoidable.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_says_it_skipped_does_not_count_as_passed() {
        let mut outcome = Outcome {
            passed: 3,
            ..Outcome::default()
        };
        outcome.count_skips(&[
            ReportEntry::Skipped {
                test: "sign in elsewhere".into(),
                lack: "oidc-provider".into(),
            },
            ReportEntry::TookPart {
                component: "kubectl".into(),
                version: "1.32".into(),
            },
        ]);
        assert_eq!((outcome.passed, outcome.skipped), (2, 1));
    }
}
