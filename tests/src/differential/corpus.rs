//! The corpus of definitions and samples in `PORTICO_CORPUS`: `crds`, `xrds`, `samples`, `invalid`.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use kube_schema::{Definition, Scope, yaml};
use serde_json::{Value, json};

use super::rng::Rng;
use super::values::generate;

/// The fields that Crossplane adds to schemas from XRDs. They accept anything, since their contents depend on
/// the release.
const ADDED: [&str; 13] = [
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
];

/// The kinds of a corpus.
#[derive(Debug)]
pub struct Corpus {
    /// Each served version as a kind with only that version: other storage versions would need a conversion
    /// webhook.
    pub kinds: Vec<Kind>,
}

/// A kind and its samples.
#[derive(Debug)]
pub struct Kind {
    /// The `CustomResourceDefinition` to install.
    pub document: Value,
    /// The definition as Portico parses it.
    pub definition: Definition,
    /// The samples.
    pub samples: Vec<Sample>,
}

/// A sample object.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The file it is from.
    pub name: String,
    /// The object, with a name, and a namespace if its kind is namespaced.
    pub object: Value,
}

impl Corpus {
    /// The folder: `PORTICO_CORPUS`, else beside the repository.
    #[must_use]
    pub fn folder() -> Option<PathBuf> {
        let folder = env::var_os("PORTICO_CORPUS").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus"),
            PathBuf::from,
        );
        folder.join("crds").is_dir().then_some(folder)
    }

    /// The folder of our own definitions.
    #[must_use]
    pub fn of_our_own() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("definitions")
    }

    /// Reads a corpus.
    ///
    /// # Panics
    /// When a definition cannot be parsed.
    #[must_use]
    pub fn read(folder: &Path) -> Self {
        let mut kinds = BTreeMap::new();
        let mut add = |mut document: Value| {
            make_installable(&mut document);
            let definition = Definition::parse(&document).unwrap_or_else(|error| panic!("{error}"));
            let key = (definition.group.clone(), definition.kind.clone());
            kinds.entry(key).or_insert(Kind {
                document,
                definition,
                samples: Vec::new(),
            });
        };
        let samples = documents(&folder.join("samples"));
        documents(&folder.join("crds")).into_values().for_each(&mut add);
        for xrd in documents(&folder.join("xrds")).values() {
            definitions_of(xrd).into_iter().for_each(&mut add);
        }
        let promised = samples.values().filter(|sample| sample["kind"] == "Promise");
        promised
            .map(|promise| promise["spec"]["api"].clone())
            .filter(Value::is_object)
            .for_each(&mut add);
        let mut corpus = Self {
            kinds: kinds.values().flat_map(Kind::versions).collect(),
        };
        for (name, object) in samples {
            corpus.add_sample(format!("samples/{name}"), &object);
        }
        for (name, object) in documents(&folder.join("invalid")) {
            corpus.add_sample(format!("invalid/{name}"), &object);
        }
        corpus.kinds.iter_mut().for_each(Kind::make_up_sample);
        corpus
    }

    fn add_sample(&mut self, name: String, object: &Value) {
        let (Some(api_version), Some(kind)) = (object["apiVersion"].as_str(), object["kind"].as_str()) else {
            return;
        };
        let (group, version) = api_version.split_once('/').unwrap_or_default();
        let named = |one: &&mut Kind| {
            let definition = &one.definition;
            definition.group == group && definition.kind == kind && one.version() == version
        };
        if let Some(kind) = self.kinds.iter_mut().find(named) {
            let object = kind.identified(object.clone());
            kind.samples.push(Sample { name, object });
        }
    }
}

impl Kind {
    /// The name of its version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.definition.versions[0].name
    }

    /// Its schema, as in the document.
    #[must_use]
    pub fn schema(&self) -> &Value {
        &self.document["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    }

    fn versions(&self) -> Vec<Self> {
        let versions = self.document["spec"]["versions"].as_array().into_iter().flatten();
        versions
            .filter(|version| version["served"] == true)
            .map(|version| {
                let mut document = self.document.clone();
                document["spec"]["versions"] = json!([version]);
                document["spec"]["versions"][0]["storage"] = json!(true);
                Self {
                    definition: Definition::parse(&document).unwrap(),
                    document,
                    samples: Vec::new(),
                }
            })
            .collect()
    }

    /// Generates a sample for a kind without one. Few are accepted, but all are compared.
    fn make_up_sample(&mut self) {
        if !self.samples.is_empty() {
            return;
        }
        let name = format!("made up/{}/{}", self.definition.name, self.version());
        let mut object = generate(self.schema(), &mut Rng::of(1, &name), 0);
        if !object.is_object() {
            object = json!({});
        }
        object["apiVersion"] = json!(format!("{}/{}", self.definition.group, self.version()));
        object["kind"] = json!(self.definition.kind);
        object["metadata"] = json!({ "name": "made-up" });
        let object = self.identified(object);
        self.samples.push(Sample { name, object });
    }

    /// Sets a name, and a namespace that exists.
    fn identified(&self, mut object: Value) -> Value {
        if !object["metadata"].is_object() {
            object["metadata"] = json!({});
        }
        if let Some(metadata) = object["metadata"].as_object_mut() {
            for servers in [
                "creationTimestamp",
                "resourceVersion",
                "uid",
                "generation",
                "managedFields",
            ] {
                metadata.shift_remove(servers);
            }
            // A generated name cannot be compared.
            metadata.shift_remove("generateName");
            metadata.entry("name").or_insert_with(|| json!("sample"));
            match self.definition.scope {
                Scope::Namespaced => metadata.insert("namespace".to_owned(), json!("default")),
                Scope::Cluster => metadata.shift_remove("namespace"),
            };
        }
        object
    }
}

/// The YAML documents in a folder, by file name.
fn documents(folder: &Path) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let text = fs::read_to_string(&path).unwrap();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            for (index, text) in text.split("\n---\n").enumerate() {
                let document = yaml::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
                if document.is_null() {
                    // The text before the first separator.
                    continue;
                }
                let of_many = if index == 0 {
                    name.clone()
                } else {
                    format!("{name}#{index:03}")
                };
                found.insert(of_many, document);
            }
        }
    }
    found
}

/// Removes conversion webhooks and fields that do not affect validation.
fn make_installable(document: &mut Value) {
    if let Some(map) = document.as_object_mut() {
        map.shift_remove("status");
    }
    if document["spec"]["conversion"].is_object() {
        document["spec"]["conversion"] = json!({ "strategy": "None" });
    }
    let versions = document["spec"]["versions"].as_array_mut();
    for version in versions.into_iter().flatten().filter_map(Value::as_object_mut) {
        version.shift_remove("additionalPrinterColumns");
    }
}

/// The kinds that an XRD defines.
fn definitions_of(xrd: &Value) -> Vec<Value> {
    let spec = &xrd["spec"];
    let mut names = vec![&spec["names"]];
    if spec["claimNames"].is_object() {
        names.push(&spec["claimNames"]);
    }
    let group = spec["group"].as_str().unwrap_or_default();
    names
        .into_iter()
        .map(|names| {
            let plural = names["plural"].as_str().unwrap_or_default();
            let versions = spec["versions"].as_array().into_iter().flatten();
            json!({
                "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": { "name": format!("{plural}.{group}") },
                "spec": {
                    "group": group, "names": names, "scope": "Namespaced",
                    "versions": versions.map(version_of).collect::<Vec<_>>(),
                },
            })
        })
        .collect()
}

fn version_of(version: &Value) -> Value {
    let mut schema = version["schema"]["openAPIV3Schema"].clone();
    for added in ADDED {
        schema["properties"]["spec"]["properties"][added] =
            json!({ "x-kubernetes-preserve-unknown-fields": true });
    }
    schema["type"] = json!("object");
    schema["properties"]["spec"]["type"] = json!("object");
    schema["properties"]["status"]["type"] = json!("object");
    schema["properties"]["status"]["x-kubernetes-preserve-unknown-fields"] = json!(true);
    json!({
        "name": version["name"], "served": version["served"], "storage": version["referenceable"],
        "schema": { "openAPIV3Schema": schema }, "subresources": { "status": {} },
    })
}
