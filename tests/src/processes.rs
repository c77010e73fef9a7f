//! Processes that end with their test.

use std::env;
use std::os::unix::process::parent_id;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::{LazyLock, Mutex, Once, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// A process that is killed when this is dropped.
#[derive(Debug)]
pub struct Owned {
    child: Child,
}

impl Owned {
    /// Starts a process with these pipes. It does not outlive the test program either, even if that is killed.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(command: &Command, pipes: impl FnOnce(&mut Command)) -> Self {
        end_with_parent();
        let mut bound = bound_to_its_starter(command);
        pipes(&mut bound);
        Self { child: spawn(bound) }
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The process, for its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// The exit status, once it has ended.
    #[must_use]
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Sends SIGKILL.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends SIGTERM and waits. Returns the exit status.
    ///
    /// # Panics
    /// When it does not end within `bound`.
    pub fn stop(&mut self, bound: Duration) -> ExitStatus {
        self.signal("TERM");
        let begun = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            assert!(
                begun.elapsed() < bound,
                "process {} did not end within {bound:?} of SIGTERM",
                self.id()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sends a signal by name.
    pub fn signal(&self, name: &str) {
        let _ = Command::new("kill")
            .args(["-s", name, &self.id().to_string()])
            .status();
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Finds a program on the `PATH`.
#[must_use]
pub fn which(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// The program under test: `PORTICO_BIN`, else in cargo's target folder.
///
/// # Panics
/// When it does not exist.
#[must_use]
pub fn portico() -> PathBuf {
    let program = env::var_os("PORTICO_BIN").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/debug/portico"),
        PathBuf::from,
    );
    assert!(
        program.is_file(),
        "{} is not there: `cargo xtask test` builds it",
        program.display()
    );
    program
}

/// Spawns from a thread that lives as long as this program: [`bound_to_its_starter`] ends a process with the
/// thread that started it, and a test's thread ends too early.
fn spawn(command: Command) -> Child {
    type Order = (Command, mpsc::Sender<std::io::Result<Child>>);
    static STARTER: LazyLock<Mutex<mpsc::Sender<Order>>> = LazyLock::new(|| {
        let (orders, received) = mpsc::channel::<Order>();
        thread::spawn(move || {
            for (mut command, answer) in received {
                let _ = answer.send(command.spawn());
            }
        });
        Mutex::new(orders)
    });
    let what = format!("{command:?}");
    let (answer, child) = mpsc::channel();
    STARTER
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .send((command, answer))
        .unwrap();
    child
        .recv()
        .unwrap()
        .unwrap_or_else(|error| panic!("could not start {what}: {error}"))
}

/// Wraps a command in `setpriv` if it is installed: the kernel then kills the process when the thread that
/// started it ends, so that a killed test program leaves nothing behind.
fn bound_to_its_starter(command: &Command) -> Command {
    let Some(setpriv) = which("setpriv") else {
        return copy(command, Command::new(command.get_program()));
    };
    let mut bound = Command::new(setpriv);
    bound
        .args(["--pdeathsig", "KILL", "--"])
        .arg(command.get_program());
    copy(command, bound)
}

fn copy(from: &Command, mut to: Command) -> Command {
    to.args(from.get_args());
    for (name, value) in from.get_envs() {
        match value {
            Some(value) => to.env(name, value),
            None => to.env_remove(name),
        };
    }
    if let Some(folder) = from.get_current_dir() {
        to.current_dir(folder);
    }
    to
}

/// Ends this test program when its parent is gone.
fn end_with_parent() {
    static WATCH: Once = Once::new();
    WATCH.call_once(|| {
        let parent = parent_id();
        thread::spawn(move || {
            while parent_id() == parent {
                thread::sleep(Duration::from_millis(500));
            }
            std::process::exit(70);
        });
    });
}

/// A port that is free now.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
