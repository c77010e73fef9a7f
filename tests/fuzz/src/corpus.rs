//! Published definitions and samples. `PORTICO_CORPUS` names their folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use kube_schema::{Definition, yaml};
use serde_json::{Value, json};

/// Size limit of a definition, in bytes. Small ones have the same features and allow more iterations.
const MAX_DEFINITION_BYTES: u64 = 200_000;

/// A definition with at least one sample object.
pub struct Kind {
    /// The document.
    pub document: Value,
    /// The parsed definition.
    pub definition: Definition,
    /// Objects that are valid or documented as such.
    pub samples: Vec<Value>,
}

/// The folder of the corpus.
pub fn folder() -> PathBuf {
    std::env::var_os("PORTICO_CORPUS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
        PathBuf::from,
    )
}

/// All kinds of the corpus; a small built-in one if there is no corpus.
pub static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    let root = folder();
    let samples: Vec<Value> = ["samples", "invalid"]
        .iter()
        .flat_map(|name| documents(&root.join(name)))
        .collect();
    let mut kinds: Vec<Kind> = std::iter::once(built_in())
        .chain(documents(&root.join("crds")))
        .filter_map(|document| {
            let definition = Definition::parse(&document).ok()?;
            let samples = samples
                .iter()
                .filter(|sample| sample["kind"] == definition.kind.as_str())
                .cloned()
                .collect();
            Some(Kind {
                document,
                definition,
                samples,
            })
        })
        .collect();
    for kind in &mut kinds {
        if kind.samples.is_empty() {
            let version = &kind.definition.versions[0].name;
            kind.samples.push(json!({
                "apiVersion": format!("{}/{version}", kind.definition.group), "kind": kind.definition.kind,
                "metadata": {"name": "a", "namespace": "b"}, "spec": {},
            }));
        }
    }
    kinds
});

fn documents(folder: &Path) -> Vec<Value> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            entry
                .metadata()
                .is_ok_and(|about| about.len() <= MAX_DEFINITION_BYTES)
        })
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    paths.sort();
    paths
        .iter()
        .filter_map(|path| yaml::parse(&fs::read_to_string(path).ok()?).ok())
        .collect()
}

/// A definition with most features of schemas.
fn built_in() -> Value {
    yaml::parse(include_str!("thing.yaml")).expect("it is YAML")
}
