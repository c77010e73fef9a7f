//! Processes that end with the test that started them.

use std::env;
use std::os::unix::process::parent_id;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::{LazyLock, Mutex, Once, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// A process that is killed, by its id, when this is dropped.
#[derive(Debug)]
pub struct Owned {
    child: Child,
}

impl Owned {
    /// Starts it, with the pipes that `pipes` sets. It does not outlive the test program either,
    /// however that ends.
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

    /// Its id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The process itself, for its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Its exit status, when it has ended.
    #[must_use]
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// SIGKILL: it gets no chance to put anything in order.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM, and what it ends with.
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

    /// Sends it a signal by name.
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

/// A program's place on the `PATH`.
#[must_use]
pub fn which(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// The program under test: `PORTICO_BIN`, else where cargo puts it.
///
/// # Panics
/// When it is not there.
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

/// Starts it from a thread that lives as long as this program: for [`bound_to_its_starter`] a test's own
/// thread ends too early.
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

/// The same command, run by `setpriv` where there is one, which has the kernel kill it when the
/// thread that started it ends: a test program that is killed leaves nothing behind.
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

/// Ends this test program when whoever started it is gone: nobody waits for its outcome any more.
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
