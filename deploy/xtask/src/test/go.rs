//! Programs built from Go modules that this repository pins: a folder under `tests` with `go.mod` and `go.sum`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Error, Result};

use super::parts::{Part, Underway, Unmade};
use crate::steps::run_quietly;
use crate::workspace::{root, which};

/// Programs of one module, built into one folder.
pub(crate) struct Programs {
    /// The name in the table of needs.
    pub(crate) name: &'static str,
    /// What they are for.
    pub(crate) what_for: &'static str,
    /// The environment variable that tells the tests which folder they are in.
    pub(crate) variable: &'static str,
    /// The module's folder.
    pub(crate) module: &'static str,
    /// The module that is named in `go.mod` in the release that the folder is named after; `None`: the module is ours.
    pub(crate) release_of: Option<&'static str>,
    /// Each program's name and package.
    pub(crate) packages: &'static [(&'static str, &'static str)],
    /// Folders of modules that are kept beside the programs: the module, the folder in it, and what to call it.
    pub(crate) folders: &'static [(&'static str, &'static str, &'static str)],
    /// What the linker is told, by the release.
    pub(crate) flags: fn(&str) -> String,
}

/// Small.
pub(crate) fn stripped(_release: &str) -> String {
    "-s -w".to_owned()
}

impl Programs {
    /// Finds them, or begins to build them beside whatever is done next.
    ///
    /// # Errors
    /// When the module's files cannot be read.
    pub(crate) fn begin(self) -> Result<Underway> {
        let module = root().join(self.module);
        let (go_mod, go_sum) = (module.join("go.mod"), module.join("go.sum"));
        let release = match self.release_of {
            Some(path) => pinned(&fs::read_to_string(&go_mod)?, path)
                .with_context(|| format!("{}/go.mod names no release of {path}", self.module))?,
            None => "ours".to_owned(),
        };
        let flags = (self.flags)(&release);
        let mut from = vec![go_mod, go_sum];
        from.extend(sources(&module)?);
        let mut options = vec![flags.clone()];
        let others = self.packages.iter().skip(1);
        options.extend(others.map(|(name, package)| format!("{name}={package}")));
        options.extend(
            self.folders
                .iter()
                .map(|(path, inner, name)| format!("{name}={path}/{inner}")),
        );
        let part = Part {
            name: self.name,
            what_for: self.what_for,
            variable: self.variable,
            file: self.packages.first().context("no program is named")?.0,
            folder: format!("{}-{release}", self.name.to_lowercase().replace(' ', "-")),
            from,
            options,
        };
        let (packages, folders) = (self.packages, self.folders);
        Ok(part.begin(which("go"), move |go, into| {
            // Listing the packages fetches the modules: only that can fail for want of a network.
            let named = packages.iter().map(|(_, package)| *package);
            run_quietly(gently(go, &module).args(["list", "-deps"]).args(named))
                .map_err(Unmade::OutOfReach)?;
            for (name, package) in packages {
                build(go, &module, package, &flags, &into.join(name))?;
            }
            for (path, inner, name) in folders {
                copy(&folder_of(go, &module, path)?.join(inner), &into.join(name))?;
            }
            Ok(())
        }))
    }
}

fn build(go: &Path, module: &Path, package: &str, flags: &str, to: &Path) -> Result<()> {
    run_quietly(
        gently(go, module)
            .args(["build", "-trimpath", "-ldflags", flags, "-o"])
            .arg(to)
            .arg(package),
    )?;
    Ok(())
}

/// Where Go keeps a module.
fn folder_of(go: &Path, module: &Path, path: &str) -> Result<PathBuf> {
    let said = run_quietly(gently(go, module).args(["list", "-m", "-f", "{{.Dir}}", path]))?;
    let folder = PathBuf::from(said.trim());
    if folder.is_dir() {
        Ok(folder)
    } else {
        Err(Error::msg(format!("Go does not say where {path} is")))
    }
}

/// Copies the files of a folder, none below.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("could not make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("could not read {}", from.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            // Modules are read-only; what is kept here may be replaced.
            fs::write(to.join(entry.file_name()), fs::read(entry.path())?)?;
        }
    }
    Ok(())
}

/// The sources of a module that is ours.
fn sources(module: &Path) -> Result<Vec<PathBuf>> {
    let mut sources: Vec<PathBuf> = fs::read_dir(module)
        .with_context(|| format!("could not read {}", module.display()))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "go"))
        .collect();
    sources.sort();
    Ok(sources)
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

/// The release of a module in a go.mod.
fn pinned(go_mod: &str, module: &str) -> Option<String> {
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
        let release = |go_mod: &str| pinned(go_mod, "k8s.io/kubernetes");
        assert_eq!(release(go_mod).as_deref(), Some("v1.2.3"));
        assert_eq!(
            release("require k8s.io/kubernetes v1.2.3\n").as_deref(),
            Some("v1.2.3")
        );
        assert_eq!(release("module m\n"), None);
    }
}
