//! How parts of an object merge: which lists are sets or maps, which values change as a whole.
//!
//! Custom kinds say so in their schema (`x-kubernetes-list-type`…); for built-in kinds the few
//! fields that matter are in a table here.

use serde_json::{Value, json};

use super::fields::Element;
use super::kinds::Kind;

/// How a list merges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum List {
    /// As a whole.
    Atomic,
    /// Each value is there or not.
    Set,
    /// Items are found by these fields.
    Map(Vec<String>),
}

/// What is known of the value at some place in an object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape<'a> {
    source: Source<'a>,
    name: &'a str,
}

#[derive(Debug, Clone, Copy)]
enum Source<'a> {
    /// The root of a custom object: its metadata is built in.
    Root(&'a Value),
    Schema(&'a Value),
    BuiltIn,
    Unknown,
}

impl<'a> Shape<'a> {
    /// The shape of a kind's objects in a version.
    pub(super) fn of(kind: &'a Kind, version: &str) -> Self {
        let schema = kind.version(version).and_then(|v| v.schema.as_deref());
        let source = match schema {
            Some(schema) => Source::Root(schema),
            None if kind.custom => Source::Unknown,
            None => Source::BuiltIn,
        };
        Self { source, name: "" }
    }

    /// Built-in shapes alone, as strategic merge has them.
    pub(super) fn built_in() -> Self {
        Self {
            source: Source::BuiltIn,
            name: "",
        }
    }

    /// The shape of a field of an object.
    pub(super) fn field(self, name: &'a str) -> Self {
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

    /// The shape of an item of a list.
    pub(super) fn item(self) -> Self {
        let source = match self.source {
            Source::Root(schema) | Source::Schema(schema) => {
                schema.get("items").map_or(Source::Unknown, Source::Schema)
            }
            other => other,
        };
        Self { source, name: "" }
    }

    /// Whether an object here changes as a whole.
    pub(super) fn is_atomic_map(self) -> bool {
        matches!(self.source, Source::Schema(schema) if schema["x-kubernetes-map-type"] == "atomic")
    }

    /// How a list here merges. `items` help where built-in kinds use one name for two shapes.
    pub(super) fn list(self, items: &[Value]) -> List {
        match self.source {
            Source::Root(_) | Source::Unknown => List::Atomic,
            Source::Schema(schema) => match schema["x-kubernetes-list-type"].as_str() {
                Some("set") => List::Set,
                Some("map") => {
                    let keys = super::object::texts(&schema["x-kubernetes-list-map-keys"]);
                    List::Map(keys.into_iter().map(str::to_owned).collect())
                }
                _ => List::Atomic,
            },
            Source::BuiltIn => built_in_list(self.name, items),
        }
    }

    /// What identifies an item of a list that is a set or a map; `None` when it has no identity.
    pub(super) fn element(self, list: &List, item: &Value) -> Option<Element> {
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

    /// The default of a key field that items may leave out.
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
