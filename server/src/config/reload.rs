//! Reloads the configuration when its folder changes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{RecursiveMode, Watcher};
use portico_app::configuration::{DocumentFiles, LiveConfiguration, Loaded, Problem, WithHome};
use portico_domain::authz::SystemAuthority;
use portico_planes::{HomeReadError, HomeSnapshot, read_home};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::home::{Home, Memory, ObjectVerdict, StatusUpdate, join};
use super::load::{digest_of, load};

/// How long the folder must be quiet before it is read again: editors write in several steps.
const DEBOUNCE: Duration = Duration::from_millis(250);

/// How often the folder is read without a notification: some file systems send none.
const POLL_INTERVAL: Duration = Duration::from_secs(20);

/// Readings without a notification that only compare the files, before they are checked again: checks look at other files,
/// too.
const MAX_COMPARISONS: u32 = 15;

/// How long changes of the home plane are collected before they are judged.
const HOME_DEBOUNCE: Duration = Duration::from_millis(100);

/// Reads `folder` for the first time. The documents of a home plane are not there yet: [`watch`] adds them.
///
/// # Errors
/// If the configuration has errors.
pub fn open(folder: &Path) -> Result<LiveConfiguration, Vec<Problem>> {
    let mut loaded = load(folder);
    let configuration = loaded.configuration.as_ref();
    loaded.home = configuration
        .filter(|configuration| configuration.portal.spec.home.is_some())
        .map(|configuration| WithHome::not_read(configuration, &loaded.digest, None));
    LiveConfiguration::open(loaded)
}

/// Reloads the configuration whenever the folder or an object of the home plane changes, until `stop`.
pub async fn watch(
    configuration: LiveConfiguration,
    folder: PathBuf,
    authority: SystemAuthority,
    stop: CancellationToken,
) {
    let (tell, mut told) = mpsc::channel::<()>(1);
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.as_ref().map_or(true, concerns_configuration) {
            // If the channel is full, a reload is due anyway.
            let _ = tell.try_send(());
        }
    })
    .and_then(|mut watcher| {
        watcher.watch(&folder, RecursiveMode::NonRecursive)?;
        Ok(watcher)
    });
    if let Err(error) = &watcher {
        tracing::warn!(%error, folder = %folder.display(), "cannot watch the configuration's folder; reading it every {POLL_INTERVAL:?}");
    }
    let mut home = Home::default();
    let mut known = Known::default();
    loop {
        home.follow(configuration.folder().portal.spec.home.as_ref());
        let polled = tokio::select! {
            () = stop.cancelled() => return,
            () = home.changed() => {
                tokio::time::sleep(HOME_DEBOUNCE).await;
                false
            }
            Some(()) = told.recv() => {
                let quiet = async { while let Ok(Some(())) = tokio::time::timeout(DEBOUNCE, told.recv()).await {} };
                let _ = tokio::time::timeout(DEBOUNCE * 8, quiet).await;
                false
            }
            () = tokio::time::sleep(POLL_INTERVAL) => true,
        };
        let (again, folder, snapshot) = (configuration.clone(), folder.clone(), home.snapshot());
        let reading = tokio::task::spawn_blocking(move || {
            if polled && known.is_as_it_was(&folder) {
                return (known, None);
            }
            let loaded = load(&folder);
            known.read(&loaded);
            let statuses = reload(&again, loaded, snapshot, &mut known);
            (known, Some(statuses))
        });
        match reading.await {
            Ok((again, statuses)) => {
                known = again;
                if let Some(statuses) = statuses {
                    home.write(&authority, statuses).await;
                }
            }
            Err(error) => {
                known = Known::default();
                tracing::error!(%error, "reading the configuration failed");
            }
        }
    }
}

/// What is remembered between two readings.
#[derive(Default)]
struct Known {
    /// The files of the folder's documents in force.
    files: DocumentFiles,
    home: Memory,
    /// The digest of the folder when it was checked last; `None` if there was anything to say about it.
    checked: Option<String>,
    /// How often it was only compared since.
    comparisons: u32,
}

impl Known {
    fn read(&mut self, loaded: &Loaded) {
        self.checked = loaded.problems.is_empty().then(|| loaded.digest.clone());
        self.comparisons = 0;
    }

    /// True if the folder need not be checked again. Parsing the documents of very many control planes takes long.
    fn is_as_it_was(&mut self, folder: &Path) -> bool {
        self.comparisons += 1;
        self.checked.is_some() && self.comparisons <= MAX_COMPARISONS && digest_of(folder) == self.checked
    }
}

/// The folder and the objects of its home plane.
pub(crate) struct Checked {
    /// What the folder says, with the state of the home plane once it was read.
    pub(crate) loaded: Loaded,
    /// The home plane's objects; `Err`: why they could not be read.
    pub(crate) home: Result<Vec<ObjectVerdict>, NoHome>,
}

/// Why the objects of a home plane could not be judged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoHome {
    /// The folder has errors, or names no home plane.
    #[error("{0}")]
    NotNamed(&'static str),
    /// It could not be read.
    #[error(transparent)]
    Unread(#[from] HomeReadError),
}

/// Reads `folder` and the home plane that it names, and judges both as [`watch`] does, once and without writing anything.
pub(crate) async fn check_with_home(folder: &Path) -> Checked {
    let mut loaded = load(folder);
    let home = match &loaded.configuration {
        None => Err(NoHome::NotNamed(
            "The objects of the home control plane were not checked: correct the files first",
        )),
        Some(configuration) => match &configuration.portal.spec.home {
            None => Err(NoHome::NotNamed(
                "There is no home control plane to check: the Portal names none, in spec.home",
            )),
            Some(home) => read_home(home).await.map_err(NoHome::from).map(|snapshot| {
                let mut memory = Memory::default();
                let joined = join(
                    configuration,
                    &loaded.files,
                    &loaded.digest,
                    snapshot,
                    &mut memory,
                );
                (joined.with_home, joined.verdicts)
            }),
        },
    };
    let home = home.map(|(with_home, verdicts)| {
        loaded.home = Some(with_home);
        verdicts
    });
    Checked { loaded, home }
}

/// Adopts what was read. Returns the statuses to write.
fn reload(
    configuration: &LiveConfiguration,
    mut loaded: Loaded,
    snapshot: Option<HomeSnapshot>,
    known: &mut Known,
) -> Vec<StatusUpdate> {
    if loaded.configuration.is_some() {
        known.files.clone_from(&loaded.files);
    }
    let in_force = configuration.folder();
    let folder = loaded.configuration.as_ref().unwrap_or(&in_force);
    let mut statuses = Vec::new();
    if folder.portal.spec.home.is_some() {
        // Nothing is read from one that was named just now.
        let snapshot = snapshot.unwrap_or_default();
        let joined = join(folder, &known.files, &loaded.digest, snapshot, &mut known.home);
        loaded.home = Some(joined.with_home);
        statuses = joined.statuses;
    } else {
        known.home = Memory::default();
    }
    configuration.take(loaded);
    statuses
}

/// True if an event may have changed a document. The database may be in the same folder, and reading causes events,
/// too.
fn concerns_configuration(event: &notify::Event) -> bool {
    !event.kind.is_access()
        && (event.paths.is_empty()
            || event.paths.iter().any(|path| {
                let yaml = path
                    .extension()
                    .is_some_and(|extension| extension == "yaml" || extension == "yml");
                // Kubernetes replaces the link `..data` when a mounted ConfigMap changes.
                yaml || path
                    .file_name()
                    .is_some_and(|name| name.to_string_lossy().starts_with(".."))
            }))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    const PORTAL: &str = "\
apiVersion: portico.dev/v1alpha1
kind: Portal
metadata: { name: portico }
spec:
  publicUrl: https://portico.example.com
  signIn: { adminGroups: [admins], providers: [{ name: sso, issuer: https://sso.example.com, clientId: portico }] }
";

    #[test]
    fn a_folder_is_checked_again_when_it_changed_and_now_and_then() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("portal.yaml");
        let mut known = Known::default();
        fs::write(&file, PORTAL).unwrap();
        assert!(!known.is_as_it_was(folder.path()), "it was never checked");
        let loaded = load(folder.path());
        assert_eq!(loaded.problems, vec![]);
        known.read(&loaded);
        for _ in 0..MAX_COMPARISONS {
            assert!(known.is_as_it_was(folder.path()));
        }
        assert!(!known.is_as_it_was(folder.path()), "other files may have changed");
        known.read(&loaded);
        fs::write(&file, PORTAL.replace("admins", "others")).unwrap();
        assert!(!known.is_as_it_was(folder.path()), "a file of the same size");
        // What is wrong with it may lie elsewhere.
        fs::write(
            &file,
            PORTAL.replace("clientId: portico", "clientId: portico, no: 1"),
        )
        .unwrap();
        known.read(&load(folder.path()));
        assert!(!known.is_as_it_was(folder.path()));
    }
}
