//! Debian's kubectl as a real client of the control planes.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::processes::{Owned, which};
use crate::report;

/// kubectl with a control plane's kubeconfig.
#[derive(Debug, Clone)]
pub struct Kubectl {
    kubeconfig: PathBuf,
}

impl Kubectl {
    /// Uses this kubeconfig.
    #[must_use]
    pub fn of(kubeconfig: &Path) -> Self {
        Self {
            kubeconfig: kubeconfig.to_path_buf(),
        }
    }

    /// Whether it is installed. If not, reports `test` as skipped.
    ///
    /// # Panics
    /// When it is installed and does not run.
    #[must_use]
    pub fn is_here(test: &str) -> bool {
        if which("kubectl").is_none() {
            report::skip(test, "kubectl");
            return false;
        }
        let version = Command::new("kubectl")
            .args(["version", "--client", "--output=json"])
            .output()
            .unwrap();
        let version: Value = serde_json::from_slice(&version.stdout).unwrap_or_default();
        report::took_part(
            "kubectl",
            version["clientVersion"]["gitVersion"]
                .as_str()
                .unwrap_or("of unknown version"),
        );
        true
    }

    /// Runs a command and returns its output.
    ///
    /// # Panics
    /// When it fails; prints its output.
    #[must_use]
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.try_run(arguments, None);
        assert!(
            output.status.success(),
            "kubectl {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs a command and parses its output as JSON.
    ///
    /// # Panics
    /// When it fails or prints no JSON.
    #[must_use]
    #[track_caller]
    pub fn json(&self, arguments: &[&str]) -> Value {
        let mut all = arguments.to_vec();
        all.push("--output=json");
        let text = self.run(&all);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("kubectl {arguments:?}: {error} in {text}"))
    }

    /// Applies a manifest from standard input.
    ///
    /// # Panics
    /// When it fails.
    #[track_caller]
    pub fn apply(&self, manifest: &str, arguments: &[&str]) {
        let mut all = vec!["apply", "--filename=-"];
        all.extend(arguments);
        let output = self.try_run(&all, Some(manifest));
        assert!(
            output.status.success(),
            "kubectl {all:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Runs a command and returns its result, also when it fails.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn try_run(&self, arguments: &[&str], input: Option<&str>) -> Output {
        let mut command = self.command(arguments);
        command.stdin(if input.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        });
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        if let Some(input) = input {
            // It may exit before it has read everything; its output still counts.
            let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        }
        child.wait_with_output().unwrap()
    }

    /// Starts a long-running command such as `--watch`, with its output to read.
    #[must_use]
    pub fn start(&self, arguments: &[&str]) -> Owned {
        Owned::start(&self.command(arguments), |command| {
            command.stdout(Stdio::piped()).stderr(Stdio::null());
        })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("kubectl");
        command.arg("--kubeconfig").arg(&self.kubeconfig).args(arguments);
        // A cache per test: what kubectl discovers differs between control planes.
        command.env("KUBECACHEDIR", self.kubeconfig.with_extension("kubectl-cache"));
        command
    }
}
