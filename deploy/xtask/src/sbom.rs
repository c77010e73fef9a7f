//! `cargo xtask sbom`: writes the software bill of materials of the production build as `CycloneDX` JSON
//! (<https://cyclonedx.org/docs/1.6/json/>): each crate with its version, its licence and the checksum in the lock
//! file.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::{Value, json};

use crate::program::PRODUCTION_FEATURES;
use crate::steps::run_quietly;
use crate::workspace::{cargo, root};

#[derive(Args)]
pub(crate) struct Options {
    /// The file to write.
    #[arg(long, value_name = "FILE", default_value = "target/portico.cdx.json")]
    output: PathBuf,
}

/// Writes the bill of materials.
pub(crate) fn write(options: &Options) -> Result<()> {
    // The same features as in the container. Build scripts and their dependencies are not part of the program.
    let mut command = Command::new(cargo());
    command
        .current_dir(root())
        .args(["tree", "--locked", "--package", "portico"])
        .args(PRODUCTION_FEATURES)
        .args(["--edges", "normal", "--prefix", "none", "--format", "{p}|{l}"]);
    let tree = run_quietly(&mut command)?;
    let lock = fs::read_to_string(root().join("Cargo.lock")).context("reading Cargo.lock")?;
    let document = document(&tree, &checksums(&lock));
    let output = root().join(&options.output);
    fs::write(&output, format!("{document:#}\n")).with_context(|| format!("writing {}", output.display()))?;
    println!("{}", output.display());
    Ok(())
}

fn document(tree: &str, checksums: &BTreeMap<(String, String), String>) -> Value {
    let mut components = BTreeMap::new();
    for line in tree.lines() {
        let (package, licence) = line.split_once('|').unwrap_or((line, ""));
        let mut words = package.split_whitespace();
        let (Some(name), Some(version)) = (words.next(), words.next()) else {
            continue;
        };
        let version = version.trim_start_matches('v');
        let key = (name.to_owned(), version.to_owned());
        let purl = format!("pkg:cargo/{name}@{version}");
        let mut component = json!({
            "type": "library",
            "bom-ref": purl,
            "name": name,
            "version": version,
            "purl": purl,
        });
        if !licence.is_empty() {
            component["licenses"] = json!([{ "expression": licence.trim_end_matches(" (*)") }]);
        }
        if let Some(checksum) = checksums.get(&key) {
            component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
        }
        components.insert(key, component);
    }
    let program = components.remove(&("portico".to_owned(), env!("CARGO_PKG_VERSION").to_owned()));
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "component": program },
        "components": components.into_values().collect::<Vec<_>>(),
    })
}

/// The checksums in a lock file, by name and version.
fn checksums(lock: &str) -> BTreeMap<(String, String), String> {
    let value = |line: &str, name: &str| {
        let rest = line.strip_prefix(name)?.strip_prefix(" = \"")?;
        Some(rest.trim_end_matches('"').to_owned())
    };
    lock.split("[[package]]")
        .filter_map(|package| {
            let find = |name: &str| package.lines().find_map(|line| value(line, name));
            Some(((find("name")?, find("version")?), find("checksum")?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{checksums, document};

    #[test]
    fn crates_are_listed_once_with_their_checksums() {
        let lock = "version = 4\n\n[[package]]\nname = \"serde\"\nversion = \"1.0.0\"\nsource = \"registry\"\n\
                    checksum = \"abc\"\n\n[[package]]\nname = \"portico\"\nversion = \"0.1.0\"\n";
        let tree = "portico v0.1.0 (/source/server)|Apache-2.0\nserde v1.0.0|MIT OR Apache-2.0\n\
                    serde v1.0.0|MIT OR Apache-2.0 (*)\n";
        let bom = document(tree, &checksums(lock));
        assert_eq!(bom["metadata"]["component"]["name"], "portico");
        let components = bom["components"].as_array().unwrap();
        assert_eq!(components.len(), 1, "{bom:#}");
        assert_eq!(components[0]["hashes"][0]["content"], "abc");
        assert_eq!(components[0]["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert!(!bom.to_string().contains("/source"), "no path of a machine");
    }
}
