//! What holds of the repository's files as such: nothing names a place on one machine or one company's network, every
//! lock file fits its manifest, one version of the compiler is named everywhere, and pages refer to what is there.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};

use crate::docs;
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

/// Looks through every file that git tracks and prints each problem.
pub(crate) fn check() -> Result<ExitCode> {
    let root = root();
    let listing = run_quietly(Command::new("git").current_dir(&root).args(["ls-files", "-z"]))?;
    let files: Vec<&str> = listing.split('\0').filter(|name| !name.is_empty()).collect();
    lock_files_fit(&root, &files)?;
    let mut problems = machine_paths(&root, &files);
    problems.extend(compilers(&root)?);
    problems.extend(docs::problems(&root, &files)?);
    for problem in &problems {
        println!("{problem}");
    }
    if !problems.is_empty() {
        println!("{} problems in the tree", problems.len());
        return Ok(ExitCode::FAILURE);
    }
    println!("no path of a machine in the tree; lock files, toolchain and pages fit");
    Ok(ExitCode::SUCCESS)
}

/// Lines that name a path of one machine.
fn machine_paths(root: &Path, files: &[&str]) -> Vec<String> {
    let forbidden = forbidden();
    let mut found = Vec::new();
    for name in files {
        let Ok(contents) = fs::read_to_string(root.join(name)) else {
            continue;
        };
        for (number, line) in contents.lines().enumerate() {
            let names_one = forbidden.iter().any(|place| {
                line.match_indices(place.as_str())
                    .any(|(at, _)| begins_a_path(line, at))
            });
            if names_one {
                found.push(format!(
                    "{name}:{}: a path of one machine: {}",
                    number + 1,
                    line.trim()
                ));
            }
        }
    }
    found
}

/// What is wrong with the compiler's version: the container file builds with the oldest one that the manifest allows, so
/// that it is really tried.
fn compilers(root: &Path) -> Result<Vec<String>> {
    let read = |name: &str| fs::read_to_string(root.join(name)).with_context(|| format!("reading {name}"));
    Ok(disagreement(&read("deploy/Containerfile")?, &read("Cargo.toml")?)
        .into_iter()
        .collect())
}

fn disagreement(container: &str, manifest: &str) -> Option<String> {
    let after = |text: &str, begin: &str| {
        let rest = text.lines().find_map(|line| line.trim().strip_prefix(begin))?;
        let end = rest.find(|letter: char| letter != '.' && !letter.is_ascii_digit());
        Some(rest[..end.unwrap_or(rest.len())].to_owned())
    };
    let image = after(container, "FROM docker.io/library/rust:").unwrap_or_default();
    let oldest = after(manifest, "rust-version = \"").unwrap_or_default();
    let fits = !oldest.is_empty() && (image == oldest || image.starts_with(&format!("{oldest}.")));
    (!fits).then(|| format!("deploy/Containerfile builds with Rust {image}, Cargo.toml asks for {oldest}"))
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

#[cfg(test)]
mod tests {
    use super::disagreement;

    #[test]
    fn the_container_is_built_with_the_oldest_compiler_allowed() {
        let container =
            |version: &str| format!("# why\nFROM docker.io/library/rust:{version}-bookworm AS build\n");
        let manifest = |version: &str| format!("[workspace.package]\nrust-version = \"{version}\"\n");
        let of = |image: &str, oldest: &str| disagreement(&container(image), &manifest(oldest));
        assert_eq!(of("1.95.0", "1.95"), None);
        assert_eq!(of("1.95.0", "1.95.0"), None);
        assert!(of("1.96.0", "1.95").is_some());
        assert!(of("1.95.0", "1.9").is_some());
        assert!(disagreement("", "").is_some());
    }
}
