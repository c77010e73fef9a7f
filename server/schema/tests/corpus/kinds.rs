//! The published definitions and objects of some sixty projects.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kube_schema::{Definition, yaml};
use serde_json::{Value, json};

/// The folder in the environment variable `name`, else the default one. Prints that tests are skipped if it does not exist.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os(name).map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
        PathBuf::from,
    );
    if root.join("crds").is_dir() {
        return Some(root);
    }
    println!("skipped: no corpus at {}; set {name}", root.display());
    None
}

/// The YAML files of a folder by name, each with one document.
pub(crate) fn documents(folder: &Path) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let text = std::fs::read_to_string(&path).unwrap();
            let document = yaml::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            found.insert(path.file_name().unwrap().to_string_lossy().into_owned(), document);
        }
    }
    found
}

/// The definitions of the corpus, by group and kind.
pub(crate) struct Kinds(pub(crate) BTreeMap<(String, String), Definition>);

impl Kinds {
    pub(crate) fn read(root: &Path) -> Self {
        let mut kinds = BTreeMap::new();
        let mut add = |document: &Value| {
            let definition = Definition::parse(document).unwrap_or_else(|error| panic!("{error}"));
            kinds.insert((definition.group.clone(), definition.kind.clone()), definition);
        };
        documents(&root.join("crds")).values().for_each(&mut add);
        for xrd in documents(&root.join("xrds")).values() {
            definitions_of(xrd).iter().for_each(&mut add);
        }
        for promise in documents(&root.join("samples"))
            .values()
            .filter(|sample| sample["kind"] == "Promise")
        {
            if promise["spec"]["api"].is_object() {
                add(&promise["spec"]["api"]);
            }
        }
        Self(kinds)
    }

    pub(crate) fn of(&self, object: &Value) -> Option<(&Definition, String)> {
        let (group, version) = object["apiVersion"].as_str()?.split_once('/')?;
        let kind = object["kind"].as_str()?;
        let definition = self.0.get(&(group.to_owned(), kind.to_owned()))?;
        Some((definition, version.to_owned()))
    }
}

/// The definitions that Crossplane generates from an XRD. Fields that Crossplane adds have no schema.
fn definitions_of(xrd: &Value) -> Vec<Value> {
    let spec = &xrd["spec"];
    let mut names = vec![&spec["names"]];
    if spec["claimNames"].is_object() {
        names.push(&spec["claimNames"]);
    }
    let make = |names: &Value| {
        let versions: Vec<Value> = spec["versions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|version| {
                let mut schema = version["schema"]["openAPIV3Schema"].clone();
                for added in [
                    "crossplane",
                    "compositionRef",
                    "compositionSelector",
                    "compositionRevisionRef",
                    "compositionRevisionSelector",
                    "compositionUpdatePolicy",
                    "compositeDeletePolicy",
                    "resourceRef",
                    "resourceRefs",
                    "claimRef",
                    "publishConnectionDetailsTo",
                    "writeConnectionSecretToRef",
                    "environmentConfigRefs",
                ] {
                    schema["properties"]["spec"]["properties"][added] =
                        json!({"x-kubernetes-preserve-unknown-fields": true});
                }
                schema["properties"]["status"]["type"] = json!("object");
                schema["properties"]["status"]["x-kubernetes-preserve-unknown-fields"] = json!(true);
                json!({
                    "name": version["name"], "served": version["served"], "storage": version["referenceable"],
                    "schema": {"openAPIV3Schema": schema}, "subresources": {"status": {}},
                })
            })
            .collect();
        json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{}.{}", names["plural"].as_str().unwrap(), spec["group"].as_str().unwrap())},
            "spec": {"group": spec["group"], "names": names, "scope": "Namespaced", "versions": versions},
        })
    };
    names.into_iter().map(make).collect()
}
