//! Reloads the configuration when its folder changes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{RecursiveMode, Watcher};
use portico_app::configuration::{DocumentFiles, LiveConfiguration, Loaded, Problem, WithHome};
use portico_domain::authz::SystemAuthority;
use portico_planes::HomeSnapshot;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::home::{Home, Memory, StatusUpdate, join};
use super::load::load;

/// How long the folder must be quiet before it is read again: editors write in several steps.
const DEBOUNCE: Duration = Duration::from_millis(250);

/// How often the folder is read without a notification: some file systems send none.
const POLL_INTERVAL: Duration = Duration::from_secs(20);

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
        tokio::select! {
            () = stop.cancelled() => return,
            () = home.changed() => tokio::time::sleep(HOME_DEBOUNCE).await,
            Some(()) = told.recv() => {
                let quiet = async { while let Ok(Some(())) = tokio::time::timeout(DEBOUNCE, told.recv()).await {} };
                let _ = tokio::time::timeout(DEBOUNCE * 8, quiet).await;
            }
            () = tokio::time::sleep(POLL_INTERVAL) => {}
        }
        let (again, folder, snapshot) = (configuration.clone(), folder.clone(), home.snapshot());
        let reading = tokio::task::spawn_blocking(move || {
            let statuses = reload(&again, load(&folder), snapshot, &mut known);
            (known, statuses)
        });
        match reading.await {
            Ok((again, statuses)) => {
                known = again;
                home.write(&authority, statuses).await;
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
