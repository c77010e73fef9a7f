//! `cargo xtask docs`: writes those parts of `deploy/docs` that are made from the code, and checks the rest of it as
//! far as a program can: links, paths, commits.

mod crates;
mod links;
mod markdown;

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::steps::{run, step};
use crate::workspace::{cargo, root};

/// Tells the tests that compare a generated page with the one in the tree to write it.
const WRITE: &str = "PORTICO_WRITE_DOCS";

/// Writes every generated part.
pub(crate) fn write() -> Result<()> {
    let root = root();
    step("The picture of the crates", || crates::write(&root))?;
    step("The reference of the configuration", || {
        run(Command::new(cargo())
            .current_dir(&root)
            .args(["test", "--quiet", "--workspace", "--lib", "documents::reference"])
            .env(WRITE, "1"))
    })
}

/// What is wrong with the documentation, each as `file:line: what`. The reference is not among it: a test of
/// `portico-domain` compares that.
pub(crate) fn problems(root: &Path, files: &[&str]) -> Result<Vec<String>> {
    let mut problems = crates::problems(root)?;
    problems.extend(links::problems(root, files)?);
    Ok(problems)
}
