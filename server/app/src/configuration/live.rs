//! The configuration in force, and how another takes its place.

use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use portico_domain::documents::Configuration;
use tokio::sync::watch;

use super::problem::{Problem, Severity};

/// What reading a folder came to.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration; `None` when there are errors.
    pub configuration: Option<Configuration>,
    /// What is wrong, errors and warnings, in the order of the files.
    pub problems: Vec<Problem>,
    /// SHA-256 over names and texts of the files, in hex: changes exactly when they do.
    pub digest: String,
}

/// The configuration in force. Cheap to clone, and all clones show the same.
#[derive(Clone)]
pub struct LiveConfiguration {
    shared: Arc<Shared>,
}

struct Shared {
    current: ArcSwap<Configuration>,
    reports: watch::Sender<Report>,
}

/// What the last reading came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Counts the configurations that were in force, from 1.
    pub generation: u64,
    /// When the one in force was taken.
    pub taken_at: Timestamp,
    /// What is wrong with the files as they are now. With an error among it, the one in force is older than they are.
    pub problems: Vec<Problem>,
    /// When the files were read last.
    pub read_at: Timestamp,
    digest: String,
}

impl Report {
    /// SHA-256 over names and texts of the files that were read, in hex.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Whether the files as they are now were refused.
    #[must_use]
    pub fn refused(&self) -> bool {
        self.problems
            .iter()
            .any(|problem| problem.severity == Severity::Error)
    }
}

impl LiveConfiguration {
    /// Begins with what was read first.
    ///
    /// # Errors
    /// When the configuration has errors: there is no good one yet to go on with.
    pub fn open(loaded: Loaded) -> Result<Self, Vec<Problem>> {
        match loaded.configuration {
            Some(configuration) => Ok(Self::new(configuration, loaded.problems, loaded.digest)),
            None => Err(loaded.problems),
        }
    }

    /// A configuration that never changes.
    #[must_use]
    pub fn fixed(configuration: Configuration) -> Self {
        Self::new(configuration, Vec::new(), String::new())
    }

    fn new(configuration: Configuration, problems: Vec<Problem>, digest: String) -> Self {
        let now = Timestamp::now();
        let report = Report {
            generation: 1,
            taken_at: now,
            problems,
            read_at: now,
            digest,
        };
        let current = ArcSwap::from_pointee(configuration);
        Self {
            shared: Arc::new(Shared {
                current,
                reports: watch::Sender::new(report),
            }),
        }
    }

    /// The configuration in force.
    #[must_use]
    pub fn current(&self) -> Arc<Configuration> {
        self.shared.current.load_full()
    }

    /// What the last reading came to.
    #[must_use]
    pub fn report(&self) -> Report {
        self.shared.reports.borrow().clone()
    }

    /// The number of the configuration in force: another number, another configuration.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.shared.reports.borrow().generation
    }

    /// Told after each reading of changed files, whether the new version was taken or not.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Report> {
        self.shared.reports.subscribe()
    }

    /// Takes what was read again, unless that has errors.
    pub fn take(&self, loaded: Loaded) {
        let now = Timestamp::now();
        self.shared.reports.send_if_modified(|report| {
            report.read_at = now;
            if report.digest == loaded.digest {
                // The same files: but what they refer to may have appeared or gone.
                let changed = report.problems != loaded.problems;
                report.problems = loaded.problems;
                return changed;
            }
            report.digest = loaded.digest;
            report.problems = loaded.problems;
            if let Some(configuration) = loaded.configuration {
                self.shared.current.store(Arc::new(configuration));
                report.generation += 1;
                report.taken_at = now;
                tracing::info!(generation = report.generation, "took a new configuration");
            } else {
                let first = report.problems.first().map(ToString::to_string).unwrap_or_default();
                tracing::error!(problems = report.problems.len(), %first, "refused a new configuration; the old one stays in force");
            }
            true
        });
    }
}
