//! The real API server, which judges Portico and the simulator: `kube-apiserver`, built from its Go module at the
//! release that `tests/kube-apiserver/go.mod` pins. It is built once and kept outside the target folder; a folder in
//! `KUBEBUILDER_ASSETS` takes precedence.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result};

use super::needs::Need;
use crate::fingerprint::Fingerprint;
use crate::steps::{note, run_quietly, step};
use crate::workspace::{root, which};

/// The environment variable that names the folder with `kube-apiserver`, for the tests too; envtest's.
pub(crate) const VARIABLE: &str = "KUBEBUILDER_ASSETS";

const NAME: &str = "kube-apiserver";

/// The API server on its way.
pub(crate) struct Underway(State);

enum State {
    Here(PathBuf),
    Building(JoinHandle<Built>),
    Lacking,
}

enum Built {
    Here(PathBuf),
    /// Its modules cannot be had here.
    OutOfReach(anyhow::Error),
    Failed(anyhow::Error),
}

/// What came of it.
pub(crate) struct ApiServer {
    /// The line in the table of needs.
    pub(crate) need: Need,
    /// The folder it is in.
    pub(crate) folder: Option<PathBuf>,
}

/// Finds it, or begins to build it beside whatever is done next.
pub(crate) fn begin() -> Underway {
    let given = env::var_os(VARIABLE).map(PathBuf::from);
    if let Some(folder) = given.filter(|folder| folder.join(NAME).is_file()) {
        return Underway(State::Here(folder));
    }
    Underway(begin_build().unwrap_or_else(|error| {
        note(format!("{NAME}: {error:#}"));
        State::Lacking
    }))
}

impl Underway {
    /// Waits until it is built.
    pub(crate) fn finish(self) -> ApiServer {
        let (installable, folder) = match self.0 {
            State::Here(folder) => (true, Some(folder)),
            State::Lacking => (false, None),
            State::Building(underway) => {
                let built = step(format!("Waiting for {NAME}"), || {
                    Ok(underway.join().unwrap_or_else(|_| {
                        Built::Failed(anyhow::anyhow!("the thread that built it panicked"))
                    }))
                });
                match built {
                    Ok(Built::Here(folder)) => (true, Some(folder)),
                    Ok(Built::OutOfReach(error)) => {
                        note(format!("its Go modules cannot be had here: {error:#}"));
                        (false, None)
                    }
                    Ok(Built::Failed(error)) | Err(error) => {
                        note(format!("{error:#}"));
                        (true, None)
                    }
                }
            }
        };
        ApiServer {
            need: Need {
                name: NAME,
                what_for: "a real control plane, and the judge of what we say of schemas",
                installable,
                met: folder.is_some(),
            },
            folder,
        }
    }
}

fn begin_build() -> Result<State> {
    let module = root().join("tests/kube-apiserver");
    let (go_mod, go_sum) = (module.join("go.mod"), module.join("go.sum"));
    let version = pinned(&fs::read_to_string(&go_mod)?)?;
    let folder = cache()?.join(format!("{NAME}-{version}"));
    let flags = flags(&version);
    let made_from = Fingerprint::of(&folder.join(".made-from"), &[&go_mod, &go_sum], &[&flags])?;
    if made_from.is_kept() && folder.join(NAME).is_file() {
        return Ok(State::Here(folder));
    }
    let Some(go) = which("go") else {
        note(format!("{NAME}: there is no Go here to build it with"));
        return Ok(State::Lacking);
    };
    note(format!(
        "{NAME} {version} is built from its Go module, beside what follows; this happens once, it is kept in {}",
        folder.display()
    ));
    Ok(State::Building(thread::spawn(move || {
        // Listing the packages fetches the modules: only that can fail for want of a network.
        if let Err(error) = run_quietly(gently(&go, &module).args(["list", "-deps", "tool"])) {
            return Built::OutOfReach(error);
        }
        match build(&go, &module, &folder, &flags, &made_from) {
            Ok(()) => Built::Here(folder),
            Err(error) => Built::Failed(error),
        }
    })))
}

fn build(go: &Path, module: &Path, folder: &Path, flags: &str, made_from: &Fingerprint) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
    let unfinished = folder.join(format!("{NAME}.{}", std::process::id()));
    run_quietly(
        gently(go, module)
            .args(["build", "-trimpath", "-ldflags", flags, "-o"])
            .arg(&unfinished)
            .arg("k8s.io/kubernetes/cmd/kube-apiserver"),
    )?;
    fs::rename(&unfinished, folder.join(NAME))?;
    made_from.keep()
}

/// Go, giving way to cargo: both have the same cores.
fn gently(go: &Path, module: &Path) -> Command {
    let mut command = match which("nice") {
        Some(nice) => {
            let mut command = Command::new(nice);
            command.args(["-n", "10"]).arg(go);
            command
        }
        None => Command::new(go),
    };
    command.current_dir(module).env("CGO_ENABLED", "0");
    command
}

/// Small, and able to say which release it is.
fn flags(version: &str) -> String {
    let mut numbers = version.trim_start_matches('v').split('.');
    let (major, minor) = (
        numbers.next().unwrap_or_default(),
        numbers.next().unwrap_or_default(),
    );
    let package = "k8s.io/component-base/version";
    format!(
        "-s -w -X {package}.gitVersion={version} -X {package}.gitMajor={major} -X {package}.gitMinor={minor}"
    )
}

/// The release in a go.mod.
fn pinned(go_mod: &str) -> Result<String> {
    go_mod
        .lines()
        .find_map(|line| {
            let mut words = line.trim().trim_start_matches("require ").split_whitespace();
            (words.next() == Some("k8s.io/kubernetes")).then(|| words.next())?
        })
        .map(str::to_owned)
        .context("tests/kube-apiserver/go.mod names no release of k8s.io/kubernetes")
}

/// Where what is built once is kept.
fn cache() -> Result<PathBuf> {
    let absolute = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|folder: &PathBuf| folder.is_absolute())
    };
    absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
        .map(|folder| folder.join("portico"))
        .context("neither XDG_CACHE_HOME nor HOME says where to keep it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_is_read_from_go_mod() {
        let go_mod =
            "module m\n\nrequire (\n\tk8s.io/api v0.0.1\n\tk8s.io/kubernetes v1.2.3 // indirect\n)\n";
        assert_eq!(pinned(go_mod).unwrap(), "v1.2.3");
        assert_eq!(pinned("require k8s.io/kubernetes v1.2.3\n").unwrap(), "v1.2.3");
        assert!(pinned("module m\n").is_err());
        assert!(flags("v1.2.3").ends_with("gitMajor=1 -X k8s.io/component-base/version.gitMinor=2"));
    }
}
