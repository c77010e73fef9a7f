//! The workspace's crates and their dependencies, read from `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::steps::run_quietly;
use crate::workspace::cargo;

#[derive(Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) workspace_root: String,
}

#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) manifest_path: String,
    pub(crate) dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `dev` or `build`; `None` for a normal dependency.
    pub(crate) kind: Option<String>,
    pub(crate) optional: bool,
}

/// Reads the metadata of the workspace, without dependencies from outside.
pub(crate) fn metadata(root: &Path) -> Result<Metadata> {
    let text = run_quietly(Command::new(cargo()).current_dir(root).args([
        "metadata",
        "--no-deps",
        "--offline",
        "--format-version",
        "1",
    ]))?;
    serde_json::from_str(&text).context("reading what cargo metadata printed")
}

/// Each crate's dependencies within the workspace, with true for optional ones.
pub(crate) type Arrows<'m> = BTreeMap<&'m str, BTreeMap<&'m str, bool>>;

/// Returns the normal dependencies between the crates of the workspace.
pub(crate) fn arrows(metadata: &Metadata) -> Arrows<'_> {
    let ours: BTreeSet<&str> = metadata
        .packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    metadata
        .packages
        .iter()
        .map(|package| {
            let uses = package
                .dependencies
                .iter()
                .filter(|dependency| dependency.kind.is_none() && ours.contains(dependency.name.as_str()))
                .map(|dependency| (dependency.name.as_str(), dependency.optional))
                .collect();
            (package.name.as_str(), uses)
        })
        .collect()
}

/// All crates that can be reached from `start`, without `start` itself.
pub(crate) fn reachable<'m>(arrows: &Arrows<'m>, start: &str) -> BTreeSet<&'m str> {
    let mut found = BTreeSet::new();
    let mut open = vec![start];
    while let Some(name) = open.pop() {
        for used in arrows.get(name).into_iter().flat_map(BTreeMap::keys).copied() {
            if found.insert(used) {
                open.push(used);
            }
        }
    }
    found
}

/// The folder of a package, relative to the root of the workspace.
pub(crate) fn folder<'p>(package: &'p Package, root: &str) -> &'p str {
    package
        .manifest_path
        .strip_prefix(root)
        .unwrap_or(&package.manifest_path)
        .trim_start_matches(['/', '\\'])
        .trim_end_matches("Cargo.toml")
        .trim_end_matches(['/', '\\'])
}
