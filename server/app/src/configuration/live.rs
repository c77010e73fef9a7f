//! The configuration in force, and how it is replaced.

use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use parking_lot::Mutex;
use portico_domain::documents::{Configuration, ControlPlane};
use portico_domain::publication::PermissionDecisions;
use tokio::sync::watch;

use super::home::{DocumentFiles, HomeReport, WithHome};
use super::problem::{Problem, Severity};

/// The result of reading the configuration's folder.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The configuration of the folder; `None` when there are errors.
    pub configuration: Option<Configuration>,
    /// Errors and warnings, in the order of the files.
    pub problems: Vec<Problem>,
    /// SHA-256 over the names and contents of the files, in hex.
    pub digest: String,
    /// The file of each document.
    pub files: DocumentFiles,
    /// With the documents of the home plane, if there is one: of this folder, or of the one in force if it has errors.
    pub home: Option<WithHome>,
}

/// The configuration in force. Cheap to clone; all clones share it.
#[derive(Clone)]
pub struct LiveConfiguration {
    shared: Arc<Shared>,
}

struct Shared {
    parts: Mutex<Parts>,
    current: ArcSwap<Configuration>,
    reports: watch::Sender<Report>,
}

/// What the configuration in force is made of.
struct Parts {
    /// Those of the folder.
    folder: Arc<Configuration>,
    /// With those of the home plane.
    documents: Arc<Configuration>,
    /// Control planes that are themselves claims, see [`portico_domain::claimed_plane`].
    claimed: Vec<ControlPlane>,
    /// What platform admins decided on permissions of publications.
    decisions: PermissionDecisions,
}

impl Parts {
    /// The documents with the control planes that are claims. A document's control plane of the same name wins.
    fn assemble(&self) -> Arc<Configuration> {
        if self.claimed.is_empty() && self.decisions == PermissionDecisions::default() {
            return self.documents.clone();
        }
        let mut configuration = Configuration::clone(&self.documents);
        configuration.permission_decisions = self.decisions.clone();
        for plane in &self.claimed {
            let name = plane.name.clone();
            configuration
                .control_planes
                .entry(name)
                .or_insert_with(|| plane.clone());
        }
        Arc::new(configuration)
    }
}

/// The result of the last reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Number of configurations that were in force, from 1. It also counts changes of the control planes that are claims,
    /// and of decisions on permissions.
    pub generation: u64,
    /// When the configuration in force was adopted.
    pub taken_at: Timestamp,
    /// Problems of the files as they are now. If there is an error, an older configuration is in force.
    pub problems: Vec<Problem>,
    /// When the files were last read.
    pub read_at: Timestamp,
    /// The state of the home plane; `None` if there is none.
    pub home: Option<HomeReport>,
    digest: String,
}

impl Report {
    /// SHA-256 over names and texts of the files that were read, in hex.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// True if the files as they are now were rejected.
    #[must_use]
    pub fn refused(&self) -> bool {
        self.problems
            .iter()
            .any(|problem| problem.severity == Severity::Error)
    }
}

impl LiveConfiguration {
    /// Starts with the first reading.
    ///
    /// # Errors
    /// When the configuration has errors: there is no good one yet to go on with.
    pub fn open(loaded: Loaded) -> Result<Self, Vec<Problem>> {
        match loaded.configuration {
            Some(configuration) => {
                let home = loaded.home;
                Ok(Self::new(configuration, loaded.problems, loaded.digest, home))
            }
            None => Err(loaded.problems),
        }
    }

    /// A configuration that never changes.
    #[must_use]
    pub fn fixed(configuration: Configuration) -> Self {
        Self::new(configuration, Vec::new(), String::new(), None)
    }

    fn new(
        configuration: Configuration,
        problems: Vec<Problem>,
        digest: String,
        home: Option<WithHome>,
    ) -> Self {
        let now = Timestamp::now();
        let folder = Arc::new(configuration);
        let (documents, digest, home) = match home {
            Some(home) => (Arc::new(home.configuration), home.digest, Some(home.report)),
            None => (folder.clone(), digest, None),
        };
        let report = Report {
            generation: 1,
            taken_at: now,
            problems,
            read_at: now,
            home,
            digest,
        };
        let parts = Parts {
            folder,
            documents,
            claimed: Vec::new(),
            decisions: PermissionDecisions::default(),
        };
        Self {
            shared: Arc::new(Shared {
                current: ArcSwap::new(parts.assemble()),
                parts: Mutex::new(parts),
                reports: watch::Sender::new(report),
            }),
        }
    }

    /// The configuration in force.
    #[must_use]
    pub fn current(&self) -> Arc<Configuration> {
        self.shared.current.load_full()
    }

    /// The documents of the folder in force, without those of the home plane.
    #[must_use]
    pub fn folder(&self) -> Arc<Configuration> {
        self.shared.parts.lock().folder.clone()
    }

    /// Why nothing may be requested or applied now: the home plane has not been read, so that approval policies may be
    /// missing.
    #[must_use]
    pub fn blocked(&self) -> Option<String> {
        let report = self.shared.reports.borrow();
        report.home.as_ref().and_then(|home| home.blocked.clone())
    }

    /// False while the home plane has not been read since the start: what is missing may be one of its documents.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let report = self.shared.reports.borrow();
        report.home.as_ref().is_none_or(|home| home.synced)
    }

    /// The result of the last reading.
    #[must_use]
    pub fn report(&self) -> Report {
        self.shared.reports.borrow().clone()
    }

    /// Returns the number of the configuration in force; it changes with every new configuration.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.shared.reports.borrow().generation
    }

    /// Returns a receiver that is notified after each reading of changed files, adopted or not.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Report> {
        self.shared.reports.subscribe()
    }

    /// Sets the control planes that are themselves claims, beside those of the documents. Nothing happens if they are
    /// the same as before.
    pub fn set_claimed_planes(&self, claimed: Vec<ControlPlane>) {
        self.shared.reports.send_if_modified(|report| {
            let mut parts = self.shared.parts.lock();
            if parts.claimed == claimed {
                return false;
            }
            parts.claimed = claimed;
            self.shared.current.store(parts.assemble());
            report.generation += 1;
            true
        });
    }

    /// Sets what platform admins decided on the permissions of publications. Nothing happens if it is the same as before.
    pub fn set_permission_decisions(&self, decisions: PermissionDecisions) {
        self.shared.reports.send_if_modified(|report| {
            let mut parts = self.shared.parts.lock();
            if parts.decisions == decisions {
                return false;
            }
            parts.decisions = decisions;
            self.shared.current.store(parts.assemble());
            report.generation += 1;
            true
        });
    }

    /// Adopts a new reading unless it has errors. The documents of the home plane are adopted in any case.
    pub fn take(&self, loaded: Loaded) {
        let now = Timestamp::now();
        self.shared.reports.send_if_modified(|report| {
            report.read_at = now;
            let mut parts = self.shared.parts.lock();
            let (home, digest, with_home) = match loaded.home {
                Some(home) => (Some(home.report), home.digest, Some(home.configuration)),
                None => (None, loaded.digest, None),
            };
            // The same documents: but what they refer to may have appeared or gone.
            let told = report.problems != loaded.problems || report.home != home;
            let is_same = report.digest == digest;
            report.problems = loaded.problems;
            report.home = home;
            if is_same {
                return told;
            }
            report.digest = digest;
            let is_refused = loaded.configuration.is_none();
            if let Some(configuration) = loaded.configuration {
                parts.folder = Arc::new(configuration);
            } else {
                let first = report.problems.first().map(ToString::to_string).unwrap_or_default();
                tracing::error!(problems = report.problems.len(), %first, "refused a new configuration; the old one stays in force");
            }
            let documents = with_home.map_or_else(|| parts.folder.clone(), Arc::new);
            if is_refused && *documents == *parts.documents {
                return true;
            }
            parts.documents = documents;
            self.shared.current.store(parts.assemble());
            report.generation += 1;
            report.taken_at = now;
            tracing::info!(generation = report.generation, "took a new configuration");
            true
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::home::HomeFailure;
    use super::*;
    use crate::testing::configuration;

    /// With one tenant less than the folder has, so that it differs.
    fn with_home(folder: &Configuration, digest: &str) -> WithHome {
        let mut configuration = folder.clone();
        configuration.tenants.pop_last();
        WithHome {
            configuration,
            digest: digest.to_owned(),
            report: HomeReport {
                synced: true,
                ..HomeReport::default()
            },
        }
    }

    #[test]
    fn the_home_plane_is_followed_while_the_folder_is_refused() {
        let folder = configuration("kubeconfig");
        let live = LiveConfiguration::fixed(folder.clone());
        let refused = |home: WithHome| Loaded {
            configuration: None,
            problems: vec![Problem::in_file("tenants.yaml", "wrong")],
            digest: "wrong".to_owned(),
            home: Some(home),
            ..Loaded::default()
        };
        live.take(refused(with_home(&folder, "one")));
        assert!(live.report().refused());
        assert_eq!(live.generation(), 2);
        assert_eq!(live.current().tenants.len() + 1, folder.tenants.len());
        assert_eq!(*live.folder(), folder, "what the folder said stays apart");

        live.take(refused(with_home(&folder, "one")));
        assert_eq!(live.generation(), 2, "nothing has changed");
        let mut silent = with_home(&folder, "one");
        silent.report.failure = Some(HomeFailure {
            message: "connection refused".to_owned(),
            since: Timestamp::UNIX_EPOCH,
        });
        let mut reports = live.subscribe();
        reports.borrow_and_update();
        live.take(refused(silent));
        assert!(reports.has_changed().unwrap(), "a failure is told");
        assert_eq!(live.generation(), 2, "and changes nothing");
    }

    #[test]
    fn the_folder_alone_counts_once_it_names_no_home_plane() {
        let folder = configuration("kubeconfig");
        let live = LiveConfiguration::open(Loaded {
            home: Some(WithHome::not_read(&folder, "folder", None)),
            configuration: Some(folder.clone()),
            digest: "folder".to_owned(),
            ..Loaded::default()
        })
        .unwrap();
        assert!(live.blocked().is_some() && !live.is_complete());
        assert_eq!(live.current().policies.len(), folder.policies.len() + 1);
        live.take(Loaded {
            configuration: Some(folder.clone()),
            digest: "without".to_owned(),
            ..Loaded::default()
        });
        assert!(live.blocked().is_none() && live.is_complete());
        assert_eq!(*live.current(), folder);
    }
}
