//! Counting.

use super::needs::Need;
use super::report::Told;

/// What became of some tests.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Did what they promise.
    pub(crate) passed: usize,
    /// Did not.
    pub(crate) failed: usize,
    /// Did not run.
    pub(crate) skipped: usize,
    /// The names of those that failed, where they are known.
    pub(crate) failures: Vec<String>,
}

impl Outcome {
    /// Counts others too.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.failures.extend(other.failures);
    }

    /// Something failed that is not a test of its own: a suite that did not start or did not end.
    pub(crate) fn broken(what: impl Into<String>) -> Self {
        Self {
            failed: 1,
            failures: vec![what.into()],
            ..Self::default()
        }
    }

    /// A Rust test that found something missing ends as passed, and says in the report that it
    /// skipped: it counts as skipped.
    pub(crate) fn take_skips(&mut self, told: &[Told]) {
        let skips = told
            .iter()
            .filter(|told| matches!(told, Told::Skipped { .. }))
            .count();
        let skips = skips.min(self.passed);
        self.passed -= skips;
        self.skipped += skips;
    }

    /// With `CI=true`, what was skipped for the lack of something that this machine can install
    /// failed. Returns what to say of it.
    pub(crate) fn judge_skips(&mut self, told: &[Told], needs: &[Need]) -> Option<String> {
        if std::env::var("CI").as_deref() != Ok("true") {
            return None;
        }
        let unforgiven: Vec<String> = told
            .iter()
            .filter_map(|told| match told {
                Told::Skipped { test, lack } => needs
                    .iter()
                    .any(|need| need.name == lack && need.installable)
                    .then(|| format!("  {test}: skipped for lack of {lack}")),
                Told::TookPart { .. } => None,
            })
            .collect();
        self.skipped -= unforgiven.len().min(self.skipped);
        self.failed += unforgiven.len();
        (!unforgiven.is_empty()).then(|| unforgiven.join("\n"))
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
        outcome.take_skips(&[
            Told::Skipped {
                test: "sign in elsewhere".into(),
                lack: "oidc-provider".into(),
            },
            Told::TookPart {
                component: "kubectl".into(),
                version: "1.32".into(),
            },
        ]);
        assert_eq!((outcome.passed, outcome.skipped), (2, 1));
    }
}
