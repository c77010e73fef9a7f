//! Paths into objects, as in `managedFields`.

use serde_json::{Map, Value};

/// An element of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Element {
    /// A field of an object: `f:`.
    Field(String),
    /// A list item by its key fields, as JSON: `k:`.
    Key(String),
    /// A set value, as JSON: `v:`.
    Item(String),
}

impl Element {
    pub(crate) fn encode(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(key) => format!("k:{key}"),
            Self::Item(item) => format!("v:{item}"),
        }
    }

    pub(crate) fn decode(text: &str) -> Option<Self> {
        let (tag, rest) = text.split_once(':')?;
        Some(match tag {
            "f" => Self::Field(rest.into()),
            "k" => Self::Key(rest.into()),
            "v" => Self::Item(rest.into()),
            _ => return None,
        })
    }

    fn write(&self, text: &mut String) {
        match self {
            Self::Field(name) => {
                text.push('.');
                text.push_str(name);
            }
            Self::Key(key) => {
                let fields: Map<String, Value> = serde_json::from_str(key).unwrap_or_default();
                let parts: Vec<String> = fields
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                text.push('[');
                text.push_str(&parts.join(","));
                text.push(']');
            }
            Self::Item(item) => {
                text.push_str("[=");
                text.push_str(item);
                text.push(']');
            }
        }
    }
}

/// A path into an object.
pub(crate) type Path = Vec<Element>;

/// A path as in messages: `.spec.users[name="app"].role`.
pub(crate) fn show(path: &[Element]) -> String {
    let mut text = String::new();
    for element in path {
        element.write(&mut text);
    }
    text
}
