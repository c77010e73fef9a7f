//! The configuration in force, and its reloading.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use notify::{RecursiveMode, Watcher};
use portico_domain::documents::Configuration;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::load::load;
use super::problem::{Problem, Severity};

/// How long the folder must be quiet before it is read again: editors write in several steps.
const QUIET: Duration = Duration::from_millis(250);

/// How often the folder is looked at without having been told to: some file systems tell nothing.
const LOOK: Duration = Duration::from_secs(20);

/// The configuration in force. Cheap to clone, and all clones show the same.
#[derive(Clone)]
pub struct LiveConfiguration {
    shared: Arc<Shared>,
}

struct Shared {
    folder: Option<PathBuf>,
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
    /// Reads `folder` for the first time.
    ///
    /// # Errors
    /// When the configuration has errors: there is no good one yet to go on with.
    pub fn open(folder: &Path) -> Result<Self, Vec<Problem>> {
        let loaded = load(folder);
        match loaded.configuration {
            Some(configuration) => Ok(Self::new(
                Some(folder.to_owned()),
                configuration,
                loaded.problems,
                loaded.digest,
            )),
            None => Err(loaded.problems),
        }
    }

    /// A configuration that never changes.
    #[must_use]
    pub fn fixed(configuration: Configuration) -> Self {
        Self::new(None, configuration, Vec::new(), String::new())
    }

    fn new(
        folder: Option<PathBuf>,
        configuration: Configuration,
        problems: Vec<Problem>,
        digest: String,
    ) -> Self {
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
                folder,
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

    /// The folder it is read from.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.shared.folder.as_deref()
    }

    /// Reads the folder again and takes what it says, unless that has errors.
    pub fn reload(&self) {
        let Some(folder) = &self.shared.folder else { return };
        let loaded = load(folder);
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

/// Reloads whenever the folder changes, until `stop`.
pub async fn watch(configuration: LiveConfiguration, stop: CancellationToken) {
    let Some(folder) = configuration.folder().map(Path::to_owned) else {
        return;
    };
    let (tell, mut told) = mpsc::channel::<()>(1);
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.as_ref().map_or(true, concerns_configuration) {
            // A full channel means that a reading is due anyway.
            let _ = tell.try_send(());
        }
    })
    .and_then(|mut watcher| {
        watcher.watch(&folder, RecursiveMode::NonRecursive)?;
        Ok(watcher)
    });
    if let Err(error) = &watcher {
        tracing::warn!(%error, folder = %folder.display(), "cannot watch the configuration's folder; looking every {LOOK:?}");
    }
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            Some(()) = told.recv() => {
                let quiet = async { while let Ok(Some(())) = tokio::time::timeout(QUIET, told.recv()).await {} };
                let _ = tokio::time::timeout(QUIET * 8, quiet).await;
            }
            () = tokio::time::sleep(LOOK) => {}
        }
        let again = configuration.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || again.reload()).await {
            tracing::error!(%error, "reading the configuration failed");
        }
    }
}

/// Whether an event may have changed a document. The database may lie in the same folder, and reading
/// raises events too.
fn concerns_configuration(event: &notify::Event) -> bool {
    !event.kind.is_access()
        && (event.paths.is_empty()
            || event.paths.iter().any(|path| {
                let yaml = path
                    .extension()
                    .is_some_and(|extension| extension == "yaml" || extension == "yml");
                // Kubernetes swaps the link `..data` when a mounted ConfigMap changes.
                yaml || path
                    .file_name()
                    .is_some_and(|name| name.to_string_lossy().starts_with(".."))
            }))
}
