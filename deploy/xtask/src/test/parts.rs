//! Real parts that take part in tests and take long to get: made once, kept in a folder outside the target folder, and
//! made again only when what they are made from changes. Where they cannot be had, the tests that need them skip by
//! their name.
//!
//! A part says how it is made; [`super::go`] makes programs from Go modules.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Error, Result};

use super::needs::Need;
use crate::fingerprint::Fingerprint;
use crate::steps::{note, step};

/// A part, and what it is made from.
pub(crate) struct Part {
    /// The name in the table of needs, by which tests skip.
    pub(crate) name: &'static str,
    /// What it is for.
    pub(crate) what_for: &'static str,
    /// The environment variable that tells the tests which folder it is in.
    pub(crate) variable: &'static str,
    /// A file in the folder that is there when it was made.
    pub(crate) file: &'static str,
    /// The name of its folder in the cache.
    pub(crate) folder: String,
    /// Files that it is made from.
    pub(crate) from: Vec<PathBuf>,
    /// What else changes what is made: options, versions.
    pub(crate) options: Vec<String>,
}

/// Why a part was not made.
pub(crate) enum Unmade {
    /// What it is made from cannot be had here.
    OutOfReach(Error),
    /// It could be had, and making it failed.
    Failed(Error),
}

impl From<Error> for Unmade {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// A part on its way.
pub(crate) struct Underway {
    name: &'static str,
    what_for: &'static str,
    variable: &'static str,
    state: State,
}

enum State {
    Here(PathBuf),
    Making(JoinHandle<Result<PathBuf, Unmade>>),
    Lacking,
}

/// What came of a part.
pub(crate) struct Made {
    /// The line in the table of needs.
    pub(crate) need: Need,
    /// The environment variable for the tests.
    pub(crate) variable: &'static str,
    /// The folder it is in.
    pub(crate) folder: Option<PathBuf>,
}

impl Part {
    /// Finds it, or begins to make it beside whatever is done next. `how` is called with an empty folder of its own,
    /// which takes the part's place when it has succeeded. `tool` is a program without which it cannot be made.
    pub(crate) fn begin(
        self,
        tool: Option<PathBuf>,
        how: impl FnOnce(&Path, &Path) -> Result<(), Unmade> + Send + 'static,
    ) -> Underway {
        let (name, what_for, variable) = (self.name, self.what_for, self.variable);
        let given = env::var_os(variable).map(PathBuf::from);
        let state = match given.filter(|folder| folder.join(self.file).is_file()) {
            Some(folder) => State::Here(folder),
            None => self.begin_making(tool, how).unwrap_or_else(|error| {
                note(format!("{name}: {error:#}"));
                State::Lacking
            }),
        };
        Underway {
            name,
            what_for,
            variable,
            state,
        }
    }

    fn begin_making(
        self,
        tool: Option<PathBuf>,
        how: impl FnOnce(&Path, &Path) -> Result<(), Unmade> + Send + 'static,
    ) -> Result<State> {
        let folder = cache()?.join(&self.folder);
        let from: Vec<&Path> = self.from.iter().map(PathBuf::as_path).collect();
        let options: Vec<&str> = self.options.iter().map(String::as_str).collect();
        let made_from = Fingerprint::of(&folder.join(".made-from"), &from, &options)?;
        if made_from.is_kept() && folder.join(self.file).is_file() {
            return Ok(State::Here(folder));
        }
        let Some(tool) = tool else {
            note(format!("{}: there is nothing here to make it with", self.name));
            return Ok(State::Lacking);
        };
        note(format!(
            "{} is made beside what follows; this happens once, it is kept in {}",
            self.name,
            folder.display()
        ));
        Ok(State::Making(thread::spawn(move || {
            let unfinished = folder.with_extension(format!("unfinished-{}", std::process::id()));
            fs::create_dir_all(&unfinished)
                .with_context(|| format!("could not make {}", unfinished.display()))?;
            let made = how(&tool, &unfinished).and_then(|()| {
                let replaced = folder.with_extension(format!("replaced-{}", std::process::id()));
                if folder.exists() {
                    fs::rename(&folder, &replaced).context("could not put the old one aside")?;
                }
                fs::rename(&unfinished, &folder).context("could not put it in its place")?;
                // What is left of the old one is in nobody's way.
                let _ = fs::remove_dir_all(replaced);
                made_from.keep()?;
                Ok(folder)
            });
            // Gone already where it was made.
            let _ = fs::remove_dir_all(unfinished);
            made
        })))
    }
}

impl Underway {
    /// Waits until it is made.
    pub(crate) fn finish(self) -> Made {
        let (installable, folder) = match self.state {
            State::Here(folder) => (true, Some(folder)),
            State::Lacking => (false, None),
            State::Making(making) => {
                let made = step(format!("Waiting for {}", self.name), || {
                    Ok(making.join().unwrap_or_else(|_| {
                        Err(Unmade::Failed(Error::msg("the thread that made it panicked")))
                    }))
                });
                match made {
                    Ok(Ok(folder)) => (true, Some(folder)),
                    Ok(Err(Unmade::OutOfReach(error))) => {
                        note(format!(
                            "what {} is made from cannot be had here: {error:#}",
                            self.name
                        ));
                        (false, None)
                    }
                    Ok(Err(Unmade::Failed(error))) | Err(error) => {
                        note(format!("{}: {error:#}", self.name));
                        (true, None)
                    }
                }
            }
        };
        Made {
            need: Need {
                name: self.name,
                what_for: self.what_for,
                installable,
                met: folder.is_some(),
            },
            variable: self.variable,
            folder,
        }
    }
}

/// Where what is made once is kept.
pub(crate) fn cache() -> Result<PathBuf> {
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

    fn part(folder: &Path) -> Part {
        Part {
            name: "a part",
            what_for: "nothing",
            variable: "PORTICO_TEST_NO_SUCH_PART",
            file: "made",
            folder: folder.display().to_string(),
            from: Vec::new(),
            options: vec!["1".to_owned()],
        }
    }

    #[test]
    fn a_part_is_made_once() {
        let home = std::env::temp_dir().join(format!("portico-part-{}", std::process::id()));
        let folder = home.join("kept");
        let tool = || Some(PathBuf::from("/bin/true"));
        let write = |_: &Path, into: &Path| -> Result<(), Unmade> {
            fs::write(into.join("made"), "by us").context("could not write")?;
            Ok(())
        };
        let made = part(&folder).begin(tool(), write).finish();
        assert_eq!(made.folder.as_deref(), Some(folder.as_path()));
        let again = part(&folder)
            .begin(tool(), |_, _| Err(Unmade::Failed(Error::msg("made twice"))))
            .finish();
        assert!(again.need.met);
        let mut other = part(&folder);
        other.options = vec!["2".to_owned()];
        let out_of_reach = other.begin(tool(), |_, _| Err(Unmade::OutOfReach(Error::msg("no network"))));
        assert!(!out_of_reach.finish().need.installable);
        fs::remove_dir_all(home).unwrap();
    }
}
