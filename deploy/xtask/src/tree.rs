//! What holds of the repository's files as such: nothing names a place on one machine or one company's network, and
//! every lock file fits its manifest.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};

use crate::steps::run_quietly;
use crate::workspace::{cargo, root};

/// Beginnings of paths that exist on somebody's machine only. Put together here, so that this
/// file does not find itself.
fn forbidden() -> Vec<String> {
    let mut places: Vec<String> = ["home", "root", "Users", "work"]
        .iter()
        .map(|place| format!("/{place}/"))
        .collect();
    places.push(format!("/tmp/{}", "bash"));
    if let Some(home) = std::env::var_os("HOME") {
        places.push(format!("{}/", home.to_string_lossy()));
    }
    places.push(format!("{}/", root().display()));
    places
}

/// Whether what stands before a find makes it a path of its own, and not the middle of another
/// (a folder's further down, a URL's).
fn begins_a_path(line: &str, at: usize) -> bool {
    line[..at]
        .chars()
        .next_back()
        .is_none_or(|before| " \t\"'`(=:,<>[".contains(before))
}

/// Looks through every file that git tracks and prints each find.
pub(crate) fn check() -> Result<ExitCode> {
    let root = root();
    let listing = run_quietly(Command::new("git").current_dir(&root).args(["ls-files", "-z"]))?;
    let files: Vec<&str> = listing.split('\0').filter(|name| !name.is_empty()).collect();
    lock_files_fit(&root, &files)?;
    let forbidden = forbidden();
    let mut finds = 0;
    for name in files {
        let Ok(contents) = fs::read_to_string(root.join(name)) else {
            continue;
        };
        for (number, line) in contents.lines().enumerate() {
            let found = forbidden.iter().any(|place| {
                line.match_indices(place.as_str())
                    .any(|(at, _)| begins_a_path(line, at))
            });
            if found {
                finds += 1;
                println!("{name}:{}: {}", number + 1, line.trim());
            }
        }
    }
    if finds > 0 {
        println!("{finds} lines name a path of one machine");
        return Ok(ExitCode::FAILURE);
    }
    println!("no path of a machine in the tree; every lock file fits");
    Ok(ExitCode::SUCCESS)
}

/// Fails when a workspace's dependencies were changed and its lock file was not: the workspace that the fuzz targets
/// are is built by none of the daily commands, so nothing else would tell.
fn lock_files_fit(root: &Path, files: &[&str]) -> Result<()> {
    for name in files {
        let Some(folder) = name.strip_suffix("Cargo.lock") else {
            continue;
        };
        run_quietly(Command::new(cargo()).current_dir(root.join(folder)).args([
            "metadata",
            "--locked",
            "--format-version",
            "1",
        ]))
        .with_context(|| format!("{name} does not fit its manifest"))?;
    }
    Ok(())
}
