//! The layers of the simulator: each imports only from itself and lower ones, and no files import each other in
//! a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const LAYERS: [&str; 8] = [
    "types", "storage", "registry", "write", "plane", "client", "http", "kcp",
];

/// The files of a layer with their text, by module name.
fn files(layer: &str) -> BTreeMap<String, String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("src/kube")
        .join(layer);
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.file_name() != Some(Path::new("mod.rs").as_os_str()))
        .map(|path| {
            let module = path.file_stem().unwrap().to_string_lossy().into_owned();
            (module, std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// The `layer::module` pairs that a file imports.
fn imports(layer: &str, text: &str) -> BTreeSet<(String, String)> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = BTreeSet::new();
    for statement in code.split(';') {
        let Some((_, path)) = statement.split_once("use ") else {
            continue;
        };
        let (layer, rest) = match (path.strip_prefix("crate::kube::"), path.strip_prefix("super::")) {
            (Some(path), _) => path.split_once("::").expect("a path into a layer"),
            (_, Some(rest)) => (layer, rest),
            _ => continue,
        };
        for item in rest.trim_start_matches('{').trim_end_matches('}').split(',') {
            let module = item.trim().split([':', ' ']).next().unwrap_or_default();
            found.insert((layer.to_owned(), module.to_owned()));
        }
    }
    found
}

#[test]
fn no_layer_imports_from_a_higher_one() {
    for (rank, layer) in LAYERS.iter().enumerate() {
        for (module, text) in files(layer) {
            for (used, item) in imports(layer, &text) {
                let used_rank = LAYERS.iter().position(|layer| *layer == used);
                assert!(
                    used_rank.is_some_and(|used_rank| used_rank <= rank),
                    "{layer}/{module}.rs imports {used}::{item}, which is not a lower layer"
                );
            }
        }
    }
}

#[test]
fn no_files_of_a_layer_import_each_other_in_a_circle() {
    for layer in LAYERS {
        let files = files(layer);
        let mut left: BTreeMap<&String, BTreeSet<String>> = files
            .iter()
            .map(|(module, text)| {
                let used = imports(layer, text).into_iter().filter(|(used, _)| used == layer);
                (module, used.map(|(_, module)| module).collect())
            })
            .collect();
        while !left.is_empty() {
            let free: Vec<&String> = left
                .iter()
                .filter(|(module, used)| {
                    !used
                        .iter()
                        .any(|used| used != **module && left.contains_key(used))
                })
                .map(|(module, _)| *module)
                .collect();
            assert!(!free.is_empty(), "a circle of imports in {layer}: {left:?}");
            left.retain(|module, _| !free.contains(module));
        }
    }
}
