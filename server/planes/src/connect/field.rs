//! A field of a kubeconfig with its path, so that errors name only the path.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::problem::Problem;
use super::yaml::{Node, Value};

/// A field.
#[derive(Clone)]
pub(super) struct Field<'n> {
    node: &'n Node,
    path: String,
}

impl<'n> Field<'n> {
    /// The whole document.
    pub(super) fn root(node: &'n Node) -> Self {
        Self {
            node,
            path: String::new(),
        }
    }

    /// An error about the field.
    pub(super) fn wrong(&self, message: impl Into<String>) -> Problem {
        Problem {
            line: self.node.line,
            field: self.path.clone(),
            message: message.into(),
        }
    }

    /// An error about a missing field in it.
    pub(super) fn lacks(&self, name: &'static str, message: impl Into<String>) -> Problem {
        Problem {
            line: self.node.line,
            field: self.below(name),
            message: message.into(),
        }
    }

    /// The field with this name. `null` counts as missing, as for kubectl.
    pub(super) fn get(&self, name: &'static str) -> Result<Option<Self>, Problem> {
        let entries = match &self.node.value {
            Value::Map(entries) => entries,
            Value::Null => return Ok(None),
            _ => return Err(self.wrong("must be fields with values")),
        };
        let found = entries.iter().find(|(key, _)| key.as_str() == name);
        Ok(found
            .filter(|(_, node)| !matches!(node.value, Value::Null))
            .map(|(_, node)| Self {
                node,
                path: self.below(name),
            }))
    }

    /// A non-empty text.
    pub(super) fn text(&self, name: &'static str) -> Result<Option<(Self, &'n str)>, Problem> {
        let Some(field) = self.get(name)? else {
            return Ok(None);
        };
        let text = field.as_text()?;
        Ok((!text.is_empty()).then_some((field, text)))
    }

    /// The field's text.
    pub(super) fn as_text(&self) -> Result<&'n str, Problem> {
        match &self.node.value {
            Value::Text(text) => Ok(text),
            Value::Number(_) | Value::Bool(_) => Err(self.wrong("must be a text: put it in quotation marks")),
            _ => Err(self.wrong("must be a text")),
        }
    }

    /// Bytes in base64. Ignores line ends, as Go does.
    pub(super) fn base64(&self, name: &'static str) -> Result<Option<(Self, Vec<u8>)>, Problem> {
        let Some((field, text)) = self.text(name)? else {
            return Ok(None);
        };
        let text: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
        match STANDARD.decode(text) {
            Ok(bytes) => Ok(Some((field, bytes))),
            Err(_) => Err(field.wrong("is not in base64")),
        }
    }

    /// A boolean. kubectl reads YAML 1.1, which also allows `yes` and `on`.
    pub(super) fn flag(&self, name: &'static str) -> Result<bool, Problem> {
        let Some(field) = self.get(name)? else {
            return Ok(false);
        };
        match &field.node.value {
            Value::Bool(flag) => Ok(*flag),
            Value::Text(text) if matches!(text.to_lowercase().as_str(), "yes" | "y" | "on") => Ok(true),
            Value::Text(text) if matches!(text.to_lowercase().as_str(), "no" | "n" | "off") => Ok(false),
            _ => Err(field.wrong("must be true or false")),
        }
    }

    /// The items of a list; empty if it is missing.
    pub(super) fn list(&self, name: &'static str) -> Result<Vec<Self>, Problem> {
        self.get(name)?
            .map_or_else(|| Ok(Vec::new()), |field| field.items())
    }

    /// The field's items.
    fn items(&self) -> Result<Vec<Self>, Problem> {
        match &self.node.value {
            Value::List(items) => Ok(items
                .iter()
                .enumerate()
                .map(|(index, node)| Self {
                    node,
                    path: format!("{}[{index}]", self.path),
                })
                .collect()),
            _ => Err(self.wrong("must be a list")),
        }
    }

    /// The texts of a list; empty if it is missing.
    pub(super) fn texts(&self, name: &'static str) -> Result<Vec<String>, Problem> {
        self.get(name)?
            .map_or_else(|| Ok(Vec::new()), |field| field.as_texts())
    }

    /// The field's texts.
    pub(super) fn as_texts(&self) -> Result<Vec<String>, Problem> {
        let items = self.items()?;
        items
            .iter()
            .map(|item| item.as_text().map(str::to_owned))
            .collect()
    }

    /// The entries of a map with arbitrary keys.
    pub(super) fn entries(&self) -> Result<Vec<(&'n str, Self)>, Problem> {
        match &self.node.value {
            Value::Map(entries) => Ok(entries
                .iter()
                // An arbitrary key must not appear in a path, which is shown.
                .map(|(key, node)| {
                    (
                        key.as_str(),
                        Self {
                            node,
                            path: format!("{}[…]", self.path),
                        },
                    )
                })
                .collect()),
            _ => Err(self.wrong("must be fields with values")),
        }
    }

    /// As JSON, to be passed on.
    pub(super) fn json(&self) -> serde_json::Value {
        json(self.node)
    }

    fn below(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }
}

fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Number(number) => number.clone(),
        Value::Bool(flag) => (*flag).into(),
        Value::Text(text) => text.clone().into(),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(entries) => entries
            .iter()
            .map(|(key, node)| (key.clone(), json(node)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}
