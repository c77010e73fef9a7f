//! `cargo xtask watch`: runs the demo, and builds and restarts it when a source file changes. The last program that
//! compiled keeps running while the next one is built, or when it does not compile.

mod debounce;
mod part;
mod process;

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use notify::{Config, PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};

use self::debounce::Debouncer;
use self::part::{Part, Parts};
use self::process::Process;
use crate::steps::note;
use crate::workspace::{development_site, root, target};
use crate::{browser_code, demo, program};

/// The folders to watch, besides the manifest and the lock file.
const FOLDERS: [&str; 4] = ["frontend", "migrations", "server", "style"];
/// How often `--poll` looks at the files.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// How often to check that the demo still runs.
const HEALTH_INTERVAL: Duration = Duration::from_secs(1);

/// How to run the demo and find changes.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    demo: demo::Arguments,
    /// Look at the files twice a second, for file systems that report no changes.
    #[arg(long)]
    poll: bool,
}

/// Builds and runs the demo until a signal ends it.
pub(crate) fn run(options: Options) -> Result<()> {
    let mut arguments = options.demo;
    if arguments.port == Some(0) {
        // Restarts keep the port.
        arguments.port = Some(free_port()?);
    }
    let ready_file = arguments
        .ready_file
        .get_or_insert_with(|| target().join("watch-ready.json"));
    let process = Process::new(ready_file.clone());
    end_on_signal(process.clone())?;
    let root = root().canonicalize().context("could not find the source tree")?;
    let parts = Parts::read(&root)?;
    let (sender, changes) = mpsc::channel();
    // Before the first build, so that no change is missed.
    let _watcher = watch_files(&root, sender, options.poll)?;
    let mut watch = Watch {
        arguments,
        process,
        running: None,
        pending: BTreeSet::from([Part::Browser]),
    };
    watch.update(Instant::now());
    let mut debouncer = Debouncer::new(Instant::now());
    loop {
        if let Some(path) = next_change(&changes, debouncer.due_in(Instant::now()))?
            && let Some(part) = parts.of_file(&path)
        {
            debouncer.add((part, path), Instant::now());
        }
        if let Some((changed, since)) = debouncer.take(Instant::now()) {
            for (part, path) in changed {
                eprintln!("\u{25b8} Changed: {}", path.display());
                watch.pending.insert(part);
            }
            watch.update(since);
        }
        watch.process.is_running();
    }
}

struct Watch {
    arguments: demo::Arguments,
    process: Process,
    /// When the program was linked that was started last.
    running: Option<SystemTime>,
    /// What has changed and is not built yet. What does not compile stays here.
    pending: BTreeSet<Part>,
}

impl Watch {
    /// Builds what is pending. `since` is the instant of the first change: progress is printed with the time since then.
    fn update(&mut self, since: Instant) {
        if self.pending.remove(&Part::Style) {
            note("reload the page to see the style");
        }
        if self.pending.is_empty() {
            return;
        }
        match self.build(since) {
            Ok(()) => self.pending.clear(),
            Err(error) => {
                eprintln!("error: {error:#}");
                if self.process.is_running() {
                    note("the demo still runs as it was before the change");
                }
            }
        }
    }

    fn build(&mut self, since: Instant) -> Result<()> {
        let progress = |what| note(format!("{what} ({:.1} s)", since.elapsed().as_secs_f64()));
        if self.pending.contains(&Part::Browser) {
            browser_code::build_for_development()?;
        }
        let program = program::build_without_browser_code()?;
        let linked = fs::metadata(&program)?.modified()?;
        if self.running == Some(linked) && self.process.is_running() {
            progress("the program has not changed");
        } else {
            progress("restarting the demo");
            self.start(&program)?;
            self.running = Some(linked);
            progress("the demo is ready");
        }
        Ok(())
    }

    /// Starts the demo instead of the one that runs, and waits until it is ready.
    fn start(&mut self, program: &Path) -> Result<()> {
        let mut command = self.arguments.command(program);
        command.env("PORTICO_DEV_SITE", development_site());
        self.process.restart(&mut command)?;
        self.arguments.fresh = false;
        if !self.process.wait_until_ready() {
            bail!("the demo did not start");
        }
        Ok(())
    }
}

/// Waits for a changed file, at most until collected changes are due. The path is relative to the root.
fn next_change(changes: &Receiver<PathBuf>, due_in: Option<Duration>) -> Result<Option<PathBuf>> {
    match changes.recv_timeout(due_in.unwrap_or(HEALTH_INTERVAL)) {
        Ok(path) => Ok(Some(path)),
        Err(RecvTimeoutError::Timeout) => Ok(None),
        Err(RecvTimeoutError::Disconnected) => bail!("the watcher of files has ended"),
    }
}

fn watch_files(root: &Path, sender: Sender<PathBuf>, poll: bool) -> Result<Box<dyn Watcher>> {
    let base = root.to_owned();
    let handler = move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        if event.need_rescan() {
            // Some changes were lost: the manifest stands for everything.
            let _ = sender.send(PathBuf::from("Cargo.toml"));
        }
        if event.kind.is_access() {
            return;
        }
        for path in event.paths {
            if let Ok(path) = path.strip_prefix(&base) {
                let _ = sender.send(path.to_owned());
            }
        }
    };
    let mut watcher: Box<dyn Watcher> = if poll {
        let config = Config::default().with_poll_interval(POLL_INTERVAL);
        Box::new(PollWatcher::new(handler, config)?)
    } else {
        Box::new(RecommendedWatcher::new(handler, Config::default())?)
    };
    watcher.watch(root, RecursiveMode::NonRecursive)?;
    for folder in FOLDERS {
        watcher
            .watch(&root.join(folder), RecursiveMode::Recursive)
            .with_context(|| format!("could not watch {folder}; --poll may help"))?;
    }
    Ok(watcher)
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("could not find a free port")?;
    Ok(listener.local_addr()?.port())
}

/// Ends the demo, any build and this process on the first signal.
#[cfg(unix)]
fn end_on_signal(process: Process) -> Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            note("stopping");
            let ended = process.end();
            crate::processes::terminate_descendants();
            if let Err(error) = ended {
                eprintln!("error: {error:#}");
            }
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}

#[cfg(not(unix))]
fn end_on_signal(_: Process) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_is_found_by_notification_and_by_polling() {
        for poll in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path().canonicalize().unwrap();
            for name in FOLDERS {
                fs::create_dir_all(root.join(name).join("src")).unwrap();
            }
            let (sender, changes) = mpsc::channel();
            let _watcher = watch_files(&root, sender, poll).unwrap();
            let written = Path::new("server/src/main.rs");
            fs::write(root.join(written), "fn main() {}").unwrap();
            let deadline = Instant::now() + Duration::from_secs(20);
            while next_change(&changes, None).unwrap().as_deref() != Some(written) {
                assert!(Instant::now() < deadline, "poll: {poll}");
            }
        }
    }
}
