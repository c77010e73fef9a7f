//! Follows the home plane: its objects as they change, and their statuses.

use portico_domain::authz::SystemAuthority;
use portico_domain::documents::HomePlane;
use portico_planes::{HomeSnapshot, HomeWatch};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use super::join::StatusUpdate;

/// Statuses that are written at the same time.
const CONCURRENT_WRITES: usize = 8;

/// The home plane that the configuration names, if it names one.
#[derive(Default)]
pub(in super::super) struct Home {
    running: Option<Running>,
}

struct Running {
    setting: HomePlane,
    watch: HomeWatch,
    changes: watch::Receiver<u64>,
    task: AbortHandle,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Home {
    /// Watches this home plane from now on, unless it does already.
    pub(in super::super) fn follow(&mut self, setting: Option<&HomePlane>) {
        if self.running.as_ref().map(|running| &running.setting) == setting {
            return;
        }
        self.running = setting.and_then(|setting| {
            let watch = HomeWatch::new(setting)?;
            Some(Running {
                setting: setting.clone(),
                changes: watch.subscribe(),
                task: tokio::spawn(watch.clone().run()).abort_handle(),
                watch,
            })
        });
    }

    /// Waits for a change of the home plane. Never ends while there is none.
    pub(in super::super) async fn changed(&mut self) {
        if let Some(running) = &mut self.running
            && running.changes.changed().await.is_ok()
        {
            return;
        }
        std::future::pending::<()>().await;
    }

    /// Its objects as they were last read.
    pub(in super::super) fn snapshot(&self) -> Option<HomeSnapshot> {
        self.running.as_ref().map(|running| running.watch.snapshot())
    }

    /// Writes statuses. What cannot be written is tried again with the next reading.
    pub(in super::super) async fn write(&self, authority: &SystemAuthority, statuses: Vec<StatusUpdate>) {
        let Some(running) = &self.running else { return };
        let mut writes = JoinSet::new();
        for status in statuses {
            if writes.len() >= CONCURRENT_WRITES {
                let _ = writes.join_next().await;
            }
            let (watch, authority) = (running.watch.clone(), authority.clone());
            writes.spawn(async move { write(&watch, &authority, &status).await });
        }
        while writes.join_next().await.is_some() {}
    }
}

async fn write(watch: &HomeWatch, authority: &SystemAuthority, update: &StatusUpdate) {
    let StatusUpdate {
        kind,
        name,
        uid,
        status,
    } = update;
    if let Err(error) = watch.write_status(authority, kind, name, uid, status).await {
        let error = error.admin_message();
        tracing::warn!(%kind, %name, %error, "the status of an object of the home plane could not be written");
    }
}
