//! Programs built from Go modules that this repository pins: folders under `tests` with `go.mod` and `go.sum`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Error, Result};

use super::components::{BuildError, Component, IfMissing, PendingComponent};
use crate::steps::run_quietly;
use crate::workspace::{root, which};

/// The programs of one module, built into one folder.
pub(crate) struct GoPrograms {
    /// The name in the table of requirements.
    pub(crate) name: &'static str,
    /// What the tests use them for.
    pub(crate) purpose: &'static str,
    /// The environment variable that tells the tests their folder.
    pub(crate) variable: &'static str,
    /// The module's folder in the repository.
    pub(crate) module: &'static str,
    /// The dependency in `go.mod` whose version names the folder in the cache. `None` when the code is part of this
    /// repository.
    pub(crate) version_of: Option<&'static str>,
    /// The name and the package of each program.
    pub(crate) packages: &'static [(&'static str, &'static str)],
    /// Folders to copy from modules: the module, the folder in it, and the name of the copy.
    pub(crate) folders: &'static [(&'static str, &'static str, &'static str)],
    /// The linker flags for a version.
    pub(crate) linker_flags: fn(&str) -> String,
}

/// Linker flags that strip debug information.
pub(crate) fn stripped(_release: &str) -> String {
    "-s -w".to_owned()
}

impl GoPrograms {
    /// Finds the programs, or starts to build them in the background.
    ///
    /// # Errors
    /// When the module's files cannot be read.
    pub(crate) fn start(self, if_missing: IfMissing) -> Result<PendingComponent> {
        let module = root().join(self.module);
        let (go_mod, go_sum) = (module.join("go.mod"), module.join("go.sum"));
        let version = match self.version_of {
            Some(path) => pinned_version(&fs::read_to_string(&go_mod)?, path)
                .with_context(|| format!("{}/go.mod has no version of {path}", self.module))?,
            None => "ours".to_owned(),
        };
        let flags = (self.linker_flags)(&version);
        let mut inputs = vec![go_mod, go_sum];
        inputs.extend(go_files(&module)?);
        let mut options = vec![flags.clone()];
        let others = self.packages.iter().skip(1);
        options.extend(others.map(|(name, package)| format!("{name}={package}")));
        options.extend(
            self.folders
                .iter()
                .map(|(path, inner, name)| format!("{name}={path}/{inner}")),
        );
        let component = Component {
            name: self.name,
            purpose: self.purpose,
            variable: self.variable,
            marker: self.packages.first().context("no programs to build")?.0,
            folder: format!("{}-{version}", self.name.to_lowercase().replace(' ', "-")),
            inputs,
            options,
        };
        let (packages, folders) = (self.packages, self.folders);
        Ok(component.start(if_missing, which("go"), move |go, into| {
            // Listing the packages downloads the modules. Only this step can fail because the network is unavailable.
            let named = packages.iter().map(|(_, package)| *package);
            run_quietly(nice_go(go, &module).args(["list", "-deps"]).args(named))
                .map_err(BuildError::Unavailable)?;
            for (name, package) in packages {
                build(go, &module, package, &flags, &into.join(name))?;
            }
            for (path, inner, name) in folders {
                copy(&module_folder(go, &module, path)?.join(inner), &into.join(name))?;
            }
            Ok(())
        }))
    }
}

fn build(go: &Path, module: &Path, package: &str, flags: &str, to: &Path) -> Result<()> {
    run_quietly(
        nice_go(go, module)
            .args(["build", "-trimpath", "-ldflags", flags, "-o"])
            .arg(to)
            .arg(package),
    )?;
    Ok(())
}

/// The folder in which Go keeps a module's source.
fn module_folder(go: &Path, module: &Path, path: &str) -> Result<PathBuf> {
    let output = run_quietly(nice_go(go, module).args(["list", "-m", "-f", "{{.Dir}}", path]))?;
    let folder = PathBuf::from(output.trim());
    if folder.is_dir() {
        Ok(folder)
    } else {
        Err(Error::msg(format!("Go does not know the folder of {path}")))
    }
}

/// Copies the files of a folder, without its subfolders.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("could not create {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("could not read {}", from.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            // Files in Go's module cache are read-only; a copy must be replaceable.
            fs::write(to.join(entry.file_name()), fs::read(entry.path())?)?;
        }
    }
    Ok(())
}

/// The Go source files of a module in this repository.
fn go_files(module: &Path) -> Result<Vec<PathBuf>> {
    let mut sources: Vec<PathBuf> = fs::read_dir(module)
        .with_context(|| format!("could not read {}", module.display()))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "go"))
        .collect();
    sources.sort();
    Ok(sources)
}

/// A command that runs Go at low priority, because cargo builds at the same time.
fn nice_go(go: &Path, module: &Path) -> Command {
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

/// The version of a module in a `go.mod`.
fn pinned_version(go_mod: &str, module: &str) -> Option<String> {
    go_mod.lines().find_map(|line| {
        let mut words = line.trim().trim_start_matches("require ").split_whitespace();
        (words.next() == Some(module))
            .then(|| words.next())?
            .map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_is_read_from_go_mod() {
        let go_mod =
            "module m\n\nrequire (\n\tk8s.io/api v0.0.1\n\tk8s.io/kubernetes v1.2.3 // indirect\n)\n";
        let version = |go_mod: &str| pinned_version(go_mod, "k8s.io/kubernetes");
        assert_eq!(version(go_mod).as_deref(), Some("v1.2.3"));
        assert_eq!(
            version("require k8s.io/kubernetes v1.2.3\n").as_deref(),
            Some("v1.2.3")
        );
        assert_eq!(version("module m\n"), None);
    }
}
