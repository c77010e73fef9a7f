//! Follows the home plane: its objects as they change, and their statuses.

use std::collections::HashMap;
use std::time::Duration;

use portico_domain::authz::SystemAuthority;
use portico_domain::documents::HomePlane;
use portico_planes::{HomeSnapshot, HomeWatch, PlaneError};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

use super::join::StatusUpdate;

/// Statuses that are written at the same time.
const CONCURRENT_WRITES: usize = 8;
/// When statuses that could not be written are tried again.
const RETRY: Duration = Duration::from_secs(10);
/// How long a status that another replica has replaced is left as it is. The wait doubles each time, so that replicas with
/// different files or of different versions do not write in turns for ever.
const FIRST_HOLD: Duration = Duration::from_secs(5);
const LAST_HOLD: Duration = Duration::from_mins(10);
/// Statuses of which it is known when they were written.
const MAX_WRITTEN: usize = 10_000;

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
    /// The last statuses that were written, by the uid of their objects.
    written: HashMap<String, Written>,
    /// When statuses are to be written that were not.
    retry_at: Option<Instant>,
}

/// A status that was written.
struct Written {
    generation: i64,
    status: Value,
    at: Instant,
    hold: Duration,
}

impl Written {
    /// True if another replica has replaced it since, for the same version of the object.
    fn was_replaced(&self, update: &StatusUpdate) -> bool {
        self.generation == update.generation && self.status != update.replaces
    }
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
                written: HashMap::new(),
                retry_at: None,
            })
        });
    }

    /// Waits for a change of the home plane, or until statuses are to be written again. Never ends while there is no home
    /// plane.
    pub(in super::super) async fn changed(&mut self) {
        let Some(running) = &mut self.running else {
            return std::future::pending().await;
        };
        let retry_at = running.retry_at;
        let retry = async {
            match retry_at {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = running.changes.changed() => if changed.is_err() {
                std::future::pending::<()>().await;
            },
            () = retry => running.retry_at = None,
        }
    }

    /// Its objects as they were last read.
    pub(in super::super) fn snapshot(&self) -> Option<HomeSnapshot> {
        self.running.as_ref().map(|running| running.watch.snapshot())
    }

    /// Writes statuses. What cannot be written is tried again a little later.
    pub(in super::super) async fn write(&mut self, authority: &SystemAuthority, statuses: Vec<StatusUpdate>) {
        if let Some(running) = &mut self.running {
            running.write(authority, statuses).await;
        }
    }
}

impl Running {
    async fn write(&mut self, authority: &SystemAuthority, statuses: Vec<StatusUpdate>) {
        self.retry_at = None;
        let mut failed = None;
        let mut writes = JoinSet::new();
        let mut due = statuses
            .into_iter()
            .filter(|update| !self.is_held(update))
            .collect::<Vec<_>>();
        due.reverse();
        loop {
            while writes.len() < CONCURRENT_WRITES
                && let Some(update) = due.pop()
            {
                let (watch, authority) = (self.watch.clone(), authority.clone());
                writes.spawn(async move {
                    let written = watch
                        .write_status(&authority, &update.object, &update.status)
                        .await;
                    (update, written)
                });
            }
            let Some(written) = writes.join_next().await else {
                break;
            };
            match written {
                Ok((update, Ok(()))) => self.note_written(update),
                // It has changed meanwhile, or is gone: the watch will tell.
                Ok((
                    _,
                    Err(PlaneError::Contended { .. } | PlaneError::Gone { .. } | PlaneError::NotFound { .. }),
                )) => {
                    self.retry(Instant::now() + RETRY);
                }
                Ok((update, Err(error))) => {
                    self.retry(Instant::now() + RETRY);
                    failed.get_or_insert((update, error));
                }
                Err(error) => tracing::error!(%error, "writing a status failed"),
            }
        }
        let why = failed.as_ref().map(|(_, error)| error.admin_message());
        if self.watch.note_unwritten(why.clone())
            && let (Some(error), Some((update, _))) = (why, failed)
        {
            let (kind, name) = (update.object.kind, update.object.name);
            tracing::warn!(%kind, %name, %error, "the status of an object of the home plane could not be written");
        }
    }

    /// True if another replica has replaced the same status not long ago.
    fn is_held(&mut self, update: &StatusUpdate) -> bool {
        let Some(written) = self.written.get(&update.object.uid) else {
            return false;
        };
        let until = written.at + written.hold;
        let is_held = written.was_replaced(update) && until > Instant::now();
        if is_held {
            self.retry(until);
        }
        is_held
    }

    fn note_written(&mut self, update: StatusUpdate) {
        if self.written.len() >= MAX_WRITTEN {
            self.written.clear();
        }
        let before = self.written.get(&update.object.uid);
        let hold = match before.filter(|before| before.was_replaced(&update)) {
            Some(before) => (before.hold * 2).min(LAST_HOLD),
            None => FIRST_HOLD,
        };
        let written = Written {
            generation: update.generation,
            status: update.status,
            at: Instant::now(),
            hold,
        };
        self.written.insert(update.object.uid, written);
    }

    fn retry(&mut self, at: Instant) {
        self.retry_at = Some(self.retry_at.map_or(at, |known| known.min(at)));
    }
}
