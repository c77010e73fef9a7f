//! Real components that take part in tests and are slow to obtain. Each is built once, kept in a folder outside the
//! target folder, and built again only when its inputs change. When one is unavailable, the tests that need it are
//! skipped under its name.
//!
//! Each component says how it is built; [`super::go`] builds programs from Go modules.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Error, Result};

use super::requirements::Requirement;
use crate::fingerprint::Fingerprint;
use crate::steps::{note, step};

/// A component and its inputs.
pub(crate) struct Component {
    /// The name in the table of requirements; skipped tests refer to it.
    pub(crate) name: &'static str,
    /// What the tests use it for.
    pub(crate) purpose: &'static str,
    /// The environment variable that tells the tests its folder.
    pub(crate) variable: &'static str,
    /// A file in the folder that exists once the component is built.
    pub(crate) marker: &'static str,
    /// The name of its folder in the cache.
    pub(crate) folder: String,
    /// Input files. A change of one rebuilds the component.
    pub(crate) inputs: Vec<PathBuf>,
    /// Other inputs: options, versions.
    pub(crate) options: Vec<String>,
}

/// Why a component was not built.
pub(crate) enum BuildError {
    /// Its sources cannot be downloaded here.
    Unavailable(Error),
    /// The sources are here, but the build failed.
    Failed(Error),
}

impl From<Error> for BuildError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// A component that may still be building.
pub(crate) struct PendingComponent {
    name: &'static str,
    purpose: &'static str,
    variable: &'static str,
    state: State,
}

enum State {
    Ready(PathBuf),
    Building(JoinHandle<Result<PathBuf, BuildError>>),
    Unavailable,
}

/// The result of building a component.
pub(crate) struct BuiltComponent {
    /// Its row in the table of requirements.
    pub(crate) requirement: Requirement,
    /// The environment variable for the tests.
    pub(crate) variable: &'static str,
    /// Its folder. `None` when it is unavailable.
    pub(crate) folder: Option<PathBuf>,
}

/// What to do about a component that is not built yet, or from other inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IfMissing {
    /// Build it; that takes long.
    Build,
    /// Do without it.
    Skip,
}

impl Component {
    /// Finds the component, or starts to build it in the background. `build` receives `tool` and an empty folder, which
    /// replaces the component's folder when the build succeeds. Without `tool` the component cannot be built.
    pub(crate) fn start(
        self,
        if_missing: IfMissing,
        tool: Option<PathBuf>,
        build: impl FnOnce(&Path, &Path) -> Result<(), BuildError> + Send + 'static,
    ) -> PendingComponent {
        let (name, purpose, variable) = (self.name, self.purpose, self.variable);
        let given = env::var_os(variable).map(PathBuf::from);
        let state = match given.filter(|folder| folder.join(self.marker).is_file()) {
            Some(folder) => State::Ready(folder),
            None => self.start_build(if_missing, tool, build).unwrap_or_else(|error| {
                note(format!("{name}: {error:#}"));
                State::Unavailable
            }),
        };
        PendingComponent {
            name,
            purpose,
            variable,
            state,
        }
    }

    fn start_build(
        self,
        if_missing: IfMissing,
        tool: Option<PathBuf>,
        build: impl FnOnce(&Path, &Path) -> Result<(), BuildError> + Send + 'static,
    ) -> Result<State> {
        let folder = cache()?.join(&self.folder);
        let inputs: Vec<&Path> = self.inputs.iter().map(PathBuf::as_path).collect();
        let options: Vec<&str> = self.options.iter().map(String::as_str).collect();
        let fingerprint = Fingerprint::of(&folder.join(".made-from"), &inputs, &options)?;
        if fingerprint.is_current() && folder.join(self.marker).is_file() {
            return Ok(State::Ready(folder));
        }
        if if_missing == IfMissing::Skip {
            return Ok(State::Unavailable);
        }
        let Some(tool) = tool else {
            note(format!("{}: the program that builds it is missing", self.name));
            return Ok(State::Unavailable);
        };
        note(format!(
            "{} is being built in the background, once; it is kept in {}",
            self.name,
            folder.display()
        ));
        Ok(State::Building(thread::spawn(move || {
            let unfinished = folder.with_extension(format!("unfinished-{}", std::process::id()));
            fs::create_dir_all(&unfinished)
                .with_context(|| format!("could not create {}", unfinished.display()))?;
            let installed = build(&tool, &unfinished).and_then(|()| {
                let replaced = folder.with_extension(format!("replaced-{}", std::process::id()));
                if folder.exists() {
                    fs::rename(&folder, &replaced).context("could not move the old version away")?;
                }
                fs::rename(&unfinished, &folder).context("could not move the new version into place")?;
                // A leftover of the replaced version does no harm.
                let _ = fs::remove_dir_all(replaced);
                fingerprint.save()?;
                Ok(folder)
            });
            // The folder no longer exists if the build succeeded.
            let _ = fs::remove_dir_all(unfinished);
            installed
        })))
    }
}

impl PendingComponent {
    /// Waits until the component is built.
    pub(crate) fn finish(self) -> BuiltComponent {
        let (installable, folder) = match self.state {
            State::Ready(folder) => (true, Some(folder)),
            State::Unavailable => (false, None),
            State::Building(thread) => {
                let built = step(format!("Waiting for {}", self.name), || {
                    Ok(thread.join().unwrap_or_else(|_| {
                        Err(BuildError::Failed(Error::msg(
                            "the thread that built it panicked",
                        )))
                    }))
                });
                match built {
                    Ok(Ok(folder)) => (true, Some(folder)),
                    Ok(Err(BuildError::Unavailable(error))) => {
                        note(format!("the sources of {} are unavailable: {error:#}", self.name));
                        (false, None)
                    }
                    Ok(Err(BuildError::Failed(error))) | Err(error) => {
                        note(format!("{}: {error:#}", self.name));
                        (true, None)
                    }
                }
            }
        };
        BuiltComponent {
            requirement: Requirement {
                name: self.name,
                purpose: self.purpose,
                installable,
                met: folder.is_some(),
            },
            variable: self.variable,
            folder,
        }
    }
}

/// The folder that keeps components between runs.
pub(crate) fn cache() -> Result<PathBuf> {
    let absolute = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|folder: &PathBuf| folder.is_absolute())
    };
    absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
        .map(|folder| folder.join("portico"))
        .context("neither XDG_CACHE_HOME nor HOME is set")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(folder: &Path) -> Component {
        Component {
            name: "a component",
            purpose: "nothing",
            variable: "PORTICO_TEST_NO_SUCH_PART",
            marker: "made",
            folder: folder.display().to_string(),
            inputs: Vec::new(),
            options: vec!["1".to_owned()],
        }
    }

    #[test]
    fn a_component_is_built_once() {
        let home = std::env::temp_dir().join(format!("portico-component-{}", std::process::id()));
        let folder = home.join("kept");
        let tool = || Some(PathBuf::from("/bin/true"));
        let write = |_: &Path, into: &Path| -> Result<(), BuildError> {
            fs::write(into.join("made"), "by us").context("could not write")?;
            Ok(())
        };
        let built = component(&folder).start(IfMissing::Build, tool(), write).finish();
        assert_eq!(built.folder.as_deref(), Some(folder.as_path()));
        let again = component(&folder)
            .start(IfMissing::Build, tool(), |_, _| {
                Err(BuildError::Failed(Error::msg("built twice")))
            })
            .finish();
        assert!(again.requirement.met);
        let mut other = component(&folder);
        other.options = vec!["2".to_owned()];
        let out_of_reach = other.start(IfMissing::Build, tool(), |_, _| {
            Err(BuildError::Unavailable(Error::msg("no network")))
        });
        assert!(!out_of_reach.finish().requirement.installable);
        fs::remove_dir_all(home).unwrap();
    }
}
