//! Reloads the configuration when its folder changes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{RecursiveMode, Watcher};
use portico_app::configuration::{LiveConfiguration, Problem};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::load::load;

/// How long the folder must be quiet before it is read again: editors write in several steps.
const DEBOUNCE: Duration = Duration::from_millis(250);

/// How often the folder is read without a notification: some file systems send none.
const POLL_INTERVAL: Duration = Duration::from_secs(20);

/// Reads `folder` for the first time.
///
/// # Errors
/// If the configuration has errors.
pub fn open(folder: &Path) -> Result<LiveConfiguration, Vec<Problem>> {
    LiveConfiguration::open(load(folder))
}

/// Reloads the configuration whenever the folder changes, until `stop`.
pub async fn watch(configuration: LiveConfiguration, folder: PathBuf, stop: CancellationToken) {
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
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            Some(()) = told.recv() => {
                let quiet = async { while let Ok(Some(())) = tokio::time::timeout(DEBOUNCE, told.recv()).await {} };
                let _ = tokio::time::timeout(DEBOUNCE * 8, quiet).await;
            }
            () = tokio::time::sleep(POLL_INTERVAL) => {}
        }
        let (again, folder) = (configuration.clone(), folder.clone());
        if let Err(error) = tokio::task::spawn_blocking(move || again.take(load(&folder))).await {
            tracing::error!(%error, "reading the configuration failed");
        }
    }
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
