//! How values merge: which lists are sets or maps, which values are atomic.
//!
//! Custom kinds declare it in their schema (`x-kubernetes-list-type`…). For built-in kinds a table covers the
//! fields that matter here.

use serde_json::{Value, json};

use super::path::Element;
use crate::kube::types::kind::Kind;
use crate::kube::types::object;

/// The merge strategy of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum List {
    /// Replaced as a whole.
    Atomic,
    /// A set of scalars.
    Set,
    /// Items are identified by these fields.
    Map(Vec<String>),
}

/// The merge strategy of the value at a path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape<'a> {
    source: Source<'a>,
    name: &'a str,
}

#[derive(Debug, Clone, Copy)]
enum Source<'a> {
    /// The root of a custom object; its metadata merges as in built-in kinds.
    Root(&'a Value),
    Schema(&'a Value),
    BuiltIn,
    Unknown,
}

impl<'a> Shape<'a> {
    /// The shape of a kind's objects in a version.
    pub(crate) fn of(kind: &'a Kind, version: &str) -> Self {
        let schema = kind.version(version).and_then(|v| v.schema.as_deref());
        let source = match schema {
            Some(schema) => Source::Root(schema),
            None if kind.custom => Source::Unknown,
            None => Source::BuiltIn,
        };
        Self { source, name: "" }
    }

    /// The shape of built-in kinds, for strategic merge.
    pub(crate) fn built_in() -> Self {
        Self {
            source: Source::BuiltIn,
            name: "",
        }
    }

    /// The shape of a field.
    pub(crate) fn field(self, name: &'a str) -> Self {
        let source = match self.source {
            Source::Root(_) if name == "metadata" => Source::BuiltIn,
            Source::Root(schema) | Source::Schema(schema) => schema["properties"]
                .get(name)
                .or_else(|| schema.get("additionalProperties").filter(|s| s.is_object()))
                .map_or(Source::Unknown, Source::Schema),
            other => other,
        };
        Self { source, name }
    }

    /// The shape of list items.
    pub(crate) fn item(self) -> Self {
        let source = match self.source {
            Source::Root(schema) | Source::Schema(schema) => {
                schema.get("items").map_or(Source::Unknown, Source::Schema)
            }
            other => other,
        };
        Self { source, name: "" }
    }

    /// Whether an object here is atomic.
    pub(crate) fn is_atomic_map(self) -> bool {
        matches!(self.source, Source::Schema(schema) if schema["x-kubernetes-map-type"] == "atomic")
    }

    /// The strategy of a list here. `items` tell apart built-in lists that share a name.
    pub(crate) fn list(self, items: &[Value]) -> List {
        match self.source {
            Source::Root(_) | Source::Unknown => List::Atomic,
            Source::Schema(schema) => match schema["x-kubernetes-list-type"].as_str() {
                Some("set") => List::Set,
                Some("map") => {
                    let keys = object::texts(&schema["x-kubernetes-list-map-keys"]);
                    List::Map(keys.into_iter().map(str::to_owned).collect())
                }
                _ => List::Atomic,
            },
            Source::BuiltIn => built_in_list(self.name, items),
        }
    }

    /// The identity of an item of a set or map list; `None` when it has none.
    pub(crate) fn element(self, list: &List, item: &Value) -> Option<Element> {
        match list {
            List::Atomic => None,
            List::Set => (!item.is_object() && !item.is_array()).then(|| Element::Item(item.to_string())),
            List::Map(keys) => {
                let fields = item.as_object()?;
                let mut sorted: Vec<&String> = keys.iter().collect();
                sorted.sort();
                let mut identity = serde_json::Map::new();
                for key in sorted {
                    let value = fields.get(key).cloned().or_else(|| self.default_of(key));
                    if let Some(value) = value {
                        identity.insert(key.clone(), value);
                    }
                }
                (!identity.is_empty()).then(|| Element::Key(Value::Object(identity).to_string()))
            }
        }
    }

    /// The default of a list map key that items may omit.
    fn default_of(self, key: &str) -> Option<Value> {
        match self.source {
            Source::Schema(schema) => schema["items"]["properties"][key].get("default").cloned(),
            Source::BuiltIn if key == "protocol" => Some(json!("TCP")),
            _ => None,
        }
    }
}

fn built_in_list(name: &str, items: &[Value]) -> List {
    let keys: &[&str] = match name {
        "finalizers" => return List::Set,
        "ownerReferences" => &["uid"],
        "conditions" => &["type"],
        "containers" | "initContainers" | "env" | "volumes" | "imagePullSecrets" | "secrets" => &["name"],
        "volumeMounts" => &["mountPath"],
        "ports" if items.iter().any(|item| !item["containerPort"].is_null()) => {
            &["containerPort", "protocol"]
        }
        "ports" => &["port", "protocol"],
        _ => return List::Atomic,
    };
    List::Map(keys.iter().map(|key| (*key).to_owned()).collect())
}
