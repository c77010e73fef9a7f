//! `cargo xtask docs`: writes the generated parts of `deploy/docs`, and checks links, paths and commits in all pages.

mod crates;
mod links;
mod markdown;
mod walk;

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::steps::{run, step};
use crate::workspace::{cargo, root};

/// The environment variable that makes tests write a generated page instead of comparing it.
const WRITE_VARIABLE: &str = "PORTICO_WRITE_DOCS";

/// Writes every generated part.
pub(crate) fn write() -> Result<()> {
    let root = root();
    step("Writing the picture of the crates", || crates::write(&root))?;
    step("Writing the reference of the configuration", || {
        run(Command::new(cargo())
            .current_dir(&root)
            .args([
                "test",
                "--quiet",
                "--workspace",
                "--lib",
                "--",
                "documents::reference",
                "problem_types::",
                "openapi::",
            ])
            .env(WRITE_VARIABLE, "1"))
    })
}

/// Returns problems of the documentation as `file:line: problem`. Does not check the configuration reference: a test of
/// `portico-domain` does.
pub(crate) fn problems(root: &Path, files: &[&str]) -> Result<Vec<String>> {
    let mut problems = crates::problems(root)?;
    problems.extend(links::problems(root, files)?);
    problems.extend(walk::problems(root)?);
    Ok(problems)
}
