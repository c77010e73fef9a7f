//! The files that connections were made from. One thread looks at all of them, however many connections there are.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use tokio::sync::watch;

/// How often files are looked at.
const INTERVAL: Duration = Duration::from_secs(10);

/// Modification time and size.
type FileStamp = (Option<SystemTime>, u64);

/// The files of all connections.
#[derive(Default)]
pub(crate) struct FileWatches(Arc<Mutex<Registered>>);

#[derive(Default)]
struct Registered {
    files: Vec<Weak<Files>>,
    /// A thread looks at them.
    watched: bool,
}

/// The files of one connection, as they were when it was made.
#[derive(Clone)]
pub(super) struct WatchedFiles(Arc<Files>);

struct Files {
    stamps: Vec<(PathBuf, Option<FileStamp>)>,
    /// True once one of them was changed or removed.
    changed: watch::Sender<bool>,
}

impl FileWatches {
    /// Looks at these files from now on, for as long as the result is held.
    pub(super) async fn watch(&self, paths: Vec<PathBuf>) -> WatchedFiles {
        let marking = tokio::task::spawn_blocking(move || Files::of(paths));
        let files = Arc::new(marking.await.unwrap_or_else(|_| Files::of(Vec::new())));
        if !files.stamps.is_empty() {
            self.register(&files);
        }
        WatchedFiles(files)
    }

    fn register(&self, files: &Arc<Files>) {
        let mut registered = self.0.lock();
        registered.files.push(Arc::downgrade(files));
        if registered.watched {
            return;
        }
        let all = Arc::clone(&self.0);
        let started = std::thread::Builder::new()
            .name("kubeconfig-files".to_owned())
            .spawn(move || while look(&all) {});
        // Without it they are still looked at with each probe.
        registered.watched = started.is_ok();
    }
}

/// Looks once at all files, after a pause. False if there are none any more.
fn look(all: &Mutex<Registered>) -> bool {
    std::thread::sleep(INTERVAL);
    let files: Vec<Arc<Files>> = {
        let mut registered = all.lock();
        let files: Vec<_> = registered.files.iter().filter_map(Weak::upgrade).collect();
        registered.files.retain(|files| files.strong_count() > 0);
        // Under the lock: who registers files then starts another thread.
        registered.watched = !files.is_empty();
        files
    };
    for files in &files {
        if !*files.changed.borrow() && files.have_changed() {
            files.changed.send_replace(true);
        }
    }
    !files.is_empty()
}

impl WatchedFiles {
    /// No files.
    pub(super) fn none() -> Self {
        Self(Arc::new(Files::of(Vec::new())))
    }

    /// Returns when one of them was changed or removed.
    pub(super) async fn changed(&self) {
        let _ = self.0.changed.subscribe().wait_for(|changed| *changed).await;
    }

    /// Looks at once whether one of them was changed or removed.
    pub(super) async fn have_changed(&self) -> bool {
        let files = Arc::clone(&self.0);
        if files.stamps.is_empty() {
            return false;
        }
        let looking = tokio::task::spawn_blocking(move || files.have_changed());
        looking.await.unwrap_or_default()
    }
}

impl fmt::Debug for WatchedFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.stamps.fmt(f)
    }
}

impl Files {
    fn of(paths: Vec<PathBuf>) -> Self {
        let marked = paths.into_iter().map(|path| {
            let mark = stamp(&path);
            (path, mark)
        });
        Self {
            stamps: marked.collect(),
            changed: watch::Sender::new(false),
        }
    }

    fn have_changed(&self) -> bool {
        self.stamps.iter().any(|(path, known)| stamp(path) != *known)
    }
}

fn stamp(path: &Path) -> Option<FileStamp> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok(), metadata.len()))
}
