//! Programs that `cargo xtask test --full` builds and whose folders it tells by environment variables.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::kubectl::Kubectl;
use crate::processes::Owned;
use crate::report;

/// A program that a test requires.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Program {
    /// Its name in the table of requirements.
    pub(crate) name: &'static str,
    /// The variable with its folder.
    pub(crate) variable: &'static str,
    /// Its file name.
    pub(crate) file: &'static str,
}

impl Program {
    /// Its path, if it is installed.
    pub(crate) fn find(self) -> Option<PathBuf> {
        self.beside(self.file)
    }

    /// A file in its folder.
    pub(crate) fn beside(self, name: &str) -> Option<PathBuf> {
        let folder = PathBuf::from(env::var_os(self.variable)?);
        Some(folder.join(name)).filter(|path| path.is_file())
    }

    /// Applies the custom resource definitions that are kept beside it, and waits until they are served.
    pub(crate) fn install_definitions(self, kubectl: &Kubectl) {
        let folder = PathBuf::from(env::var_os(self.variable).expect("it is here")).join("crds");
        let folder = folder.display().to_string();
        let _ = kubectl.run(&["apply", "--server-side", "--filename", &folder]);
        let _ = kubectl.run(&[
            "wait",
            "--for=condition=Established",
            "--timeout=120s",
            "--filename",
            &folder,
        ]);
    }

    /// The version in the name of its folder.
    fn version(self) -> String {
        let folder = env::var(self.variable).unwrap_or_default();
        let name = folder.trim_end_matches('/').rsplit('/').next();
        let version = name.unwrap_or_default().rsplit('-').next();
        version.unwrap_or_default().to_owned()
    }
}

/// Whether all programs are installed. If not, reports `test` as skipped.
pub(crate) fn are_here(programs: &[Program], test: &str) -> bool {
    if let Some(missing) = programs.iter().find(|program| program.find().is_none()) {
        report::skip(test, missing.name);
        return false;
    }
    for program in programs {
        report::took_part(program.name, &program.version());
    }
    true
}

/// Starts a program with its output in a file.
pub(crate) fn start(command: &Command, log: &Path) -> Owned {
    let log = File::create(log).unwrap();
    Owned::start(command, |command| {
        command.stdout(log.try_clone().unwrap()).stderr(log);
    })
}

/// The last lines of a log.
pub(crate) fn end_of(log: &Path) -> String {
    let said = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = said.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}
