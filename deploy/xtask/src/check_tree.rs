//! `cargo xtask check-tree`: checks the tracked files. No file contains a path of one machine, every lock file fits its
//! manifest, all files name the same compiler version, links and paths in pages lead somewhere, no name that was
//! replaced is back, rules and use cases have no sentences for people, and use cases and views no paths of pages.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};

use crate::docs;
use crate::retired_names;
use crate::sentences;
use crate::steps::run_quietly;
use crate::workspace::{cargo, root};

/// Prefixes of paths that exist on one machine only. Assembled here, so that this file does not match.
fn local_prefixes() -> Vec<String> {
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

/// True if the match at `at` starts a path, and is not the middle of a longer path or a URL.
fn starts_path(line: &str, at: usize) -> bool {
    line[..at]
        .chars()
        .next_back()
        .is_none_or(|before| " \t\"'`(=:,<>[".contains(before))
}

/// Checks every file that git tracks and prints each problem.
pub(crate) fn check() -> Result<ExitCode> {
    let root = root();
    let listing = run_quietly(Command::new("git").current_dir(&root).args(["ls-files", "-z"]))?;
    let files: Vec<&str> = listing.split('\0').filter(|name| !name.is_empty()).collect();
    check_lock_files(&root, &files)?;
    let mut problems = local_paths(&root, &files);
    problems.extend(compiler_versions(&root)?);
    problems.extend(docs::problems(&root, &files)?);
    problems.extend(retired_names::find(&root, &files));
    problems.extend(sentences::problems(&root, &files));
    for problem in &problems {
        println!("{problem}");
    }
    if !problems.is_empty() {
        println!("{} problems", problems.len());
        return Ok(ExitCode::FAILURE);
    }
    println!("no problems in paths, lock files, toolchain versions, pages, names and use cases");
    Ok(ExitCode::SUCCESS)
}

/// Finds lines that contain a path of one machine.
fn local_paths(root: &Path, files: &[&str]) -> Vec<String> {
    let prefixes = local_prefixes();
    let mut found = Vec::new();
    for name in files {
        let Ok(contents) = fs::read_to_string(root.join(name)) else {
            continue;
        };
        for (number, line) in contents.lines().enumerate() {
            let is_local = prefixes.iter().any(|place| {
                line.match_indices(place.as_str())
                    .any(|(at, _)| starts_path(line, at))
            });
            if is_local {
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

/// Checks that the container file builds with the oldest compiler that the manifest allows, so that this version is
/// really used.
fn compiler_versions(root: &Path) -> Result<Vec<String>> {
    let read = |name: &str| fs::read_to_string(root.join(name)).with_context(|| format!("reading {name}"));
    Ok(
        version_mismatch(&read("deploy/Containerfile")?, &read("Cargo.toml")?)
            .into_iter()
            .collect(),
    )
}

fn version_mismatch(container: &str, manifest: &str) -> Option<String> {
    let after = |text: &str, begin: &str| {
        let rest = text.lines().find_map(|line| line.trim().strip_prefix(begin))?;
        let end = rest.find(|letter: char| letter != '.' && !letter.is_ascii_digit());
        Some(rest[..end.unwrap_or(rest.len())].to_owned())
    };
    let image = after(container, "FROM docker.io/library/rust:").unwrap_or_default();
    let oldest = after(manifest, "rust-version = \"").unwrap_or_default();
    let fits = !oldest.is_empty() && (image == oldest || image.starts_with(&format!("{oldest}.")));
    (!fits).then(|| format!("deploy/Containerfile builds with Rust {image}, Cargo.toml requires {oldest}"))
}

/// Fails when a lock file does not fit its manifest. No daily command builds the workspace of the fuzz targets, so
/// nothing else would notice there.
fn check_lock_files(root: &Path, files: &[&str]) -> Result<()> {
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
    use super::version_mismatch;

    #[test]
    fn the_container_is_built_with_the_oldest_compiler_allowed() {
        let container =
            |version: &str| format!("# why\nFROM docker.io/library/rust:{version}-bookworm AS build\n");
        let manifest = |version: &str| format!("[workspace.package]\nrust-version = \"{version}\"\n");
        let of = |image: &str, oldest: &str| version_mismatch(&container(image), &manifest(oldest));
        assert_eq!(of("1.95.0", "1.95"), None);
        assert_eq!(of("1.95.0", "1.95.0"), None);
        assert!(of("1.96.0", "1.95").is_some());
        assert!(of("1.95.0", "1.9").is_some());
        assert!(version_mismatch("", "").is_some());
    }
}
