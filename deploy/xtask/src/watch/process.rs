//! The running demo.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context as _, Result};

use crate::processes::terminate_tree;
use crate::steps::note;

/// How long the demo may take to stop before it is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the demo may take until it is ready.
const START_TIMEOUT: Duration = Duration::from_mins(1);

/// The demo's process, shared with the thread that ends it on a signal.
#[derive(Clone)]
pub(super) struct Process {
    state: Arc<Mutex<State>>,
    ready_file: PathBuf,
}

#[derive(Default)]
struct State {
    child: Option<Child>,
    ended: bool,
}

impl Process {
    /// A demo that is not started yet. It writes `ready_file` when it is ready.
    pub(super) fn new(ready_file: PathBuf) -> Self {
        Self {
            state: Arc::default(),
            ready_file,
        }
    }

    /// Stops the process that runs and starts another one. Does nothing after [`Self::end`].
    pub(super) fn restart(&self, command: &mut Command) -> Result<()> {
        in_own_group(command);
        let mut state = self.lock();
        if let Some(mut child) = state.child.take() {
            terminate_tree(&mut child, STOP_TIMEOUT)?;
        }
        if state.ended {
            return Ok(());
        }
        remove(&self.ready_file)?;
        let child = command
            .spawn()
            .with_context(|| format!("could not start {}", command.get_program().display()))?;
        state.child = Some(child);
        Ok(())
    }

    /// Waits until the demo is ready. Returns false if it ended before, or took too long.
    pub(super) fn wait_until_ready(&self) -> bool {
        let deadline = Instant::now() + START_TIMEOUT;
        while Instant::now() < deadline {
            if self.ready_file.is_file() {
                return true;
            }
            if !self.is_running() {
                return false;
            }
            thread::sleep(Duration::from_millis(20));
        }
        false
    }

    /// True while the process runs. Prints a remark when it has ended without being asked to.
    pub(super) fn is_running(&self) -> bool {
        let mut state = self.lock();
        let Some(child) = &mut state.child else {
            return false;
        };
        match child.try_wait() {
            Ok(None) => true,
            Ok(Some(status)) => {
                note(format!(
                    "the demo ended with {status}; it starts again after a change"
                ));
                state.child = None;
                false
            }
            Err(_) => false,
        }
    }

    /// Stops the process for good.
    pub(super) fn end(&self) -> Result<()> {
        let mut state = self.lock();
        state.ended = true;
        match state.child.take() {
            Some(mut child) => terminate_tree(&mut child, STOP_TIMEOUT),
            None => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn remove(file: &Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("could not delete {}", file.display()))
        }
        _ => Ok(()),
    }
}

/// Keeps Ctrl-C from the process: a second signal, after the one of [`Process::end`], would end it at once.
#[cfg(unix)]
fn in_own_group(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

#[cfg(not(unix))]
fn in_own_group(_: &mut Command) {}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process that writes the ready file and stops on SIGTERM.
    fn demo(ready_file: &Path, text: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", r#"echo "$1" > "$0"; exec sleep 100"#]);
        command.arg(ready_file).arg(text);
        command
    }

    #[test]
    fn a_restart_replaces_the_process_and_after_the_end_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let ready_file = folder.path().join("ready");
        let process = Process::new(ready_file.clone());
        assert!(!process.is_running());
        process.restart(&mut demo(&ready_file, "first")).unwrap();
        assert!(process.wait_until_ready());
        let first = process.lock().child.as_ref().unwrap().id();
        process.restart(&mut demo(&ready_file, "second")).unwrap();
        assert!(process.wait_until_ready());
        assert_ne!(process.lock().child.as_ref().unwrap().id(), first);
        assert!(process.is_running());
        process.end().unwrap();
        process.restart(&mut demo(&ready_file, "third")).unwrap();
        assert!(!process.is_running());
    }

    #[test]
    fn a_process_that_fails_is_never_ready() {
        let folder = tempfile::tempdir().unwrap();
        let process = Process::new(folder.path().join("ready"));
        process.restart(&mut Command::new("false")).unwrap();
        assert!(!process.wait_until_ready());
        assert!(!process.is_running());
    }
}
